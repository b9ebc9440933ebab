"""Which pixels a brush covers on its way from one place to the next.

A pixel belongs to it when its centre does. The covered shape is convex, so that
each row of pixels is one run from its left to its right edge.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools

PointXY = tuple[float, float]
Floats = NDArray[np.float64]
# Pixel centres that lie on the edge belong to the shape.
_ON_EDGE = 1e-9


def snapped(x: float, y: float, diameter_px: int) -> PointXY:
    """Return the middle of a brush that lies on whole pixels, nearest to a point.

    An odd brush has its middle on a pixel's centre, an even one on a corner.
    """
    if diameter_px % 2:
        return math.floor(x) + 0.5, math.floor(y) + 0.5
    return float(math.floor(x + 0.5)), float(math.floor(y + 0.5))


def swept(
    start: PointXY, end: PointXY, diameter_px: int, shape: Literal["round", "square"]
) -> tuple[Box, Bools]:
    """Return the covered pixels and the box they lie in, axes (y, x)."""
    half = diameter_px / 2
    box = Box(
        math.floor(min(start[0], end[0]) - half),
        math.floor(min(start[1], end[1]) - half),
        math.ceil(max(start[0], end[0]) + half),
        math.ceil(max(start[1], end[1]) + half),
    )
    rows_y = np.arange(box.y0, box.y1, dtype=np.float64) + 0.5
    left = np.full(box.height, np.inf)
    right = np.full(box.height, -np.inf)
    ends = _disc_run if shape == "round" else _square_run
    for centre in (start, end):
        _widen(left, right, *ends(rows_y, centre, half))
    for a, b in _edges(start, end, half, shape):
        x = _crossing(rows_y, a, b)
        _widen(left, right, x, x)
    xs = np.arange(box.x0, box.x1) + 0.5
    pixels = (xs >= left[:, None] - _ON_EDGE) & (xs <= right[:, None] + _ON_EDGE)
    return box, pixels


def _widen(left: Floats, right: Floats, low: Floats, high: Floats) -> None:
    """Widen each run by another one; nan is none."""
    np.fmin(left, low, out=left)
    np.fmax(right, high, out=right)


def _disc_run(rows_y: Floats, centre: PointXY, half: float) -> tuple[Floats, Floats]:
    rest = half**2 - (rows_y - centre[1]) ** 2
    reach = np.sqrt(np.where(rest >= -_ON_EDGE, np.maximum(rest, 0.0), np.nan))
    return centre[0] - reach, centre[0] + reach


def _square_run(rows_y: Floats, centre: PointXY, half: float) -> tuple[Floats, Floats]:
    inside = np.abs(rows_y - centre[1]) <= half + _ON_EDGE
    reach = np.where(inside, half, np.nan)
    return centre[0] - reach, centre[0] + reach


def _edges(
    start: PointXY, end: PointXY, half: float, shape: Literal["round", "square"]
) -> list[tuple[PointXY, PointXY]]:
    """Lines that join the outlines of both ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length == 0:
        return []
    if shape == "round":
        nx, ny = -dy / length * half, dx / length * half
        offsets = [(nx, ny), (-nx, -ny)]
    else:
        offsets = [(sx * half, sy * half) for sx in (-1, 1) for sy in (-1, 1)]
    return [
        ((start[0] + ox, start[1] + oy), (end[0] + ox, end[1] + oy))
        for ox, oy in offsets
    ]


def _crossing(rows_y: Floats, a: PointXY, b: PointXY) -> Floats:
    """Where a line crosses the middle of each row; nan where it does not."""
    if a[1] == b[1]:
        return np.full(len(rows_y), np.nan)
    share = (rows_y - a[1]) / (b[1] - a[1])
    inside = (share >= -_ON_EDGE) & (share <= 1 + _ON_EDGE)
    return np.where(inside, a[0] + share * (b[0] - a[0]), np.nan)
