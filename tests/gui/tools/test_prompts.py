"""Point and box, with real mouse events on a canvas."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from stand import Stand, segment

from seggui.core.geometry import Box
from seggui.core.prompt import Point, Prompt

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def stand(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("point")
    return stand


def signs(prompt):
    return [point.positive for point in prompt.points]


def test_left_adds_and_right_or_alt_subtracts(stand):
    stand.click(10.5, 10.5)
    stand.click(30.5, 10.5, button="right")
    stand.click(30.5, 30.5, keys=ALT)
    assert signs(stand.desk.prompt) == [True, False, False]
    assert len(stand.desk.asked) == 3
    point = stand.desk.prompt.points[0]
    assert (int(point.x), int(point.y)) == (10, 10)


def test_the_option_turns_the_buttons_around(stand):
    stand.options(point_positive=False)
    stand.click(10.5, 10.5)
    stand.click(30.5, 30.5, button="right")
    assert signs(stand.desk.prompt) == [False, True]


def test_a_point_is_moved_by_dragging_and_asked_once(stand):
    stand.click(10.5, 10.5)
    stand.drag((10.5, 10.5), (20.5, 15.5), (40.5, 30.5))
    assert len(stand.desk.asked) == 2
    (point,) = stand.desk.prompt.points
    assert (int(point.x), int(point.y)) == (40, 30)


def test_a_point_dragged_off_the_image_stays_on_its_edge(stand):
    stand.click(10.5, 10.5)
    stand.drag((10.5, 10.5), (-5, 30.5))
    stand.desk.prompt.checked(64, 48)
    assert stand.desk.prompt.points[0].x == 0


def test_a_click_on_a_point_removes_it_and_the_last_one_ends_the_prompt(stand):
    stand.click(10.5, 10.5)
    stand.click(30.5, 30.5)
    stand.click(10.5, 10.5)
    assert len(stand.desk.prompt.points) == 1
    stand.click(30.5, 30.5)
    assert stand.desk.prompt.empty


def test_a_click_beside_the_image_asks_nothing(stand):
    stand.click(-1.5, 10.5)
    stand.drag((10.5, 10.5), (70, 10.5))
    assert stand.desk.asked == []


def test_clicks_correct_the_selected_segment(qtbot):
    some = np.zeros((48, 64), bool)
    some[5:9, 5:9] = True
    stand = Stand(qtbot, segments=[segment(some, id="some")])
    stand.hand.take("point")
    stand.desk.select(["some"])
    stand.click(20.5, 20.5)
    stand.click(25.5, 20.5)
    first, second = stand.desk.asked
    assert first.previous is stand.desk.document.segments[0].mask
    assert second.previous is first.previous


def test_a_locked_segment_is_not_corrected(qtbot):
    some = np.ones((48, 64), bool)
    stand = Stand(qtbot, segments=[segment(some, id="some", locked=True)])
    stand.hand.take("point")
    stand.desk.select(["some"])
    stand.click(20.5, 20.5)
    assert stand.desk.asked[0].previous is None


def test_escape_while_the_button_is_down_asks_nothing(stand):
    stand.press(10.5, 10.5)
    assert stand.hand.cancel()
    stand.release(10.5, 10.5)
    assert stand.desk.asked == []
    assert stand.canvas._overlay.asking is None


def test_a_box_holds_every_pixel_it_was_dragged_over(stand):
    stand.hand.take("box")
    stand.drag((40.5, 30.5), (20.5, 20.5), (10.5, 12.5))
    assert stand.desk.prompt.box == Box(10, 12, 41, 31)


def test_a_box_is_cut_at_the_image_and_a_click_is_none(stand):
    stand.hand.take("box")
    stand.click(10.5, 10.5)
    assert stand.desk.asked == []
    stand.drag((-5, -5), (20.5, 20.5))
    assert stand.desk.prompt.box == Box(0, 0, 21, 21)


def test_a_box_keeps_the_points_inside_and_begins_anew_elsewhere(stand):
    stand.desk.prompts = (Prompt((Point(20.5, 20.5), Point(50.5, 40.5, False))),)
    stand.hand.take("box")
    stand.drag((10.5, 10.5), (30.5, 30.5))
    assert len(stand.desk.prompt.points) == 2
    stand.drag((40.5, 30.5), (60.5, 44.5))
    assert stand.desk.prompt.points == ()
