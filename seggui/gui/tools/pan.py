"""Pan: the left button moves the image."""

from __future__ import annotations

from PySide6.QtCore import Qt

from seggui.gui.tools.tool import Tool


class PanTool(Tool):
    """Leaves the mouse to the canvas."""

    cursor = Qt.CursorShape.OpenHandCursor
    pans = True
    edits = False
