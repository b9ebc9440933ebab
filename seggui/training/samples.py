"""What is learnt from: images with the class of each pixel, or with their objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.ports import Report
from seggui.errors import SegguiError
from seggui.models.full_image import shrunk_size

IGNORE = 255
"""Channel index of pixels that count for nothing."""

CACHE_BYTES = 1 << 30

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image and its truth, all of one size."""

    name: str
    image_hwc: NDArray[np.uint8]
    channels_hw: NDArray[np.uint8]
    """Channel of the class of each pixel; 0 is the background, 255 unlabelled."""
    instances_hw: NDArray[np.int32] | None = None
    """Object of each pixel, 0 for none."""
    labels: Mapping[int, int] = field(default_factory=dict)
    """Channel of the class of each object in ``instances_hw``."""

    @property
    def nbytes(self) -> int:
        more = self.instances_hw.nbytes if self.instances_hw is not None else 0
        return self.image_hwc.nbytes + self.channels_hw.nbytes + more


class Item(Protocol):
    """Where a sample comes from."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> str: ...

    def digest(self) -> str:
        """``sha256:`` and the hex digest of the image file."""
        ...

    def load(self) -> Sample:
        """Read it; raises ``SegguiError``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Everything there is to learn from in one folder, as it is now."""

    items: tuple[Item, ...]
    classes: tuple[str, ...]
    """Names by channel, the background first."""
    class_ids: tuple[int, ...]
    notes: tuple[str, ...] = ()
    """Sentences on what was left out, and why."""


class Samples(Sequence[Sample]):
    """Samples at their training size; as many kept in memory as there is room for."""

    def __init__(self, items: Sequence[Item], longest_side: int) -> None:
        self._items = list(items)
        self._longest_side = longest_side
        self._kept: dict[int, Sample] = {}
        self._kept_bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override] # no slices
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        sample = resized(self._items[index].load(), self._longest_side)
        if self._kept_bytes + sample.nbytes <= CACHE_BYTES:
            self._kept[index] = sample
            self._kept_bytes += sample.nbytes
        return sample


def readable(
    items: Sequence[Item],
    longest_side: int,
    report: Report,
    refusal: Callable[[Sample], str] | None = None,
) -> tuple[Samples, list[Item], list[str]]:
    """Read every item once and keep those that ``refusal`` has nothing to say of.

    Returns the samples, their items, and a sentence for each that was left out.
    """
    samples = Samples(items, longest_side)
    good: list[Item] = []
    problems: list[str] = []
    for index, item in enumerate(items):
        report(index, len(items), "reading images")
        try:
            sample = samples[index]
        except SegguiError as error:
            problems.append(f"{error} It is left out.")
            continue
        reason = refusal(sample) if refusal is not None else ""
        if reason:
            problems.append(f"{item.name} {reason}; it is left out.")
        else:
            good.append(item)
    report(len(items), len(items), "reading images")
    if problems:
        samples = Samples(good, longest_side)
    return samples, good, problems


def resized(sample: Sample, longest_side: int) -> Sample:
    """Return the sample, no side longer than that; 0 keeps its size."""
    height, width = sample.channels_hw.shape
    size = shrunk_size(height, width, longest_side)
    if size == (height, width):
        return sample
    shape = size[::-1]
    instances = sample.instances_hw
    return Sample(
        sample.name,
        np.asarray(cv2.resize(sample.image_hwc, shape, interpolation=cv2.INTER_AREA)),
        nearest(sample.channels_hw, size),
        nearest(instances, size) if instances is not None else None,
        sample.labels,
    )


def nearest(values_hw: NDArray[T], size: tuple[int, int]) -> NDArray[T]:
    """Return the values at another size (y, x) without mixing any two."""
    height, width = values_hw.shape
    rows = np.minimum((np.arange(size[0]) + 0.5) * height / size[0], height - 1)
    columns = np.minimum((np.arange(size[1]) + 0.5) * width / size[1], width - 1)
    out: NDArray[T] = values_hw[
        rows.astype(np.intp)[:, None], columns.astype(np.intp)[None]
    ]
    return out


class Chosen(Sequence[Sample]):
    """Some samples of a list, as a list."""

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self._samples = samples
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override] # no slices
        return self._samples[self._places[index]]
