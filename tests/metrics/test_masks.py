"""IoU and Dice of two masks."""

from __future__ import annotations

import numpy as np
import pytest

from seggui.metrics.masks import dice, iou


def test_two_half_overlapping_squares_score_as_counted_by_hand() -> None:
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    a[:, :2] = True
    b[:, 1:3] = True
    assert iou(a, b) == pytest.approx(4 / 12)
    assert dice(a, b) == pytest.approx(8 / 16)


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    empty, full = np.zeros((3, 2), bool), np.ones((3, 2), bool)
    assert iou(empty, empty) == dice(empty, empty) == 1.0
    assert iou(empty, full) == dice(full, empty) == 0.0


def test_masks_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match="do not compare"):
        iou(np.zeros((2, 3), bool), np.zeros((3, 2), bool))
