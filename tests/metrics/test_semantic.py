"""Scores over several images, with ids that have gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seggui.errors import BadRequest
from seggui.metrics.semantic import SemanticTally


def test_ids_with_gaps_and_unlabelled_pixels_are_scored_by_their_own_id() -> None:
    truth = np.zeros((20, 20), np.uint16)
    truth[:10] = 300
    truth[19] = 255
    found = truth.copy()
    found[19] = 300
    found[:5] = 9
    tally = SemanticTally([0, 300, 7])
    tally.add(truth, found)
    scores = tally.scores()
    assert scores.images == 1
    assert scores.pixel_accuracy == pytest.approx((5 + 9) / 19)
    background, large, absent = scores.classes
    assert (background.id, background.iou) == (0, 1.0)
    assert large.iou == pytest.approx(5 / 10)
    assert large.pixels == 200
    assert math.isnan(absent.iou)
    assert scores.mean_iou == pytest.approx(0.75)


def test_counts_are_summed_over_images_before_they_are_divided() -> None:
    tally = SemanticTally([0, 1])
    ones = np.ones((2, 2), np.uint8)
    tally.add(ones, ones)
    tally.add(np.ones((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
    assert tally.scores().classes[1].iou == pytest.approx(4 / 5)


def test_a_truth_with_an_id_that_is_no_class_is_refused() -> None:
    with pytest.raises(BadRequest, match="classes"):
        SemanticTally([0, 1]).add(np.full((2, 2), 7), np.zeros((2, 2), int))


def test_no_image_gives_no_score() -> None:
    scores = SemanticTally([0, 1]).scores()
    assert scores.images == 0
    assert math.isnan(scores.mean_iou)
