"""Masks that are offered and not yet accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Probability:
    """How likely each pixel of a window belongs to the object; 0 outside it."""

    box: Box
    values_hw: NDArray[np.uint8]
    """0 is surely not, 255 is surely; axes (y, x), the size of ``box``."""

    @property
    def uncertainty_hw(self) -> NDArray[np.uint8]:
        """1 - |2p - 1|: 0 is certain, 255 is a coin toss; axes (y, x)."""
        away = np.abs(self.values_hw.astype(np.int16) * 2 - 255)
        return (255 - away).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """What a model gave before the threshold, for its own next answer."""

    box: Box
    """The part of the image that the grid is stretched over."""
    values_hw: NDArray[np.float16]
    """A grid of any size, axes (y, x)."""
    model_id: str
    """Whose logits they are; no other model can read them."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A mask offered, with the model's own score of it."""

    mask: Mask
    score: float
    """0 to 1; comparable between candidates of one model only."""
    granularity: str = "whole"
    """``whole``, ``part``, ``sub-part`` or ``other``, where the model tells them
    apart."""
    class_name: str | None = None
    """The model's name for what it found; None when it only knows masks."""
    probability: Probability | None = None
    logits: Logits | None = None
    """To be handed back with the next marks on this candidate."""
    stability: float | None = None
    """IoU of the masks at a threshold a little higher and a little lower, 0 to 1."""
    note: str = ""
    """A sentence for people, where the mask is less than what was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Where an object of earlier images is on this one."""

    mask: Mask
    """Empty when the object is not to be seen here."""
    score: float
    """How sure the model is of the mask, or of the absence, 0 to 1."""


_INSIDE = 0.8
"""A mask of which this share lies in a larger one is a part of it."""


def granularities(masks: Sequence[Mask]) -> tuple[str, ...]:
    """What masks that are offered together, the best first, are to each other.

    A ``part`` lies in a larger one, a ``sub-part`` in two; an ``other`` neither lies in
    one nor holds one, and is not the best.
    """
    areas = [mask.area for mask in masks]
    parts = {
        (inner, outer)
        for inner, mask in enumerate(masks)
        for outer, larger in enumerate(masks)
        if 0 < areas[inner] < areas[outer]
        and mask.intersection(larger).area >= _INSIDE * areas[inner]
    }
    kinds = []
    for index in range(len(masks)):
        depth = sum(inner == index for inner, _ in parts)
        holds = index == 0 or any(outer == index for _, outer in parts)
        alone = "whole" if holds else "other"
        kinds.append((alone, "part", "sub-part")[min(depth, 2)])
    return tuple(kinds)


LEVEL = 0.5
"""The probability from which on a pixel belongs to the object, if nobody says else."""


def thresholded(candidate: Candidate, level: float) -> Candidate:
    """The candidate with the pixels that are more likely than ``level``, 0 to 1.

    At ``LEVEL``, and without probabilities, it stays what the model offered: its
    mask may know more of the edge than a map of probabilities does.
    """
    known = candidate.probability
    if known is None or level == LEVEL:
        return candidate
    mask = candidate.mask
    pixels_hw = known.values_hw > 255 * level
    return replace(
        candidate,
        mask=Mask.from_window(mask.height, mask.width, known.box, pixels_hw),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One object found by an instance or panoptic model."""

    mask: Mask
    class_name: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a full-image model says of a whole image.

    A semantic model fills ``probabilities_chw``; an instance model ``instances``; a
    panoptic model both.
    """

    height: int
    width: int
    classes: tuple[str, ...]
    """Names by channel; the first is the background."""
    probabilities_chw: NDArray[np.float16] | None = None
    instances: tuple[Instance, ...] = ()
    uncertainty_hw: NDArray[np.uint8] | None = None
    """0 is certain, 255 is a coin toss between the best classes."""
