"""What mouse and keys do on the image; shown on the page of shortcuts."""

from __future__ import annotations

GESTURES: tuple[tuple[str, str], ...] = (
    ("Click", "Point: add to the object"),
    ("Right click or Alt+click", "Point: take away from the object"),
    ("Drag a mark, click a mark", "Point: move it, remove it"),
    ("Click with one segment selected", "Point: correct that segment"),
    ("Shift+drag", "Box: one more object"),
    ("Right button or Alt", "Scribble, lasso, rough stroke: take away"),
    ("Shift+click", "Brush: a straight line from the last place"),
    ("[ and ]", "Brush: smaller, larger"),
    ("Ctrl+wheel", "Brush: size"),
    ("Backspace", "Polygon, livewire: take back the last corner"),
    ("Shift+click or Ctrl+click", "Select: add to the selection"),
    ("Alt+wheel", "Candidates: the next, the one before"),
    ("Arrow keys", "Move a cursor over the image; with Shift by one pixel"),
    ("Space", "Click where that cursor is; with Shift as the right button"),
    ("Wheel or pinch", "Zoom at the cursor"),
    ("+ and -", "Zoom in, zoom out"),
    ("Space+drag or middle button", "Move the image"),
)
"""Keys or gesture, and what it does with which tool."""
