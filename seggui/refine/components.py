"""Connected parts and holes of a mask.

Set pixels that touch at a corner belong together (8-connected); a hole is a region
of unset pixels, joined by their sides (4-connected), that does not reach the image's
edge. Everything works on the mask's bounding box.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask


def keep_largest(mask: Mask, keep: int = 1) -> Mask:
    """Keep the ``keep`` largest parts; of equal ones those nearer the top left."""
    window = mask.window(mask.bbox)
    labels_hw, areas = _parts(window, 8)
    if len(areas) <= keep + 1:
        return mask
    order = 1 + np.argsort(-areas[1:], kind="stable")
    return _chosen(mask, labels_hw, order[:keep])


def drop_below(mask: Mask, area: float) -> Mask:
    """Drop parts with fewer than ``area`` pixels."""
    labels_hw, areas = _parts(mask.window(mask.bbox), 8)
    kept = 1 + np.flatnonzero(areas[1:] >= area)
    return mask if len(kept) == len(areas) - 1 else _chosen(mask, labels_hw, kept)


def fill_holes_below(mask: Mask, area: float) -> Mask:
    """Fill holes with fewer than ``area`` pixels."""
    if mask.is_empty:
        return mask
    window = mask.window(mask.bbox)
    labels_hw, areas = _parts(~window, 4)
    small = areas < area
    small[0] = False
    # What reaches the edge of the box reaches either the image's edge or the
    # unset pixels around the box; neither is a hole.
    for edge in (labels_hw[0], labels_hw[-1], labels_hw[:, 0], labels_hw[:, -1]):
        small[edge] = False
    if not small.any():
        return mask
    return mask.with_window(mask.bbox, window | small[labels_hw])


def split(mask: Mask) -> tuple[Mask, ...]:
    """Return one mask for each part, the largest first."""
    if mask.is_empty:
        return ()
    box = mask.bbox
    labels_hw, stats = _labelled(mask.window(box), 8)
    if len(stats) == 2:
        return (mask,)
    areas = stats[:, cv2.CC_STAT_AREA]
    parts = []
    for label in 1 + np.argsort(-areas[1:], kind="stable"):
        left, top, width, height = (int(value) for value in stats[label, :4])
        inner = Box(left, top, left + width, top + height)
        pixels = labels_hw[inner.slices] == label
        outer = inner.moved(box.x0, box.y0)
        parts.append(Mask.from_window(mask.height, mask.width, outer, pixels))
    return tuple(parts)


def _chosen(mask: Mask, labels_hw: NDArray[np.int32], kept: NDArray[np.int64]) -> Mask:
    wanted = np.zeros(int(labels_hw.max(initial=0)) + 1, dtype=bool)
    wanted[kept] = True
    return mask.with_window(mask.bbox, wanted[labels_hw])


def _parts(
    pixels_hw: Bools, connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Labels from 1 and the number of pixels by label; label 0 is all that is unset."""
    labels_hw, stats = _labelled(pixels_hw, connectivity)
    return labels_hw, stats[:, cv2.CC_STAT_AREA].copy()


def _labelled(
    pixels_hw: Bools, connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    if pixels_hw.size == 0:  # OpenCV refuses empty arrays
        return np.zeros(pixels_hw.shape, np.int32), np.zeros((1, 5), np.int32)
    _, labels_hw, stats, _ = cv2.connectedComponentsWithStats(
        pixels_hw.view(np.uint8), connectivity=connectivity, ltype=cv2.CV_32S
    )
    return np.asarray(labels_hw, np.int32), np.asarray(stats, np.int32)
