"""Mask AP and panoptic quality against cases counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.metrics.instances import (
    Found,
    Labelled,
    PanopticCounts,
    average_precision,
    panoptic_counts,
)


def square(x, y, side=10, size=50):
    box = Box(x, y, x + side, y + side)
    return Mask.from_window(size, size, box, np.ones((side, side), bool))


def test_one_of_two_objects_found_is_half_the_recall() -> None:
    truth = [[Labelled(square(0, 0), 1), Labelled(square(20, 20), 1)]]
    found = [[Found(square(0, 0), 1, 0.9)]]
    score = average_precision(truth, found)
    # 51 of COCO's 101 recall places are at most one half.
    assert score.ap == score.ap50 == score.ap75 == pytest.approx(51 / 101)


def test_a_false_find_with_a_higher_score_halves_the_precision() -> None:
    truth = [[Labelled(square(0, 0), 1)]]
    found = [[Found(square(30, 30), 1, 0.9), Found(square(0, 0), 1, 0.5)]]
    assert average_precision(truth, found).ap == pytest.approx(0.5)
    turned = [[Found(square(30, 30), 1, 0.4), Found(square(0, 0), 1, 0.5)]]
    assert average_precision(truth, turned).ap == pytest.approx(1.0)


def test_a_mask_of_iou_0_8_counts_at_seven_of_ten_thresholds() -> None:
    half = Mask.from_window(50, 50, Box(0, 0, 10, 8), np.ones((8, 10), bool))
    score = average_precision([[Labelled(square(0, 0), 3)]], [[Found(half, 3, 1.0)]])
    assert score.ap == pytest.approx(0.7)
    assert (score.ap50, score.ap75) == pytest.approx((1.0, 1.0))
    assert score.by_class == {3: pytest.approx(0.7)}


def test_classes_and_images_are_kept_apart() -> None:
    truth = [[Labelled(square(0, 0), 1)], [Labelled(square(0, 0), 2)]]
    found = [[Found(square(0, 0), 2, 0.9)], [Found(square(0, 0), 2, 0.8)]]
    score = average_precision(truth, found)
    assert score.by_class == {1: 0.0, 2: pytest.approx(0.5)}


def test_finds_inside_a_crowd_are_neither_right_nor_wrong() -> None:
    truth = [[Labelled(square(0, 0), 1), Labelled(square(20, 20, 20), 1, crowd=True)]]
    found = [[Found(square(25, 25, 5), 1, 0.99), Found(square(0, 0), 1, 0.5)]]
    assert average_precision(truth, found).ap == pytest.approx(1.0)


def test_without_truth_there_is_no_score() -> None:
    assert math.isnan(average_precision([[]], [[Found(square(0, 0), 1, 1.0)]]).ap)


def test_nothing_found_scores_zero() -> None:
    assert average_precision([[Labelled(square(0, 0), 1)]], [[]]).ap == 0.0


def maps(*rows):
    ids = np.zeros((10, 10), int)
    for number, (y0, y1) in enumerate(rows, start=1):
        ids[y0:y1] = number
    return ids


def test_panoptic_quality_of_a_case_counted_by_hand() -> None:
    truth = (maps((0, 4), (4, 8)), {1: 1, 2: 2})
    found = (maps((0, 3), (4, 6), (8, 10)), {1: 1, 2: 2, 3: 2})
    counts = panoptic_counts(truth, found)
    # The first pair has IoU 3/4; the second 1/2, which is not over one half.
    assert counts.quality(1) == pytest.approx(0.75)
    assert counts.quality(2) == 0.0
    assert (counts.surplus, counts.missed) == ({2: 2}, {2: 1})
    assert counts.mean_quality == pytest.approx(0.375)
    twice = counts + counts
    assert twice.quality(1) == pytest.approx(0.75)
    assert twice.surplus == {2: 4}


def test_void_pixels_count_for_nothing() -> None:
    truth = (maps((0, 4)), {1: 1})
    found = (maps((0, 8), (8, 10)), {1: 1, 2: 1})
    void = np.zeros((10, 10), bool)
    void[4:10] = True
    counts = panoptic_counts(truth, found, void)
    assert counts.quality(1) == 1.0
    assert counts.surplus == {}


def test_a_right_place_of_a_wrong_class_is_missed_and_surplus() -> None:
    counts = panoptic_counts((maps((0, 4)), {1: 1}), (maps((0, 4)), {1: 2}))
    assert (counts.missed, counts.surplus) == ({1: 1}, {2: 1})
    assert counts.mean_quality == 0.0
    assert math.isnan(PanopticCounts().mean_quality)
