"""Pan and zoom with mouse, wheel, touch pad and keys; the rest goes to the tool."""

from __future__ import annotations

import math
from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import (
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QSinglePointEvent,
    QWheelEvent,
)

from seggui.core.geometry import Box
from seggui.gui.canvas.pointer import Button, Pointer, PointerTaker

# A wheel turns by 120 per notch; two notches and a half double the size.
_UNITS_PER_OCTAVE = 300.0
_KEYS_IN = (Qt.Key.Key_Plus, Qt.Key.Key_Equal)
_KEYS_OUT = (Qt.Key.Key_Minus,)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_CURSOR_STEP = 12.0
"""Logical pixels that an arrow key moves the cursor by."""


class Viewport(Protocol):
    """What the navigation needs of the canvas."""

    def show_key_cursor(self, place: tuple[float, float] | None) -> None: ...
    def zoom_by(self, factor: float, at: QPointF | None = None) -> None: ...
    def zoom_in(self) -> None: ...
    def zoom_out(self) -> None: ...
    def pan_by(self, dx: float, dy: float) -> None: ...
    def image_point(self, position: QPointF) -> tuple[float, float]: ...
    def setCursor(self, cursor: Qt.CursorShape, /) -> None: ...
    def devicePixelRatioF(self) -> float: ...
    def setFocus(self) -> None: ...

    @property
    def zoom(self) -> float: ...

    @property
    def image_size(self) -> tuple[int, int]: ...

    @property
    def visible_box(self) -> Box: ...


class Navigation:
    """Decides for each event whether it moves the view or belongs to the tool."""

    def __init__(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self.hand: PointerTaker | None = None
        self.tool_cursor = Qt.CursorShape.ArrowCursor
        self._panning_from: QPointF | None = None
        self._pan_button = Qt.MouseButton.NoButton
        self._space = False
        self._drawing: Button = "none"
        self._draw_button = Qt.MouseButton.NoButton
        self._cursor: tuple[float, float] | None = None
        """Where the keys would click; None while the mouse is used."""
        self._key_draws = False

    # -- mouse ----------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        self._end_key_cursor()
        self._notice_lost_release(event, pressed=event.button())
        if self._panning_from is not None or self._drawing != "none":
            return  # A second button during a gesture changes nothing.
        button = event.button()
        if self._starts_pan(button):
            self._panning_from = event.position()
            self._pan_button = button
            self.show_cursor()
            return
        name = _BUTTONS.get(button)
        if name is None or self.hand is None:
            return
        self._drawing, self._draw_button = name, button
        self.hand.press(self._pointer(event))

    def move(self, event: QMouseEvent) -> None:
        self._end_key_cursor()
        self._notice_lost_release(event)
        if self._panning_from is not None:
            step = event.position() - self._panning_from
            self._panning_from = event.position()
            self._viewport.pan_by(step.x(), step.y())
        elif self.hand is not None:
            pointer = self._pointer(event)
            if self._drawing == "none":
                self.hand.hover(pointer)
            else:
                self.hand.move(pointer)

    def release(self, event: QMouseEvent) -> None:
        if self._panning_from is not None and event.button() == self._pan_button:
            self._end_pan()
        elif self._drawing != "none" and event.button() == self._draw_button:
            self._end_drawing(event)

    def _end_pan(self) -> None:
        self._panning_from = None
        self.show_cursor()

    def _end_drawing(self, event: QMouseEvent) -> None:
        pointer = self._pointer(event)
        self._drawing = "none"
        if self.hand is not None:
            self.hand.release(pointer)

    def _notice_lost_release(
        self, event: QMouseEvent, pressed: Qt.MouseButton = Qt.MouseButton.NoButton
    ) -> None:
        """End a gesture whose button came up while another window had the mouse."""
        held = event.buttons() & ~pressed
        if self._panning_from is not None and not held & self._pan_button:
            self._end_pan()
        if self._drawing != "none" and not held & self._draw_button:
            self._end_drawing(event)

    def double_click(self, event: QMouseEvent) -> None:
        # Qt sends it in place of the second press; the release follows.
        if self._starts_pan(event.button()):
            self.press(event)
        elif event.button() == Qt.MouseButton.LeftButton and self.hand is not None:
            self._drawing, self._draw_button = "left", event.button()
            self.hand.double_click(self._pointer(event))

    def leave(self) -> None:
        if self.hand is not None:
            self.hand.leave()

    # -- wheel, touch pad, keys -----------------------------------------------

    def wheel(self, event: QWheelEvent) -> None:
        turned, moved = event.angleDelta(), event.pixelDelta()
        touch_pad = event.device().type() == QInputDevice.DeviceType.TouchPad
        fingers = touch_pad or event.phase() != Qt.ScrollPhase.NoScrollPhase
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if ctrl and self.hand is not None and self.hand.wheel(turned.y() / 120):
            event.accept()
            return
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        # Alt turns the wheel sideways on some systems.
        amount = turned.y() or turned.x()
        if alt and self.hand is not None and self.hand.choose(1 if amount < 0 else -1):
            event.accept()
            return
        if fingers and not ctrl:
            step = moved if not moved.isNull() else turned / 4
            self._viewport.pan_by(step.x(), step.y())
        else:
            factor = 2.0 ** (amount / _UNITS_PER_OCTAVE)
            self._viewport.zoom_by(factor, event.position())
        event.accept()

    def pinch(self, event: QNativeGestureEvent) -> bool:
        """Two fingers on a touch pad; True when they pinch."""
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        factor = min(max(1.0 + event.value(), 0.2), 5.0)
        self._viewport.zoom_by(factor, event.position())
        event.accept()
        return True

    def key_press(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._press_space(event)
            return True
        plain = event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain != Qt.KeyboardModifier.NoModifier:
            return False
        if key in _ARROWS:
            return self._step_cursor(key, event)
        if key in _KEYS_IN:
            self._viewport.zoom_in()
            return True
        if key in _KEYS_OUT:
            self._viewport.zoom_out()
            return True
        return self.hand is not None and self.hand.key(key)

    def key_release(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self.forget_space()
        return True

    # -- the cursor of the keys -------------------------------------------------

    def _step_cursor(self, key: Qt.Key, event: QKeyEvent) -> bool:
        """Move the cursor by a little, with Shift by one pixel of the image."""
        width, height = self._viewport.image_size
        if self.hand is None or not width or self._panning_from is not None:
            return False
        seen = self._viewport.visible_box
        x, y = self._cursor or ((seen.x0 + seen.x1) / 2, (seen.y0 + seen.y1) / 2)
        dx, dy = _ARROWS[key]
        step = _CURSOR_STEP * self._viewport.devicePixelRatioF() / self._viewport.zoom
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = 1.0
        # In the middle of a pixel, as a click is meant.
        x = min(max(math.floor(x + dx * step), 0), width - 1) + 0.5
        y = min(max(math.floor(y + dy * step), 0), height - 1) + 0.5
        self._cursor = (x, y)
        self._viewport.show_key_cursor(self._cursor)
        pointer = self._pointer_at(x, y, Qt.KeyboardModifier.NoModifier)
        (self.hand.move if self._key_draws else self.hand.hover)(pointer)
        return True

    def _press_space(self, event: QKeyEvent) -> None:
        """Click where the cursor is, with Shift as the right button; else pan."""
        if self._cursor is None or self.hand is None or self.hand.pans:
            self._space = True
            self.show_cursor()
        elif self._drawing == "none":
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._drawing, self._key_draws = ("right" if shift else "left"), True
            no = Qt.KeyboardModifier.NoModifier
            self.hand.press(self._pointer_at(*self._cursor, no))

    def _end_key_press(self) -> None:
        if self._key_draws and self._cursor is not None:
            pointer = self._pointer_at(*self._cursor, Qt.KeyboardModifier.NoModifier)
            self._drawing, self._key_draws = "none", False
            if self.hand is not None:
                self.hand.release(pointer)

    def _end_key_cursor(self) -> None:
        """The mouse is used again."""
        self._end_key_press()
        self._cursor = None
        self._viewport.show_key_cursor(None)

    def forget_cursor(self) -> None:
        """Another image is shown: what the keys began ends without a click."""
        if self._key_draws:
            self._drawing, self._key_draws = "none", False
        self._cursor = None

    def forget_space(self) -> None:
        """The key came up, or the canvas lost the keyboard."""
        self._end_key_press()
        self._space = False
        self.show_cursor()

    def show_cursor(self) -> None:
        shape = self.tool_cursor
        if self._panning_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        self._viewport.setCursor(shape)

    # -- inside ---------------------------------------------------------------

    def _starts_pan(self, button: Qt.MouseButton) -> bool:
        if button == Qt.MouseButton.MiddleButton:
            return True
        pans = self._space or self.hand is None or self.hand.pans
        return pans and button == Qt.MouseButton.LeftButton

    def _pointer(self, event: QSinglePointEvent) -> Pointer:
        x, y = self._viewport.image_point(event.position())
        return self._pointer_at(x, y, event.modifiers())

    def _pointer_at(self, x: float, y: float, keys: Qt.KeyboardModifier) -> Pointer:
        return Pointer(
            x,
            y,
            self._drawing,
            bool(keys & Qt.KeyboardModifier.ShiftModifier),
            bool(keys & Qt.KeyboardModifier.ControlModifier),
            bool(keys & Qt.KeyboardModifier.AltModifier),
            self._viewport.zoom / self._viewport.devicePixelRatioF(),
        )


_BUTTONS: dict[Qt.MouseButton, Button] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.RightButton: "right",
}
