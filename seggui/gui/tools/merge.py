"""Merge: click segments that are one object."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt

from seggui.core import edits
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.select import toggled
from seggui.gui.tools.tool import Gesture, Tool, check_paintable, segment_at


class MergeTool(Tool):
    """A click joins a segment to the selected one; Enter joins all selected."""

    cursor = Qt.CursorShape.PointingHandCursor

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._click(pointer) if pointer.button == "left" else None

    def _click(self, pointer: Pointer) -> Gesture:
        while (yield) is not None:
            pass  # Where the button went down is what counts.
        segment = segment_at(self.desk, *pointer.xy)
        selected = self.desk.selected
        if segment is None:
            return
        if pointer.ctrl or pointer.shift:
            self.desk.select(toggled(selected, segment.id))
        elif not selected or (segment.id,) == tuple(selected):
            self.desk.select([segment.id])
        elif segment.id not in selected:
            self._merge([*selected, segment.id])

    def finish(self) -> bool:
        if len(self.desk.selected) < 2:
            return False
        self._merge(self.desk.selected)
        return True

    def _merge(self, ids: Sequence[str]) -> None:
        document = self.document
        for segment_id in ids:
            segment = document.get(segment_id)
            if segment is not None:
                check_paintable(self.desk, segment)
        merged = edits.merge_segments(document, ids)
        self.desk.commit("Merge", merged, [ids[0]])
