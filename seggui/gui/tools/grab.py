"""Box first, then lines: for methods that begin with a rectangle."""

from __future__ import annotations

from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.box import BoxTool
from seggui.gui.tools.scribble import ScribbleTool
from seggui.gui.tools.tool import Gesture


class GrabTool(BoxTool, ScribbleTool):
    """Shift draws another box in place of the first."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        fresh = self.desk.prompt.box is None or pointer.shift
        if fresh and pointer.button == "left" and not pointer.alt:
            return self.drag_box(pointer.plain)
        return self.draw_line(pointer)

    def hover(self, pointer: Pointer) -> None:
        if self.desk.prompt.box is not None:
            self.show_ring(pointer)
