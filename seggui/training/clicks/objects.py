"""The objects of a labelled image that can be clicked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seggui.errors import BadRequest
from seggui.models.prompted.clicknet.channels import SIDE
from seggui.models.prompted.clicknet.crops import MOST_ZOOM
from seggui.models.prompted.clicknet.following import close_side
from seggui.models.prompted.clicknet.looking import HABITS, MARGIN, Habits
from seggui.training.clicks.scenes import LEAST_PIXELS, Bools
from seggui.training.samples import IGNORE, Sample

USUAL = (0.1, 0.9)
"""Quantiles of size between which an object is as usual."""
SLACK = 1.2
"""Others may be this much smaller or larger yet."""
ENOUGH = 4
"""Objects that say something of the size of the next ones."""
THIN = 2.5
"""Pixels across an object in a window around it, below which it cannot be seen well."""
LOOKED_AT = 100
"""Images whose objects are counted and measured, at most."""
PRIOR = 20.0
"""Objects that what the network knew before counts for."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Which object each pixel belongs to, axes (y, x), and which can be clicked on."""

    labels_hw: NDArray[np.integer]
    numbers: tuple[int, ...]

    def mask(self, number: int) -> Bools:
        return np.asarray(self.labels_hw == number)

    def masks(self) -> tuple[Bools, ...]:
        return tuple(self.mask(number) for number in self.numbers)

    def areas_and_edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """How many pixels each object has, and how many of them at its edge."""
        labels = np.pad(self.labels_hw, 1, mode="edge")
        inner = labels[1:-1, 1:-1]
        edge = (labels[:-2, 1:-1] != inner) | (labels[2:, 1:-1] != inner)
        edge |= (labels[1:-1, :-2] != inner) | (labels[1:-1, 2:] != inner)
        numbers = list(self.numbers)
        every = np.bincount(inner.ravel())[numbers]
        return every, np.bincount(inner[edge], minlength=max(numbers) + 1)[numbers]

    def sides(self) -> list[int]:
        """Pixels along the longer side of each object."""
        found = ndimage.find_objects(self.labels_hw.astype(np.int32, copy=False))
        return [
            max(part.stop - part.start for part in found[number - 1])
            for number in self.numbers
        ]


def objects_in(sample: Sample) -> Objects:
    """The objects of a sample that are large enough, and do not fill it.

    Where only classes are known, each connected piece of a class is one.
    """
    labels = sample.instances_hw
    if labels is None:
        labels = _pieces(sample.channels_hw)
    counts = np.bincount(labels.ravel())
    numbers = np.flatnonzero((counts >= LEAST_PIXELS) & (counts < labels.size))
    # They are kept, and most images have few objects: a byte for each pixel.
    kind = np.min_scalar_type(len(counts) - 1)
    clickable = tuple(int(number) for number in numbers if number)
    return Objects(labels.astype(kind, copy=False), clickable)


def _pieces(channels_hw: NDArray[np.uint8]) -> NDArray[np.int32]:
    out = np.zeros(channels_hw.shape, dtype=np.int32)
    last = 0
    for channel in np.unique(channels_hw):
        if channel in (0, IGNORE):
            continue
        inside = (channels_hw == channel).astype(np.uint8)
        count, labels = cv2.connectedComponents(inside, connectivity=8)
        out[labels > 0] = labels[labels > 0] + last
        last += count - 1
    return out


def objects_of(sample: Sample) -> tuple[Bools, ...]:
    """The masks of the objects of a sample."""
    return objects_in(sample).masks()


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """How large the objects of some samples are, in pixels: an entry for each."""

    sides: NDArray[np.float64]
    """Along the longer side."""
    areas: NDArray[np.float64]
    edges: NDArray[np.float64]
    """How many pixels are at its edge."""


def sizes_in(samples: Sequence[Sample]) -> Sizes:
    """Measure the objects of some samples, each of which is read once."""
    found = (objects_in(sample) for sample in _some(samples))
    rows = [
        np.stack([objects.sides(), *objects.areas_and_edges()])
        for objects in found
        if objects.numbers
    ]
    sides, areas, edges = np.concatenate([np.zeros((3, 0)), *rows], axis=1)
    return Sizes(sides, areas, edges)


def experience(sizes: Sizes) -> float:
    """How much objects weigh against what was known before, 0 to 1.

    As in an estimate whose prior counts for ``PRIOR`` objects.
    """
    width = _line_width(sizes)
    # Of a long line each window is something else to learn from.
    windows = sizes.areas / (width * close_side(width)) if width else 0.0 * sizes.areas
    count = float(np.maximum(1.0, windows).sum())
    return count / (count + PRIOR)


def habits_of(sizes: Sizes, before: Habits = HABITS) -> Habits:
    """What objects say of those that will be clicked on next, and what was known."""
    share = before.classic_share * (1.0 - experience(sizes))
    width = _line_width(sizes)
    if len(sizes.sides) < ENOUGH:
        return replace(
            before, classic_share=share, line_width=width or before.line_width
        )
    low, high = np.quantile(sizes.sides, USUAL)
    return Habits(share, float(low) / SLACK, float(high) * SLACK, width)


def _line_width(sizes: Sizes) -> float:
    """How wide the objects are if most of what they cover is too thin for one look."""
    widths = 2.0 * sizes.areas / np.maximum(sizes.edges, 1.0)
    thin = widths * np.minimum(MOST_ZOOM, SIDE / (MARGIN * sizes.sides)) < THIN
    if sizes.areas[thin].sum() <= 0.5 * sizes.areas.sum():
        return 0.0
    return float(2.0 * sizes.areas[thin].sum() / sizes.edges[thin].sum())


def _some(samples: Sequence[Sample]) -> Iterator[Sample]:
    """As many as say enough, spread evenly."""
    count = min(len(samples), LOOKED_AT)
    return (samples[number * len(samples) // count] for number in range(count))


def refusal(sample: Sample) -> str:
    """Why a sample is of no use for clicks; empty when it is."""
    if objects_in(sample).numbers:
        return ""
    return (
        f"holds no object of at least {LEAST_PIXELS} pixels to click on that does "
        "not fill it"
    )


def useless(samples: Sequence[Sample]) -> BadRequest:
    names = ", ".join(sorted({sample.name for sample in samples}))
    return BadRequest(
        f"The objects on {names} fill their images or are too small to be clicked on. "
        "Nothing can be learnt or checked with them; leave these images out."
    )
