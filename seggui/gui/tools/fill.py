"""Fill: click into a hole, or into a gap that segments enclose."""

from __future__ import annotations

import math

import cv2
import numpy as np

from seggui.core import edits
from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.core.segment import Segment
from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.brush import others_window
from seggui.gui.tools.tool import (
    Gesture,
    Stopwatch,
    Tool,
    check_paintable,
    selected_segment,
    shown_segments,
)


class FillTool(Tool):
    """Fills the clicked hole of the selected segment, or the enclosed gap."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._click(pointer) if pointer.button == "left" else None

    def _click(self, pointer: Pointer) -> Gesture:
        while (yield) is not None:
            pass  # Where the button went down is what counts.
        if not self.image_box.contains(*pointer.xy):
            return
        x, y = math.floor(pointer.x), math.floor(pointer.y)
        for segment in self._with_holes_here(x, y):
            hole = enclosed(segment.mask, x, y)
            if hole is not None:
                self._fill_hole(check_paintable(self.desk, segment), *hole)
                return
        self._fill_gap(x, y)

    def _with_holes_here(self, x: int, y: int) -> list[Segment]:
        """Segments that may have a hole at a pixel, the selected one first."""
        selected = selected_segment(self.desk)
        if selected is not None:
            return [selected]
        return [
            segment
            for segment in reversed(shown_segments(self.desk))
            if segment.mask.bbox.contains(x, y)
        ]

    def _fill_hole(self, segment: Segment, box: Box, pixels_hw: Bools) -> None:
        document = self.document
        if self.desk.options.protect_others:
            pixels_hw = pixels_hw & ~others_window(document, segment.id, box)
        mask = segment.mask.painted(box, pixels_hw)
        filled = edits.replace_mask(document, segment.id, mask)
        self.desk.commit("Fill", filled, [segment.id])

    def _fill_gap(self, x: int, y: int) -> None:
        """Fill what no segment has, up to the segments around it."""
        document = self.document
        around = Mask.empty(document.image.height, document.image.width)
        for segment in shown_segments(self.desk):
            around = around.union(segment.mask)
        gap = enclosed(around, x, y)
        if gap is None:
            raise BadRequest(
                "Nothing was filled: this place is not enclosed. "
                "Click into a hole of a segment or a gap between segments."
            )
        box, pixels_hw = gap
        target = selected_segment(self.desk)
        if target is not None and self.desk.options.paint_into == "selected":
            self._fill_hole(check_paintable(self.desk, target), box, pixels_hw)
            return
        empty = Mask.empty(document.image.height, document.image.width)
        new = Segment(
            empty.painted(box, pixels_hw),
            self.desk.class_id,
            Stopwatch().source("fill"),
        )
        self.desk.commit("Fill", edits.add_segments(document, [new]), [new.id])


def enclosed(mask: Mask, x: int, y: int) -> tuple[Box, Bools] | None:
    """The hole of a mask at a pixel: its box and pixels; None where there is none.

    A hole is joined by its sides and does not reach the edge of the mask's box.
    """
    box = mask.bbox
    if not box.contains(x, y) or mask.contains(x, y):
        return None
    window = mask.window(box).astype(np.uint8)
    _, _, _, rect = cv2.floodFill(window, None, (x - box.x0, y - box.y0), 2, flags=4)
    left, top, width, height = rect
    hole = Box(left, top, left + width, top + height)
    inside = Box(1, 1, box.width - 1, box.height - 1)
    if hole.intersection(inside) != hole:
        return None
    return hole.moved(box.x0, box.y0), window[hole.slices] == 2
