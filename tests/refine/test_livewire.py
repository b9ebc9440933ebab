"""The path follows edges from the anchor to the pointer, near and far."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.refine.livewire import Livewire


def disc_on_noise(height, width, radius, seed=0):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = np.hypot(rows - height / 2, columns - width / 2) < radius
    image = rng.normal(70, 6, (height, width, 3))
    image[inside] += (60, 10, -40)
    return np.clip(image, 0, 255).astype(np.uint8)


def off_the_circle(path, centre, radius):
    return np.abs(np.hypot(*(path - centre).T) - radius)


def test_the_path_follows_a_circle_and_ends_where_it_should():
    wire = Livewire(disc_on_noise(300, 400, 80))
    wire.anchor(280, 150)
    path = wire.path_to(200, 230)
    assert path[0] == pytest.approx((280, 150))
    assert path[-1] == pytest.approx((200, 230))
    off = off_the_circle(path, (200, 150), 80)
    assert off.max() < 1.5
    assert off.mean() < 0.5


def test_edges_of_pure_colour_are_followed():
    """Both sides have the same lightness; only the hue tells them apart."""
    image = np.zeros((120, 120, 3), np.uint8)
    image[...] = (160, 60, 60)
    image[:, 60:] = (60, 113, 60)
    wire = Livewire(image)
    wire.anchor(60, 10)
    path = wire.path_to(60, 110)
    assert np.abs(path[:, 0] - 60).max() < 0.75


def test_a_place_beyond_the_window_is_reached_on_a_coarser_grid():
    image = np.repeat(np.repeat(disc_on_noise(250, 300, 80), 8, 0), 8, 1)
    wire = Livewire(image)
    wire.anchor(150 * 8 + 640, 125 * 8)
    path = wire.path_to(150 * 8 - 640, 125 * 8 + 1)
    off = off_the_circle(path[10:-10], (1200, 1000), 640)
    # The circle itself has steps of eight pixels here.
    assert np.percentile(off, 95) < 9
    assert len(path) > 200


def test_moving_the_anchor_moves_the_start():
    wire = Livewire(disc_on_noise(100, 100, 30))
    wire.anchor(80, 50)
    wire.path_to(50, 80)
    wire.anchor(50, 80)
    assert wire.path_to(20, 50)[0] == pytest.approx((50, 80))


def test_a_path_needs_an_anchor():
    with pytest.raises(ValueError, match="anchor"):
        Livewire(disc_on_noise(20, 20, 5)).path_to(3, 3)


def test_a_place_snaps_to_the_edge_between_two_pixels():
    image = np.full((60, 60, 3), 40, np.uint8)
    image[:, 31:] = 180
    wire = Livewire(image)
    x, y = wire.snap(27.5, 30.5, 6)
    assert x == pytest.approx(31.0, abs=0.05)
    assert y == pytest.approx(30.5, abs=0.6)


def test_nothing_snaps_where_no_edge_is_in_reach():
    image = np.full((60, 60, 3), 40, np.uint8)
    image[:, 31:] = 180
    wire = Livewire(image)
    assert wire.snap(20.25, 30.5, 6) == (20.25, 30.5)
    assert wire.snap(20.25, 30.5, 0) == (20.25, 30.5)


def test_of_two_edges_the_strong_one_near_by_wins():
    image = np.full((60, 60, 3), 40, np.uint8)
    image[:, 20:] = 70
    image[:, 40:] = 200
    wire = Livewire(image)
    assert wire.snap(32, 30.5, 15)[0] == pytest.approx(40, abs=0.1)
    assert wire.snap(21, 30.5, 20)[0] == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 2), (3, 3), (40, 2), (5, 4000)])
def test_images_of_any_shape_have_paths(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    wire = Livewire(image)
    wire.anchor(0, 0)
    end = (shape[1] - 0.5, shape[0] - 0.5)
    path = wire.path_to(*end)
    assert path[0] == pytest.approx((0, 0))
    assert path[-1] == pytest.approx(end)
    assert 0 <= wire.snap(*end, 3)[0] <= shape[1]


@settings(deadline=None, max_examples=25)
@given(
    st.tuples(st.floats(-50, 150), st.floats(-50, 150)),
    st.tuples(st.floats(-50, 150), st.floats(-50, 150)),
)
def test_any_two_places_are_joined_within_the_image(one, two):
    wire = Livewire(disc_on_noise(90, 110, 30))
    wire.anchor(*one)
    path = wire.path_to(*two)
    assert len(path) >= 2
    assert np.isfinite(path).all()
    assert path[-1] == pytest.approx(np.clip(two, 0, (110, 90)))
    assert (path > -1.6).all()
    assert (path < (111.6, 91.6)).all()


def test_what_is_no_rgb_image_is_refused():
    with pytest.raises(ValueError, match="RGB"):
        Livewire(np.zeros((4, 4), np.uint8))
