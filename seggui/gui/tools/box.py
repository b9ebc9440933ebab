"""Box: drag a rectangle around the object."""

from __future__ import annotations

import math
from dataclasses import replace

from seggui.core.geometry import Box
from seggui.core.prompt import Prompt
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Rubber
from seggui.gui.tools.point import CLICK_REACH
from seggui.gui.tools.tool import Gesture, Tool


class BoxTool(Tool):
    """Asks for the object inside a rectangle."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self._drag(pointer) if pointer.button == "left" else None

    def _drag(self, first: Pointer) -> Gesture:
        pointer, box = first, Box(0, 0, 0, 0)
        try:
            while (following := (yield)) is not None:
                pointer = following
                box = box_between(first, pointer).intersection(self.image_box)
                self.easel.show_rubber(Rubber(box=box) if not box.empty else None)
            if not box.empty and not pointer.near(*first.xy, CLICK_REACH):
                self.desk.ask(self._prompt(box))
        finally:
            self.easel.show_rubber(None)

    def _prompt(self, box: Box) -> Prompt:
        """Keep the points when the box goes around them; else begin anew."""
        prompt = self.desk.prompt
        if all(box.contains(point.x, point.y) for point in prompt.positives):
            return replace(prompt, box=box)
        return Prompt(box=box)


def box_between(first: Pointer, second: Pointer) -> Box:
    """The pixels from the one under the first place to that under the second."""
    xs, ys = sorted((first.x, second.x)), sorted((first.y, second.y))
    return Box(
        math.floor(xs[0]),
        math.floor(ys[0]),
        math.floor(xs[1]) + 1,
        math.floor(ys[1]) + 1,
    )
