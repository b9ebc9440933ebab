"""Line icons: drawn from SVG in the colour of the theme, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from seggui.files.resources import resource_path
from seggui.gui.theme import theme

# Every size at 1x that widgets ask for, and those that 1.25x to 3x make of them.
SIZES = (16, 18, 20, 24, 25, 30, 32, 36, 40, 48, 60)
APP_SIZES = (16, 24, 32, 48, 64, 128, 256)


def icon(name: str, colour: str | None = None) -> QIcon:
    """Return the icon of that name in the colours of the shown theme."""
    colours = theme().colours
    return _drawn(name, colour or colours.text, colours.off, colours.accent)


def app_icon() -> QIcon:
    """The icon of the program, with its own colours."""
    text = _text_of("seggui")
    out = QIcon()
    for size in APP_SIZES:
        out.addPixmap(pixmap_of(text, size))
    return out


@lru_cache(maxsize=512)
def _drawn(name: str, normal: str, off: str, accent: str) -> QIcon:
    text = _text_of(name)
    out = QIcon()
    looks = (
        (normal, QIcon.Mode.Normal, QIcon.State.Off),
        (off, QIcon.Mode.Disabled, QIcon.State.Off),
        (accent, QIcon.Mode.Normal, QIcon.State.On),
        (off, QIcon.Mode.Disabled, QIcon.State.On),
        # Without it, Qt tints the icons of chosen rows.
        (normal, QIcon.Mode.Selected, QIcon.State.Off),
    )
    for colour, mode, state in looks:
        coloured = text.replace("currentColor", QColor(colour).name())
        for size in SIZES:
            out.addPixmap(pixmap_of(coloured, size), mode, state)
    return out


@lru_cache(maxsize=256)
def _text_of(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap_of(svg_text: str, size: int) -> QPixmap:
    """Draw SVG text into a square of ``size`` device pixels."""
    renderer = QSvgRenderer(QByteArray(svg_text.encode()))
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def put_icon(target: QAbstractButton | QAction, name: str) -> None:
    """Give a button or action an icon that follows the theme."""
    target.setProperty("icon_name", name)
    target.setIcon(icon(name))


def renew_icons() -> None:
    """Draw all icons again after the theme changed."""
    for widget in QApplication.allWidgets():
        for target in (widget, *widget.actions()):
            name = target.property("icon_name")
            if name and isinstance(target, (QAbstractButton, QAction)):
                target.setIcon(icon(name))
