"""Strokes that end at the edges of an image."""

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.refine.strokes import up_to_edges

SIDE = 200


def two_halves(contrast, noise=4):
    """Dark on the left, brighter by ``contrast`` from column 100 on."""
    image = np.full((SIDE, SIDE, 3), 60, np.float64)
    image[:, 100:] += contrast
    image += np.random.default_rng(1).normal(0, noise / 2, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def disc(middle, radius):
    ys, xs = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    return np.hypot(xs - middle[0], ys - middle[1]) <= radius


@pytest.mark.parametrize("radius", [12, 90])
@pytest.mark.parametrize("contrast", [25, 120])
def test_the_border_lies_on_the_edge_at_every_size_and_contrast(radius, contrast):
    middle = (100 - radius * 0.6, 100)
    covered, core = disc(middle, radius), disc(middle, radius / 4)
    box = Box(0, 0, SIDE, SIDE)
    got = up_to_edges(two_halves(contrast), box, covered, core)
    wanted = covered & (np.arange(SIDE) < 100)
    assert np.count_nonzero(got & wanted) >= 0.97 * np.count_nonzero(wanted)
    beyond = np.count_nonzero(got & ~wanted)
    assert beyond <= 0.15 * np.count_nonzero(covered & ~wanted)


def test_only_a_part_of_the_image_is_looked_at():
    image = two_halves(80)
    covered, core = disc((90, 100), 30), disc((90, 100), 7)
    whole = up_to_edges(image, Box(0, 0, SIDE, SIDE), covered, core)
    box = Box(58, 68, 124, 132)
    part = up_to_edges(image, box, covered[box.slices], core[box.slices])
    assert np.count_nonzero(part ^ whole[box.slices]) <= 0.01 * np.count_nonzero(whole)


def test_a_thin_dark_line_ends_a_stroke():
    image = np.full((SIDE, SIDE, 3), 150, np.uint8)
    image[:, 99:101] = 40
    covered, core = disc((85, 100), 40), disc((85, 100), 8)
    got = up_to_edges(image, Box(0, 0, SIDE, SIDE), covered, core)
    assert not got[:, 104:].any()
    assert got[90:110, 60:95].all()


def test_without_a_middle_all_of_the_stroke_counts():
    covered = disc((100, 100), 20)
    nothing = np.zeros_like(covered)
    got = up_to_edges(two_halves(90), Box(0, 0, SIDE, SIDE), covered, nothing)
    assert (got == covered).all()
