"""Select: click a segment, or drag a rectangle over several."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt

from seggui.core.geometry import Box
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Rubber
from seggui.gui.tools.box import box_between
from seggui.gui.tools.marks import CLICK_REACH
from seggui.gui.tools.tool import Gesture, Tool, segment_at, shown_segments


class SelectTool(Tool):
    """Shift or Ctrl adds to what is selected, and takes away again."""

    cursor = Qt.CursorShape.ArrowCursor
    edits = False

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._drag(pointer) if pointer.button == "left" else None

    def _drag(self, first: Pointer) -> Gesture:
        pointer, moved = first, False
        adds = first.shift or first.ctrl
        try:
            while (following := (yield)) is not None:
                pointer = following
                moved = moved or not pointer.near(*first.xy, CLICK_REACH)
                if moved:
                    self.easel.show_rubber(Rubber(box=box_between(first, pointer)))
            if moved:
                hit = self._touched(box_between(first, pointer))
                kept = [i for i in self.desk.selected if i not in hit] if adds else []
                self.desk.select([*kept, *hit])
            else:
                self._click(first, adds=adds)
        finally:
            self.easel.show_rubber(None)

    def _click(self, pointer: Pointer, *, adds: bool) -> None:
        segment = segment_at(self.desk, *pointer.xy)
        if not adds:
            self.desk.select([segment.id] if segment is not None else [])
        elif segment is not None:
            self.desk.select(toggled(self.desk.selected, segment.id))

    def _touched(self, box: Box) -> list[str]:
        box = box.intersection(self.image_box)
        return [s.id for s in shown_segments(self.desk) if s.mask.window(box).any()]


def toggled(ids: Sequence[str], one: str) -> list[str]:
    """The ids with one more at the end, or without it when it was there."""
    return [i for i in ids if i != one] if one in ids else [*ids, one]
