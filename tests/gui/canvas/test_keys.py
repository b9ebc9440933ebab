"""The canvas without a mouse: a cursor that the keys move; Alt and the wheel."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from stand import picture, shot

from seggui.gui.canvas.canvas import Canvas


@pytest.fixture
def canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 240)
    canvas.set_image(picture(90, 61))
    canvas.show()
    return canvas


class Listener:
    """Writes down what a tool would get."""

    pans = False

    def __init__(self):
        self.heard = []

    def __getattr__(self, name):
        def hear(pointer=None):
            self.heard.append((name, pointer))
            return True

        return hear


@pytest.fixture
def listener(canvas):
    listener = Listener()
    canvas.set_hand(listener)
    return listener


def names(listener):
    """What was heard, without the modifiers that are keys of their own."""
    return [name for name, _ in listener.heard if name != "key"]


def test_arrows_move_a_cursor_and_space_clicks_there(canvas, listener):
    plain = shot(canvas)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas._overlay.cursor is not None
    assert (shot(canvas) != plain).any()
    x, y = canvas._overlay.cursor
    QTest.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert names(listener) == ["hover", "hover", "press", "release"]
    pressed, released = (pointer for _, pointer in listener.heard[-2:])
    assert (released.x, released.y) == (x, y + 1)
    assert pressed.button == "left"
    QTest.keyClick(canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert listener.heard[-2][1].button == "right"


def test_the_cursor_goes_with_its_image(canvas, listener):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(canvas, key)
    canvas.set_image(picture(20, 10))
    listener.heard.clear()
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert names(listener) == [], "nobody sees where it would click"
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert names(listener) == ["hover", "press", "release"]
    x, y = canvas._overlay.cursor
    assert 0 <= x < 20
    assert 0 <= y < 10


def test_arrows_drag_while_space_is_held(canvas, listener):
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert names(listener) == ["hover", "press", "move", "release"]


def test_the_cursor_of_the_keys_stays_on_the_image(canvas, listener):
    for _ in range(200):
        QTest.keyClick(canvas, Qt.Key.Key_Left)
        QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas._overlay.cursor == (0.5, 0.5)


def test_the_mouse_takes_over_from_the_keys(canvas, listener):
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.mouseMove(canvas, QPoint(30, 30))
    QApplication.processEvents()
    assert names(listener)[:3] == ["hover", "press", "release"]
    assert canvas._overlay.cursor is None


def test_space_without_the_cursor_still_pans(canvas, listener):
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    before = canvas.view
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
    QTest.mouseMove(canvas, QPoint(45, 40))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(45, 40))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.view != before
    assert "press" not in names(listener)


def test_alt_and_the_wheel_choose_a_candidate(canvas, listener):
    at = QPointF(30, 30)
    for angle in (120, -120):
        event = QWheelEvent(
            at,
            QPointF(canvas.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(angle, 0),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.AltModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(canvas, event)
    assert listener.heard == [("choose", -1), ("choose", 1)]
