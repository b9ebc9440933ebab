"""The steps of the shown image; a click goes back or forth to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStackedWidget, QWidget

from seggui.gui.icons import icon
from seggui.gui.panels.controls import column, empty_text, icon_button, label, row
from seggui.gui.theme import theme


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the history."""

    label: str
    when: str = ""
    """The time of day it was made, as shown."""


class HistoryPanel(QWidget):
    """Shows steps, the oldest first; wishes to go to one."""

    step_wished = Signal(int)
    undo_wished = Signal()
    redo_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Steps of this image")
        self.list.setUniformItemSizes(True)
        self._empty = empty_text(
            "What you do to an image is listed here, step by step."
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._count = label("", "quiet")
        self._undo = icon_button("undo", "Undo", self.undo_wished.emit)
        self._redo = icon_button("redo", "Redo", self.redo_wished.emit)
        layout = column(self)
        layout.addWidget(self._pages, 1)
        layout.addLayout(row(self._count, None, self._undo, self._redo, gap=2))
        self.list.currentRowChanged.connect(self._chosen)
        self.show_steps((), 0)

    def show_steps(self, rows: Sequence[StepRow], at: int) -> None:
        """Show these steps; the one at ``at`` is shown on the canvas."""
        colours = theme().colours
        with QSignalBlocker(self.list):
            self.list.clear()
            for place, item in enumerate(rows):
                line = QListWidgetItem(item.label)
                if item.when:
                    line.setToolTip(f"{item.label}, {item.when}")
                if place > at:
                    # Taken back: still there for redo, until something else is done.
                    line.setForeground(QColor(colours.off))
                    font = QFont(line.font())
                    font.setItalic(True)
                    line.setFont(font)
                line.setIcon(
                    icon("next", colours.accent)
                    if place == at
                    else icon("circle-small", colours.edge)
                )
                self.list.addItem(line)
            self.list.setCurrentRow(at)
        current = self.list.item(at)
        if current is not None:
            self.list.scrollToItem(current)
        self._pages.setCurrentIndex(0 if rows else 1)
        self._count.setText(f"Step {at + 1} of {len(rows)}" if rows else "")
        self._undo.setEnabled(at > 0)
        self._redo.setEnabled(at < len(rows) - 1)

    def _chosen(self, place: int) -> None:
        if place >= 0:
            self.step_wished.emit(place)
