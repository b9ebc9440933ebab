"""Outlines follow pixel sides, keep holes, and give the same mask back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage import measure

from seggui.core.mask import TILE, Mask
from seggui.errors import BadRequest
from seggui.refine.polygons import Polygon, mask_of_polygons, polygons_of

EIGHT = np.ones((3, 3), bool)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)


def area_of(points_xy):
    x, y = points_xy.T
    return (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(np.bool_, SHAPES))
def test_there_and_back_is_the_same_mask(dense):
    polygons = polygons_of(Mask.from_dense(dense))
    assert np.array_equal(mask_of_polygons(polygons, *dense.shape).dense(), dense)
    assert len(polygons) == ndimage.label(dense, EIGHT)[1]
    holes = ndimage.label(~np.pad(dense, 1))[1] - 1
    assert sum(len(polygon.holes_xy) for polygon in polygons) == holes


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(np.bool_, SHAPES))
def test_outlines_turn_clockwise_holes_back_and_their_areas_add_up(dense):
    total = 0.0
    for polygon in polygons_of(Mask.from_dense(dense)):
        assert area_of(polygon.outer_xy) > 0
        assert all(area_of(hole) < 0 for hole in polygon.holes_xy)
        total += area_of(polygon.outer_xy) + sum(map(area_of, polygon.holes_xy))
    assert total == np.count_nonzero(dense)


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(np.bool_, SHAPES))
def test_neighbouring_points_differ_in_one_direction_that_alternates(dense):
    for polygon in polygons_of(Mask.from_dense(dense)):
        for ring in (polygon.outer_xy, *polygon.holes_xy):
            steps = np.roll(ring, -1, axis=0) - ring
            assert np.all((steps != 0).sum(axis=1) == 1)
            assert np.all((steps[:, 0] != 0) != (np.roll(steps[:, 0], 1) != 0))


def test_a_single_pixel_is_its_square():
    dense = np.zeros((20, 20), bool)
    dense[7, 3] = True
    (polygon,) = polygons_of(Mask.from_dense(dense))
    assert polygon.outer_xy.tolist() == [[3, 7], [4, 7], [4, 8], [3, 8]]


def test_a_blob_across_tiles_with_holes_and_islands_in_them_survives():
    rng = np.random.default_rng(5)
    shape = (2 * TILE + 9, TILE + 30)
    dense = ndimage.gaussian_filter(rng.standard_normal(shape), 3) > -0.02
    mask = Mask.from_dense(dense)
    polygons = polygons_of(mask)
    assert any(polygon.holes_xy for polygon in polygons)
    assert mask_of_polygons(polygons, *shape).same_pixels(mask)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(3, 9), st.just(2)),
        elements=st.floats(-8, 24, width=16),
    )
)
def test_filling_agrees_with_the_even_odd_rule_at_every_centre(points_xy):
    # A centre exactly on the outline may count either way.
    y, x = np.mgrid[:16, :18] + 0.5
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    inside = measure.points_in_poly(centres, points_xy).reshape(16, 18)
    ours = mask_of_polygons([Polygon(points_xy)], 16, 18).dense()
    a, b = points_xy, np.roll(points_xy, -1, axis=0)
    length2 = np.maximum(((b - a) ** 2).sum(1), 1e-12)
    t = ((centres[:, None] - a) * (b - a)).sum(2) / length2
    nearest = a + np.clip(t, 0, 1)[..., None] * (b - a)
    near = np.hypot(*np.moveaxis(centres[:, None] - nearest, 2, 0)).min(1) < 1e-6
    clear = ~near.reshape(16, 18)
    assert np.array_equal(ours[clear], inside[clear])


def test_a_tolerance_leaves_out_points_and_stays_near():
    y, x = np.mgrid[:200, :200] - 100
    mask = Mask.from_dense(x * x + y * y < 80 * 80)
    (exact,), (fewer,) = polygons_of(mask), polygons_of(mask, 1.0)
    assert len(fewer.outer_xy) < len(exact.outer_xy) / 4
    again = mask_of_polygons([fewer], 200, 200)
    assert again.intersection(mask).area / again.union(mask).area > 0.98


def test_parts_smaller_than_the_tolerance_stay():
    dense = np.zeros((30, 30), bool)
    dense[4, 4] = True
    dense[10:25, 10:25] = True
    dense[15, 15] = False
    mask = Mask.from_dense(dense)
    assert mask_of_polygons(polygons_of(mask, 5), 30, 30).same_pixels(mask)


def test_what_lies_outside_the_image_is_cut_off():
    far = Polygon(np.array([[-1e12, -5], [1e12, -5], [1e12, 3], [-1e12, 3]]))
    beside = Polygon(np.array([[50.0, 50], [60, 50], [60, 60]]))
    mask = mask_of_polygons([far, beside], 8, 8)
    assert mask.area == 24
    assert polygons_of(Mask.empty(5, 5)) == ()


@pytest.mark.parametrize(
    "points", [[[0, 0], [1, 1]], [[0, 0], [1, np.nan], [2, 2]], [[0, 0, 0]] * 3]
)
def test_outlines_that_are_none_are_refused(points):
    with pytest.raises(BadRequest):
        Polygon(np.array(points, float))
