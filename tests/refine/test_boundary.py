"""Smoothing keeps area and edge contact; simplifying stays near the outline."""

import numpy as np
import pytest
from scipy import ndimage

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.refine.boundary import simplified, smoothed


def ragged_disc(size=300, radius=80, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - size / 2
    noise = rng.uniform(-3, 3, (size, size))
    return Mask.from_dense(np.hypot(y, x) < radius + noise)


def boundary_length(mask):
    dense = np.pad(mask.dense(), 1)
    return np.count_nonzero(dense[1:] != dense[:-1]) + np.count_nonzero(
        dense[:, 1:] != dense[:, :-1]
    )


@pytest.mark.parametrize("radius", [1, 3, 6])
def test_smoothing_shortens_a_ragged_boundary_and_keeps_the_area(radius):
    mask = ragged_disc()
    smooth = smoothed(mask, radius)
    assert boundary_length(smooth) < boundary_length(mask)
    assert smooth.area == pytest.approx(mask.area, rel=0.005)
    moved = smooth.difference(mask).union(mask.difference(smooth))
    assert moved.area < 0.1 * mask.area


def test_smoothing_equals_blur_and_threshold_of_the_whole_array():
    mask = ragged_disc(seed=3)
    blurred = ndimage.gaussian_filter(mask.dense().astype(np.float64), 4, truncate=3)
    smooth = smoothed(mask, 4).dense()
    assert blurred[smooth].min() >= blurred[~smooth].max() - 1e-5


def test_smoothing_leaves_a_straight_side_and_the_edge_of_the_image_alone():
    dense = np.zeros((60, 80), bool)
    dense[:, :33] = True
    assert smoothed(Mask.from_dense(dense), 5).same_pixels(Mask.from_dense(dense))


def test_smoothing_keeps_a_wide_hole():
    dense = np.zeros((120, 120), bool)
    dense[10:110, 10:110] = True
    dense[45:75, 45:75] = False
    smooth = smoothed(Mask.from_dense(dense), 3).dense()
    assert not smooth[60, 60]
    assert smooth[30, 60]


def test_specks_vanish_and_do_not_swell_the_large_part():
    dense = np.zeros((300, 300), bool)
    dense[100:200, 100:200] = True
    dense[3::7, 3::7] = True
    smooth = smoothed(Mask.from_dense(dense), 3)
    assert smooth.bbox.width <= 110
    assert 9000 < smooth.area < 11500


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 8), (5, 300)])
def test_empty_and_full_masks_stay_as_they_are(shape):
    for mask in (Mask.empty(*shape), Mask.full(*shape)):
        assert smoothed(mask, 3).same_pixels(mask)
        assert simplified(mask, 2).same_pixels(mask)


@pytest.mark.parametrize("tolerance", [0.5, 1, 2, 5])
def test_simplifying_moves_no_boundary_farther_than_the_tolerance(tolerance):
    mask = ragged_disc(seed=1)
    simple = simplified(mask, tolerance)
    moved = simple.difference(mask).union(mask.difference(simple)).dense()
    dense = mask.dense()
    inside = ndimage.distance_transform_edt(np.pad(dense, 1))[1:-1, 1:-1]
    outside = ndimage.distance_transform_edt(~dense)
    assert np.maximum(inside, outside)[moved].max(initial=0) <= tolerance + 1
    assert simplified(mask, 0) is mask


def test_simplifying_keeps_holes():
    mask = Mask.full(100, 100).erased(Box(30, 30, 60, 60), np.ones((30, 30)))
    assert simplified(mask, 3).same_pixels(mask)
