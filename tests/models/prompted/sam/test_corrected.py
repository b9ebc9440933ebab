"""An answer beside the mask before it: what a click may change."""

import numpy as np

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.models.prompted.honouring import honoured
from seggui.models.prompted.sam.corrected import kept_elsewhere

HEIGHT, WIDTH = 60, 300


def boxes(*places):
    mask = Mask.empty(HEIGHT, WIDTH)
    for x0, y0, x1, y1 in places:
        mask = mask.painted(Box(x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0)))
    return mask


def test_a_positive_click_adds_the_part_it_lies_on_and_no_other():
    before = boxes((0, 0, 20, 20))
    answer = boxes((10, 10, 40, 40), (200, 10, 220, 30))
    after = kept_elsewhere(answer, before, (Point(30, 30),))
    assert after.same_pixels(boxes((0, 0, 20, 20), (10, 10, 40, 40)))


def test_a_negative_click_takes_the_part_it_lies_on_and_no_other():
    before = boxes((0, 0, 40, 40), (200, 0, 240, 40))
    answer = boxes((0, 0, 20, 40))
    after = kept_elsewhere(answer, before, (Point(30, 30, False),))
    assert after.same_pixels(boxes((0, 0, 20, 40), (200, 0, 240, 40)))


def test_clicks_that_the_mask_honours_already_change_nothing():
    before = boxes((0, 0, 40, 40))
    answer = boxes((100, 0, 140, 40))
    points = (Point(10, 10), Point(120, 10, False))
    assert kept_elsewhere(answer, before, points).same_pixels(before)


def test_an_answer_that_ignores_the_click_changes_nothing():
    before = boxes((0, 0, 40, 40))
    answer = boxes((100, 0, 140, 40))
    assert kept_elsewhere(answer, before, (Point(60, 10),)).same_pixels(before)


def test_an_answer_that_changes_nothing_is_no_crash():
    before = boxes((0, 0, 20, 20))
    for answer in (before, Mask.empty(HEIGHT, WIDTH), boxes((5, 5, 9, 9))):
        after = kept_elsewhere(answer, before, (Point(40, 40),))
        assert after.same_pixels(before)
    for answer in (before, boxes((0, 0, 40, 40))):
        after = kept_elsewhere(answer, before, (Point(3, 3, False),))
        assert after.same_pixels(before)


def test_of_contradicting_clicks_on_a_pixel_the_last_one_is_honoured():
    points = (Point(5.2, 5.2), Point(5.7, 5.1, False), Point(5.5, 5.5))
    mask = honoured(Mask.empty(HEIGHT, WIDTH), Prompt(points))
    assert mask.contains(5, 5)
    assert mask.area == 1
    mask = honoured(Mask.full(HEIGHT, WIDTH), Prompt(points[:2]))
    assert not mask.contains(5, 5)


def test_a_box_limits_the_mask_unless_a_click_lies_outside_it():
    box = Box(10, 10, 20, 20)
    full = Mask.full(HEIGHT, WIDTH)
    assert honoured(full, Prompt((Point(15, 15),), box)).bbox == box
    assert honoured(full, Prompt((Point(150, 15),), box)).area == full.area
