"""Roughly: a lasso around the object, or broad strokes over it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from seggui.core.mask import Mask
from seggui.core.prompt import Prompt
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, PointXY, Ring, Rubber, Tone
from seggui.gui.tools.footprint import swept
from seggui.gui.tools.marks import MarkTool
from seggui.gui.tools.tool import Gesture
from seggui.refine.polygons import Polygon, mask_of_polygons

_SMALLEST_PX = 9
"""Pixels that a drawing has at least; less is a slip of the hand."""


class RoughTool(MarkTool):
    """What is drawn joins the drawing so far; right or Alt takes it away from it."""

    def add(self, pixels: Mask, *, positive: bool) -> None:
        """Ask with this drawing joined to what was drawn before."""
        if pixels.area < _SMALLEST_PX:
            return
        prompt = self.started()
        before = prompt.rough or Mask.empty(pixels.height, pixels.width)
        drawn = before.union(pixels) if positive else before.difference(pixels)
        if drawn.is_empty:
            if not before.is_empty:
                self.desk.ask(Prompt())
            return
        self.desk.ask(replace(prompt, rough=drawn))

    def tone(self, pointer: Pointer) -> Tone:
        return "positive" if self.positive(pointer) else "negative"


class LassoTool(RoughTool):
    """A line by free hand around the object; it closes itself."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._draw(pointer)

    def _draw(self, first: Pointer) -> Gesture:
        points: list[PointXY] = [first.xy]
        tone = self.tone(first)
        try:
            while (pointer := (yield)) is not None:
                if pointer.xy != points[-1]:
                    points.append(pointer.xy)
                path = Path(tuple(points), closed=True, tone=tone)
                self.easel.show_rubber(Rubber((path,)))
            if len(points) > 2:
                facts = self.document.image
                around = Polygon(np.array(points))
                pixels = mask_of_polygons([around], facts.height, facts.width)
                self.add(pixels, positive=self.positive(first))
        finally:
            self.easel.show_rubber(None)


class RoughStrokeTool(RoughTool):
    """A broad brush over the object, which need not be exact."""

    sized = "rough_px"

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._draw(pointer)

    def _draw(self, first: Pointer) -> Gesture:
        facts, tone = self.document.image, self.tone(first)
        points: list[PointXY] = [first.xy]
        pixels = self._dabbed(Mask.empty(facts.height, facts.width), first.xy)
        try:
            while True:
                self._show(points, tone)
                pointer = yield
                if pointer is None:
                    break
                # Steps far finer than the brush would only cost time.
                if math.dist(points[-1], pointer.xy) * 8 > self._width_px:
                    pixels = self._dabbed(pixels, points[-1], pointer.xy)
                    points.append(pointer.xy)
            self.add(pixels, positive=self.positive(first))
        finally:
            self.easel.show_rubber(None)

    @property
    def _width_px(self) -> int:
        return self.desk.options.rough_px

    def _dabbed(self, pixels: Mask, start: PointXY, end: PointXY | None = None) -> Mask:
        box, dab_hw = swept(start, end or start, self._width_px, "round")
        return pixels.painted(box, dab_hw)

    def _show(self, points: list[PointXY], tone: Tone) -> None:
        path = Path(tuple(points), width_px=self._width_px, tone=tone)
        ring = Ring(*points[-1], self._width_px)
        self.easel.show_rubber(Rubber((path,), ring))

    def hover(self, pointer: Pointer) -> None:
        inside = self.desk.document is not None
        ring = Ring(*pointer.xy, self._width_px)
        self.easel.show_rubber(Rubber(ring=ring) if inside else None)

    def leave(self) -> None:
        self.easel.show_rubber(None)
