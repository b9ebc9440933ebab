"""Growing and shrinking equal the definition by a disc, on the whole array."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seggui.core.mask import TILE, Mask
from seggui.refine.morphology import closed, grown, opened, shrunk

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)
arrays = hnp.arrays(np.bool_, SHAPES)
radii = st.sampled_from([0.5, 1, 1.5, 2, 2.9, 3, 5, 7.25])


def disc(radius):
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


def by_disc(dense, radius, how):
    """OpenCV's operation; its default border moves nothing."""
    return how(dense.astype(np.uint8), disc(radius)).astype(bool)


@settings(max_examples=150, deadline=None)
@given(arrays, radii)
def test_grow_and_shrink_equal_a_disc_on_the_whole_array(dense, radius):
    mask = Mask.from_dense(dense)
    assert np.array_equal(
        grown(mask, radius).dense(), by_disc(dense, radius, cv2.dilate)
    )
    assert np.array_equal(
        shrunk(mask, radius).dense(), by_disc(dense, radius, cv2.erode)
    )


@settings(max_examples=150, deadline=None)
@given(arrays, radii)
def test_open_and_close_equal_their_two_steps(dense, radius):
    mask = Mask.from_dense(dense)
    assert opened(mask, radius).same_pixels(grown(shrunk(mask, radius), radius))
    assert closed(mask, radius).same_pixels(shrunk(grown(mask, radius), radius))


@settings(max_examples=100, deadline=None)
@given(arrays, radii)
def test_opening_only_takes_closing_only_adds_and_twice_is_once(dense, radius):
    mask = Mask.from_dense(dense)
    smaller, larger = opened(mask, radius), closed(mask, radius)
    assert smaller.difference(mask).is_empty
    assert mask.difference(larger).is_empty
    assert opened(smaller, radius).same_pixels(smaller)
    assert closed(larger, radius).same_pixels(larger)


@pytest.mark.parametrize("radius", [1, 30, 200])
@pytest.mark.parametrize("edit", [grown, shrunk, opened, closed])
@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 7), (TILE + 1, 3)])
def test_empty_and_full_masks_stay_as_they_are(edit, shape, radius):
    for mask in (Mask.empty(*shape), Mask.full(*shape)):
        assert edit(mask, radius).same_pixels(mask)


def test_growing_a_pixel_gives_the_disc_across_tiles_at_a_large_radius():
    dense = np.zeros((3 * TILE, 3 * TILE), bool)
    dense[TILE, TILE] = True
    y, x = np.mgrid[: 3 * TILE, : 3 * TILE] - TILE
    expected = x * x + y * y <= 199 * 199
    assert np.array_equal(grown(Mask.from_dense(dense), 199).dense(), expected)


def test_shrinking_does_not_pull_away_from_the_edge_of_the_image():
    dense = np.zeros((20, 20), bool)
    dense[:, :10] = True
    shrunken = shrunk(Mask.from_dense(dense), 3).dense()
    assert shrunken[:, :7].all()
    assert not shrunken[:, 7:].any()
