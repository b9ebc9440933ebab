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


def settled(region_hw: Bools, light_hw: Floats) -> Floats:
    """Return the region with its edge drawn to that of the picture, 0 to 1."""
    rough = cv2.GaussianBlur(region_hw.astype(np.float32), (0, 0), 1.0)
    size = (2 * RADIUS + 1, 2 * RADIUS + 1)
    mean_guide, mean_region = cv2.blur(light_hw, size), cv2.blur(rough, size)
    covariance = cv2.blur(light_hw * rough, size) - mean_guide * mean_region
    variance = cv2.blur(light_hw * light_hw, size) - mean_guide * mean_guide
    slope = covariance / (variance + FLATNESS)
    offset = mean_region - slope * mean_guide
    guided = cv2.blur(slope, size) * light_hw + cv2.blur(offset, size)
    return np.asarray(np.clip(0.5 * guided + 0.5 * rough, 0.0, 1.0), dtype=np.float32)


def without_small_holes(
    mask_hw: Bools, most_area: float, keep_xy: list[tuple[float, float]]
) -> Bools:
    """Fill holes up to ``most_area`` pixels that hold none of the points."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~mask_hw).astype(np.uint8), connectivity=4
    )
    height, width = mask_hw.shape
    fill = stats[:, cv2.CC_STAT_AREA] <= most_area
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    fill &= (left > 0) & (top > 0)
    fill &= left + stats[:, cv2.CC_STAT_WIDTH] < width
    fill &= top + stats[:, cv2.CC_STAT_HEIGHT] < height
    fill[0] = False
    for x, y in keep_xy:
        column, row = int(x), int(y)
        if 0 <= row < height and 0 <= column < width:
            fill[labels[row, column]] = False
    return np.asarray(mask_hw | fill[labels]) if count > 1 else mask_hw


def with_point(region_hw: Bools, x: float, y: float) -> Bools:
    """Keep of a region only the component under the point, all of it if none is."""
    _, labels = cv2.connectedComponents(region_hw.astype(np.uint8), connectivity=4)
    height, width = region_hw.shape
    label = labels[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)]
    return np.asarray(labels == label) if label else region_hw
