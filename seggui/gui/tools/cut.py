"""Cut: draw a line through a segment to make it two."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core import edits
from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.core.segment import Segment, new_segment_id
from seggui.errors import BadRequest
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, PointXY, Rubber
from seggui.gui.tools.tool import (
    Gesture,
    Stopwatch,
    Tool,
    check_paintable,
    selected_segment,
    shown_segments,
)

_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]


class CutTool(Tool):
    """Drag a line; with Shift it is straight."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._drag(pointer) if pointer.button == "left" else None

    def _drag(self, first: Pointer) -> Gesture:
        watch = Stopwatch()
        points: list[PointXY] = [first.xy]
        try:
            while (pointer := (yield)) is not None:
                if pointer.shift:
                    points = [first.xy, pointer.xy]
                elif pointer.xy != points[-1]:
                    points.append(pointer.xy)
                self.easel.show_rubber(Rubber((Path(tuple(points)),)))
            if len(points) > 1:
                self._cut(points, watch)
        finally:
            self.easel.show_rubber(None)

    def _cut(self, points: list[PointXY], watch: Stopwatch) -> None:
        box, line_hw = line_pixels(points)
        segment = check_paintable(self.desk, self._target(box, line_hw))
        masks = parted(segment.mask, box, line_hw)
        if len(masks) < 2:
            raise BadRequest(
                "The line does not part the segment. "
                "Draw it from outside the segment to outside on the other side."
            )
        source = watch.source("cut")
        parts = [replace(segment, mask=masks[0])]
        for mask in masks[1:]:
            new = replace(segment, mask=mask, id=new_segment_id(), source=source)
            parts.append(new)
        document = edits.split_segment(self.document, segment.id, parts)
        self.desk.commit("Cut", document, [part.id for part in parts])

    def _target(self, box: Box, line_hw: Bools) -> Segment:
        """The selected segment, or the topmost one that the line meets."""
        selected = selected_segment(self.desk)
        if selected is not None:
            return selected
        for segment in reversed(shown_segments(self.desk)):
            if (segment.mask.window(box) & line_hw).any():
                return segment
        raise BadRequest("There is no segment under the line, so nothing was cut.")


def line_pixels(points_xy: list[PointXY]) -> tuple[Box, Bools]:
    """The pixels under a line, joined by their sides, and the box they lie in."""
    pixels: list[tuple[int, int]] = []
    for (x0, y0), (x1, y1) in pairwise(points_xy):
        steps = max(1, math.ceil(4 * max(abs(x1 - x0), abs(y1 - y0))))
        for step in range(steps + 1):
            x = math.floor(x0 + (x1 - x0) * step / steps)
            y = math.floor(y0 + (y1 - y0) * step / steps)
            if pixels and x != pixels[-1][0] and y != pixels[-1][1]:
                pixels.append((pixels[-1][0], y))
            if not pixels or (x, y) != pixels[-1]:
                pixels.append((x, y))
    at = np.array(pixels)
    x0, y0 = (int(value) for value in at.min(axis=0))
    x1, y1 = (int(value) + 1 for value in at.max(axis=0))
    line_hw = np.zeros((y1 - y0, x1 - x0), dtype=bool)
    line_hw[at[:, 1] - y0, at[:, 0] - x0] = True
    return Box(x0, y0, x1, y1), line_hw


def parted(mask: Mask, box: Box, line_hw: Bools) -> tuple[Mask, ...]:
    """Return the parts a line leaves of a mask, the largest first.

    No pixel is lost: those under the line go to the larger part beside them. Parts
    that the line does not touch stay with the largest one.
    """
    around = mask.bbox
    window = mask.window(around)
    cut = box.intersection(around)
    if cut.empty:
        return (mask,)
    line = np.zeros_like(window)
    inner = cut.moved(-around.x0, -around.y0)
    line[inner.slices] = line_hw[cut.moved(-box.x0, -box.y0).slices]
    line &= window
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (window & ~line).view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    labels_hw = np.array(labels, dtype=np.int32)
    areas = np.array(stats[:, cv2.CC_STAT_AREA], dtype=np.int64)
    labels_hw = _without_untouched(labels_hw, areas, line)
    _give_line_away(labels_hw, areas, line)
    labels_left = np.unique(labels_hw[labels_hw > 0])
    order = sorted(labels_left, key=lambda label: -np.sum(labels_hw == label))
    return tuple(
        Mask.from_window(mask.height, mask.width, around, labels_hw == label)
        for label in order
    )


def _without_untouched(
    labels_hw: NDArray[np.int32], areas: NDArray[np.int64], line_hw: Bools
) -> NDArray[np.int32]:
    """Give parts that do not lie beside the line to the largest part that does."""
    beside = cv2.dilate(line_hw.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    touched = np.unique(labels_hw[np.asarray(beside) & (labels_hw > 0)])
    if not len(touched):
        return np.where(labels_hw > 0, 1, 0).astype(np.int32)
    largest = touched[np.argmax(areas[touched])]
    becomes = np.full(len(areas), largest, dtype=np.int32)
    becomes[touched] = touched
    becomes[0] = 0
    return becomes[labels_hw]


def _give_line_away(
    labels_hw: NDArray[np.int32], areas: NDArray[np.int64], line_hw: Bools
) -> None:
    """Label the pixels under the line, in place, from their neighbours inwards."""
    height, width = labels_hw.shape
    waiting = {(int(y), int(x)) for y, x in np.argwhere(line_hw)}
    size = areas.copy()
    size[0] = -1
    while waiting:
        found = {}
        for y, x in waiting:
            beside = [
                labels_hw[y + dy, x + dx]
                for dy, dx in _NEIGHBOURS
                if 0 <= y + dy < height and 0 <= x + dx < width
            ]
            best = max(beside, key=lambda label: size[label], default=0)
            if best:
                found[y, x] = best
        if not found:
            # A piece that lies under the line altogether: it stays one piece.
            found = dict.fromkeys(waiting, np.int32(labels_hw.max() or 1))
        for (y, x), label in found.items():
            labels_hw[y, x] = label
        waiting -= found.keys()
