"""Where the window and its docks were, kept for the next start."""

from __future__ import annotations

import base64
import binascii
import logging

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from seggui.errors import SegguiError
from seggui.files.settings import Settings

log = logging.getLogger(__name__)

_VERSION = 1
"""Goes up when docks come or go, so that an old layout is not forced on new ones."""


def store_layout(window: QMainWindow, settings: Settings) -> None:
    """Remember the layout; a failure to write settings never keeps a window open."""
    settings.set_blob("geometry", _text(window.saveGeometry()))
    settings.set_blob("layout", _text(window.saveState(_VERSION)))
    try:
        settings.save()
    except SegguiError as error:
        # The window is closing: there is no place left to show the sentence but this.
        log.info("%s", error)


def restore_layout(window: QMainWindow, settings: Settings) -> bool:
    """Put everything where it was; False when nothing fitting is remembered."""
    geometry, layout = (
        _bytes(settings.blob("geometry")),
        _bytes(settings.blob("layout")),
    )
    if layout.isEmpty():
        return False
    if not geometry.isEmpty():
        window.restoreGeometry(geometry)
    return bool(window.restoreState(layout, _VERSION))


def _text(data: QByteArray) -> str:
    return base64.b64encode(bytes(data.data())).decode("ascii")


def _bytes(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
