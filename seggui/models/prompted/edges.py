"""From leaves to pixels: smooth edges that follow the picture.

The edge is settled with the guided filter of He, Sun and Tang (2013).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

RADIUS = 3
FLATNESS = 2e-3
MOST_PIXELS = 1_000_000
"""Pixels of the picture that an edge is drawn on at once."""


def settled(region_hw: Bools, light_hw: Floats) -> Floats:
    """Return the region with its edge drawn to that of the picture, 0 to 1."""
    rough: Floats = np.asarray(
        cv2.GaussianBlur(region_hw.astype(np.float32), (0, 0), 1.0), dtype=np.float32
    )
    guided = _guided(rough, light_hw, RADIUS)
    return np.asarray(np.clip(0.5 * guided + 0.5 * rough, 0.0, 1.0), dtype=np.float32)


def sharpened(soft_hw: Floats, picture_hwc: NDArray[np.uint8], factor: float) -> Floats:
    """Draw the edge of a region that was enlarged by ``factor`` to a larger picture."""
    if factor <= 1.2:
        return soft_hw
    light = cv2.cvtColor(picture_hwc, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    guided = _guided(soft_hw, light, int(np.ceil(1.5 * factor)))
    return np.asarray(0.7 * guided + 0.3 * soft_hw, dtype=np.float32)


def _guided(values_hw: Floats, guide_hw: Floats, radius: int) -> Floats:
    size = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_values = cv2.blur(guide_hw, size), cv2.blur(values_hw, size)
    covariance = cv2.blur(guide_hw * values_hw, size) - mean_guide * mean_values
    variance = cv2.blur(guide_hw * guide_hw, size) - mean_guide * mean_guide
    slope = covariance / (variance + FLATNESS)
    offset = mean_values - slope * mean_guide
    return np.asarray(cv2.blur(slope, size) * guide_hw + cv2.blur(offset, size))


def without_small_holes(
    mask_hw: Bools, region_hw: Bools, most_area: float, keep_xy: Floats
) -> Bools:
    """Fill holes that touch the region, up to ``most_area`` pixels each.

    Holes that hold one of the points, or reach the edge of the picture, stay.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~mask_hw).astype(np.uint8), connectivity=4
    )
    if count == 1:
        return mask_hw
    height, width = mask_hw.shape
    beside = cv2.dilate(region_hw.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    fill = np.zeros(count, dtype=bool)
    fill[labels[beside]] = True
    fill &= stats[:, cv2.CC_STAT_AREA] <= most_area
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    fill &= (left > 0) & (top > 0)
    fill &= left + stats[:, cv2.CC_STAT_WIDTH] < width
    fill &= top + stats[:, cv2.CC_STAT_HEIGHT] < height
    fill[0] = False
    for x, y in keep_xy:
        fill[labels[int(y), int(x)]] = False
    return np.asarray(mask_hw | fill[labels])
