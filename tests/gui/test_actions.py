"""The table of actions holds together."""

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from seggui.files.resources import resource_path
from seggui.gui.actions import ACTIONS, MENUS, ActionRow, Facts, tool_tip
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.docks import DOCKS
from seggui.gui.edit_wishes import EditWishes
from seggui.gui.engine_wishes import EngineWishes
from seggui.gui.session import Session
from seggui.gui.tasks import Tasks
from seggui.gui.window import MainWindow

TARGETS = {
    "session": Session,
    "window": MainWindow,
    "canvas": Canvas,
    "edits": EditWishes,
    "tasks": Tasks,
    "engine": EngineWishes,
}


def ids(row):
    return row.id


def test_no_two_actions_have_the_same_id():
    assert not [i for i, n in Counter(row.id for row in ACTIONS).items() if n > 1]


def test_no_two_actions_have_the_same_keys():
    keys = [QKeySequence(row.shortcut).toString() for row in ACTIONS if row.shortcut]
    keys += [QKeySequence(row.shortcut).toString() for row in DOCKS]
    assert "" not in keys
    assert not [key for key, count in Counter(keys).items() if count > 1]


@pytest.mark.parametrize("row", ACTIONS, ids=ids)
def test_every_action_has_a_menu_an_icon_and_a_wish_that_exists(row):
    assert row.menu in MENUS
    assert resource_path("icons", f"{row.icon}.svg").is_file()
    target, _, method = row.wish.partition(".")
    assert callable(getattr(TARGETS[target], method))


@pytest.mark.parametrize("row", ACTIONS, ids=ids)
def test_what_an_action_needs_is_a_fact(row):
    assert set(row.needs) <= set(Facts.__dataclass_fields__)
    everything = Facts(*([True] * len(Facts.__dataclass_fields__)))
    assert row.enabled(everything)
    assert row.enabled(Facts()) == (not row.needs)


def test_keys_that_fields_need_work_only_on_the_canvas_and_its_lists():
    taken = {"Return", "Esc", "Tab", "Del", "Ctrl+A", "Backspace"}
    for row in ACTIONS:
        assert bool(row.spots) == (row.shortcut in taken), row.id


def test_a_tip_names_the_keys():
    row = ActionRow("x", "Export…", "File", "export", "session.save", tip="Write it")
    assert tool_tip(row, "Ctrl+E") == "Export  (Ctrl+E)\nWrite it"
    assert tool_tip(row, "") == "Export\nWrite it"
