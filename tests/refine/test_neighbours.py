"""Neighbours share borders: nothing twice, nothing left between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.refine.neighbours import cut_by_neighbours, fill_gap, meet

HEIGHT, WIDTH = 60, 90


def block(x0, y0, x1, y1):
    box = Box(x0, y0, x1, y1)
    return Mask.from_window(HEIGHT, WIDTH, box, np.ones((box.height, box.width)))


def test_cutting_leaves_no_overlap_and_takes_nothing_else():
    mask = block(10, 10, 40, 40)
    cut = cut_by_neighbours(mask, [block(30, 0, 60, 60), block(0, 0, 15, 60)])
    assert cut.same_pixels(block(15, 10, 30, 40))
    assert cut_by_neighbours(mask, []) is mask


def test_a_gap_is_filled_up_to_the_very_border_of_the_neighbour():
    left, right = block(10, 10, 40, 50), block(44, 10, 80, 50)
    filled = fill_gap(left, [right], 6)
    assert block(10, 11, 44, 49).difference(filled).is_empty
    assert filled.difference(block(10, 10, 44, 50)).is_empty
    assert filled.intersection(right).is_empty


def test_a_gap_wider_than_the_reach_stays():
    left, right = block(10, 10, 40, 50), block(50, 10, 80, 50)
    assert fill_gap(left, [right], 6) is left


def test_nothing_grows_where_there_is_no_neighbour():
    left = block(10, 10, 40, 50)
    assert fill_gap(left, [], 8) is left
    touching = fill_gap(left, [block(40, 10, 80, 50)], 8)
    assert touching is left


def test_own_dents_are_not_gaps():
    dented = block(10, 10, 40, 50).difference(block(10, 28, 20, 31))
    right = block(42, 10, 80, 50)
    filled = fill_gap(dented, [right], 6)
    assert not filled.contains(12, 29)
    assert filled.contains(41, 29)


def test_the_corner_beside_a_closed_border_stays_as_it_is():
    low, high = block(10, 30, 40, 50), block(40, 10, 80, 50)
    assert fill_gap(low, [high], 10) is low


def test_a_slanted_gap_of_one_pixel_is_closed():
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    left, right = (Mask.from_dense(part) for part in (columns < rows, columns > rows))
    filled = fill_gap(left, [right], 4)
    assert filled.area >= left.area + HEIGHT - 2
    assert filled.intersection(right).is_empty


def test_what_lies_behind_a_neighbour_is_not_reached():
    left, wall, right = (
        block(10, 10, 30, 50),
        block(30, 5, 32, 55),
        block(35, 10, 80, 50),
    )
    filled = fill_gap(left, [wall, right], 10)
    assert filled.intersection(block(32, 15, 35, 45)).is_empty


def test_a_gap_between_several_is_shared_in_the_middle():
    one, two = meet([block(10, 10, 40, 50), block(46, 10, 80, 50)], 8)
    assert block(10, 11, 43, 49).difference(one).is_empty
    assert block(43, 11, 80, 49).difference(two).is_empty
    assert one.union(two).difference(block(10, 10, 80, 50)).is_empty


def test_one_mask_alone_has_no_gaps():
    (alone,) = meet([block(10, 10, 40, 50)], 8)
    assert alone.same_pixels(block(10, 10, 40, 50))
    assert fill_gap(Mask.empty(HEIGHT, WIDTH), [block(1, 1, 9, 9)], 5).is_empty


def test_neighbours_of_another_image_are_refused():
    with pytest.raises(ValueError, match="image"):
        fill_gap(block(1, 1, 5, 5), [Mask.full(3, 3)], 4)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 12))
def test_growing_never_takes_from_a_neighbour_and_never_loses_a_pixel(seed, reach):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (6, 9)).repeat(10, 0).repeat(10, 1)
    labels[rng.random(labels.shape) < 0.2] = 0
    masks = [Mask.from_dense(labels == value) for value in (1, 2, 3)]
    filled = fill_gap(masks[0], masks[1:], reach)
    assert masks[0].difference(filled).is_empty
    assert all(filled.intersection(other).is_empty for other in masks[1:])
    met = meet(masks, reach)
    for before, after in zip(masks, met, strict=True):
        assert before.difference(after).is_empty
    assert sum(m.area for m in met) == met[0].union(met[1]).union(met[2]).area
