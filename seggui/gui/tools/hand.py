"""Carries the tool that is in use: drives its gestures and shows their sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from seggui.core.document import Document
from seggui.errors import SegguiError
from seggui.gui.canvas.pointer import Pointer, PointerTaker
from seggui.gui.tools.desk import BRUSH_LARGEST_PX, BRUSH_SMALLEST_PX, Desk
from seggui.gui.tools.pan import PanTool
from seggui.gui.tools.table import tool_row
from seggui.gui.tools.tool import Easel, Gesture, Tool

_T = TypeVar("_T")
_SIZE_STEP = 1.15


class CanvasSide(Easel, Protocol):
    """What the hand needs of the canvas."""

    def set_hand(self, hand: PointerTaker | None) -> None: ...

    def set_tool_cursor(self, shape: Qt.CursorShape) -> None: ...


class Hand(QObject):
    """One tool at a time, one gesture at a time."""

    hint_changed = Signal(str)

    def __init__(
        self, canvas: CanvasSide, desk: Desk, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._desk = desk
        self._tool: Tool = PanTool(desk, canvas)
        self._tool_id = ""
        self._gesture: Gesture | None = None
        self._begun_on: Document | None = None
        canvas.set_hand(self)

    # -- for the window -------------------------------------------------------

    @property
    def tool(self) -> Tool:
        return self._tool

    @property
    def busy(self) -> bool:
        """Whether a gesture, or a polygon, is unfinished."""
        return self._gesture is not None or self._tool.busy

    def take(self, tool_id: str) -> None:
        """Put down the tool in hand and take another one; the same one just stays."""
        if tool_id == self._tool_id:
            return
        row = tool_row(tool_id)
        self._tool_id = tool_id
        self.cancel()
        self._tool.drop()
        self._tool = row.make(self._desk, self._canvas)
        self._canvas.set_tool_cursor(self._tool.cursor)
        self.hint_changed.emit(row.hint)

    def cancel(self) -> bool:
        """Give up what is unfinished; True when something was."""
        if self._gesture is not None:
            gesture, self._gesture = self._gesture, None
            gesture.close()
            return True
        return self._tool.cancel()

    def take_back(self) -> bool:
        """Give up the stroke in hand, or the last corner; True when there was one."""
        return self.cancel() if self._gesture is not None else self._tool.take_back()

    def finish(self) -> bool:
        """Finish what takes more than one gesture; True when there was something."""
        try:
            return self._tool.finish()
        except SegguiError as error:
            # There was something, but it cannot be finished as it is.
            self._desk.say(str(error), "warning")
            return True

    def refresh(self) -> None:
        """Follow the session: document, selection, options or image changed."""
        if self._gesture is not None and self._desk.document is not self._begun_on:
            # What the gesture began on is gone; it must not bring it back.
            self.cancel()
        self._tool.refresh()

    # -- for the canvas -------------------------------------------------------

    @property
    def pans(self) -> bool:
        return self._tool.pans

    def press(self, pointer: Pointer) -> None:
        self._begin(self._tool.begin, pointer)

    def double_click(self, pointer: Pointer) -> None:
        self._begin(self._tool.double_click, pointer)

    def move(self, pointer: Pointer) -> None:
        self._send(pointer)

    def release(self, pointer: Pointer) -> None:
        self._send(pointer)
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._safely(lambda: _ended(gesture))

    def hover(self, pointer: Pointer) -> None:
        self._tool.hover(pointer)

    def leave(self) -> None:
        if self._gesture is None:
            self._tool.leave()

    def wheel(self, steps: float) -> bool:
        return self._resize(_SIZE_STEP**steps)

    def choose(self, step: int) -> bool:
        if self._desk.candidate is None:
            return False
        self._desk.cycle_candidate(step)
        return True

    def key(self, key: Qt.Key) -> bool:
        if key == Qt.Key.Key_BracketLeft:
            return self._resize(1 / _SIZE_STEP)
        if key == Qt.Key.Key_BracketRight:
            return self._resize(_SIZE_STEP)
        return bool(self._safely(lambda: self._tool.key(key)))

    # -- inside ---------------------------------------------------------------

    def _begin(
        self, start: Callable[[Pointer], Gesture | None], pointer: Pointer
    ) -> None:
        if self._desk.document is None:
            return
        if self._tool.edits and self._desk.read_only:
            self._desk.say("This image can only be looked at, not changed.", "warning")
            return
        gesture = self._safely(lambda: start(pointer))
        if gesture is None:
            return
        self._gesture, self._begun_on = gesture, self._desk.document
        self._drive(lambda: next(gesture))

    def _send(self, pointer: Pointer) -> None:
        gesture = self._gesture
        if gesture is not None:
            self._drive(lambda: gesture.send(pointer))

    def _drive(self, step: Callable[[], None]) -> None:
        """Run a gesture to its next wait; one that ends or fails is over."""
        try:
            step()
        except StopIteration:
            self._gesture = None
        except SegguiError as error:
            self._gesture = None
            self._desk.say(str(error), "warning")

    def _safely(self, work: Callable[[], _T]) -> _T | None:
        try:
            return work()
        except SegguiError as error:
            self._desk.say(str(error), "warning")
            return None

    def _resize(self, factor: float) -> bool:
        name, options = self._tool.sized, self._desk.options
        if not name:
            return False
        before: int = getattr(options, name)
        size = round(before * factor)
        if size == before:
            size += 1 if factor > 1 else -1
        size = min(max(size, BRUSH_SMALLEST_PX), BRUSH_LARGEST_PX)
        if size != before:
            change: dict[str, Any] = {name: size}
            self._desk.set_options(replace(options, **change))
            self._tool.refresh()
        return True


def _ended(gesture: Gesture) -> None:
    """Tell a gesture that the button came up."""
    try:
        gesture.send(None)
    except StopIteration:
        return
    gesture.close()
