"""Rough drawings for models that do not read them: a box, points and a limit."""

from dataclasses import dataclass
from itertools import combinations
from math import dist

import numpy as np
import pytest

from seggui.core.candidate import Candidate, Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.models.prompted.asking import answer
from seggui.models.prompted.drawings import (
    box_around,
    deepest,
    limit_around,
    points_inside,
)

WIDTH, HEIGHT = 300, 200
WHOLE = Box(0, 0, WIDTH, HEIGHT)


def block(*corners):
    box = Box(*corners)
    return Mask.from_window(HEIGHT, WIDTH, box, np.ones((box.height, box.width)))


@dataclass
class Everything:
    """Takes the whole image for the object, whatever is asked."""

    reads: frozenset

    @property
    def info(self):
        return ModelInfo("x", "X", "prompted", reads=self.reads)

    def decode(self, encoding, prompt, report):
        sure_hw = np.full((HEIGHT, WIDTH), 200, np.uint8)
        known = Probability(WHOLE, sure_hw)
        return (Candidate(Mask.full(HEIGHT, WIDTH), 1.0, probability=known),)


def test_points_lie_inside_and_apart():
    drawing = block(20, 40, 280, 90)
    points = points_inside(drawing)
    assert len(points) == 4
    assert all(drawing.contains(point.x, point.y) for point in points)
    assert min(dist((a.x, a.y), (b.x, b.y)) for a, b in combinations(points, 2)) > 45


def test_a_round_drawing_is_one_point():
    assert len(points_inside(block(50, 50, 90, 90))) == 1


@pytest.mark.parametrize("side", [700, 5000])
def test_a_line_thinner_than_the_grid_has_its_points_on_it(side):
    line_hw = np.zeros((side, side), bool)
    line_hw[np.arange(side), np.arange(side)] = True
    line = Mask.from_dense(line_hw)
    for point in (deepest(line), *points_inside(line)):
        assert line.contains(point.x, point.y)


def test_the_box_and_the_limit_forgive_a_slip_of_the_hand():
    drawing = block(100, 50, 200, 150)
    assert box_around(drawing) == Box(95, 45, 205, 155)
    limit = limit_around(drawing)
    assert limit.contains(96, 100)
    assert not limit.contains(94, 100)
    assert not limit.contains(95.5, 45.5)  # round at the corners


def test_a_drawing_at_the_edge_stays_on_the_image():
    assert box_around(block(0, 0, WIDTH, 100)).x1 == WIDTH


def test_the_answer_is_kept_within_the_drawing_at_every_threshold():
    prompt = Prompt(rough=block(100, 50, 200, 150))
    model = Everything(frozenset(("points", "box")))
    [found] = answer(model, None, prompt, unwatched)
    assert found.mask.same_pixels(limit_around(prompt.rough))
    assert found.probability.values_hw[100, 150] == 200
    assert found.probability.values_hw[10, 10] == 0


def test_a_click_outside_says_that_the_drawing_is_wrong():
    prompt = Prompt((Point(20, 20),), rough=block(100, 50, 200, 150))
    model = Everything(frozenset(("points", "box")))
    [found] = answer(model, None, prompt, unwatched)
    assert found.mask.area == WIDTH * HEIGHT


def test_a_model_that_reads_drawings_is_left_alone():
    prompt = Prompt(rough=block(100, 50, 200, 150))
    model = Everything(frozenset(("points", "rough")))
    [found] = answer(model, None, prompt, unwatched)
    assert found.mask.area == WIDTH * HEIGHT
