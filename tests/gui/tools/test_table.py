"""The table of tools and the hand that carries them."""

import pytest
from stand import Stand

from seggui.errors import BadRequest
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.tools.table import TOOLS, tool_row


def test_ids_shortcuts_and_icons_are_told_apart():
    for what in ("id", "title", "icon", "shortcut", "hint"):
        values = [getattr(row, what) for row in TOOLS]
        assert len(set(values)) == len(values)
        assert all(values)


def test_an_unknown_tool_is_a_key_error():
    with pytest.raises(KeyError):
        tool_row("spray")


@pytest.mark.parametrize("size", [0, 2001])
def test_a_brush_of_no_or_endless_size_is_refused(size):
    with pytest.raises(BadRequest, match="cannot be used"):
        ToolOptions(brush_px=size)


@pytest.mark.parametrize("tool_id", [row.id for row in TOOLS])
def test_every_tool_bears_every_gesture(qtbot, tool_id):
    stand = Stand(qtbot)
    hints = []
    stand.hand.hint_changed.connect(hints.append)
    stand.hand.take(tool_id)
    assert hints == [tool_row(tool_id).hint]
    stand.click(10.5, 10.5)
    stand.click(20.5, 10.5, button="right")
    stand.double_click(30.5, 20.5)
    stand.drag((5.5, 5.5), (30.5, 30.5), (90, 90))
    stand.move(12.5, 12.5)
    stand.hand.finish()
    stand.hand.cancel()
    stand.hand.leave()
    stand.hand.take("pan")
    assert not stand.hand.busy
    assert stand.canvas._preview is None
    assert stand.canvas._overlay.asking is None


def test_without_an_image_no_tool_does_anything(qtbot):
    stand = Stand(qtbot)
    stand.desk.document = None
    stand.canvas.set_image(None)
    stand.follow()
    for row in TOOLS:
        stand.hand.take(row.id)
        stand.click(10.5, 10.5)
        stand.move(12.5, 12.5)
        stand.hand.finish()
    assert stand.desk.commits == []
    assert stand.desk.asked == []


def test_the_pan_tool_moves_the_image(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("pan")
    before = stand.canvas.view
    stand.drag((10.5, 10.5), (14.5, 12.5))
    assert stand.canvas.view.left > before.left
    assert stand.canvas.view.scale == before.scale


def test_taking_the_same_tool_again_keeps_what_is_unfinished(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("polygon")
    stand.click(10.5, 10.5)
    stand.hand.take("polygon")
    assert stand.hand.busy
    stand.hand.take("brush")
    assert not stand.hand.busy
