"""Polygon: click corners for a new segment, or edit the corners of one there is."""

from __future__ import annotations

from PySide6.QtCore import Qt

from seggui.core import edits
from seggui.core.mask import Mask
from seggui.core.segment import Segment
from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, PointXY, Rubber
from seggui.gui.tools.corners import Corners, Place, corners_of
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.edges import Edges
from seggui.gui.tools.marks import CLICK_REACH
from seggui.gui.tools.outline import add_outline
from seggui.gui.tools.tool import (
    Easel,
    Gesture,
    Stopwatch,
    Tool,
    check_paintable,
    segment_at,
    selected_segment,
)
from seggui.refine.polygons import mask_of_polygons

_REACH = 8.0
_REMOVE_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class PolygonTool(Tool):
    """Draws when nothing is under edit; else each corner moved is one step."""

    def __init__(self, desk: Desk, easel: Easel) -> None:
        super().__init__(desk, easel)
        self._edges = Edges(desk)
        self._drawn: list[PointXY] = []
        self._drawn_on = ""
        """The name of the image that the corners were set on."""
        self._watch = Stopwatch()
        self._edited: str | None = None
        self._corners: Corners | None = None
        self._mask: Mask | None = None
        """The mask that the corners stand for; another one gets corners of its own."""

    @property
    def busy(self) -> bool:
        return bool(self._drawn) or self._edited is not None

    def begin(self, pointer: Pointer) -> Gesture | None:
        if self._corners is not None:
            return self._edit(pointer, self._corners)
        if pointer.button == "right":
            self.take_back()
            return None
        return self._place(pointer)

    def double_click(self, pointer: Pointer) -> Gesture | None:
        if pointer.button != "left" or self._corners is not None:
            return self.begin(pointer)
        # The first click of the two has set a corner already.
        if len(self._drawn) > 1:
            self._close()
            return None
        segment = segment_at(self.desk, *pointer.xy)
        if segment is None:
            return None
        self._drawn = []
        self._start_editing(segment)
        return None

    def hover(self, pointer: Pointer) -> None:
        if self._drawn:
            self._show_drawn(self._corner(pointer))
        elif self._corners is not None:
            self._show_corners(self._corners.hit(pointer, _REACH))

    def key(self, key: Qt.Key) -> bool:
        if key not in _REMOVE_KEYS or not self.busy:
            return False
        self.take_back()
        return True

    def finish(self) -> bool:
        if self._drawn:
            self._close()
        elif self._edited is not None:
            self._stop_editing()
        else:
            segment = selected_segment(self.desk)
            if segment is None or self.desk.prompts:
                return False
            self._start_editing(segment)
        return True

    def cancel(self) -> bool:
        was = self.busy
        self._drawn = []
        self._stop_editing()
        return was

    def refresh(self) -> None:
        """Another image may be shown, or the segment have got another mask."""
        document = self.desk.document
        name = document.image.name if document is not None else ""
        if self._drawn and name != self._drawn_on:
            self._drawn = []
            self.easel.show_rubber(None)
        if self._edited is None:
            return
        segment = document.get(self._edited) if document is not None else None
        if segment is None or segment.locked or segment.id in self.desk.hidden:
            self._stop_editing()
        elif segment.mask is not self._mask:
            self._take_corners(segment)

    # -- drawing --------------------------------------------------------------

    def _place(self, pointer: Pointer) -> Gesture:
        """Set a corner where the button comes up."""
        if not self._drawn:
            self._watch = Stopwatch()
            self._drawn_on = self.document.image.name
        while (following := (yield)) is not None:
            pointer = following
            self._show_drawn(self._corner(pointer))
        if len(self._drawn) > 2 and pointer.near(*self._drawn[0], _REACH):
            self._close()
            return
        self._drawn.append(self._corner(pointer))
        self._show_drawn(None)

    def _corner(self, pointer: Pointer) -> PointXY:
        """Corners lie between pixels, at most on the image's edge."""
        box, (x, y) = self.image_box, pointer.xy
        if self.desk.options.snap_corners:
            x, y = self._edges.snapped(pointer)
        x = min(max(round(x), box.x0), box.x1)
        return float(x), float(min(max(round(y), box.y0), box.y1))

    def take_back(self) -> bool:
        if not self._drawn:
            return False
        self._drawn.pop()
        self._show_drawn(None)
        return True

    def _close(self) -> None:
        points = [
            point
            for index, point in enumerate(self._drawn)
            if index == 0 or point != self._drawn[index - 1]
        ]
        if len(points) < 3:
            raise BadRequest("A polygon needs at least three corners; set one more.")
        self._drawn = []
        self.easel.show_rubber(None)
        add_outline(self.desk, "Polygon", points, self._watch.source("polygon"))

    def _show_drawn(self, mouse_xy: PointXY | None) -> None:
        if not self._drawn:
            self.easel.show_rubber(None)
            return
        points = tuple(self._drawn)
        paths = [Path(points, handles=True)]
        if mouse_xy is not None:
            paths.append(Path((points[-1], mouse_xy), dashed=True))
        self.easel.show_rubber(Rubber(tuple(paths)))

    # -- editing corners ------------------------------------------------------

    def _start_editing(self, segment: Segment) -> None:
        check_paintable(self.desk, segment)
        self._edited = segment.id
        self._take_corners(segment)
        self.desk.select([segment.id])

    def _take_corners(self, segment: Segment) -> None:
        self._mask = segment.mask
        tolerance = self.desk.options.polygon_tolerance_px
        self._corners = corners_of(segment.mask, tolerance)
        self._show_corners(None)

    def _stop_editing(self) -> None:
        self._edited = self._corners = self._mask = None
        self.easel.show_rubber(None)

    def _edit(self, pointer: Pointer, corners: Corners) -> Gesture | None:
        hit = corners.hit(pointer, _REACH)
        if pointer.button == "right":
            if hit is not None:
                self._commit(corners.without(hit))
            return None
        if hit is not None:
            return self._drag(pointer, corners, hit)
        added = corners.with_corner_near(pointer, _REACH)
        return self._drag(pointer, *added, new=True) if added is not None else None

    def _drag(
        self, first: Pointer, corners: Corners, hit: Place, *, new: bool = False
    ) -> Gesture:
        """Move a corner; a click puts a new one where it is and leaves an old one."""
        base, segment_id = self.document, self._edited or ""
        moved = False
        try:
            self.easel.show_rubber(corners.rubber(hit))
            while (pointer := (yield)) is not None:
                moved = moved or not pointer.near(*first.xy, CLICK_REACH)
                if not moved:
                    continue
                corners = corners.moved(hit, self._corner(pointer))
                mask = self._mask_of(corners)
                if not mask.is_empty:
                    preview = edits.replace_mask(base, segment_id, mask)
                    self.easel.show_preview(preview)
                self.easel.show_rubber(corners.rubber(hit))
            if moved or new:
                self._commit(corners)
        finally:
            self.easel.show_preview(None)
            self._show_corners(None)

    def _commit(self, corners: Corners) -> None:
        mask = self._mask_of(corners)
        segment = self.document.get(self._edited or "")
        if segment is None or mask.is_empty:
            raise BadRequest("The polygon would hold no pixel; it stays as it was.")
        if mask.same_pixels(segment.mask):
            mask = segment.mask
        document = edits.replace_mask(self.document, segment.id, mask)
        self._corners, self._mask = corners, mask
        self.desk.commit("Polygon", document, [segment.id])
        self._show_corners(None)

    def _mask_of(self, corners: Corners) -> Mask:
        facts = self.document.image
        return mask_of_polygons(corners.polygons(), facts.height, facts.width)

    def _show_corners(self, picked: Place | None) -> None:
        if self._corners is not None:
            self.easel.show_rubber(self._corners.rubber(picked))
