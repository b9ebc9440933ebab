"""Box: drag a rectangle around the object, or around each of several."""

from __future__ import annotations

import math
from dataclasses import replace

from seggui.core.geometry import Box
from seggui.core.prompt import Prompt
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Rubber
from seggui.gui.tools.marks import CLICK_REACH, MarkTool
from seggui.gui.tools.tool import Gesture


class BoxTool(MarkTool):
    """Asks for the object inside a rectangle; with Shift, for one more object."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self.drag_box(pointer) if pointer.button == "left" else None

    def drag_box(self, first: Pointer) -> Gesture:
        pointer, box = first, Box(0, 0, 0, 0)
        try:
            while (following := (yield)) is not None:
                pointer = following
                box = box_between(first, pointer).intersection(self.image_box)
                self.easel.show_rubber(Rubber(box=box) if not box.empty else None)
            if not box.empty and not pointer.near(*first.xy, CLICK_REACH):
                self.use_box(box, more=first.shift)
        finally:
            self.easel.show_rubber(None)

    def use_box(self, box: Box, *, more: bool) -> None:
        """Ask for what is inside; ``more`` keeps the objects asked for before."""
        asked = self.desk.prompts
        if more and asked and all(prompt.box is not None for prompt in asked):
            self.desk.ask_each((*asked, Prompt(box=box)))
        else:
            self.desk.ask(self._prompt(box))

    def _prompt(self, box: Box) -> Prompt:
        """Keep the points when the box goes around them; else begin anew."""
        prompt = self.started()
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
