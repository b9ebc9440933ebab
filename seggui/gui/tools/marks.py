"""What tools share that mark an object for a prompted model."""

from __future__ import annotations

from seggui.core.prompt import Point, Prompt
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.tool import Tool

CLICK_REACH = 3.0
"""A press that moves less than this, in logical pixels, is a click."""


class MarkTool(Tool):
    """Left adds to the object, right or Alt takes away from it."""

    def started(self) -> Prompt:
        """The marks to go on from.

        A search by words or by examples finds objects of a kind; marks on one object
        begin anew.
        """
        prompt = self.desk.prompt
        return Prompt() if prompt.text or prompt.exemplars else prompt

    def positive(self, pointer: Pointer) -> bool:
        subtracts = pointer.alt or pointer.button == "right"
        return self.desk.options.point_positive != subtracts

    def point_at(self, pointer: Pointer) -> Point:
        """The place of the mouse, on the image's last row or column at most."""
        box = self.image_box
        x = min(max(pointer.x, box.x0), box.x1 - 0.001)
        y = min(max(pointer.y, box.y0), box.y1 - 0.001)
        return Point(x, y, self.positive(pointer))
