"""Asking for objects of a kind: by words, or by an example of them."""

from __future__ import annotations

from PySide6.QtCore import Qt

from seggui.core.geometry import Box
from seggui.core.prompt import Prompt
from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.box import BoxTool
from seggui.gui.tools.marks import MarkTool
from seggui.gui.tools.tool import Gesture


class TextTool(MarkTool):
    """The words are typed in the Tool panel; the canvas only says so."""

    cursor = Qt.CursorShape.ArrowCursor

    def begin(self, pointer: Pointer) -> Gesture | None:
        why_not = self.desk.why_not("text")
        self.desk.say(why_not or "Type in the Tool panel what is to be found.")
        return None


class ExampleTool(BoxTool):
    """A box around one object brings all that are like it."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        why_not = self.desk.why_not("exemplars")
        if why_not:
            raise BadRequest(why_not)
        return super().begin(pointer)

    def use_box(self, box: Box, *, more: bool) -> None:
        """Ask for more like this; every box is one more example."""
        prompt = self.desk.prompt
        examples = (*prompt.exemplars, box)
        self.desk.ask(Prompt(text=prompt.text, exemplars=examples))
