"""Brush and eraser: paint pixels while the button is down."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt

from seggui.core import edits
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.core.segment import Segment
from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, Ring, Rubber
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.footprint import PointXY, snapped, swept
from seggui.gui.tools.gaps import without_gaps
from seggui.gui.tools.tool import (
    Easel,
    Gesture,
    Stopwatch,
    Tool,
    check_paintable,
    segment_at,
    selected_segment,
)
from seggui.refine.strokes import up_to_edges

_MIDDLE = 0.25
"""The part of the brush that always paints, also where edges are followed."""
_FOLLOWS_PX = 4
"""A smaller brush is all middle."""


class Brush(Tool):
    """Paints into the selected segment or a new one."""

    name = "Brush"
    sized = "brush_px"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, desk: Desk, easel: Easel) -> None:
        super().__init__(desk, easel)
        self._last: tuple[str, PointXY] | None = None
        """The image's name and where the last dab on it was."""
        self._pointer: Pointer | None = None

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._stroke(pointer) if pointer.button == "left" else None

    def _stroke(self, pointer: Pointer) -> Gesture:
        watch = Stopwatch()
        base = self.document
        segment = self._target(pointer)
        self._check(segment)
        mask, here = segment.mask, self._place(pointer)
        start = self._line_start(pointer) or here
        document = base
        try:
            while True:
                mask = self._dab(base, segment, mask, start, here)
                document = _with_mask(base, segment, mask)
                self.easel.show_preview(document)
                self.show_ring(pointer)
                following = yield
                if following is None:
                    break
                pointer, start = following, here
                here = self._place(pointer)
            self._last = (base.image.name, here)
            if document is not base:
                if base.get(segment.id) is None:
                    segment = replace(segment, source=watch.source(self.name.lower()))
                    document = _with_mask(base, segment, mask)
                document = self._finished(base, document, segment.id)
                left = document.get(segment.id) is not None
                self.desk.commit(self.name, document, [segment.id] if left else [])
        finally:
            self.easel.show_preview(None)

    def _target(self, pointer: Pointer) -> Segment:
        segment = selected_segment(self.desk)
        if self.desk.options.paint_into == "selected" and segment is not None:
            return segment
        facts = self.document.image
        return Segment(
            Mask.empty(facts.height, facts.width),
            self.desk.class_id,
            Stopwatch().source(self.name.lower()),
        )

    def _check(self, segment: Segment) -> None:
        check_paintable(self.desk, segment)

    def _dab(
        self, base: Document, segment: Segment, mask: Mask, start: PointXY, end: PointXY
    ) -> Mask:
        options = self.desk.options
        if not options.follow_edges:
            return self._apply(base, segment, mask, *self._swept(start, end))
        # Edges are looked for near the brush, also along a line far across the image.
        for a, b in itertools.pairwise(_stops(start, end, 2 * options.brush_px)):
            box, pixels = self._swept(a, b)
            pixels = self._up_to_edges(box, pixels, a, b)
            mask = self._apply(base, segment, mask, box, pixels)
        return mask

    def _swept(
        self, start: PointXY, end: PointXY, part: float = 1.0
    ) -> tuple[Box, Bools]:
        """What the brush covers of the image; ``part`` is for its middle only."""
        options = self.desk.options
        size_px = max(1, round(options.brush_px * part))
        box, pixels = swept(start, end, size_px, options.brush_shape)
        cut = box.intersection(self.image_box)
        return cut, pixels[cut.moved(-box.x0, -box.y0).slices]

    def _up_to_edges(
        self, box: Box, pixels: Bools, start: PointXY, end: PointXY
    ) -> Bools:
        image_hwc = self.desk.image_hwc
        if image_hwc is None or box.empty or self.desk.options.brush_px < _FOLLOWS_PX:
            return pixels
        middle, core = self._swept(start, end, _MIDDLE)
        core_hw = np.zeros_like(pixels)
        if not middle.empty:  # as it is when it lies beside the image
            core_hw[middle.moved(-box.x0, -box.y0).slices] = core
        return up_to_edges(image_hwc, box, pixels, core_hw)

    def _apply(
        self, base: Document, segment: Segment, mask: Mask, box: Box, pixels_hw: Bools
    ) -> Mask:
        if box.empty:
            return mask
        if self.desk.options.protect_others:
            pixels_hw = pixels_hw & ~others_window(base, segment.id, box)
        return mask.painted(box, pixels_hw)

    def _finished(
        self, base: Document, document: Document, segment_id: str
    ) -> Document:
        """The document when the stroke is over."""
        if self.desk.options.fill_gaps:
            return without_gaps(base, document, [segment_id])
        return document

    def _place(self, pointer: Pointer) -> PointXY:
        return snapped(pointer.x, pointer.y, self.desk.options.brush_px)

    def _line_start(self, pointer: Pointer) -> PointXY | None:
        """Where a straight line begins: with Shift, at the last dab on this image."""
        if not pointer.shift or self._last is None:
            return None
        name, place = self._last
        return place if name == self.document.image.name else None

    # -- the ring -------------------------------------------------------------

    def hover(self, pointer: Pointer) -> None:
        self.show_ring(pointer)

    def leave(self) -> None:
        self._pointer = None
        self.easel.show_rubber(None)

    def refresh(self) -> None:
        if self._pointer is not None:
            self.show_ring(self._pointer)

    def show_ring(self, pointer: Pointer) -> None:
        """Show what a dab would cover, and the line that Shift would draw."""
        self._pointer = pointer
        if self.desk.document is None:
            self.easel.show_rubber(None)
            return
        options = self.desk.options
        x, y = self._place(pointer)
        paths: tuple[Path, ...] = ()
        start = self._line_start(pointer) if pointer.button == "none" else None
        if start is not None:
            paths = (Path((start, (x, y)), dashed=True),)
        ring = Ring(x, y, options.brush_px, options.brush_shape)
        self.easel.show_rubber(Rubber(paths, ring))


class Eraser(Brush):
    """Takes pixels from the selected segment, or from the one under the cursor."""

    name = "Eraser"

    def _target(self, pointer: Pointer) -> Segment:
        segment = selected_segment(self.desk)
        segment = segment or segment_at(self.desk, pointer.x, pointer.y)
        if segment is None:
            raise BadRequest(
                "There is nothing to erase here. Select a segment, or start on one."
            )
        return segment

    def _apply(
        self, base: Document, segment: Segment, mask: Mask, box: Box, pixels_hw: Bools
    ) -> Mask:
        return mask if box.empty else mask.erased(box, pixels_hw)

    def _finished(
        self, base: Document, document: Document, segment_id: str
    ) -> Document:
        return document


def others_window(document: Document, segment_id: str, box: Box) -> Bools:
    """The pixels of a box that segments other than this one have."""
    taken = Mask.empty(document.image.height, document.image.width).window(box)
    for other in document.segments:
        part = other.mask.bbox.intersection(box)
        if other.id != segment_id and not part.empty:
            taken[part.moved(-box.x0, -box.y0).slices] |= other.mask.window(part)
    return taken


def _with_mask(document: Document, segment: Segment, mask: Mask) -> Document:
    """The document with that mask; a segment it does not have comes on top."""
    if document.get(segment.id) is not None:
        return edits.replace_mask(document, segment.id, mask)
    if mask.is_empty:
        return document
    return edits.add_segments(document, [replace(segment, mask=mask)])


def _stops(start: PointXY, end: PointXY, apart_px: int) -> list[PointXY]:
    """Places on the way, at most so far apart; both ends are among them."""
    (x0, y0), (x1, y1) = start, end
    count = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / apart_px))
    shares = [part / count for part in range(count + 1)]
    return [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in shares]
