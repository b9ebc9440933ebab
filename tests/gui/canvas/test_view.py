"""The mapping between image and device pixels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.gui.canvas.view import LARGEST_SCALE, SMALLEST_SCALE, View, fitted

scales = st.floats(0.01, 100)
offsets = st.integers(-5000, 5000)
views = st.builds(View, scales, offsets, offsets)


@given(view=views, x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_there_and_back_is_the_same_point(view, x, y):
    back = view.image_xy(*view.device_xy(x, y))
    assert back == pytest.approx((x, y), abs=1e-6 * (1 + 1e4 / view.scale))


@given(view=views, x=st.integers(0, 500), y=st.integers(0, 500))
def test_a_box_of_one_pixel_has_the_device_pixels_that_show_it(view, x, y):
    device = view.device_box(Box(x, y, x + 1, y + 1))
    for at in (device.x0, device.x1 - 1):
        if not device.empty:
            inside = view.image_xy(at + 0.5, 0)[0]
            assert x - 1e-6 <= inside <= x + 1 + 1e-6


@given(view=views, x=st.integers(0, 500))
def test_neighbouring_pixels_share_no_device_pixel_and_leave_none_out(view, x):
    first = view.device_box(Box(x, 0, x + 1, 1))
    second = view.device_box(Box(x + 1, 0, x + 2, 1))
    assert first.x1 == second.x0


@given(view=views, factor=st.floats(0.3, 3), x=st.floats(0, 2000), y=st.floats(0, 2000))
def test_zooming_keeps_the_point_at_its_place(view, factor, x, y):
    before = view.image_xy(x, y)
    after = view.zoomed(factor, x, y)
    assert SMALLEST_SCALE <= after.scale <= LARGEST_SCALE
    now = after.device_xy(*before)
    assert now == pytest.approx((x, y), abs=0.51)


def test_small_steps_stop_at_one_to_one():
    assert View(0.9).zoomed(1.3, 0, 0).scale == 1
    assert View(1.2).zoomed(0.8, 0, 0).scale == 1
    assert View(1.0).zoomed(1.02, 0, 0).scale == 1.02
    assert View(0.5).zoomed(8, 0, 0).scale == 4


@given(
    width=st.integers(1, 30_000),
    height=st.integers(1, 30_000),
    across=st.integers(60, 4000),
    down=st.integers(60, 4000),
)
def test_fitting_shows_all_of_the_image(width, height, across, down):
    view = fitted(Box(0, 0, width, height), (across, down))
    shown = view.device_box(Box(0, 0, width, height))
    if view.scale > SMALLEST_SCALE:
        assert shown.x0 >= -1
        assert shown.y0 >= -1
        assert shown.x1 <= across + 1
        assert shown.y1 <= down + 1


@given(view=views)
def test_some_of_the_image_always_stays_in_sight(view):
    kept = view.kept_near(300, 200, (800, 600))
    shown = kept.device_box(Box(0, 0, 300, 200))
    seen = shown.intersection(Box(0, 0, 800, 600))
    assert not seen.empty or kept.scale < 0.02
