"""How one image of the list is drawn: picture, name, folder and status."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from seggui.gui.icons import icon
from seggui.gui.theme import Colours, theme

_HEIGHT_PX = 58
_PICTURE = QSize(62, 46)
_PAD_PX = 6
_STATUS = {
    "untouched": ("edge", "Untouched"),
    "work": ("accent", "In work"),
    "done": ("good", "Done"),
    "unreadable": ("bad", "Unreadable"),
}


class ImageDelegate(QStyledItemDelegate):
    """Draws rows of the images panel."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(160, _HEIGHT_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        item = index.data(Qt.ItemDataRole.UserRole)
        colours = theme().colours
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = _ground(colours, state)
        if ground is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(QRectF(area.adjusted(2, 1, -2, -1)), 6, 6)
        place = QRect(
            area.left() + _PAD_PX,
            area.top() + _PAD_PX,
            _PICTURE.width(),
            _PICTURE.height(),
        )
        _draw_picture(
            painter,
            place,
            index.data(Qt.ItemDataRole.DecorationRole),
            item.status,
            colours,
        )
        left = place.right() + 10
        text = QRect(left, place.top() + 3, area.right() - left - 8, 19)
        _draw_name(painter, text, option.font, item.name, colours)
        _draw_status(painter, text.translated(0, 21), option.font, item, colours)
        painter.restore()


def _ground(colours: Colours, state: QStyle.StateFlag) -> QColor | None:
    if state & QStyle.StateFlag.State_Selected:
        return QColor(colours.chosen)
    if state & QStyle.StateFlag.State_MouseOver:
        return QColor(colours.hover)
    return None


def _draw_picture(
    painter: QPainter, place: QRect, picture: object, status: str, colours: Colours
) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.canvas))
    painter.drawRoundedRect(QRectF(place), 4, 4)
    if isinstance(picture, QPixmap) and not picture.isNull():
        size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(
            place.center() - QPointF(size.width() / 2, size.height() / 2).toPoint(),
            size,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target.intersected(place), picture)
        return
    name = "warning" if status == "unreadable" else "image"
    colour = colours.bad if status == "unreadable" else colours.off
    mark = QRect(0, 0, 20, 20)
    mark.moveCenter(place.center())
    icon(name, colour).paint(painter, mark)


def _draw_name(
    painter: QPainter, text: QRect, font: QFont, name: str, colours: Colours
) -> None:
    short = name.rpartition("/")[2]
    painter.setFont(font)
    painter.setPen(QColor(colours.text))
    elided = QFontMetrics(font).elidedText(
        short, Qt.TextElideMode.ElideMiddle, text.width()
    )
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, elided)


def _cause(reason: str) -> str:
    """The cause alone: the file is named in the line above, all of it in the tip."""
    cause = (reason.partition(": ")[2] or reason).removeprefix("it ").rstrip(".")
    return cause[:1].upper() + cause[1:]


def _draw_status(
    painter: QPainter, text: QRect, font: QFont, item: object, colours: Colours
) -> None:
    status = str(getattr(item, "status", "untouched"))
    colour_name, words = _STATUS[status]
    reason, segments = getattr(item, "reason", ""), int(getattr(item, "segments", 0))
    if reason:
        words = _cause(reason)
    elif segments:
        words += f" · {segments}"
    unsure = getattr(item, "uncertainty", None)
    if unsure is not None:
        # The dot tells the status; a narrow list has no room for both in words.
        words = f"{segments} · " if segments else ""
        words += f"unsure {unsure:.0%}"
    colour = QColor(getattr(colours, colour_name))
    dot = QRectF(text.left() + 1, text.center().y() - 3, 8, 8)
    painter.setPen(colour)
    painter.setBrush(Qt.BrushStyle.NoBrush if status == "untouched" else colour)
    painter.drawEllipse(dot)
    small = QFont(font)
    small.setPointSizeF(max(7.0, font.pointSizeF() - 1))
    painter.setFont(small)
    painter.setPen(QColor(colours.bad if status == "unreadable" else colours.quiet))
    rest = text.adjusted(15, 0, 0, 0)
    painter.drawText(
        rest,
        Qt.AlignmentFlag.AlignVCenter,
        QFontMetrics(small).elidedText(
            words, Qt.TextElideMode.ElideRight, rest.width()
        ),
    )
