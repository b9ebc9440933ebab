"""Smoother and simpler boundaries."""

from __future__ import annotations

import math

import cv2
import numpy as np

from seggui.core.mask import Mask
from seggui.refine.polygons import mask_of_polygons, polygons_of

_LEVELS = (0.3, 0.7)
"""The threshold may leave the middle so far to keep the area. Farther, and one large
part would swell because many specks beside it vanish."""


def smoothed(mask: Mask, radius_px: float) -> Mask:
    """Round the boundary off with a Gaussian of that standard deviation.

    Blur and threshold is a step of motion by curvature (Merriman, Bence and Osher,
    1992); the threshold is chosen so that the area stays (Ruuth and Wetton, 2003).
    """
    if mask.is_empty:
        return mask
    margin = math.ceil(3 * radius_px) + 1
    box = mask.bbox.grown(margin).clipped(mask.width, mask.height)
    pixels_hw = mask.window(box).astype(np.float32)
    side = 2 * math.ceil(3 * radius_px) + 1
    # The mask goes on beyond the image's edge, otherwise it would round off there.
    blurred_hw = cv2.GaussianBlur(
        pixels_hw, (side, side), radius_px, borderType=cv2.BORDER_REPLICATE
    )
    unset = blurred_hw.size - mask.area
    level = 0.5
    if unset:
        level = float(np.partition(blurred_hw, unset, axis=None)[unset])
    return mask.with_window(box, blurred_hw >= min(max(level, _LEVELS[0]), _LEVELS[1]))


def simplified(mask: Mask, tolerance_px: float) -> Mask:
    """Straighten outlines and holes (Douglas and Peucker, 1973)."""
    if tolerance_px == 0:
        return mask
    polygons = polygons_of(mask, tolerance_px)
    return mask_of_polygons(polygons, mask.height, mask.width)
