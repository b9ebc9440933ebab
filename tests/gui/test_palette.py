"""The command palette finds actions by a few letters and does them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from seggui.gui.actions import ACTIONS
from seggui.gui.palette import CommandPalette, match

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def done():
    return []


@pytest.fixture
def palette(qtbot, done):
    window = QWidget()
    qtbot.addWidget(window)
    actions = {}
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.triggered.connect(lambda _=False, i=row.id: done.append(i))
        actions[row.id] = action
    actions["redo"].setEnabled(False)
    window.resize(900, 600)
    window.show()
    palette = CommandPalette(actions, window)
    palette.open_at(window)
    yield palette
    window.close()


def test_letters_must_come_in_order():
    assert match("zin", "Zoom In View") is not None
    assert match("niz", "Zoom In View") is None


def test_starts_of_words_are_better_than_letters_inside():
    assert match("mi", "Merge It") > match("mi", "Trim it")


def test_all_actions_are_there_at_first_in_the_order_of_the_menus(palette):
    usable = [row.id for row in ACTIONS if row.id != "redo"]
    assert palette.found_ids == (*usable, "redo")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("expo", "export"), ("fit", "zoom_fit"), ("dark", "theme_dark")],
)
def test_the_best_match_is_first(qtbot, palette, text, wanted):
    qtbot.keyClicks(palette.field, text)
    assert palette.found_ids[0] == wanted


def test_enter_does_what_is_marked_and_closes(qtbot, palette, done):
    qtbot.keyClicks(palette.field, "undo")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["undo"]
    assert palette.isHidden()


def test_the_arrow_keys_move_the_mark(qtbot, palette, done):
    second = palette.found_ids[1]
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    palette.run_current()
    assert done == [second]


def test_what_cannot_be_done_now_does_nothing(qtbot, palette, done):
    qtbot.keyClicks(palette.field, "redo")
    palette.run_current()
    assert done == []
    assert not palette.isHidden()


def test_escape_closes_it_and_does_nothing(qtbot, palette, done):
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert palette.isHidden()
    assert done == []
