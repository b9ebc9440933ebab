"""Scribble: draw a line over what belongs to the object, another over what does not."""

from __future__ import annotations

from dataclasses import replace

from seggui.core.prompt import Prompt, Scribble
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Ring, Rubber
from seggui.gui.tools.marks import MarkTool
from seggui.gui.tools.tool import Gesture


class ScribbleTool(MarkTool):
    """A press without a move is a dot."""

    sized = "scribble_px"

    def begin(self, pointer: Pointer) -> Gesture | None:
        return self.draw_line(pointer)

    def draw_line(self, first: Pointer) -> Gesture:
        prompt, line = self.started(), self._line(first)
        pointer = first
        try:
            while True:
                drawn = _with_line(prompt, line)
                self.easel.show_prompt(drawn)
                if self._on_image(line):
                    self.desk.follow(drawn)
                self.show_ring(pointer)
                following = yield
                if following is None:
                    break
                pointer = following
                if pointer.xy != line.points_xy[-1]:
                    line = replace(line, points_xy=(*line.points_xy, pointer.xy))
            if self._on_image(line):
                self.desk.ask(_with_line(prompt, line))
        finally:
            self.easel.show_prompt(None)
            self.desk.follow(None)

    def _on_image(self, line: Scribble) -> bool:
        return any(self.image_box.contains(x, y) for x, y in line.points_xy)

    def _line(self, pointer: Pointer) -> Scribble:
        width_px = float(self.desk.options.scribble_px)
        return Scribble((pointer.xy,), width_px, self.positive(pointer))

    # -- the ring -------------------------------------------------------------

    def hover(self, pointer: Pointer) -> None:
        self.show_ring(pointer)

    def leave(self) -> None:
        self.easel.show_rubber(None)

    def show_ring(self, pointer: Pointer) -> None:
        """Show how wide a line would be."""
        if self.desk.document is None:
            self.easel.show_rubber(None)
            return
        width_px = self.desk.options.scribble_px
        self.easel.show_rubber(Rubber(ring=Ring(*pointer.xy, width_px)))


def _with_line(prompt: Prompt, line: Scribble) -> Prompt:
    return replace(prompt, scribbles=(*prompt.scribbles, line))
