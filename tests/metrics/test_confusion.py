"""The table of counts against its definitions, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seggui.errors import BadRequest
from seggui.metrics.confusion import Confusion, confusion

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


@st.composite
def pairs(draw):
    shape = draw(shapes)
    truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255])))
    guess = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 9])))
    return truth, guess


def close(a, b):
    return a == b or (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b)


@given(st.lists(pairs(), min_size=1, max_size=3))
def test_scores_equal_their_definitions_counted_one_pixel_at_a_time(images) -> None:
    total = Confusion.empty(3)
    pixels = []
    for truth, guess in images:
        total = total + confusion(truth, guess, 3)
        pixels += [
            (int(t), int(g))
            for t, g in zip(truth.flat, guess.flat, strict=True)
            if t != 255
        ]
    right = sum(t == g for t, g in pixels)
    assert close(total.pixel_accuracy, right / len(pixels) if pixels else float("nan"))
    ious, dices, accuracies, weighted = [], [], [], 0.0
    for c in range(3):
        both = sum(t == g == c for t, g in pixels)
        either = sum(c in (t, g) for t, g in pixels)
        true, guessed = sum(t == c for t, _ in pixels), sum(g == c for _, g in pixels)
        assert close(total.iou[c], both / either if either else float("nan"))
        assert close(
            total.dice[c],
            2 * both / (true + guessed) if true + guessed else float("nan"),
        )
        assert close(total.accuracy[c], both / true if true else float("nan"))
        ious += [both / either] if either else []
        dices += [2 * both / (true + guessed)] if true + guessed else []
        accuracies += [both / true] if true else []
        weighted += true / len(pixels) * both / either if true else 0
    for value, rows in (
        (total.mean_iou, ious),
        (total.mean_dice, dices),
        (total.mean_accuracy, accuracies),
    ):
        assert close(value, sum(rows) / len(rows) if rows else float("nan"))
    assert close(total.frequency_weighted_iou, weighted if pixels else float("nan"))


def test_a_class_nobody_has_is_left_out_of_the_mean() -> None:
    ids = np.zeros((3, 3), np.uint8)
    table = confusion(ids, ids, 5)
    assert table.mean_iou == 1.0
    assert np.isnan(table.iou[1:]).all()


def test_ids_outside_the_classes_are_named() -> None:
    truth = np.full((2, 2), 7)
    with pytest.raises(BadRequest, match="holds the id 7; the classes are 0 to 2"):
        confusion(truth, truth, 3)


def test_sizes_that_differ_are_refused() -> None:
    with pytest.raises(BadRequest, match="3 x 2 pixels, the prediction 2 x 3"):
        confusion(np.zeros((2, 3), int), np.zeros((3, 2), int), 2)
