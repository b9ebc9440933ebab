"""The tools, one row each; adding one adds a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seggui.gui.tools.box import BoxTool
from seggui.gui.tools.brush import Brush, Eraser
from seggui.gui.tools.cut import CutTool
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.fill import FillTool
from seggui.gui.tools.merge import MergeTool
from seggui.gui.tools.pan import PanTool
from seggui.gui.tools.point import PointTool
from seggui.gui.tools.polygon import PolygonTool
from seggui.gui.tools.select import SelectTool
from seggui.gui.tools.tool import Easel, Tool


@dataclass(frozen=True, slots=True)
class ToolRow:
    """What the tool bar, the menu and the status bar show of a tool."""

    id: str
    title: str
    icon: str
    shortcut: str
    hint: str
    make: Callable[[Desk, Easel], Tool]


TOOLS: tuple[ToolRow, ...] = (
    ToolRow(
        "point",
        "Point",
        "tool-point",
        "P",
        "Click adds, right click or Alt+click takes away. Drag a point to move it, "
        "click it to remove it. Enter accepts.",
        PointTool,
    ),
    ToolRow(
        "box",
        "Box",
        "tool-box",
        "B",
        "Drag a box around the object. Enter accepts.",
        BoxTool,
    ),
    ToolRow(
        "brush",
        "Brush",
        "tool-brush",
        "D",
        "Paint. [ and ] or Ctrl and the wheel change the size; "
        "Shift+click draws a straight line from the last place.",
        Brush,
    ),
    ToolRow(
        "eraser",
        "Eraser",
        "tool-eraser",
        "E",
        "Erase. [ and ] or Ctrl and the wheel change the size; "
        "Shift+click draws a straight line from the last place.",
        Eraser,
    ),
    ToolRow(
        "polygon",
        "Polygon",
        "tool-polygon",
        "G",
        "Click corners; Enter, a double click or the first corner closes. "
        "Double click a segment to edit its corners; right click removes one.",
        PolygonTool,
    ),
    ToolRow(
        "fill",
        "Fill",
        "tool-fill",
        "F",
        "Click into a hole of a segment, or into a gap that segments enclose.",
        FillTool,
    ),
    ToolRow(
        "cut",
        "Cut",
        "tool-cut",
        "C",
        "Draw a line across a segment to part it. Shift makes it straight.",
        CutTool,
    ),
    ToolRow(
        "merge",
        "Merge",
        "tool-merge",
        "M",
        "Click a segment to join it to the selected one; Enter joins all selected.",
        MergeTool,
    ),
    ToolRow(
        "select",
        "Select",
        "tool-select",
        "V",
        "Click a segment or drag over several. Shift or Ctrl adds.",
        SelectTool,
    ),
    ToolRow("pan", "Pan", "tool-pan", "H", "Drag to move the image.", PanTool),
)


def tool_row(tool_id: str) -> ToolRow:
    """The row of a tool; raises ``KeyError``."""
    for row in TOOLS:
        if row.id == tool_id:
            return row
    raise KeyError(tool_id)
