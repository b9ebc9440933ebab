"""The list of segments, top first: class, name, area, visibility, lock and order."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStackedWidget,
    QTreeView,
    QWidget,
)

from seggui.gui.icons import icon
from seggui.gui.panels.classes import ClassRow
from seggui.gui.panels.controls import (
    button,
    colour_chip,
    column,
    empty_text,
    icon_button,
    label,
    row,
)
from seggui.gui.panels.segment_model import (
    AREA,
    EYE,
    LOCK,
    NAME,
    REJECT,
    SegmentModel,
    SegmentRow,
)

_COLUMN_PX = 28
_AREA_FROM_PX = 230
"""A panel narrower than this shows no area; its tip still tells it."""

__all__ = ["SegmentRow", "SegmentsPanel"]


class SegmentsPanel(QWidget):
    """Shows rows; wishes for what should happen to segments."""

    select_wished = Signal(object)
    """Ids of the selected segments."""
    rename_wished = Signal(str, str)
    move_wished = Signal(object, int)
    hide_wished = Signal(str)
    lock_wished = Signal(object, bool)
    class_wished = Signal(object, int)
    delete_wished = Signal()
    merge_wished = Signal()
    accept_wished = Signal(object)
    reject_wished = Signal(object)
    zoom_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[ClassRow, ...] = ()
        self._showing = False
        self._model = SegmentModel()
        self._model.setParent(self)
        self.list = _tree(self._model, self)
        self._empty = empty_text(
            "No segments yet.\nClick an object with the Point tool, or paint one."
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._accept_all = button(
            "Accept all", "check", "Accept every predicted segment"
        )
        self._reject_all = button(
            "Reject all", "cross", "Remove every predicted segment"
        )
        self._offer_bar = QWidget()
        bar = column(self._offer_bar, margin=0)
        bar.addLayout(row(self._accept_all, self._reject_all, None))
        self._count = label("", "quiet")
        layout = column(self)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._offer_bar)
        self._rename = icon_button("rename", "Rename (F2)", self.rename_selected)
        self._merge = icon_button("merge", "Merge selected", self.merge_wished.emit)
        self._delete = icon_button("trash", "Delete selected", self.delete_wished.emit)
        layout.addLayout(
            row(self._count, None, self._rename, self._merge, self._delete, gap=2)
        )
        self._connect()
        self.show_segments((), ())

    def show_segments(
        self, rows: Sequence[SegmentRow], selected: Sequence[str]
    ) -> None:
        """Show these rows, the top segment first, and mark the selected ones."""
        self._showing = True
        self._model.show_rows(rows)
        self._select(set(selected))
        self._showing = False
        offered = sum(item.offered for item in rows)
        self._offer_bar.setVisible(offered > 0)
        self._accept_all.setText(f"Accept all {offered:,}")
        self.list.setColumnHidden(REJECT, offered == 0)
        self._fit()
        self._pages.setCurrentIndex(0 if rows else 1)
        parts = (
            [f"{len(rows)} segment" + ("s" if len(rows) != 1 else "")] if rows else []
        )
        if len(selected) > 1:
            parts.append(f"{len(selected)} selected")
        self._count.setText(" · ".join(parts))
        self._rename.setEnabled(len(selected) == 1)
        self._merge.setEnabled(len(selected) > 1)
        self._delete.setEnabled(bool(selected))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out the area where it would cost the name its place."""
        offered = not self.list.isColumnHidden(REJECT)
        least = _AREA_FROM_PX + (_COLUMN_PX if offered else 0)
        self.list.setColumnHidden(AREA, self.width() < least)

    def show_classes(self, rows: Sequence[ClassRow]) -> None:
        """The classes that the context menu offers."""
        self._classes = tuple(rows)

    def rename_selected(self) -> None:
        """Open the name of the current row for editing."""
        places = self.list.selectionModel().selectedRows(NAME)
        if places:
            self.list.setFocus()
            self.list.edit(places[0])

    @property
    def selected_ids(self) -> tuple[str, ...]:
        places = sorted(i.row() for i in self.list.selectionModel().selectedRows(NAME))
        return tuple(self._model.rows[place].id for place in places)

    def context_menu(self) -> QMenu:
        """The menu of the selected rows."""
        menu = QMenu(self)
        classes = menu.addMenu(icon("classes"), "Class")
        for item in self._classes:
            action = classes.addAction(colour_chip(item.colour), item.name)
            action.triggered.connect(
                lambda _=False, i=item.id: self.class_wished.emit(self.selected_ids, i)
            )
        classes.setEnabled(bool(self._classes))
        menu.addAction(icon("rename"), "Rename", self.rename_selected)
        menu.addAction(icon("zoom-selection"), "Zoom to it", self.zoom_wished.emit)
        if len(self.selected_ids) > 1:
            menu.addAction(icon("merge"), "Merge", self.merge_wished.emit)
        menu.addSeparator()
        menu.addAction(icon("trash"), "Delete", self.delete_wished.emit)
        return menu

    def _connect(self) -> None:
        self._model.rename_wished.connect(self.rename_wished)
        self._model.move_wished.connect(self.move_wished)
        self.list.clicked.connect(self._clicked)
        self.list.doubleClicked.connect(self._double_clicked)
        self.list.selectionModel().selectionChanged.connect(self._selection_changed)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self._accept_all.clicked.connect(
            lambda: self.accept_wished.emit(self._offered_ids())
        )
        self._reject_all.clicked.connect(
            lambda: self.reject_wished.emit(self._offered_ids())
        )

    def _select(self, wanted: set[str]) -> None:
        if set(self.selected_ids) == wanted:
            return
        chosen = QItemSelection()
        first: QModelIndex | None = None
        for place, item in enumerate(self._model.rows):
            if item.id in wanted:
                left = self._model.index(place, NAME)
                first = first or left
                chosen.select(left, self._model.index(place, REJECT))
        flag = QItemSelectionModel.SelectionFlag
        self.list.selectionModel().select(chosen, flag.ClearAndSelect)
        if first is not None:
            self.list.selectionModel().setCurrentIndex(first, flag.NoUpdate)
            self.list.scrollTo(first)

    def _selection_changed(self) -> None:
        if not self._showing:
            self.select_wished.emit(self.selected_ids)

    def _clicked(self, index: QModelIndex) -> None:
        item = self._model.rows[index.row()]
        if index.column() == EYE:
            self.hide_wished.emit(item.id)
        elif index.column() == LOCK and item.offered:
            self.accept_wished.emit((item.id,))
        elif index.column() == LOCK:
            self.lock_wished.emit((item.id,), not item.locked)
        elif index.column() == REJECT and item.offered:
            self.reject_wished.emit((item.id,))

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.column() == NAME:
            self.list.edit(index)
        elif index.column() == AREA:
            self.zoom_wished.emit()

    def _open_menu(self, where: QPoint) -> None:
        if self.selected_ids:
            menu = self.context_menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(where))

    def _offered_ids(self) -> tuple[str, ...]:
        return tuple(item.id for item in self._model.rows if item.offered)


def _tree(model: SegmentModel, parent: QWidget) -> QTreeView:
    view = QTreeView(parent)
    view.setModel(model)
    view.setRootIsDecorated(False)
    view.setUniformRowHeights(True)
    view.setHeaderHidden(True)
    view.setIconSize(QSize(16, 16))
    view.setAllColumnsShowFocus(True)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
    view.setDefaultDropAction(Qt.DropAction.MoveAction)
    view.setDropIndicatorShown(True)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setAccessibleName("Segments, the top one first")
    header = view.header()
    header.setMinimumSectionSize(22)
    header.setStretchLastSection(False)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(AREA, QHeaderView.ResizeMode.ResizeToContents)
    for section in (EYE, LOCK, REJECT):
        header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(section, _COLUMN_PX)
    return view
