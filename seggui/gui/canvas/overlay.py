"""What is drawn over the frame: marks, unfinished gestures, the cursor of the keys."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from seggui.core.prompt import Prompt
from seggui.gui.canvas.marks import Marks
from seggui.gui.canvas.rubber import Ring, Rubber
from seggui.gui.canvas.style import LayerStyle
from seggui.gui.canvas.view import View


class Overlay:
    """Values that are painted anew each time; none of them is made of pixels."""

    def __init__(self) -> None:
        self.prompts: tuple[Prompt, ...] = ()
        self.asking: Prompt | None = None
        """Marks that are not asked yet, in place of the others."""
        self.rubber: Rubber | None = None
        self.cursor: tuple[float, float] | None = None
        """Where the keys would click."""

    def clear(self) -> None:
        """Another image is shown."""
        self.asking = self.rubber = self.cursor = None

    def show_rubber(self, rubber: Rubber | None) -> tuple[Ring, ...] | None:
        """Follow a gesture; returns the rings to repaint, None for everything."""
        before, self.rubber = self.rubber, rubber
        if any(r is not None and (r.paths or r.box) for r in (before, rubber)):
            return None
        rings = (r.ring for r in (before, rubber) if r is not None)
        return tuple(ring for ring in rings if ring is not None)

    def draw(
        self, painter: QPainter, view: View, ratio: float, style: LayerStyle
    ) -> None:
        """Paint it; ``style`` is that of the prompt layer."""
        marks = Marks(painter, view, ratio)
        prompts = self.prompts if self.asking is None else (self.asking,)
        for prompt in prompts if style.visible else ():
            marks.draw_prompt(prompt, style.opacity)
        if self.rubber is not None:
            marks.draw_rubber(self.rubber)
        if self.cursor is not None:
            marks.draw_cursor(*self.cursor)
