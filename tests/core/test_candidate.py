"""Candidates: the threshold a person sets, and how unsure a model is."""

import numpy as np
import pytest

from seggui.core.candidate import (
    LEVEL,
    Candidate,
    Probability,
    granularities,
    thresholded,
)
from seggui.core.geometry import Box
from seggui.core.mask import Mask


@pytest.fixture
def candidate():
    """A slope from 0 to 255 in a window; the offered mask knows more than it."""
    values_hw = np.tile(np.arange(0, 256, 5, dtype=np.uint8), (4, 1))
    box = Box(10, 20, 62, 24)
    mask = Mask.from_window(40, 80, Box(30, 20, 62, 24), np.ones((4, 32)))
    return Candidate(mask, 0.9, probability=Probability(box, values_hw))


def test_a_higher_level_keeps_what_is_more_likely(candidate):
    low, high = (thresholded(candidate, level).mask for level in (0.2, 0.8))
    assert low.area == 4 * 41  # 55, 60, ... 255
    assert high.area == 4 * 11  # 205, 210, ... 255
    assert high.difference(low).is_empty
    assert high.bbox == Box(51, 20, 62, 24)


def test_at_the_usual_level_the_mask_of_the_model_stays(candidate):
    assert thresholded(candidate, LEVEL) is candidate


def test_without_probabilities_there_is_nothing_to_set(candidate):
    plain = Candidate(candidate.mask, 0.5)
    assert thresholded(plain, 0.9) is plain


def test_a_coin_toss_is_least_certain():
    values_hw = np.array([[0, 64, 127, 128, 191, 255]], dtype=np.uint8)
    doubt = Probability(Box(0, 0, 6, 1), values_hw).uncertainty_hw
    assert doubt.tolist() == [[0, 128, 254, 254, 128, 0]]


def square(x, y, side):
    return Mask.from_window(64, 64, Box(x, y, x + side, y + side), np.ones((side,) * 2))


def test_only_what_lies_in_a_larger_mask_is_a_part_of_it():
    large, middle, small = square(0, 0, 40), square(5, 5, 20), square(8, 8, 6)
    assert granularities([middle, large, small]) == ("part", "whole", "sub-part")
    beside = square(50, 50, 8)
    assert granularities([middle, beside]) == ("whole", "other")
    assert granularities([small, beside, large]) == ("part", "other", "whole")
    assert granularities([small]) == ("whole",)
    assert granularities([]) == ()


def test_a_mask_that_only_overlaps_a_larger_one_is_no_part():
    assert granularities([square(0, 0, 10), square(5, 0, 12)]) == ("whole", "other")
