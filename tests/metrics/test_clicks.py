"""The simulated clicker, and the scores over its clicks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seggui.core.prompt import Point
from seggui.metrics.clicks import iou_after, next_click, noc, noc_over, play


def brute_depth(region: np.ndarray) -> np.ndarray:
    """The distance to the nearest pixel outside, by looking at all of them."""
    padded = np.pad(region, 1)
    outside = np.argwhere(~padded)
    depth = np.zeros(region.shape)
    for y, x in np.argwhere(region):
        depth[y, x] = np.sqrt(((outside - (y + 1, x + 1)) ** 2).sum(1)).min()
    return depth


def test_the_first_click_is_positive_and_in_the_middle_of_the_object() -> None:
    truth = np.zeros((20, 30), bool)
    truth[5:14, 10:19] = True
    assert next_click(truth, np.zeros_like(truth), ()) == Point(14.5, 9.5, True)


def test_a_larger_surplus_gives_a_negative_click() -> None:
    truth = np.zeros((20, 30), bool)
    truth[2:5, 2:5] = True
    mask = np.zeros_like(truth)
    mask[8:17, 10:19] = True
    assert next_click(truth, mask, ()) == Point(14.5, 12.5, False)


def test_an_object_at_the_edge_is_not_clicked_on_its_last_pixels() -> None:
    truth = np.zeros((9, 9), bool)
    truth[:, :5] = True
    assert next_click(truth, np.zeros_like(truth)).x == 2.5


def test_ignored_pixels_are_no_error() -> None:
    truth = np.zeros((10, 10), bool)
    truth[1:8, 1:8] = True
    truth[9, 9] = True
    ignored = np.zeros_like(truth)
    ignored[:8, :8] = True
    click = next_click(truth, np.zeros_like(truth), ignored_hw=ignored)
    assert click == Point(9.5, 9.5, True)


def test_a_perfect_mask_leaves_nothing_to_click_on() -> None:
    truth = np.eye(5, dtype=bool)
    with pytest.raises(ValueError, match="nothing is left"):
        next_click(truth, truth)


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8))),
    st.randoms(use_true_random=False),
)
def test_a_click_is_the_deepest_error_pixel_not_clicked_before(truth, random) -> None:
    mask = np.array(
        [[random.random() < 0.4 for _ in row] for row in truth], dtype=bool
    ).reshape(truth.shape)
    errors = np.argwhere(truth != mask)
    if len(errors) < 2:
        return
    y, x = errors[random.randrange(len(errors))]
    click = next_click(truth, mask, [Point(x + 0.5, y + 0.5)])
    row, column = int(click.y), int(click.x)
    missed, surplus = brute_depth(truth & ~mask), brute_depth(mask & ~truth)
    missed[y, x] = surplus[y, x] = 0
    assert (row, column) != (y, x)
    assert click.positive == bool(truth[row, column])
    best = max(missed.max(), surplus.max())
    assert max(missed[row, column], surplus[row, column]) == pytest.approx(best)


def test_playing_stops_at_enough_and_counts_clicks() -> None:
    truth = np.zeros((20, 40), bool)
    truth[2:11, 2:11] = True
    truth[2:9, 20:27] = True

    def squares(points, mask):
        out = np.zeros_like(mask)
        for point in points:
            x, y = int(point.x), int(point.y)
            r = 4 if x < 15 else 3
            out[y - r : y + r + 1, x - r : x + r + 1] = True
        return out

    ious = play(truth, squares, limit=5)
    assert ious == (81 / 130, 1.0)
    assert play(truth, squares, enough=0.6) == (81 / 130,)
    assert noc(ious, 0.6) == 1
    assert noc(ious, 0.9) == 2
    assert iou_after(ious, 1) == 81 / 130
    assert iou_after(ious, 10) == 1.0


def test_objects_that_never_arrive_count_the_limit_and_are_told() -> None:
    result = noc_over([(0.5, 0.9), (0.1, 0.2)], 0.85, limit=20)
    assert (result.mean, result.failed, result.objects) == (11.0, 1, 2)
    assert math.isnan(noc_over([], 0.9).mean)
