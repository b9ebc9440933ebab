"""Objects to click on, from folders of images with masks.

Each set is a folder with ``images/`` and ``masks/`` or ``instances/`` of the same base
names (8-bit class ids, 16-bit instance ids).
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.files.images import read_image
from seggui.training.clicks.held_out import is_held_out

LEAST_PIXELS = 60
"""Instances below this are left out: a click can hardly fall on them."""
TRAINED_ON = ("davis2016", "dsb2018", "fruits_nuts", "free/animals")
"""Sets of which the click network has seen a part."""
WHOLE_PIECE = 0.95
"""Share of an object that must hang together."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object of one image."""

    set_name: str
    image: Path
    labels: Path
    label: int
    """Value of the object in ``labels``; 0 stands for every value but 0."""

    @property
    def half(self) -> int:
        """0 or 1 by the image's name, to tune on one half and report the other."""
        return hashlib.sha256(self.image.name.encode()).digest()[0] & 1

    @property
    def unseen(self) -> bool:
        """Whether the click network was trained on nothing like it."""
        return self.set_name not in TRAINED_ON or is_held_out(
            self.set_name, self.image.name
        )

    @property
    def key(self) -> str:
        return f"{self.set_name}/{self.image.name}#{self.label}"

    def load(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return the image, axes (y, x, 3), and the object's mask, axes (y, x)."""
        labels_hw = _labels(self.labels)
        truth = labels_hw == self.label if self.label else labels_hw > 0
        return read_image(self.image).display_hwc(), truth


def objects_of(
    folder: Path, set_name: str, limit: int, seed: int, *, unseen: bool = False
) -> tuple[Wanted, ...]:
    """Return up to ``limit`` objects of a set, drawn by ``seed``.

    ``unseen`` leaves out the images that the click network was trained on.
    """
    draw = random.Random(f"{seed} {set_name}")
    kind = SETS.get(set_name, Kind(_instances, 6))
    found = list(kind.find(folder / set_name, set_name))
    draw.shuffle(found)
    taken: dict[Path, int] = {}
    out: list[Wanted] = []
    for one in found:
        if unseen and not one.unseen:
            continue
        if taken.get(one.image, 0) < kind.most_per_image and len(out) < limit:
            taken[one.image] = taken.get(one.image, 0) + 1
            out.append(one)
    return tuple(out)


def _human_segments(folder: Path, set_name: str) -> Iterator[Wanted]:
    with (folder / "objects.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if float(row["largest_component_share"]) >= WHOLE_PIECE:
                image = folder / "images" / row["image"]
                labels = folder / "instances" / f"{image.stem}.png"
                yield Wanted(set_name, image, labels, int(row["segment_id"]))


def _frames(folder: Path, set_name: str) -> Iterator[Wanted]:
    """Three frames of each sequence: the first, the middle and the last."""
    sequences: dict[str, list[Path]] = {}
    for labels in sorted((folder / "masks").glob("*.png")):
        sequences.setdefault(labels.stem.partition("__")[0], []).append(labels)
    for frames in sequences.values():
        for place in sorted({0, len(frames) // 2, len(frames) - 1}):
            labels = frames[place]
            yield Wanted(set_name, _image_of(folder, labels.stem), labels, 0)


def _instances(folder: Path, set_name: str) -> Iterator[Wanted]:
    for labels in sorted((folder / "instances").glob("*.png")):
        values, counts = np.unique(_labels(labels), return_counts=True)
        image = _image_of(folder, labels.stem)
        for value, count in zip(values, counts, strict=True):
            if value and count >= LEAST_PIXELS:
                yield Wanted(set_name, image, labels, int(value))


def _image_of(folder: Path, stem: str) -> Path:
    return next(path for path in (folder / "images").iterdir() if path.stem == stem)


def _labels(path: Path) -> NDArray[np.integer]:
    return np.asarray(read_image(path).pixels).squeeze()


@dataclass(frozen=True, slots=True)
class Kind:
    """How objects of a set are found, and how many of one image are taken."""

    find: Callable[[Path, str], Iterator[Wanted]]
    most_per_image: int


SETS: dict[str, Kind] = {
    "bsds500": Kind(_human_segments, 3),
    "davis2016": Kind(_frames, 1),
    "dsb2018": Kind(_instances, 3),
    "fruits_nuts": Kind(_instances, 9),
}


def set_names(text: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(text) if text else tuple(SETS)
