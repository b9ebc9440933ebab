"""The list of images: thumbnails, status, filter and order; fine with 100,000 rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from seggui.gui.icons import icon
from seggui.gui.panels.controls import column, empty_text, icon_button, label, row
from seggui.gui.panels.image_delegate import ImageDelegate
from seggui.gui.panels.thumbnails import Loader, Thumbnails

Status = Literal["untouched", "work", "done", "unreadable"]
Index = QModelIndex | QPersistentModelIndex

STATUS_TEXTS: dict[str, str] = {
    "untouched": "Untouched",
    "work": "In work",
    "done": "Done",
    "unreadable": "Unreadable",
}

ROW_ROLE = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of the list."""

    name: str
    status: Status = "untouched"
    reason: str = ""
    """Why it cannot be read."""
    segments: int = 0
    uncertainty: float | None = None
    """0 is certain, 1 is not; None when no model has looked."""


class ImageModel(QAbstractListModel):
    """The rows that pass the filter, in the wanted order."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._all: tuple[ImageRow, ...] = ()
        self._shown: list[int] = []
        self._place: dict[str, int] = {}
        self._text = ""
        self._status = ""
        self._by_uncertainty = False
        thumbnails.ready.connect(self._picture_came)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._shown):
            return None
        item = self._row(self._shown[index.row()])
        if role == ROW_ROLE:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name
        if role == Qt.ItemDataRole.DecorationRole:
            return (
                None if item.status == "unreadable" else self._thumbnails.get(item.name)
            )
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{item.name}\n{item.reason or STATUS_TEXTS[item.status]}"
        return None

    def show_rows(self, rows: Sequence[ImageRow]) -> None:
        """Take new rows; when only their status changed the view stays in place."""
        same = len(rows) == len(self._all) and all(
            new.name == old.name for new, old in zip(rows, self._all, strict=True)
        )
        self._all = tuple(rows)
        if same and not self._status and not self._by_uncertainty:
            last = max(0, len(self._shown) - 1)
            self.dataChanged.emit(self.index(0), self.index(last))
        else:
            self._choose()

    def narrow(self, text: str, status: str, *, by_uncertainty: bool) -> None:
        self._text, self._status = text.casefold().strip(), status
        self._by_uncertainty = by_uncertainty
        self._choose()

    def place_of(self, name: str) -> int | None:
        return self._place.get(name)

    def name_at(self, place: int) -> str:
        return self._all[self._shown[place]].name

    @property
    def total(self) -> int:
        return len(self._all)

    def count(self, status: str) -> int:
        return sum(item.status == status for item in self._all)

    def _row(self, place: int) -> ImageRow:
        """The row as shown: a picture that failed says why before it is opened."""
        item = self._all[place]
        problem = self._thumbnails.problems.get(item.name)
        if problem is None or item.status != "untouched":
            return item
        return replace(item, status="unreadable", reason=problem)

    def _choose(self) -> None:
        self.beginResetModel()
        self._shown = [
            place
            for place, item in enumerate(self._all)
            if (not self._text or self._text in item.name.casefold())
            and (not self._status or self._row(place).status == self._status)
        ]
        if self._by_uncertainty:
            self._shown.sort(key=lambda place: -(self._all[place].uncertainty or 0.0))
        self._place = {self._all[at].name: i for i, at in enumerate(self._shown)}
        self.endResetModel()

    def _picture_came(self, name: str) -> None:
        place = self._place.get(name)
        if place is not None:
            index = self.index(place)
            self.dataChanged.emit(index, index)


class ImagesPanel(QWidget):
    """Shows rows; wishes for another image."""

    show_wished = Signal(str)
    next_wished = Signal()
    previous_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._thumbnails = Thumbnails(parent=self)
        self._model = ImageModel(self._thumbnails)
        self._model.setParent(self)
        self._current = ""
        self._filter = QLineEdit()
        self._filter.setPlaceholderText("Filter by name")
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName("Filter images by name")
        self._filter.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._status = QComboBox()
        self._status.setAccessibleName("Filter images by status")
        self._status.addItem("All", "")
        for status, text in STATUS_TEXTS.items():
            self._status.addItem(text, status)
        self._order = QComboBox()
        self._order.setAccessibleName("Order of the images")
        self._order.addItem("Name", userData=False)
        self._order.addItem("Unsure", userData=True)
        self._order.setToolTip("Order: by name, or what a model is least sure of first")
        # The status gives way: the two words of the order are shown in full.
        self._status.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._status.setMinimumContentsLength(3)
        self._order.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.list = _list_view(self._model, self)
        self._empty = empty_text("No image here.")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._count = label("", "quiet")
        layout = column(self)
        layout.addWidget(self._filter)
        choices = row(self._status, self._order)
        choices.setStretch(0, 1)
        layout.addLayout(choices)
        layout.addWidget(self._pages, 1)
        back = icon_button("previous", "Previous image", self.previous_wished.emit)
        forth = icon_button("next", "Next image", self.next_wished.emit)
        layout.addLayout(row(self._count, None, back, forth, gap=2))
        self._filter.textChanged.connect(self._narrow)
        self._status.currentIndexChanged.connect(self._narrow)
        self._order.currentIndexChanged.connect(self._narrow)
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self._tell()

    def set_thumbnail_loader(self, load: Loader | None) -> None:
        """``load(name, edge_px)`` is called on worker threads."""
        self._thumbnails.set_loader(load)

    def show_images(self, rows: Sequence[ImageRow], current: str = "") -> None:
        """Show these images and mark the current one."""
        self._current = current
        with QSignalBlocker(self.list.selectionModel()):
            self._model.show_rows(rows)
        self._mark_current()
        self._tell()

    def show_by_uncertainty(self) -> None:
        """Put first what a model is least sure of."""
        self._order.setCurrentIndex(1)

    @property
    def shown_names(self) -> tuple[str, ...]:
        return tuple(self._model.name_at(i) for i in range(self._model.rowCount()))

    def close_workers(self) -> None:
        """Wait for the thumbnails under way; called when the window closes."""
        self._thumbnails.close()

    def _narrow(self) -> None:
        with QSignalBlocker(self.list.selectionModel()):
            self._model.narrow(
                self._filter.text(),
                str(self._status.currentData()),
                by_uncertainty=bool(self._order.currentData()),
            )
        self._mark_current()
        self._tell()

    def _mark_current(self) -> None:
        place = self._model.place_of(self._current)
        with QSignalBlocker(self.list.selectionModel()):
            if place is None:
                self.list.clearSelection()
            else:
                index = self._model.index(place)
                self.list.setCurrentIndex(index)
                self.list.scrollTo(index)
        self.list.viewport().update()

    def _tell(self) -> None:
        shown, total = self._model.rowCount(), self._model.total
        self._pages.setCurrentIndex(0 if shown else 1)
        if total:
            self._empty.setText("No image passes the filter.")
            done = self._model.count("done")
            which = f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
            self._count.setText(f"{which} images · {done:,} done")
        else:
            self._empty.setText("The images of the open folder are listed here.")
            self._count.setText("")

    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            name = self._model.name_at(index.row())
            if name != self._current:
                self.show_wished.emit(name)


def _list_view(model: ImageModel, parent: QWidget) -> QListView:
    view = QListView(parent)
    view.setModel(model)
    view.setItemDelegate(ImageDelegate(view))
    view.setUniformItemSizes(True)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setAccessibleName("Images")
    return view
