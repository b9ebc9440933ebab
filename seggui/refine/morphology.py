"""Open, close, grow and shrink with a disc, by exact distances.

A pixel belongs to the disc when its centre is at most the radius from the disc's
centre. What lies outside the image is unknown and moves nothing: a mask that touches
the image's edge still touches it after shrinking or opening.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from seggui.core.mask import Bools, Mask

_SLACK_PX = 1e-3
"""Distances are single precision. Two different distances on the pixel grid below
400 px are farther apart than this, so it never lets a wrong pixel in."""


def grown(mask: Mask, radius_px: float) -> Mask:
    """Add every pixel within the radius of a set one."""
    box = mask.bbox.grown(math.ceil(radius_px)).clipped(mask.width, mask.height)
    return mask.with_window(box, _grown(mask.window(box), radius_px))


def shrunk(mask: Mask, radius_px: float) -> Mask:
    """Take away every pixel within the radius of an unset one."""
    # One pixel around the bounding box is enough: it is nearer than all beyond it.
    box = mask.bbox.grown(1).clipped(mask.width, mask.height)
    return mask.with_window(box, _shrunk(mask.window(box), radius_px))


def opened(mask: Mask, radius_px: float) -> Mask:
    """Keep only what the disc can reach from inside."""
    box = mask.bbox.grown(1).clipped(mask.width, mask.height)
    core = _shrunk(mask.window(box), radius_px)
    return mask.with_window(box, _grown(core, radius_px))


def closed(mask: Mask, radius_px: float) -> Mask:
    """Add all that the disc cannot reach from outside."""
    margin = math.ceil(radius_px) + 1
    box = mask.bbox.grown(margin).clipped(mask.width, mask.height)
    hull = _grown(mask.window(box), radius_px)
    return mask.with_window(box, _shrunk(hull, radius_px))


def _grown(pixels_hw: Bools, radius_px: float) -> Bools:
    return ~_shrunk(~pixels_hw, radius_px)


def _shrunk(pixels_hw: Bools, radius_px: float) -> Bools:
    if pixels_hw.all():  # no unset pixel to measure from; also true without pixels
        return pixels_hw
    distances_hw = cv2.distanceTransform(
        np.ascontiguousarray(pixels_hw).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_PRECISE,
    )
    return np.asarray(distances_hw > radius_px + _SLACK_PX)
