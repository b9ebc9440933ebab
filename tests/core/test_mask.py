"""Masks of tiles behave as dense arrays do, and share what an edit leaves alone."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.core.mask import TILE, Mask

HEIGHT, WIDTH = 2 * TILE + 37, TILE + 5


@st.composite
def boxes(draw):
    x0, y0 = draw(st.integers(-40, WIDTH)), draw(st.integers(-40, HEIGHT))
    return Box(x0, y0, x0 + draw(st.integers(1, 400)), y0 + draw(st.integers(1, 500)))


def dense_edit(dense, box, value):
    inside = box.clipped(WIDTH, HEIGHT)
    if not inside.empty:
        dense[inside.slices] = value


@settings(max_examples=60)
@given(
    st.lists(st.tuples(boxes(), st.sampled_from(["add", "take", "put"])), max_size=6)
)
def test_edits_equal_those_of_a_dense_array(steps):
    mask, dense = Mask.empty(HEIGHT, WIDTH), np.zeros((HEIGHT, WIDTH), bool)
    for box, how in steps:
        ones = np.ones((box.height, box.width), bool)
        if how == "add":
            mask = mask.painted(box, ones)
            dense_edit(dense, box, True)
        elif how == "take":
            mask = mask.erased(box, ones)
            dense_edit(dense, box, False)
        else:
            mask = mask.with_window(box, ~ones)
            dense_edit(dense, box, False)
    assert np.array_equal(mask.dense(), dense)
    assert mask.area == np.count_nonzero(dense)
    ys, xs = np.nonzero(dense)
    expected = (
        Box(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        if len(xs)
        else Box(0, 0, 0, 0)
    )
    assert mask.bbox == expected
    assert mask.same_pixels(Mask.from_dense(dense))


@settings(max_examples=40)
@given(boxes(), boxes(), boxes())
def test_set_operations_equal_those_of_dense_arrays(a, b, hole):
    def mask_of(box):
        return Mask.empty(HEIGHT, WIDTH).painted(box, np.ones((box.height, box.width)))

    one = mask_of(a).difference(mask_of(hole))
    two = mask_of(b)
    x, y = one.dense(), two.dense()
    assert np.array_equal(one.union(two).dense(), x | y)
    assert np.array_equal(one.difference(two).dense(), x & ~y)
    assert np.array_equal(one.intersection(two).dense(), x & y)
    assert np.array_equal(one.inverted().dense(), ~x)
    assert np.array_equal(one.window(b), np.where(x, x, False)[_slices(b)]) or (
        b != b.clipped(WIDTH, HEIGHT)
    )


def _slices(box):
    return box.clipped(WIDTH, HEIGHT).slices


def test_a_dab_leaves_other_tiles_shared():
    full = Mask.full(4 * TILE, 4 * TILE)
    dab = full.erased(Box(10, 10, 20, 20), np.ones((10, 10)))
    changed = [key for key in full.tiles if dab.tiles.get(key) is not full.tiles[key]]
    assert changed == [(0, 0)]
    assert full.area - dab.area == 100


def test_an_edit_that_changes_nothing_returns_the_same_mask():
    mask = Mask.full(300, 300)
    assert mask.painted(Box(0, 0, 9, 9), np.ones((9, 9))) is mask


def test_a_full_mask_costs_no_pixels():
    assert Mask.full(10_000, 10_000).nbytes == 0


def test_masks_travel_between_processes():
    mask = Mask.from_dense(np.eye(300, dtype=bool))
    travelled = pickle.loads(pickle.dumps(mask))
    assert travelled.same_pixels(mask)
    assert not travelled.tiles[0, 0].pixels_hw.flags.writeable
    noise = Mask.from_dense(np.random.default_rng(0).random((301, 259)) < 0.5)
    assert pickle.loads(pickle.dumps(noise)).same_pixels(noise)
    assert len(pickle.dumps(noise)) < 301 * 259 / 4


def test_arrays_inside_a_mask_cannot_be_written():
    tile = Mask.from_dense(np.eye(10, dtype=bool)).tiles[0, 0]
    with pytest.raises(ValueError, match="read-only"):
        tile.dense()[0, 0] = False


def test_contains_knows_the_pixel_under_a_point():
    mask = Mask.from_window(300, 300, Box(3, 7, 4, 8), np.ones((1, 1)))
    assert mask.contains(3.99, 7.0)
    assert not mask.contains(4.0, 7.0)
    assert not mask.contains(-0.5, 7.0)
    assert not mask.contains(300, 7.0)
