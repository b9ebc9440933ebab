"""The tools, one row each; adding one adds a row.

A row binds a gesture to a model: the chosen one for clicks, or a classical method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seggui.core.prompt import Part
from seggui.gui.tools.asking import ExampleTool, TextTool
from seggui.gui.tools.box import BoxTool
from seggui.gui.tools.brush import Brush, Eraser
from seggui.gui.tools.cut import CutTool
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.fill import FillTool
from seggui.gui.tools.grab import GrabTool
from seggui.gui.tools.livewire import LivewireTool
from seggui.gui.tools.merge import MergeTool
from seggui.gui.tools.pan import PanTool
from seggui.gui.tools.point import PointTool
from seggui.gui.tools.polygon import PolygonTool
from seggui.gui.tools.rough import LassoTool, RoughStrokeTool
from seggui.gui.tools.scribble import ScribbleTool
from seggui.gui.tools.select import SelectTool
from seggui.gui.tools.tool import Easel, Tool


@dataclass(frozen=True, slots=True)
class Family:
    """Tools that share a button of the tool bar."""

    id: str
    title: str
    tip: str


FAMILIES: tuple[Family, ...] = (
    Family("prompts", "Marks", "Mark an object; the chosen model finds its mask"),
    Family("classical", "Classical", "Methods that learnt nothing and need no model"),
    Family("paint", "Paint", "Set pixels by hand"),
    Family("shapes", "Shapes", "Draw, part and join outlines"),
)


@dataclass(frozen=True, slots=True)
class ToolRow:
    """What the tool bar, the menu and the status bar show of a tool."""

    id: str
    title: str
    icon: str
    shortcut: str
    hint: str
    make: Callable[[Desk, Easel], Tool]
    family: str = ""
    """Empty for a tool with a button of its own."""
    model: str = ""
    """Id of the classical method that it asks; empty asks the chosen model."""
    reads: Part | None = None
    """Marks that few models read, and without which the tool is of no use."""
    hovers: bool = False
    """Whether what a click brings can be shown under the resting cursor."""
    borders: bool = False
    """Whether it takes known regions: they are drawn over the image, and lit at once
    while a line is drawn over them."""
    width: str = ""
    """The option that is the width of what it draws."""

    @property
    def asks(self) -> bool:
        """Whether a model answers what it does."""
        return self.family in ("prompts", "classical")


# fmt: off
_PROMPTS = (
    ToolRow(
        "point", "Point", "tool-point", "P",
        "Click adds, right click or Alt+click takes away. Drag a point to move it, "
        "click it to remove it. Enter accepts.",
        PointTool, "prompts", hovers=True,
    ),
    ToolRow(
        "box", "Box", "tool-box", "B",
        "Drag a box around the object; with Shift around one more object. "
        "Enter accepts.",
        BoxTool, "prompts",
    ),
    ToolRow(
        "scribble", "Scribble", "tool-scribble", "S",
        "Draw a line over the object; with the right button or Alt over what does not "
        "belong to it. Enter accepts.",
        ScribbleTool, "prompts", width="scribble_px",
    ),
    ToolRow(
        "lasso", "Lasso", "tool-lasso", "L",
        "Draw a rough line around the object: the model finds the exact one. The right "
        "button or Alt takes away. Enter accepts.",
        LassoTool, "prompts",
    ),
    ToolRow(
        "rough", "Rough Stroke", "tool-rough", "R",
        "Paint roughly over all of the object: the model finds its outline. The right "
        "button or Alt takes away. Enter accepts.",
        RoughStrokeTool, "prompts", width="rough_px",
    ),
    ToolRow(
        "text", "Text", "tool-text", "T",
        "Type what is to be found; every object of that kind is offered.",
        TextTool, "prompts", reads="text",
    ),
    ToolRow(
        "example", "More Like This", "tool-example", "X",
        "Drag a box around one object; all that are like it are offered.",
        ExampleTool, "prompts", reads="exemplars",
    ),
)

_CLASSICAL = (
    ToolRow(
        "wand", "Magic Wand", "tool-wand", "W",
        "Click a colour: all that joins it in similar colours is taken. The right "
        "button or Alt takes away. Enter accepts.",
        PointTool, "classical", "wand", hovers=True,
    ),
    ToolRow(
        "superpixels", "Superpixels", "tool-superpixels", "U",
        "Drag over superpixels to add them; with the right button or Alt to take them "
        "away. Enter accepts.",
        ScribbleTool, "classical", "superpixels", hovers=True, borders=True,
        width="scribble_px",
    ),
    ToolRow(
        "grabcut", "GrabCut", "tool-grabcut", "Shift+B",
        "Drag a box around the object, then draw lines where it is wrong: left adds, "
        "right or Alt takes away. Enter accepts.",
        GrabTool, "classical", "grabcut", width="scribble_px",
    ),
    ToolRow(
        "graphcut", "Graph Cut", "tool-graphcut", "Shift+S",
        "Draw a line over the object, and with the right button or Alt one over its "
        "surroundings. Enter accepts.",
        ScribbleTool, "classical", "graphcut", width="scribble_px",
    ),
    ToolRow(
        "walker", "Random Walker", "tool-walker", "Shift+R",
        "Draw a line over the object and one, with the right button or Alt, over what "
        "is not: weak edges are respected. Enter accepts.",
        ScribbleTool, "classical", "random-walker",
        width="scribble_px",
    ),
    ToolRow(
        "watershed", "Watershed", "tool-watershed", "Shift+W",
        "Mark the object with a line and what touches it with the right button or Alt: "
        "the border runs along the ridge between. Enter accepts.",
        ScribbleTool, "classical", "watershed", width="scribble_px",
    ),
    ToolRow(
        "growing", "Region Growing", "tool-growing", "Shift+G",
        "Click into the object: it grows while colours stay like those inside. The "
        "right button or Alt takes away. Enter accepts.",
        PointTool, "classical", "growing", hovers=True,
    ),
    ToolRow(
        "meanshift", "Mean Shift", "tool-meanshift", "Shift+M",
        "Click a region of even colour. The right button or Alt takes away. "
        "Enter accepts.",
        PointTool, "classical", "mean-shift", hovers=True,
    ),
    ToolRow(
        "threshold", "Threshold", "tool-threshold", "Shift+T",
        "Click something bright or dark: what is as bright and joined to it is taken. "
        "Enter accepts.",
        PointTool, "classical", "threshold", hovers=True,
    ),
    ToolRow(
        "snake", "Snake", "tool-snake", "Shift+L",
        "Draw a line around the object: it tightens until it lies on the edges. "
        "Enter accepts.",
        LassoTool, "classical", "snake",
    ),
    ToolRow(
        "chanvese", "Chan-Vese", "tool-chanvese", "Shift+C",
        "Draw a line roughly around the object: it moves until inside and outside "
        "differ most. Enter accepts.",
        LassoTool, "classical", "chan-vese",
    ),
    ToolRow(
        "geodesic", "Geodesic Contour", "tool-geodesic", "Shift+O",
        "Draw a line roughly around the object: it shrinks onto the nearest strong "
        "edges. Enter accepts.",
        LassoTool, "classical", "geodesic",
    ),
)

_PAINT = (
    ToolRow(
        "brush", "Brush", "tool-brush", "D",
        "Paint. [ and ] or Ctrl and the wheel change the size; "
        "Shift+click draws a straight line from the last place.",
        Brush, "paint", width="brush_px",
    ),
    ToolRow(
        "eraser", "Eraser", "tool-eraser", "E",
        "Erase. [ and ] or Ctrl and the wheel change the size; "
        "Shift+click draws a straight line from the last place.",
        Eraser, "paint", width="brush_px",
    ),
    ToolRow(
        "fill", "Fill", "tool-fill", "F",
        "Click into a hole of a segment, or into a gap that segments enclose.",
        FillTool, "paint",
    ),
)

_SHAPES = (
    ToolRow(
        "polygon", "Polygon", "tool-polygon", "G",
        "Click corners; Enter, a double click or the first corner closes. "
        "Double click a segment to edit its corners; right click removes one.",
        PolygonTool, "shapes",
    ),
    ToolRow(
        "livewire", "Livewire", "tool-livewire", "I",
        "Click along the edge of the object: the line clings to it. Backspace takes "
        "the last anchor back; Enter, a double click or the first anchor closes.",
        LivewireTool, "shapes",
    ),
    ToolRow(
        "cut", "Cut", "tool-cut", "C",
        "Draw a line across a segment to part it. Shift makes it straight.",
        CutTool, "shapes",
    ),
    ToolRow(
        "merge", "Merge", "tool-merge", "M",
        "Click a segment to join it to the selected one; Enter joins all selected.",
        MergeTool, "shapes",
    ),
)

_OTHERS = (
    ToolRow(
        "select", "Select", "tool-select", "V",
        "Click a segment or drag over several. Shift or Ctrl adds.",
        SelectTool,
    ),
    ToolRow("pan", "Pan", "tool-pan", "H", "Drag to move the image.", PanTool),
)
# fmt: on

TOOLS: tuple[ToolRow, ...] = (*_PROMPTS, *_CLASSICAL, *_PAINT, *_SHAPES, *_OTHERS)


def tool_row(tool_id: str) -> ToolRow:
    """The row of a tool; raises ``KeyError``."""
    for row in TOOLS:
        if row.id == tool_id:
            return row
    raise KeyError(tool_id)
