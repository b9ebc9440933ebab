"""Parts and holes equal those of scipy on the whole array."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from seggui.core.mask import TILE, Mask
from seggui.refine.components import drop_below, fill_holes_below, keep_largest, split

EIGHT = np.ones((3, 3), bool)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
arrays = hnp.arrays(np.bool_, SHAPES)


def sizes(labels, count):
    return np.bincount(labels.ravel(), minlength=count + 1)


@settings(max_examples=150, deadline=None)
@given(arrays, st.integers(1, 12))
def test_dropping_small_parts_equals_scipy(dense, area):
    labels, count = ndimage.label(dense, EIGHT)
    expected = dense & (sizes(labels, count) >= area)[labels]
    assert np.array_equal(drop_below(Mask.from_dense(dense), area).dense(), expected)


@settings(max_examples=150, deadline=None)
@given(arrays, st.integers(1, 12))
def test_filling_small_holes_equals_scipy(dense, area):
    holes = ndimage.binary_fill_holes(dense) & ~dense
    labels, count = ndimage.label(holes)
    small = sizes(labels, count) < area
    small[0] = False
    filled = fill_holes_below(Mask.from_dense(dense), area)
    assert np.array_equal(filled.dense(), dense | small[labels])


@settings(max_examples=150, deadline=None)
@given(arrays, st.integers(1, 4))
def test_the_kept_parts_are_whole_and_the_largest(dense, keep):
    labels, count = ndimage.label(dense, EIGHT)
    kept = keep_largest(Mask.from_dense(dense), keep).dense()
    chosen = set(np.unique(labels[kept]))
    assert len(chosen) == min(keep, count)
    assert np.array_equal(kept, np.isin(labels, list(chosen)) & dense)
    areas = sizes(labels, count)
    rest = [areas[i] for i in range(1, count + 1) if i not in chosen]
    assert all(areas[i] >= max(rest, default=0) for i in chosen)


@settings(max_examples=150, deadline=None)
@given(arrays)
def test_the_parts_of_a_split_make_up_the_mask(dense):
    _, count = ndimage.label(dense, EIGHT)
    parts = split(Mask.from_dense(dense))
    assert len(parts) == count
    together = np.zeros(dense.shape, int)
    for part in parts:
        together += part.dense()
    assert np.array_equal(together, dense)
    areas = [part.area for part in parts]
    assert areas == sorted(areas, reverse=True)


def test_parts_across_tiles_stay_whole():
    dense = np.zeros((TILE + 40, 2 * TILE + 3), bool)
    dense[TILE - 5 : TILE + 5, 3:-2] = True
    dense[0, 0] = True
    mask = Mask.from_dense(dense)
    assert [part.area for part in split(mask)] == [10 * (2 * TILE - 2), 1]
    assert keep_largest(mask).bbox == split(mask)[0].bbox


def test_what_changes_nothing_returns_the_very_same_mask():
    mask = Mask.from_dense(np.eye(5, dtype=bool))
    assert keep_largest(mask) is mask
    assert drop_below(mask, 5) is mask
    assert fill_holes_below(mask, 100) is mask
    assert split(mask) == (mask,)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 9), (9, 1), (300, 2)])
def test_empty_and_full_masks_stay_as_they_are(shape):
    for mask in (Mask.empty(*shape), Mask.full(*shape)):
        assert keep_largest(mask).same_pixels(mask)
        assert drop_below(mask, 1).same_pixels(mask)
        assert fill_holes_below(mask, 10**9).same_pixels(mask)
        assert sum(part.area for part in split(mask)) == mask.area


def test_a_gap_open_to_the_edge_of_the_image_is_no_hole():
    dense = np.ones((6, 6), bool)
    dense[0, 2] = dense[3, 3] = False
    filled = fill_holes_below(Mask.from_dense(dense), 5).dense()
    assert not filled[0, 2]
    assert filled[3, 3]
