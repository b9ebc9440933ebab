"""The classes of the project: name, colour, thing or stuff, and their number keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHeaderView,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from seggui.core.classes import Rgb
from seggui.gui.panels.controls import (
    button,
    colour_chip,
    column,
    empty_text,
    icon_button,
    row,
)
from seggui.gui.theme import theme

_NAME, _KIND, _KEY = range(3)
_ID = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of the list."""

    id: int
    name: str
    colour: Rgb
    thing: bool = True


class ClassesPanel(QWidget):
    """Shows rows; the marked one is what new segments get."""

    choose_wished = Signal(int)
    add_wished = Signal()
    rename_wished = Signal(int, str)
    colour_wished = Signal(int, object)
    """Class id and the colour as (red, green, blue)."""
    thing_wished = Signal(int, bool)
    remove_wished = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._showing = False
        self._rows: tuple[ClassRow, ...] = ()
        self.list = _tree()
        self._empty = QWidget()
        inside = column(self._empty)
        inside.addStretch(1)
        inside.addWidget(empty_text("Classes say what segments are: leaf, cell, road."))
        first = button("New class", main=True)
        first.clicked.connect(self.add_wished)
        inside.addLayout(row(None, first, None))
        inside.addStretch(2)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._add = icon_button("plus", "New class", self.add_wished.emit)
        self._rename = icon_button("rename", "Rename", self.rename_current)
        self._colour = icon_button("palette-colour", "Colour", self.pick_colour)
        self._thing = icon_button("segments", "Thing or stuff", self._turn_thing)
        self._remove = icon_button("trash", "Remove", self._wish_removal)
        layout = column(self)
        layout.addWidget(self._pages, 1)
        layout.addLayout(
            row(
                self._add,
                None,
                self._rename,
                self._colour,
                self._thing,
                self._remove,
                gap=2,
            )
        )
        self.list.currentItemChanged.connect(self._chosen)
        self.list.itemChanged.connect(self._edited)
        self.list.itemDoubleClicked.connect(self._double_clicked)
        self.show_classes((), 0)

    def show_classes(self, rows: Sequence[ClassRow], current_id: int) -> None:
        """Show these classes and mark the one that is drawn with."""
        self._showing = True
        self._rows = tuple(rows)
        self.list.clear()
        for place, item in enumerate(rows):
            line = QTreeWidgetItem([item.name, "thing" if item.thing else "stuff", ""])
            line.setData(_NAME, _ID, item.id)
            line.setIcon(_NAME, colour_chip(item.colour))
            line.setFlags(line.flags() | Qt.ItemFlag.ItemIsEditable)
            line.setForeground(_KIND, QColor(theme().colours.quiet))
            line.setForeground(_KEY, QColor(theme().colours.quiet))
            if place < 9:
                line.setText(_KEY, str(place + 1))
                line.setToolTip(_KEY, f"Press {place + 1} to use this class")
            self.list.addTopLevelItem(line)
            if item.id == current_id:
                self.list.setCurrentItem(line)
        self._showing = False
        self._pages.setCurrentIndex(0 if rows else 1)
        for control in (self._rename, self._colour, self._thing, self._remove):
            control.setEnabled(bool(rows))

    @property
    def current(self) -> ClassRow | None:
        line = self.list.currentItem()
        if line is None:
            return None
        wanted = line.data(_NAME, _ID)
        return next((item for item in self._rows if item.id == wanted), None)

    def rename_current(self) -> None:
        line = self.list.currentItem()
        if line is not None:
            self.list.editItem(line, _NAME)

    def pick_colour(self) -> None:
        """Open the colour dialog for the current class."""
        item = self.current
        if item is None:
            return
        dialog = QColorDialog(QColor(*item.colour), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(f"Colour of {item.name}")
        dialog.colorSelected.connect(
            lambda colour: self.colour_wished.emit(
                item.id, (colour.red(), colour.green(), colour.blue())
            )
        )
        dialog.open()

    def _turn_thing(self) -> None:
        item = self.current
        if item is not None:
            self.thing_wished.emit(item.id, not item.thing)

    def _wish_removal(self) -> None:
        item = self.current
        if item is not None:
            self.remove_wished.emit(item.id)

    def _chosen(self, line: QTreeWidgetItem | None) -> None:
        if not self._showing and line is not None:
            self.choose_wished.emit(int(line.data(_NAME, _ID)))

    def _edited(self, line: QTreeWidgetItem, at: int) -> None:
        if self._showing or at != _NAME:
            return
        wanted = int(line.data(_NAME, _ID))
        old = next(item for item in self._rows if item.id == wanted)
        name = line.text(_NAME).strip()
        self._showing = True
        line.setText(_NAME, old.name)
        self._showing = False
        if name and name != old.name:
            self.rename_wished.emit(wanted, name)

    def _double_clicked(self, line: QTreeWidgetItem, at: int) -> None:
        if at == _NAME:
            self.list.editItem(line, _NAME)
        elif at == _KIND:
            self._turn_thing()


def _tree() -> QTreeWidget:
    view = QTreeWidget()
    view.setColumnCount(3)
    view.setHeaderHidden(True)
    view.setRootIsDecorated(False)
    view.setUniformRowHeights(True)
    view.setIconSize(QSize(16, 16))
    view.setAllColumnsShowFocus(True)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setAccessibleName("Classes")
    header = view.header()
    header.setMinimumSectionSize(22)
    header.setStretchLastSection(False)
    header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(_KIND, QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(_KEY, QHeaderView.ResizeMode.ResizeToContents)
    return view
