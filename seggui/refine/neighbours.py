"""Borders between neighbours: without overlaps and without gaps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.refine.morphology import closed

_REACH_PART = 0.012
_SMALLEST_REACH_PX = 8.0
"""A gap is narrower than this, or than a part of the image's longer side."""

Floats = NDArray[np.float32]

_APART = -0.3
"""Cosine of the angle beyond which two ways point apart: a little over a third of a
circle lies between the borders where three meet."""


def gap_reach_px(height: int, width: int) -> float:
    """How wide a gap is at most on an image of that size, where nobody says."""
    return max(_SMALLEST_REACH_PX, _REACH_PART * max(height, width))


def cut_by_neighbours(mask: Mask, others: Iterable[Mask]) -> Mask:
    """Take away every pixel that one of the others has."""
    for other in others:
        mask = mask.difference(other)
    return mask


def fill_gap(mask: Mask, others: Iterable[Mask], reach_px: float) -> Mask:
    """Grow the mask into its gaps to the others, up to their very borders.

    A gap is what lies between the mask and another, belongs to neither and is
    at most ``reach_px`` wide. No pixel of the others is touched, and nothing grows
    where there is no neighbour; the very ends of a gap may stay open by a pixel.
    """
    others = tuple(others)
    box = _room([mask], reach_px)
    gap_hw, own_hw = _gap(mask, others, box, reach_px), mask.window(box)
    # What lies behind another segment is not reached.
    _, parts = cv2.connectedComponents((gap_hw | own_hw).view(np.uint8), connectivity=4)
    touched = np.unique(parts[own_hw])
    return mask.painted(box, gap_hw & np.isin(parts, touched))


def meet(masks: Sequence[Mask], reach_px: float) -> tuple[Mask, ...]:
    """Grow all masks into the gaps between them; each pixel goes to the nearest.

    The borders then meet in the middle of each gap. Masks that overlap keep what
    they have.
    """
    if len(masks) < 2:
        return tuple(masks)
    box = _room(masks, reach_px)
    gap_hw = np.zeros((box.height, box.width), dtype=bool)
    for place, mask in enumerate(masks):
        others = [*masks[:place], *masks[place + 1 :]]
        gap_hw |= _gap(mask, others, box, reach_px)
    nearest = np.full(gap_hw.shape, -1, dtype=np.int32)
    least = np.full(gap_hw.shape, np.inf, dtype=np.float32)
    for place, mask in enumerate(masks):
        away = _distances(mask.window(box))
        closer = away < least
        nearest[closer], least[closer] = place, away[closer]
    return tuple(
        mask.painted(box, gap_hw & (nearest == place))
        for place, mask in enumerate(masks)
    )


def _room(masks: Sequence[Mask], reach_px: float) -> Box:
    """Where gaps may lie, and around it what decides whether they do."""
    box = Box(0, 0, 0, 0)
    for mask in masks:
        box = box.union(mask.bbox)
    height, width = masks[0].height, masks[0].width
    return box.grown(3 * math.ceil(reach_px) + 2).clipped(width, height)


def _gap(mask: Mask, others: Sequence[Mask], box: Box, reach_px: float) -> Bools:
    """What lies between the mask and the others within ``box``, axes (y, x)."""
    own_hw = mask.window(box)
    theirs_hw = np.zeros_like(own_hw)
    for other in others:
        if (other.height, other.width) != (mask.height, mask.width):
            raise ValueError("neighbours of another image")
        theirs_hw |= other.window(box)
    if mask.is_empty or not theirs_hw.any():
        return np.zeros_like(own_hw)
    covered_hw = own_hw | theirs_hw
    # A closing adds nothing beyond the ends of a gap.
    hemmed_hw = closed(Mask.from_dense(covered_hw), reach_px).dense()
    own_px, theirs_px = _distances(own_hw), _distances(theirs_hw)
    # The distances are to the middles of pixels: one more than the pixels between.
    narrow_hw = own_px + theirs_px <= reach_px + 1
    return np.asarray(
        hemmed_hw & narrow_hw & _opposite(own_px, theirs_px) & ~covered_hw
    )


def _opposite(one_hw: Floats, two_hw: Floats) -> Bools:
    """Whether the ways away from both point apart, as between two borders.

    In the corner beside a border that is closed already they do not.
    """
    slopes = [
        [cv2.Sobel(away, cv2.CV_32F, *order) for order in ((1, 0), (0, 1))]
        for away in (one_hw, two_hw)
    ]
    (x1, y1), (x2, y2) = slopes
    lengths = cv2.magnitude(x1, y1) * cv2.magnitude(x2, y2)
    return np.asarray(x1 * x2 + y1 * y2 < _APART * lengths)


def _distances(pixels_hw: Bools) -> Floats:
    """Distance of each pixel to the nearest that is set."""
    if not pixels_hw.any():
        return np.full(pixels_hw.shape, np.inf, dtype=np.float32)
    free = (~pixels_hw).view(np.uint8)
    found = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found, dtype=np.float32)
