"""How the window, its docks and its layers looked, kept for the next start."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import replace
from typing import get_args

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from seggui.errors import SegguiError
from seggui.files.settings import Settings
from seggui.gui.canvas.style import ColourBy, Draw, SegmentsLook
from seggui.gui.session import Session

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


def store_look(session: Session) -> None:
    """Remember how layers are drawn; ``store_layout`` writes it down."""
    kept = {
        "opacity": {name: style.opacity for name, style in session.layers.items()},
        "segments": [session.look.draw, session.look.colour_by],
    }
    session.settings.set_blob("look", json.dumps(kept))


def restore_look(session: Session) -> None:
    """Draw layers as they were; what makes no sense stays at its default.

    A layer that was hidden is shown again: nobody should miss segments at a start.
    """
    try:
        kept = json.loads(session.settings.blob("look") or "{}")
        draw, colour_by = kept["segments"]
        opacity = {name: float(value) for name, value in kept["opacity"].items()}
    except (ValueError, TypeError, AttributeError, KeyError):
        return
    for name, style in session.layers.items():
        if 0.0 <= opacity.get(name, -1.0) <= 1.0:
            session.set_layer(name, replace(style, opacity=opacity[name]))
    if draw in get_args(Draw) and colour_by in get_args(ColourBy):
        session.set_look(SegmentsLook(draw, colour_by))


def _text(data: QByteArray) -> str:
    return base64.b64encode(bytes(data.data())).decode("ascii")


def _bytes(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
