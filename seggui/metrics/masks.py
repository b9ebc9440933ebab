"""How alike two masks are: intersection over union, and Dice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


def overlap(first_hw: Bools, second_hw: Bools) -> tuple[int, int, int]:
    """Return the areas of the intersection, of the first and of the second mask."""
    if first_hw.shape != second_hw.shape:
        raise ValueError(
            f"masks of shapes {first_hw.shape} and {second_hw.shape} do not compare"
        )
    first, second = first_hw.astype(bool), second_hw.astype(bool)
    both = int(np.count_nonzero(first & second))
    return both, int(np.count_nonzero(first)), int(np.count_nonzero(second))


def iou(first_hw: Bools, second_hw: Bools) -> float:
    """Intersection over union (Jaccard index), axes (y, x); 1 when both are empty."""
    both, first, second = overlap(first_hw, second_hw)
    union = first + second - both
    return both / union if union else 1.0


def dice(first_hw: Bools, second_hw: Bools) -> float:
    """Twice the intersection over the sum of the areas; 1 when both are empty."""
    both, first, second = overlap(first_hw, second_hw)
    return 2 * both / (first + second) if first + second else 1.0
