"""From Qt's logical pixels to those of the screen, and back."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QSize

from seggui.core.geometry import Box


def device_xy(position: QPointF, ratio: float) -> tuple[float, float]:
    """The centre of the device pixel at a place of a widget."""
    # A place such as 10.4 at a ratio of 1.25 is device pixel 13, but comes out
    # of the multiplication a hair below it.
    return (
        math.floor(position.x() * ratio + 1e-3) + 0.5,
        math.floor(position.y() * ratio + 1e-3) + 0.5,
    )


def device_size(size: QSize, ratio: float) -> tuple[int, int]:
    """The device pixels that a widget of that size takes, those cut by its edge too."""
    return math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)


def logical_rect(device: Box, ratio: float) -> QRect:
    """The least part of a widget that holds some of its device pixels."""
    x0, y0 = math.floor(device.x0 / ratio), math.floor(device.y0 / ratio)
    x1, y1 = math.ceil(device.x1 / ratio), math.ceil(device.y1 / ratio)
    return QRect(x0, y0, x1 - x0, y1 - y0)
