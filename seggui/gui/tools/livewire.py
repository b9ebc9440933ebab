"""Livewire: a line that clings to the edges between the places that are clicked."""

from __future__ import annotations

from PySide6.QtCore import Qt

from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, PointXY, Rubber
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.edges import Edges
from seggui.gui.tools.outline import add_outline
from seggui.gui.tools.tool import Easel, Gesture, Stopwatch, Tool

_REACH = 8.0
_REMOVE_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class LivewireTool(Tool):
    """Click anchors; Enter, a double click or the first anchor closes."""

    def __init__(self, desk: Desk, easel: Easel) -> None:
        super().__init__(desk, easel)
        self._edges = Edges(desk)
        self._anchors: list[PointXY] = []
        self._paths: list[tuple[PointXY, ...]] = []
        """From each anchor to the next."""
        self._drawn_on = ""
        self._watch = Stopwatch()

    @property
    def busy(self) -> bool:
        return bool(self._anchors)

    def begin(self, pointer: Pointer) -> Gesture | None:
        if pointer.button == "right":
            self.take_back()
            return None
        return self._place(pointer)

    def double_click(self, pointer: Pointer) -> Gesture | None:
        # The first click of the two has set an anchor already.
        if pointer.button == "left" and len(self._anchors) > 1:
            self.finish()
            return None
        return self.begin(pointer)

    def hover(self, pointer: Pointer) -> None:
        if self._anchors:
            self._show(self._path_to(self._anchor_at(pointer)))

    def key(self, key: Qt.Key) -> bool:
        return key in _REMOVE_KEYS and self.take_back()

    def finish(self) -> bool:
        if not self._anchors:
            return False
        closing = self._path_to(self._anchors[0])
        points = [xy for path in (*self._paths, closing) for xy in path[1:]]
        if len(self._anchors) < 2 or len(points) < 3:
            raise BadRequest("The outline needs at least two anchors; set one more.")
        self.cancel()
        add_outline(self.desk, "Livewire", points, self._watch.source("livewire"))
        return True

    def cancel(self) -> bool:
        was = self.busy
        self._anchors, self._paths = [], []
        self.easel.show_rubber(None)
        return was

    def refresh(self) -> None:
        """Another image may be shown."""
        document = self.desk.document
        name = document.image.name if document is not None else ""
        if self._anchors and name != self._drawn_on:
            self.cancel()

    # -- anchors --------------------------------------------------------------

    def _place(self, pointer: Pointer) -> Gesture:
        """Set an anchor where the button comes up."""
        if not self._anchors:
            self._watch = Stopwatch()
            self._drawn_on = self.document.image.name
        while (following := (yield)) is not None:
            pointer = following
            self.hover(pointer)
        if len(self._anchors) > 1 and pointer.near(*self._anchors[0], _REACH):
            self.finish()
            return
        anchor = self._anchor_at(pointer)
        if self._anchors:
            self._paths.append(self._path_to(anchor))
        self._anchors.append(anchor)
        self._begin_at(anchor)
        self._show(())

    def _anchor_at(self, pointer: Pointer) -> PointXY:
        if self.desk.options.snap_anchors:
            return self._edges.snapped(pointer)
        box = self.image_box
        x = min(max(pointer.x, box.x0), box.x1)
        return float(x), float(min(max(pointer.y, box.y0), box.y1))

    def take_back(self) -> bool:
        if not self._anchors:
            return False
        self._anchors.pop()
        if self._paths:
            self._paths.pop()
        if self._anchors:
            self._begin_at(self._anchors[-1])
        self._show(())
        return True

    def _begin_at(self, anchor: PointXY) -> None:
        wire = self._edges.wire
        if wire is not None:
            wire.anchor(*anchor)

    def _path_to(self, place: PointXY) -> tuple[PointXY, ...]:
        """The line along edges from the last anchor."""
        wire = self._edges.wire
        if wire is None:
            return (self._anchors[-1], place)
        return tuple((float(x), float(y)) for x, y in wire.path_to(*place))

    def _show(self, live: tuple[PointXY, ...]) -> None:
        if not self._anchors:
            self.easel.show_rubber(None)
            return
        paths = [Path(path) for path in (*self._paths, live) if len(path) > 1]
        anchors = Path(tuple(self._anchors), handles=True, line=False)
        self.easel.show_rubber(Rubber((*paths, anchors)))
