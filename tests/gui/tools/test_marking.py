"""Scribbles, drawings, several boxes, words and examples, with real mouse events."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from stand import Stand, shot

from seggui.core.geometry import Box
from seggui.core.prompt import Point, Prompt
from seggui.gui.tools.asking import ExampleTool
from seggui.gui.tools.table import TOOLS, tool_row

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def stand(qtbot):
    return Stand(qtbot)


def take(stand, tool_id):
    stand.hand.take(tool_id)
    return stand


# -- scribbles


def test_a_line_is_asked_once_with_the_width_that_is_set(stand):
    take(stand, "scribble").options(scribble_px=9)
    stand.drag((10.5, 10.5), (20.5, 12.5), (30.5, 20.5))
    [asked] = stand.desk.asked
    [line] = asked.scribbles
    assert [(int(x), int(y)) for x, y in line.points_xy] == [
        (10, 10),
        (20, 12),
        (30, 20),
    ]
    assert line.width_px == 9
    assert line.positive


def test_right_button_or_alt_draws_what_does_not_belong(stand):
    take(stand, "scribble")
    stand.drag((10.5, 10.5), (20.5, 10.5))
    stand.drag((10.5, 30.5), (20.5, 30.5), button="right")
    stand.drag((30.5, 30.5), (40.5, 30.5), keys=ALT)
    signs = [line.positive for line in stand.desk.prompt.scribbles]
    assert signs == [True, False, False]


def test_a_press_without_a_move_is_a_dot(stand):
    take(stand, "scribble").click(10.5, 10.5)
    assert len(stand.desk.prompt.scribbles[0].points_xy) == 1


def test_lines_join_points_and_a_line_beside_the_image_is_none(stand):
    stand.desk.prompts = (Prompt((Point(5, 5),)),)
    take(stand, "scribble").drag((-9, -9), (-2, -5))
    assert stand.desk.asked == []
    stand.drag((10.5, 10.5), (20.5, 10.5))
    assert stand.desk.prompt.points == (Point(5, 5),)


def test_a_line_given_up_asks_nothing(stand):
    take(stand, "scribble").press(10.5, 10.5)
    stand.move(20.5, 20.5)
    assert stand.hand.cancel()
    stand.release(20.5, 20.5)
    assert stand.desk.asked == []
    assert stand.canvas._overlay.asking is None


def test_brackets_set_the_width_of_lines_and_of_strokes(stand):
    for tool_id, name in (("scribble", "scribble_px"), ("rough", "rough_px")):
        before = getattr(stand.desk.options, name)
        take(stand, tool_id).hand.key(Qt.Key.Key_BracketRight)
        assert getattr(stand.desk.options, name) > before
        stand.hand.key(Qt.Key.Key_BracketLeft)
        stand.hand.key(Qt.Key.Key_BracketLeft)
        assert getattr(stand.desk.options, name) < before


# -- drawings


def square_drawn(stand, x0, y0, x1, y1, **how):
    stand.drag((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0), **how)


def test_a_lasso_is_what_lies_inside_it(stand):
    square_drawn(take(stand, "lasso"), 10, 10, 30, 26)
    rough = stand.desk.prompt.rough
    assert rough.bbox == Box(10, 10, 30, 26)
    assert rough.area == 20 * 16


def test_drawings_join_and_take_away(stand):
    square_drawn(take(stand, "lasso"), 10, 10, 30, 30)
    square_drawn(stand, 40, 10, 50, 20)
    square_drawn(stand, 10, 10, 20, 30, button="right")
    rough = stand.desk.prompt.rough
    assert rough.area == 10 * 20 + 10 * 10
    assert not rough.contains(15, 15)


def test_a_drawing_taken_away_altogether_ends_the_prompt(stand):
    square_drawn(take(stand, "lasso"), 10, 10, 30, 30)
    square_drawn(stand, 5, 5, 40, 40, keys=ALT)
    assert stand.desk.prompt.empty


def test_a_slip_of_the_hand_is_no_lasso(stand):
    take(stand, "lasso").click(10.5, 10.5)
    stand.drag((10, 10), (11, 10), (11, 11))
    assert stand.desk.asked == []


def test_a_rough_stroke_is_as_broad_as_is_set(stand):
    take(stand, "rough").options(rough_px=8)
    stand.drag((12.5, 20.5), (30.5, 20.5), (50.5, 20.5))
    rough = stand.desk.prompt.rough
    assert rough.bbox.height == pytest.approx(8, abs=1)
    assert rough.contains(31, 21)
    assert rough.bbox.x0 < 10
    assert rough.bbox.x1 > 53


# -- several boxes


def test_shift_asks_for_one_more_object_each(stand):
    take(stand, "box").drag((2.5, 2.5), (12.5, 12.5))
    stand.drag((20.5, 2.5), (30.5, 12.5), keys=SHIFT)
    stand.drag((40.5, 2.5), (50.5, 12.5), keys=SHIFT)
    boxes = [prompt.box for prompt in stand.desk.prompts]
    assert boxes == [Box(2, 2, 13, 13), Box(20, 2, 31, 13), Box(40, 2, 51, 13)]


def test_without_shift_a_box_begins_anew(stand):
    take(stand, "box").drag((2.5, 2.5), (12.5, 12.5))
    stand.drag((20.5, 2.5), (30.5, 12.5), keys=SHIFT)
    stand.drag((5.5, 20.5), (30.5, 40.5))
    assert [prompt.box for prompt in stand.desk.prompts] == [Box(5, 20, 31, 41)]


def test_shift_on_other_marks_is_a_box_like_any(stand):
    stand.desk.prompts = (Prompt((Point(5, 5),)),)
    take(stand, "box").drag((2.5, 2.5), (12.5, 12.5), keys=SHIFT)
    assert stand.desk.prompt.box == Box(2, 2, 13, 13)
    assert stand.desk.prompt.points


# -- words and examples


def test_marks_on_one_object_end_a_search_by_words(stand):
    for tool_id in ("point", "scribble", "box"):
        stand.desk.prompts = (Prompt(text="leaf", exemplars=(Box(0, 0, 9, 9),)),)
        take(stand, tool_id).drag((10.5, 10.5), (25.5, 25.5))
        assert not stand.desk.prompt.parts & {"text", "exemplars"}


def test_every_box_is_one_more_example(stand):
    stand.desk.prompts = (Prompt(text="leaf"),)
    take(stand, "example").drag((2.5, 2.5), (12.5, 12.5))
    stand.drag((20.5, 2.5), (30.5, 12.5))
    prompt = stand.desk.prompt
    assert prompt.text == "leaf"
    assert prompt.exemplars == (Box(2, 2, 13, 13), Box(20, 2, 31, 13))


def test_a_model_without_examples_says_so_and_is_not_asked(stand):
    stand.desk.unread = "Classic does not look for examples."
    take(stand, "example").drag((2.5, 2.5), (12.5, 12.5))
    assert stand.desk.asked == []
    assert stand.desk.said == [("Classic does not look for examples.", "warning")]


def test_the_text_tool_sends_the_person_to_the_panel(stand):
    take(stand, "text").click(10.5, 10.5)
    [(text, _)] = stand.desk.said
    assert "Tool panel" in text


# -- box, then lines


def test_grabcut_begins_with_a_box_and_goes_on_with_lines(stand):
    take(stand, "grabcut").drag((2.5, 2.5), (40.5, 30.5))
    stand.drag((10.5, 10.5), (20.5, 10.5))
    stand.drag((10.5, 28.5), (20.5, 28.5), button="right")
    prompt = stand.desk.prompt
    assert prompt.box == Box(2, 2, 41, 31)
    assert [line.positive for line in prompt.scribbles] == [True, False]
    stand.drag((5.5, 5.5), (45.5, 40.5), keys=SHIFT)
    assert stand.desk.prompt.box == Box(5, 5, 46, 41)


# -- the table


def test_tools_that_need_words_or_examples_are_marked_as_such():
    needing = {row.id for row in TOOLS if row.reads}
    assert needing == {"text", "example"}
    assert tool_row("example").make is ExampleTool


def test_only_tools_that_ask_have_a_model():
    for row in TOOLS:
        assert row.asks or not row.model
        assert (row.family == "classical") == bool(row.model)


def test_marks_of_every_kind_are_seen(stand, qtbot):
    blank = np.full((48, 64, 3), 128, np.uint8)
    for tool_id in ("scribble", "lasso", "rough", "example"):
        stand.desk.prompts = ()
        stand.canvas.set_image(blank)
        stand.canvas.set_prompts(())
        stand.hand.take("pan")
        plain = shot(stand.canvas)
        take(stand, tool_id)
        stand.drag((10, 10), (40, 10), (40, 30), (20, 30))
        stand.canvas.set_prompts(stand.desk.prompts)
        stand.hand.leave()
        differs = np.abs(shot(stand.canvas).astype(int) - plain).max(axis=2) > 60
        assert differs.sum() > 200, tool_id
