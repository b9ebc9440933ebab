"""Boundary F1: how well the outlines of classes agree, within a few pixels.

After Csurka et al., "What is a good evaluation measure for semantic segmentation?",
2013: precision is the share of predicted outline pixels near a true one, recall the
share of true ones near a predicted one. The tolerance is 0.75 % of the image's
diagonal, as there. Where an object is cut off by the image's edge it has no outline.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import UNLABELLED

Bools = NDArray[np.bool_]

TOLERANCE = 0.0075
"""Of the diagonal."""


def tolerance_px(height: int, width: int) -> float:
    """The usual tolerance for an image of that size, in pixels; at least one."""
    return max(1.0, TOLERANCE * float(np.hypot(height, width)))


def outline(mask_hw: Bools) -> Bools:
    """Set pixels with an unset one above, below, left or right of them."""
    padded = np.pad(mask_hw, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask_hw & ~inside


def boundary_f1(
    truth_hw: Bools,
    predicted_hw: Bools,
    *,
    within_px: float | None = None,
    ignored_hw: Bools | None = None,
) -> float:
    """Return the F1 of two masks' outlines; axes (y, x).

    NaN when neither has an outline, 0 when only one has. Outlines in or beside
    ``ignored_hw`` do not count.
    """
    height, width = truth_hw.shape
    tolerance = tolerance_px(height, width) if within_px is None else within_px
    true, found = outline(truth_hw.astype(bool)), outline(predicted_hw.astype(bool))
    if ignored_hw is not None and ignored_hw.any():
        near = cv2.dilate(ignored_hw.astype(np.uint8), np.ones((3, 3), np.uint8))
        true, found = true & (near == 0), found & (near == 0)
    if not true.any() or not found.any():
        return float("nan") if not (true.any() or found.any()) else 0.0
    precision = float((_distance_to(true)[found] <= tolerance).mean())
    recall = float((_distance_to(found)[true] <= tolerance).mean())
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def boundary_f1_by_class(
    truth_hw: NDArray[np.integer],
    predicted_hw: NDArray[np.integer],
    classes: int,
    *,
    within_px: float | None = None,
    ignore: int = UNLABELLED,
) -> NDArray[np.float64]:
    """Return the score of each class on one image; NaN where it has no outline."""
    ignored = truth_hw == ignore
    return np.array(
        [
            boundary_f1(
                truth_hw == number,
                (predicted_hw == number) & ~ignored,
                within_px=within_px,
                ignored_hw=ignored,
            )
            for number in range(classes)
        ]
    )


def _distance_to(pixels_hw: Bools) -> NDArray[np.float32]:
    """Euclidean distance of each pixel to the nearest set one."""
    away = (~pixels_hw).astype(np.uint8)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
