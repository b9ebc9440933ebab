"""Frames: where image pixels lie on the square, and what the square holds."""

import numpy as np
import pytest
from PIL import Image

from seggui.core.geometry import Box
from seggui.models.prompted.sam.frame import frame_of, square_of

MEAN = (100.0, 110.0, 120.0)
SPREAD = (50.0, 60.0, 70.0)


def whole(width, height, side=64, fit="padded"):
    return frame_of(Box(0, 0, width, height), side, fit)


@pytest.mark.parametrize(
    ("size", "filled"),
    [
        ((640, 480), (1024, 768)),
        ((2000, 300), (1024, 154)),  # 153.6: halves and more round up
        ((301, 1501), (205, 1024)),
        ((1, 1), (1024, 1024)),
        ((40_000, 200), (1024, 5)),
        ((100_000, 10), (1024, 1)),  # a tenth of a pixel would be none
        ((9, 7), (1024, 796)),
    ],
)
def test_the_long_side_fills_the_square_and_the_short_one_is_rounded(size, filled):
    frame = whole(*size, side=1024)
    assert (frame.width, frame.height) == filled


def test_a_stretched_frame_fills_the_square_both_ways():
    frame = whole(40_000, 200, 1024, "stretched")
    assert (frame.width, frame.height) == (1024, 1024)
    assert frame.cover == Box(0, 0, 40_000, 200)


def test_the_corners_of_the_box_are_the_corners_of_what_is_filled():
    frame = frame_of(Box(10, 20, 110, 70), 64, "padded")
    corners = np.array([(10, 20), (110, 70)], dtype=np.float32)
    assert frame.on_square(corners).tolist() == [[0, 0], [64, 32]]


def test_the_cover_reaches_over_a_side_that_does_not_fill_the_square():
    assert whole(100, 50).cover == Box(0, 0, 100, 100)


def test_the_filling_is_zero_after_the_mean_is_taken_off():
    image = np.full((10, 20, 3), 200, np.uint8)
    square = square_of(image, whole(20, 10), "padded", MEAN, SPREAD)[0].numpy()
    wished = (200 - np.array(MEAN)) / SPREAD
    assert np.allclose(square[:, :32], wished[:, None, None], atol=1e-5)
    assert not square[:, 32:].any()


def test_a_padded_square_is_shrunk_in_whole_grey_values_with_a_wide_filter():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 150, 3), dtype=np.uint8)
    frame = whole(150, 90)
    square = square_of(image, frame, "padded", (0, 0, 0), (1, 1, 1))[0].numpy()
    shrunk = Image.fromarray(image).resize((64, 38), Image.Resampling.BILINEAR)
    assert np.array_equal(square[:, :38].transpose(1, 2, 0), np.asarray(shrunk))
    every_second = image[1::2, 1::2][:38, :64]
    assert np.abs(square[:, :38].transpose(1, 2, 0) - every_second).mean() > 20


def test_a_part_of_the_image_is_taken_and_the_image_stays():
    image = np.zeros((40, 40, 3), np.uint8)
    image[10:20, 10:20] = 255
    image.flags.writeable = False
    frame = frame_of(Box(10, 10, 20, 20), 64, "padded")
    square = square_of(image, frame, "padded", (0, 0, 0), (255, 255, 255))
    assert float(square.min()) == 1.0


def test_a_stretched_square_is_not_rounded_in_between():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0] = 1
    frame = whole(3, 2, 64, "stretched")
    square = square_of(image, frame, "stretched", (0, 0, 0), (1, 1, 1))[0].numpy()
    assert square.shape == (3, 64, 64)
    between = square[0, 16:48, 0]
    assert np.all(np.diff(between) < 0)


def test_logits_of_the_same_frame_come_back_as_they_were():
    frame = whole(100, 60)
    values = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    assert np.array_equal(frame.onto_grid(values, frame.cover, 16, -10), values)


def test_logits_of_a_closer_look_are_put_where_they_belong():
    frame = whole(64, 64)
    values = np.full((16, 16), 5.0, np.float32)
    grid = frame.onto_grid(values, Box(16, 16, 32, 48), 16, -10)
    assert (grid[4:12, 4:8] == 5).all()
    grid[4:12, 4:8] = -10
    assert (grid == -10).all()


def test_logits_of_the_whole_are_cut_out_for_a_closer_look():
    whole_frame = whole(64, 64)
    values = np.full((16, 16), -5.0, np.float32)
    values[:, 8:] = 5.0
    closer = frame_of(Box(24, 0, 40, 16), 64, "padded")
    grid = closer.onto_grid(values, whole_frame.cover, 16, -10)
    assert (grid[:, :6] < 0).all()
    assert (grid[:, 10:] > 0).all()
