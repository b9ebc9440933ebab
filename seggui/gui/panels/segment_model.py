"""The rows of the segments list as Qt's views want them, top first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont

from seggui.core.classes import Rgb
from seggui.gui.icons import icon
from seggui.gui.panels.controls import colour_chip
from seggui.gui.theme import theme

Index = QModelIndex | QPersistentModelIndex

NAME, AREA, EYE, LOCK, REJECT = range(5)
MIME = "application/x-seggui-segments"
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment of the list."""

    id: str
    name: str
    class_name: str
    colour: Rgb
    area_px: int
    visible: bool = True
    locked: bool = False
    offered: bool = False
    """A candidate of a full-image model that nobody accepted yet."""
    score: float | None = None

    @property
    def title(self) -> str:
        return self.name or self.class_name


def area_text(area_px: int) -> str:
    """An area short enough for a narrow column."""
    for size, unit in ((1_000_000, " M"), (1_000, " k")):
        if area_px >= size:
            value = area_px / size
            return f"{value:.0f}{unit}px" if value >= 100 else f"{value:.1f}{unit}px"
    return f"{area_px} px"


class SegmentModel(QAbstractTableModel):
    """Shows rows; never changes them itself, it only tells what was wished."""

    rename_wished = Signal(str, str)
    move_wished = Signal(object, int)
    """Ids, and the place of the row before which they were dropped, 0 at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[SegmentRow, ...] = ()

    def show_rows(self, rows: Sequence[SegmentRow]) -> bool:
        """Take new rows; returns False when the view could stay as it was."""
        ids = [row.id for row in rows]
        if ids == [row.id for row in self.rows]:
            self.rows = tuple(rows)
            if rows:
                self.dataChanged.emit(
                    self.index(0, 0), self.index(len(rows) - 1, REJECT)
                )
            return False
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 5

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, index.column())
            case Qt.ItemDataRole.EditRole:
                return row.name or row.class_name
            case Qt.ItemDataRole.DecorationRole:
                return _picture(row, index.column())
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return _tip(row, index.column())
            case Qt.ItemDataRole.ForegroundRole:
                colours = theme().colours
                quiet = index.column() == AREA or not row.visible
                return QColor(colours.quiet if quiet else colours.text)
            case Qt.ItemDataRole.FontRole:
                font = QFont()
                font.setItalic(row.offered)
                return font
            case Qt.ItemDataRole.TextAlignmentRole if index.column() == AREA:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def setData(
        self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        row = self.rows[index.row()]
        text = str(value).strip()
        if text != row.title:
            self.rename_wished.emit(row.id, text)
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        flag = Qt.ItemFlag
        if not index.isValid():
            return flag.ItemIsDropEnabled
        usual = flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDragEnabled
        return usual | flag.ItemIsEditable if index.column() == NAME else usual

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        places = sorted({index.row() for index in indexes})
        data = QMimeData()
        data.setData(MIME, "\n".join(self.rows[i].id for i in places).encode())
        return data

    def canDropMimeData(
        self,
        data: QMimeData,
        action: Qt.DropAction,
        row: int,
        column: int,
        parent: Index,
    ) -> bool:
        return data.hasFormat(MIME)

    def dropMimeData(
        self,
        data: QMimeData,
        action: Qt.DropAction,
        row: int,
        column: int,
        parent: Index,
    ) -> bool:
        if not data.hasFormat(MIME):
            return False
        place = (
            row if row >= 0 else parent.row() if parent.isValid() else len(self.rows)
        )
        ids = tuple(bytes(data.data(MIME).data()).decode().split("\n"))
        self.move_wished.emit(ids, place)
        # False keeps the view from removing rows that the session will order anew.
        return False


def _text(row: SegmentRow, column: int) -> str | None:
    if column == NAME:
        score = f"  {row.score:.0%}" if row.offered and row.score is not None else ""
        if row.name and row.name != row.class_name:
            return f"{row.name} · {row.class_name}{score}"
        return row.class_name + score
    return area_text(row.area_px) if column == AREA else None


def _picture(row: SegmentRow, column: int) -> object:
    colours = theme().colours
    if column == NAME:
        return colour_chip(row.colour)
    if column == EYE:
        return icon("eye") if row.visible else icon("eye-off", colours.off)
    if column == LOCK:
        if row.offered:
            return icon("check", colours.good)
        return icon("lock") if row.locked else icon("unlock", colours.off)
    if column == REJECT and row.offered:
        return icon("cross", colours.bad)
    return None


def _tip(row: SegmentRow, column: int) -> str | None:
    if column == NAME:
        return f"{row.title} ({row.class_name}), {row.area_px:,} pixels"
    if column == AREA:
        return f"{row.area_px:,} pixels"
    if column == EYE:
        return "Hide" if row.visible else "Show"
    if column == LOCK:
        return "Accept" if row.offered else "Unlock" if row.locked else "Lock"
    return "Reject" if row.offered else None
