"""Polygons against the even-odd rule, asked for one pixel centre at a time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.errors import InvalidMask
from seggui.files.formats.polygons import mask_of_polygons

HALF = Fraction(1, 2)
coordinates = st.floats(-6, 14).map(lambda v: round(v * 8) / 8 + 1 / 32)
shapes = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=7)


def inside(points, x, y):
    """Whether a ray to the left crosses the outline oddly often; None on an edge."""
    odd = False
    rows = [tuple(map(Fraction, point)) for point in points]
    for (x0, y0), (x1, y1) in zip(rows, rows[1:] + rows[:1], strict=True):
        if (y0 <= y) == (y1 <= y):
            continue
        crossing = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        if crossing == x:
            return None
        odd ^= crossing < x
    return odd


@settings(max_examples=300, deadline=None)
@given(shapes)
def test_a_pixel_is_set_when_its_centre_is_inside(points) -> None:
    height, width = 7, 9
    got = mask_of_polygons([np.array(points)], height, width).dense()
    for y in range(height):
        for x in range(width):
            want = inside(points, x + HALF, y + HALF)
            # A centre on an edge may fall to either side.
            assert want in (None, bool(got[y, x])), (x, y)


def test_several_polygons_are_joined_and_do_not_cancel() -> None:
    square = np.array([[1, 1], [4, 1], [4, 4], [1, 4]], dtype=float)
    mask = mask_of_polygons([square, square + 1], 8, 8)
    assert mask.area == 9 + 9 - 4


def test_many_crossings_at_one_place_keep_their_parity() -> None:
    square = np.array([[1, 1], [4, 1], [4, 4], [1, 4]], dtype=float)
    for turns, area in ((255, 9), (256, 0), (257, 9)):
        mask = mask_of_polygons([np.concatenate([square] * turns)], 8, 8)
        assert mask.area == area


def test_a_hopelessly_tangled_polygon_is_refused_before_it_takes_the_memory() -> None:
    zigzag = np.full((9000, 2), 0.5)
    zigzag[::2, 1] = 1000.0
    with pytest.raises(InvalidMask, match="too tangled"):
        mask_of_polygons([zigzag], 1000, 1000)
