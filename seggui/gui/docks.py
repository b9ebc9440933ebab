"""The docks of the window: which there are, and where they are at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


@dataclass(frozen=True, slots=True)
class DockRow:
    """One dock."""

    id: str
    title: str
    icon: str
    area: Qt.DockWidgetArea
    stack: str
    """Docks of one stack are tabs on each other; the first is in front."""
    shortcut: str


DOCKS: tuple[DockRow, ...] = (
    DockRow("images", "Images", "images", _LEFT, "left", "Alt+1"),
    DockRow("history", "History", "history", _LEFT, "left", "Alt+2"),
    DockRow("segments", "Segments", "segments", _RIGHT, "top", "Alt+3"),
    DockRow("classes", "Classes", "classes", _RIGHT, "top", "Alt+4"),
    DockRow("layers", "Layers", "layers", _RIGHT, "top", "Alt+5"),
    DockRow("options", "Tool", "options", _RIGHT, "bottom", "Alt+6"),
    DockRow("refine", "Refine", "refine", _RIGHT, "bottom", "Alt+7"),
    DockRow("models", "Models", "models", _RIGHT, "bottom", "Alt+8"),
    DockRow("training", "Train", "training", _RIGHT, "bottom", "Alt+9"),
    DockRow("candidates", "Candidates", "candidates", _BOTTOM, "strip", "Alt+0"),
)

_LEFT_WIDTH_PX = 230
_RIGHT_WIDTH_PX = 330
_LEFT_MOST, _RIGHT_MOST = 0.2, 0.28
"""Parts of the window that the docks of a side may take at first."""
_TOP_PART = 0.42


def make_docks(
    window: QMainWindow, panels: Mapping[str, QWidget]
) -> dict[str, QDockWidget]:
    """Put each panel into a dock of the window."""
    window.setDockOptions(
        QMainWindow.DockOption.AllowNestedDocks
        | QMainWindow.DockOption.AllowTabbedDocks
    )
    window.setTabPosition(
        Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North
    )
    window.setCorner(Qt.Corner.BottomLeftCorner, _LEFT)
    window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
    docks = {}
    for row in DOCKS:
        dock = QDockWidget(row.title, window)
        dock.setObjectName(f"dock_{row.id}")
        panel = panels[row.id]
        panel.setProperty("look", "panel")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dock.setWidget(panel)
        dock.setAccessibleName(row.title)
        docks[row.id] = dock
    place_docks(window, docks)
    return docks


def place_docks(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Put all docks where they are at first."""
    size = window.size()
    first: dict[str, QDockWidget] = {}
    for row in DOCKS:
        dock = docks[row.id]
        dock.setFloating(False)
        window.removeDockWidget(dock)
        if row.stack in first:
            # Straight onto the other: docks below each other would stretch the window.
            window.tabifyDockWidget(first[row.stack], dock)
        else:
            window.addDockWidget(row.area, dock)
            first[row.stack] = dock
        dock.show()
    for dock in first.values():
        dock.raise_()
    window.resizeDocks(
        [first["left"], first["top"]],
        [
            min(_LEFT_WIDTH_PX, round(size.width() * _LEFT_MOST)),
            min(_RIGHT_WIDTH_PX, round(size.width() * _RIGHT_MOST)),
        ],
        Qt.Orientation.Horizontal,
    )
    height = max(window.height(), 600)
    window.resizeDocks(
        [first["top"], first["bottom"]],
        [round(height * _TOP_PART), round(height * (1 - _TOP_PART))],
        Qt.Orientation.Vertical,
    )
    window.resizeDocks([first["strip"]], [64], Qt.Orientation.Vertical)
    if window.isVisible() and not window.isMaximized():
        window.resize(size)
