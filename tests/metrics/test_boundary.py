"""Outlines, and how near they are to each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seggui.metrics.boundary import (
    boundary_f1,
    boundary_f1_by_class,
    outline,
    tolerance_px,
)


def brute_outline(mask):
    out = []
    height, width = mask.shape
    for y, x in np.argwhere(mask):
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        inside = [(a, b) for a, b in around if 0 <= a < height and 0 <= b < width]
        if any(not mask[a, b] for a, b in inside):
            out.append((y, x))
    return out


@st.composite
def pairs(draw):
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    masks = hnp.arrays(bool, shape)
    return draw(masks), draw(masks)


@settings(max_examples=150, deadline=None)
@given(pairs(), st.sampled_from([0.0, 1.0, 1.5, 2.0]))
def test_the_score_equals_its_definition(pair, within) -> None:
    truth, guess = pair
    true, found = brute_outline(truth), brute_outline(guess)
    got = boundary_f1(truth, guess, within_px=within)
    if not true and not found:
        assert math.isnan(got)
        return
    if not true or not found:
        assert got == 0.0
        return

    def near(these, those):
        hits = [min(math.dist(a, b) for b in those) <= within for a in these]
        return sum(hits) / len(hits)

    precision, recall = near(found, true), near(true, found)
    want = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert got == pytest.approx(want)


def test_the_edge_of_the_image_is_no_outline() -> None:
    mask = np.zeros((6, 6), bool)
    mask[:, :3] = True
    assert np.argwhere(outline(mask)).tolist() == [[y, 2] for y in range(6)]


def test_the_tolerance_is_a_share_of_the_diagonal_and_at_least_a_pixel() -> None:
    assert tolerance_px(300, 400) == pytest.approx(3.75)
    assert tolerance_px(10, 10) == 1.0


def test_outlines_beside_ignored_pixels_do_not_count() -> None:
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = 1
    guess = truth.copy()
    guess[:, 12:] = 0
    truth[:, 12:] = 255
    scores = boundary_f1_by_class(truth, guess, 3, within_px=0)
    assert scores[:2].tolist() == [1.0, 1.0]
    assert math.isnan(scores[2])
