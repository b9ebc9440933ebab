"""The objects of a labelled image that can be clicked on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seggui.errors import BadRequest
from seggui.models.prompted.clicknet.looking import HABITS, Habits
from seggui.training.clicks.scenes import LEAST_PIXELS, Bools
from seggui.training.samples import IGNORE, Sample

USUAL = (0.1, 0.9)
"""Quantiles of size between which an object is as usual."""
SLACK = 1.2
"""Others may be this much smaller or larger yet."""
ENOUGH = 4
"""Objects that say something of the next ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Which object each pixel belongs to, axes (y, x), and which can be clicked on."""

    labels_hw: NDArray[np.int32]
    numbers: tuple[int, ...]

    def mask(self, number: int) -> Bools:
        return np.asarray(self.labels_hw == number)

    def masks(self) -> tuple[Bools, ...]:
        return tuple(self.mask(number) for number in self.numbers)

    def sides(self) -> list[int]:
        """Pixels along the longer side of each object."""
        found = ndimage.find_objects(self.labels_hw)
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
    return Objects(labels, tuple(int(number) for number in numbers if number))


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


def habits_of(samples: Iterable[Sample]) -> Habits:
    """What the objects of some samples say of those that will be clicked on next."""
    sides = [side for sample in samples for side in objects_in(sample).sides()]
    if len(sides) < ENOUGH:
        return HABITS
    low, high = np.quantile(sides, USUAL)
    # A network that was taught on these very objects needs no second opinion.
    return Habits(0.0, float(low) / SLACK, float(high) * SLACK)


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
