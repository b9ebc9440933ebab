"""The bar of tools: one button for each family, which remembers the last one used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
)
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QToolTip

from seggui.files.settings import Settings
from seggui.gui.theme import theme
from seggui.gui.tools.table import FAMILIES, TOOLS, Family

_BLOB = "last_tools"
_CORNER_PX = 5.0


class FamilyButton(QToolButton):
    """Takes the tool of its family that was used last; its menu has the others.

    The menu opens by holding the button, by a right click, or by a click when its
    tool is in the hand already.
    """

    def __init__(self, family: Family, actions: Sequence[QAction]) -> None:
        super().__init__()
        self.family = family
        self._actions = tuple(actions)
        self._was_in_hand = False
        self.setAccessibleName(family.title)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for action in actions:
            menu.addAction(action)
            action.toggled.connect(
                lambda on, action=action: self.show_tool(action) if on else None
            )
        self.setMenu(menu)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda _: self.open_menu())
        self.pressed.connect(self._note_pressed)
        self.clicked.connect(self._clicked)
        self.show_tool(self._actions[0])

    def show_tool(self, action: QAction) -> None:
        """Let the button be that tool from now on."""
        self.setDefaultAction(action)

    @property
    def tip(self) -> str:
        """The tip of the tool, and how to come to the others."""
        others = len(self._actions) - 1
        return (
            f"{self.defaultAction().toolTip()}\n\n{self.family.title}: click again or "
            f"hold for {others} more"
        )

    def event(self, event: QEvent) -> bool:
        # Qt sets the tip of the button anew whenever its action changes.
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip, self)
            return True
        return super().event(event)

    def open_menu(self) -> None:
        """Show all tools of the family beside the button."""
        self.menu().popup(self.mapToGlobal(QPoint(self.width(), 0)))

    def _note_pressed(self) -> None:
        self._was_in_hand = self.defaultAction().isChecked()

    def _clicked(self) -> None:
        if self._was_in_hand:
            self.open_menu()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the corner, as a sign that there is more."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().colours.quiet))
        x, y = self.width() - 4.0, self.height() - 4.0
        painter.drawPolygon(
            QPolygonF(
                [QPointF(x, y), QPointF(x - _CORNER_PX, y), QPointF(x, y - _CORNER_PX)]
            )
        )
        painter.end()


def fill_tool_bar(
    bar: QToolBar, actions: Mapping[str, QAction], settings: Settings
) -> tuple[FamilyButton, ...]:
    """Put the tools on the bar; ``actions`` are those of the tools, by tool id."""
    last = _last_used(settings)
    buttons = []
    for family in FAMILIES:
        tools = [tool.id for tool in TOOLS if tool.family == family.id]
        button = FamilyButton(family, [actions[tool] for tool in tools])
        if last.get(family.id) in tools:
            button.show_tool(actions[last[family.id]])
        for tool in tools:
            actions[tool].toggled.connect(
                lambda on, family=family.id, tool=tool: (
                    _remember(settings, family, tool) if on else None
                )
            )
        bar.addWidget(button)
        buttons.append(button)
    bar.addSeparator()
    for tool_row in TOOLS:
        if not tool_row.family:
            bar.addAction(actions[tool_row.id])
    return tuple(buttons)


def _remember(settings: Settings, family: str, tool: str) -> None:
    settings.set_blob(_BLOB, json.dumps({**_last_used(settings), family: tool}))


def _last_used(settings: Settings) -> dict[str, str]:
    try:
        kept = json.loads(settings.blob(_BLOB) or "{}")
    except ValueError:
        return {}
    if not isinstance(kept, dict):
        return {}
    return {str(family): str(tool) for family, tool in kept.items()}
