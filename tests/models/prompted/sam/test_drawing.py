"""From logits to pixels of the image: where the edge falls, and how sure it is."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from seggui.core.geometry import Box
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.frame import frame_of


def finding(logits, box, side=64, fit="padded"):
    return Finding(frame_of(box, side, fit), np.float32(logits), 0.9)


def noise(grid=16, seed=0):
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.normal(0, 4, (1, 1, 5, 5)).astype(np.float32))
    return functional.interpolate(coarse, (grid, grid), mode="bicubic")[0, 0].numpy()


@pytest.mark.parametrize(("width", "height"), [(80, 60), (31, 97), (640, 11), (3, 2)])
def test_a_padded_frame_is_enlarged_to_the_square_and_then_to_the_image(width, height):
    found = finding(noise(), Box(0, 0, width, height))
    frame = found.frame
    plane = torch.from_numpy(found.logits_hw)[None, None]
    square = functional.interpolate(plane, (64, 64), mode="bilinear")
    square = square[..., : frame.height, : frame.width]
    wished = functional.interpolate(square, (height, width), mode="bilinear")
    own = found.enlarged(Box(0, 0, width, height))
    assert np.allclose(own, wished[0, 0].numpy(), atol=1e-4)


def test_a_stretched_frame_is_enlarged_at_once():
    found = finding(noise(), Box(0, 0, 50, 90), fit="stretched")
    plane = torch.from_numpy(found.logits_hw)[None, None]
    wished = functional.interpolate(plane, (90, 50), mode="bilinear")[0, 0].numpy()
    assert np.allclose(found.enlarged(Box(0, 0, 50, 90)), wished, atol=1e-4)


def test_a_window_is_cut_out_of_the_whole():
    found = finding(noise(), Box(10, 5, 90, 65))
    whole = found.enlarged(Box(10, 5, 90, 65))
    part = found.enlarged(Box(30, 15, 50, 40))
    assert np.array_equal(part, whole[10:35, 20:40])


@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_is_all_that_lies_above_zero(seed):
    found = finding(noise(seed=seed), Box(0, 0, 90, 61))
    drawing = drawn(found)
    dense = np.zeros((61, 90), bool)
    dense[drawing.box.slices] = drawing.pixels_hw
    assert np.array_equal(dense, found.enlarged(Box(0, 0, 90, 61)) > 0)


def test_the_chances_follow_the_curve_and_agree_with_the_mask():
    found = finding(noise(), Box(0, 0, 90, 61))
    drawing = drawn(found)
    logits = found.enlarged(drawing.box)
    wished = 255 / (1 + np.exp(-np.clip(logits, -8, 7.9)))
    assert np.abs(drawing.chances_hw - wished).max() <= 4
    assert (drawing.chances_hw[logits > 0.1] >= 128).all()
    assert (drawing.chances_hw[logits < -0.1] < 128).all()


def test_nothing_above_zero_draws_nothing():
    drawing = drawn(finding(np.full((16, 16), -9.0), Box(0, 0, 90, 61)))
    assert drawing.box.empty
    assert drawing.probability is None


def test_in_a_box_something_is_always_drawn_and_nothing_outside_it():
    box = Box(20, 10, 60, 50)
    for logits in (np.full((16, 16), -9.0), noise() - 9, noise() + 9):
        drawing = drawn(finding(logits, Box(0, 0, 90, 61)), box)
        assert drawing.pixels_hw.any()
        assert drawing.box.union(box) == box


def test_the_filling_of_the_square_is_no_part_of_the_image():
    logits = np.full((16, 16), -5.0)
    logits[12:] = 5.0  # below the image
    found = finding(logits, Box(0, 0, 80, 40))
    assert not drawn(found).pixels_hw.any()
    assert found.extent(None, None).empty
    assert found.stability() == 0.0


def test_stability_compares_two_thresholds():
    logits = np.full((16, 16), -5.0)
    logits[:4, :4] = 5.0
    logits[4, :4] = 0.5
    assert finding(logits, Box(0, 0, 64, 64)).stability() == pytest.approx(16 / 20)


def test_the_extent_is_that_of_the_part_under_the_click():
    logits = np.full((16, 16), -5.0)
    logits[2:4, 2:4] = logits[10:15, 10:15] = 5.0
    found = finding(logits, Box(0, 0, 64, 64))
    assert found.extent(10, 10) == Box(8, 8, 16, 16)
    assert found.extent(50, 50) == Box(40, 40, 60, 60)
    assert found.extent(30, 30) == Box(8, 8, 60, 60)
