"""The bar of tools: families that remember, and the menu that has them all."""

import pytest
from PySide6.QtCore import Qt
from session_fixtures import make_session

from seggui.gui.tool_bar import FamilyButton
from seggui.gui.tools.table import FAMILIES, TOOLS
from seggui.gui.window import MainWindow
from seggui.models import catalog

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def window(qtbot):
    window = MainWindow(make_session())
    window.show()
    yield window
    window.close()


def button_of(window, family):
    buttons = window.findChildren(FamilyButton)
    return next(button for button in buttons if button.family.id == family)


def test_each_family_has_a_button_and_no_tool_is_left_out(window):
    buttons = window.findChildren(FamilyButton)
    assert [button.family.id for button in buttons] == [f.id for f in FAMILIES]
    in_menus = [a for button in buttons for a in button.menu().actions()]
    for row in TOOLS:
        action = window.actions_by_id[f"tool_{row.id}"]
        assert (action in in_menus) == bool(row.family)


def test_a_button_becomes_the_tool_that_was_used_last(qtbot, window):
    button = button_of(window, "prompts")
    assert button.defaultAction() is window.actions_by_id["tool_point"]
    qtbot.keyClick(window, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: window.session.tool_id == "lasso")
    assert button.defaultAction() is window.actions_by_id["tool_lasso"]
    window.trigger("tool_brush")
    qtbot.wait(30)
    assert button.defaultAction() is window.actions_by_id["tool_lasso"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.session.tool_id == "lasso"


def test_a_click_on_the_tool_in_hand_opens_the_others(qtbot, window):
    button = button_of(window, "classical")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.menu().isVisible()
    qtbot.wait(30)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert button.menu().isVisible()
    button.menu().close()


def test_the_last_tools_come_back_at_the_next_start(qtbot, window):
    window.trigger("tool_watershed")
    qtbot.wait(30)
    window.session.settings.save()
    again = MainWindow(make_session())
    button = button_of(again, "classical")
    assert button.defaultAction() is again.actions_by_id["tool_watershed"]
    again.close()


@pytest.mark.parametrize("kept", ["[]", "{", '{"prompts": "gone", "paint": 3}'])
def test_last_tools_that_make_no_sense_are_passed_over(qtbot, kept):
    session = make_session()
    session.settings.set_blob("last_tools", kept)
    window = MainWindow(session)
    button = button_of(window, "prompts")
    assert button.defaultAction() is window.actions_by_id["tool_point"]
    window.close()


def test_the_menu_has_a_part_for_each_family(window):
    tools = window._menus["Tools"]
    parts = {a.menu().title(): a.menu() for a in tools.actions() if a.menu()}
    assert list(parts) == [family.title for family in FAMILIES]
    classical = [row for row in TOOLS if row.family == "classical"]
    assert len(parts["Classical"].actions()) == len(classical)


def test_the_tip_says_that_there_is_more(window):
    assert "hold for 3 more" in button_of(window, "shapes").tip


# -- what classical tools ask


@pytest.mark.parametrize(
    "row", [row for row in TOOLS if row.model], ids=lambda row: row.id
)
def test_a_classical_tool_asks_a_method_of_the_catalogue(row):
    [info] = [info for info in catalog.prompted() if info.id == row.model]
    assert info.classical
    assert {"points", "box", "scribbles", "rough"} <= info.reads
    assert not info.needs_weights


def test_every_classical_method_has_its_tool():
    methods = {info.id for info in catalog.prompted() if info.classical}
    assert methods == {row.model for row in TOOLS if row.model}
