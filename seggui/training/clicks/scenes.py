"""Images with objects to click on, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.files.images import read_image
from seggui.training.clicks.held_out import is_held_out

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

LEAST_PIXELS = 80
"""Objects below this are not clicked on in training."""
KEPT = 900
"""Images that stay in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class ClickScene:
    """An RGB image, axes (y, x, 3), and its objects, axes (y, x); at least one."""

    image_hwc: Bytes
    objects: tuple[Bools, ...]
    alike: bool = False
    """Whether what will be clicked on comes from the same source as this."""


Draw = Callable[[np.random.Generator], ClickScene]
"""Makes or picks a scene."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image on disk and its instance ids or class mask, 0 for nothing."""

    image: Path
    labels: Path
    instances: bool
    group: str
    """Images of one group look alike; each group is drawn equally often."""

    def load(self) -> tuple[Bytes, NDArray[np.integer]]:
        return _loaded(self.image, self.labels)

    def objects(self) -> tuple[Bools, ...]:
        _, labels_hw = self.load()
        if not self.instances:
            found = labels_hw > 0
            return (found,) if found.sum() >= LEAST_PIXELS else ()
        counts = np.bincount(labels_hw.ravel())
        numbers = [i for i, n in enumerate(counts) if i and n >= LEAST_PIXELS]
        return tuple(labels_hw == number for number in numbers)

    def pick(self, draw: np.random.Generator, most: int) -> ClickScene | None:
        """The image with a few of its objects, or None where it has none."""
        image_hwc, labels_hw = self.load()
        if not self.instances:
            found = self.objects()
            return ClickScene(image_hwc, found) if found else None
        counts = np.bincount(labels_hw.ravel())
        numbers = [i for i, n in enumerate(counts) if i and n >= LEAST_PIXELS]
        if not numbers:
            return None
        # Large objects are rare among many small ones.
        chance = np.sqrt(counts[numbers])
        chosen = draw.choice(
            numbers, min(most, len(numbers)), replace=False, p=chance / chance.sum()
        )
        return ClickScene(image_hwc, tuple(labels_hw == n for n in chosen))


@lru_cache(maxsize=KEPT)
def _loaded(image: Path, labels: Path) -> tuple[Bytes, NDArray[np.integer]]:
    labels_hw = np.asarray(read_image(labels).pixels).squeeze()
    return read_image(image).display_hwc(), labels_hw


@lru_cache(maxsize=KEPT)
def picture(path: Path) -> Bytes:
    """An RGB image without labels."""
    return read_image(path).display_hwc()


def labelled_in(folder: Path, set_name: str, *, held_out: bool) -> tuple[Labelled, ...]:
    """The images of a set that are held out, or those that are not."""
    root = folder / set_name
    kind = "instances" if (root / "instances").is_dir() else "masks"
    images = {path.stem: path for path in (root / "images").iterdir()}
    out = []
    for labels in sorted((root / kind).glob("*.png")):
        image = images[labels.stem]
        if is_held_out(set_name, image.name) == held_out:
            group = labels.stem.partition("__")[0] if set_name == "davis2016" else ""
            out.append(
                Labelled(image, labels, kind == "instances", group or labels.stem)
            )
    return tuple(out)


def from_labelled(items: Iterable[Labelled], most: int = 3) -> Draw:
    """Draw scenes from images on disk, each group equally often."""
    groups: dict[str, list[Labelled]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    names = sorted(groups)

    def draw_one(draw: np.random.Generator) -> ClickScene:
        while True:
            group = groups[names[draw.integers(len(names))]]
            scene = group[draw.integers(len(group))].pick(draw, most)
            if scene is not None:
                return scene

    return draw_one
