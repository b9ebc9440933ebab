"""Prompts as marks on the square, and masks as logits."""

import numpy as np
import pytest

from seggui.core.candidate import Logits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.models.prompted.sam.frame import frame_of
from seggui.models.prompted.sam.marking import SURE, made_up, marks_of

FRAME = frame_of(Box(0, 0, 80, 40), 64, "padded")


def marks(*points, **more):
    prompt = Prompt(tuple(Point(*p) for p in points), **more)
    return marks_of(prompt, FRAME, 16, "mine")


def half(height=40, width=80):
    mask = np.zeros((height, width), bool)
    mask[:, : width // 2] = True
    return Mask.from_dense(mask)


def test_positions_are_continuous():
    assert marks((40, 20)).points_xy.tolist() == [[32, 16]]


def test_of_points_on_one_pixel_the_last_one_counts():
    found = marks((3.2, 3.9), (9, 9), (3.8, 3.1, False))
    assert found.positive.tolist() == [True, False]
    assert found.points_xy[0].tolist() == pytest.approx([7.2, 7.2])


def test_one_click_asks_for_three_masks_and_more_marks_for_one():
    assert marks((3, 3)).several
    assert marks((3, 3), (3.5, 3.5)).several  # the same pixel
    assert not marks((3, 3), (9, 9)).several
    assert not marks((3, 3), box=Box(0, 0, 9, 9)).several
    assert not marks((3, 3), previous=half()).several


def test_a_closer_look_leaves_out_what_lies_outside_it():
    frame = frame_of(Box(40, 0, 80, 40), 64, "padded")
    prompt = Prompt((Point(3, 3), Point(60, 20)), Box(20, 0, 60, 20))
    found = marks_of(prompt, frame, 16, "mine")
    assert found.points_xy.tolist() == [[32, 32]]
    assert found.corners == (0, 0, 32, 32)


def test_the_models_own_logits_are_used_and_those_of_others_are_not():
    values = np.full((16, 16), 3, np.float16)
    for model_id, strongest in (("mine", 3.0), ("another", SURE)):
        logits = Logits(FRAME.cover, values, model_id)
        found = marks((3, 3), previous=half(), logits=logits)
        assert found.logits_hw.max() == strongest


def test_a_mask_of_others_becomes_logits_with_its_edge_where_it_was():
    logits = made_up(half(), FRAME, 16)
    assert logits.shape == (16, 16)
    assert (logits[:8, :8] > 0).all()
    assert (logits[:, 8:] < 0).all()
    assert (logits[8:] == -SURE).all()  # the filling is not on the image
    assert logits[4, 0] == SURE
    assert 0 < logits[4, 7] < SURE


def test_a_mask_thinner_than_a_cell_is_not_lost():
    line = np.zeros((40, 80), bool)
    line[20, 10:70] = True
    assert (made_up(Mask.from_dense(line), FRAME, 16) > 0).sum() >= 10


def test_a_full_and_an_empty_mask_are_sure_everywhere():
    assert (made_up(Mask.full(40, 80), FRAME, 16)[:8] == SURE).all()
    assert (made_up(Mask.empty(40, 80), FRAME, 16) == -SURE).all()


def test_an_edge_within_a_cell_moves_the_logits():
    def at(columns):
        mask = np.zeros((40, 80), bool)
        mask[:, :columns] = True
        return made_up(Mask.from_dense(mask), FRAME, 16)[4, 8]

    # Cell 8 covers columns 40 to 44.
    assert at(40) < at(41) < at(43) < at(44)
