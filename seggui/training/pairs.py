"""Labelled images as plain files: ``images/`` with ``masks/`` or ``instances/``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import UNLABELLED
from seggui.core.ports import Report
from seggui.errors import BadRequest, SegguiError, Unreadable
from seggui.files.images import is_image_name, probe_image, read_image, read_index
from seggui.models.weights import digest_of
from seggui.training.samples import IGNORE, LabelledImages, Sample

IMAGES, MASKS, INSTANCES, NAMES = "images", "masks", "instances", "classes.txt"
MOST_CHANNELS = 254


@dataclass(frozen=True, slots=True, eq=False)
class PairItem:
    """One image file with its mask files."""

    name: str
    folder: str
    image: Path
    mask: Path | None
    instances: Path | None
    channel_of_id: Mapping[int, int]
    """Channels by class id; ids that count as unlabelled have the channel 255."""

    def digest(self) -> str:
        return digest_of(self.image)

    def load(self) -> Sample:
        image = read_image(self.image).display_hwc()
        instances = read_ids(self.instances) if self.instances else None
        if self.mask is not None:
            channels = self._channels(read_ids(self.mask))
        else:
            assert instances is not None
            channels = (instances > 0).astype(np.uint8)
        for path, values in ((self.mask, channels), (self.instances, instances)):
            if values is not None and values.shape != image.shape[:2]:
                raise _other_size(self.image, path, image.shape, values.shape)
        labels = _labels(instances, channels) if instances is not None else {}
        return Sample(self.name, image, channels, instances, labels)

    def _channels(self, ids_hw: NDArray[np.int32]) -> NDArray[np.uint8]:
        table = np.full(max(256, int(ids_hw.max(initial=0)) + 1), IGNORE, np.uint8)
        for number, channel in self.channel_of_id.items():
            if number < table.size:
                table[number] = channel
        return table[ids_hw]


def is_pairs(folder: Path) -> bool:
    """Whether a folder holds plain pairs."""
    return (folder / IMAGES).is_dir() and (
        (folder / MASKS).is_dir() or (folder / INSTANCES).is_dir()
    )


def open_pairs(
    folder: Path, ignored_ids: Sequence[int], report: Report
) -> LabelledImages:
    """Find the pairs of a folder and the classes in their masks.

    Class names stand in ``classes.txt``, one a line, the background (id 0) first;
    without it the ids found get names made of their numbers. Raises ``BadRequest`` for
    masks that cannot be learnt from.
    """
    found = _pairs(folder)
    notes: list[str] = []
    labelled = [pair for pair in found if pair.mask or pair.instances]
    if len(labelled) < len(found):
        notes.append(
            f"{len(found) - len(labelled)} of {len(found)} images have no mask "
            "and are left out."
        )
    names = _names(folder)
    good, ids = _scan(labelled, names, set(ignored_ids), notes, report)
    ids |= set(range(len(names)))
    class_ids = tuple(sorted({0} | ids))
    if len(class_ids) < 2:
        raise BadRequest(
            f"The masks in {folder} hold one class only: everything labelled is "
            "background (0). Objects need an id from 1 to 254; 255 means unlabelled."
        )
    if len(class_ids) > MOST_CHANNELS:
        raise BadRequest(
            f"The masks in {folder} hold {len(class_ids)} different ids; at most "
            f"{MOST_CHANNELS} classes can be trained. Instance ids belong in the "
            "folder instances, not masks."
        )
    channel_of_id = {number: channel for channel, number in enumerate(class_ids)}
    items = tuple(
        PairItem(p.name, p.folder, p.image, p.mask, p.instances, channel_of_id)
        for p in good
    )
    return LabelledImages(
        items, _class_names(class_ids, names, good), class_ids, tuple(notes)
    )


def read_ids(path: Path) -> NDArray[np.int32]:
    """Read a mask of ids, axes (y, x): grey of 8 or 16 bit, or a palette."""
    ids: NDArray[np.int32] = read_index(path).astype(np.int32)
    return ids


def _pairs(folder: Path) -> list[PairItem]:
    root = folder / IMAGES
    pairs = []
    for path in sorted(root.rglob("*")):
        if not is_image_name(path.name) or path.name.startswith("."):
            continue
        below = path.relative_to(root)
        mask = (folder / MASKS / below).with_suffix(".png")
        instances = (folder / INSTANCES / below).with_suffix(".png")
        pairs.append(
            PairItem(
                below.as_posix(),
                below.parent.as_posix(),
                path,
                mask if mask.is_file() else None,
                instances if instances.is_file() else None,
                {},
            )
        )
    if not pairs:
        raise BadRequest(f"There are no images in {root}.")
    return pairs


def _scan(
    pairs: Sequence[PairItem],
    names: Sequence[str],
    ignored: set[int],
    notes: list[str],
    report: Report,
) -> tuple[list[PairItem], set[int]]:
    """Look at every mask once; returns the readable pairs and the ids there are."""
    good, ids = [], {0}
    for number, pair in enumerate(pairs):
        report(number, len(pairs), "looking at masks")
        try:
            ids |= _ids_of_pair(pair, names, ignored)
        except (Unreadable, OSError) as error:
            notes.append(f"{error} It is left out.")
        else:
            good.append(pair)
    report(len(pairs), len(pairs), "looking at masks")
    return good, ids


def _ids_of_pair(pair: PairItem, names: Sequence[str], ignored: set[int]) -> set[int]:
    header = probe_image(pair.image)
    path = pair.mask or pair.instances
    assert path is not None
    values = read_ids(path)
    size = (header.height, header.width)
    if values.shape != size:
        raise _other_size(pair.image, path, size, values.shape)
    if pair.mask is None:
        return {1} if values.any() else set()
    ids = {int(value) for value in np.unique(values)} - ignored - {UNLABELLED}
    outside = sorted(number for number in ids if names and number >= len(names))
    if outside:
        raise BadRequest(
            f"The mask {path} holds the ids {_few(outside)}, but {NAMES} names the "
            f"classes 0 to {len(names) - 1}. Name them there, paint them over, or "
            f"leave them out with --ignore {_few(outside)}."
        )
    return ids


def _names(folder: Path) -> list[str]:
    path = folder / NAMES
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(path, "it is no plain text") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _class_names(
    class_ids: Sequence[int], names: Sequence[str], pairs: Sequence[PairItem]
) -> tuple[str, ...]:
    if names:
        return tuple(names[number] for number in class_ids)
    if not any(pair.mask for pair in pairs):
        return ("background", "object")
    return ("background", *(f"class {number}" for number in class_ids[1:]))


def _labels(
    instances_hw: NDArray[np.int32], channels_hw: NDArray[np.uint8]
) -> dict[int, int]:
    """The channel that most pixels of each object have; background counts as 1."""
    labels = {}
    inside = instances_hw > 0
    pairs, counts = np.unique(
        np.stack([instances_hw[inside], channels_hw[inside]]),
        axis=1,
        return_counts=True,
    )
    for place in np.argsort(counts):  # the most frequent comes last and stays
        number, channel = (int(value) for value in pairs[:, place])
        if 0 < channel < IGNORE:
            labels[number] = channel
        else:
            labels.setdefault(number, 1)
    return labels


def _other_size(
    image: Path, mask: Path | None, image_shape: Sequence[int], shape: Sequence[int]
) -> SegguiError:
    return BadRequest(
        f"The image {image} is {image_shape[1]} x {image_shape[0]} pixels, but its "
        f"mask {mask} is {shape[1]} x {shape[0]}. Both must have one size; "
        "put the right mask there or move the pair out of the folder."
    )


def _few(numbers: Sequence[int]) -> str:
    words = ",".join(str(number) for number in numbers[:8])
    return f"{words},…" if len(numbers) > 8 else words
