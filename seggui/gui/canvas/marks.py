"""Draws prompt marks and unfinished gestures over the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.gui.canvas.rubber import Path, Ring, Rubber, Tone
from seggui.gui.canvas.view import View

POINT_RADIUS = 7.0
"""Of the disc of a prompt point, in logical pixels."""

_DARK = QColor(0, 0, 0, 190)
_LIGHT = QColor(255, 255, 255, 240)
# Green and red that also differ in lightness; the plus and minus say it once more.
_POSITIVE = QColor(0, 150, 90)
_NEGATIVE = QColor(205, 30, 60)
_ACCENT = QColor(0, 229, 255)
_GRIP = 3.5
_TONES: dict[Tone, QColor] = {"positive": _POSITIVE, "negative": _NEGATIVE}
_THINNEST_LINE = 3.0
"""Of a scribble seen from afar, in logical pixels."""
_OUTLINE_SIDE_PX = 1024
"""Outlines of drawings are traced on a grid of at most this side."""


class Marks:
    """A painter of marks for one view; sizes are logical pixels, whatever the zoom."""

    def __init__(self, painter: QPainter, view: View, pixel_ratio: float) -> None:
        self._painter = painter
        self._view = view
        self._ratio = pixel_ratio

    def place(self, x: float, y: float) -> QPointF:
        """Where an image point lies on the widget."""
        device_x, device_y = self._view.device_xy(x, y)
        return QPointF(device_x / self._ratio, device_y / self._ratio)

    def draw_prompt(self, prompt: Prompt, opacity: float) -> None:
        self._smooth()
        self._painter.setOpacity(opacity)
        if prompt.rough is not None:
            self._draw_rough(prompt.rough)
        if prompt.box is not None:
            self.draw_box(prompt.box)
        for box in prompt.exemplars:
            self._draw_example(box)
        for line in prompt.scribbles:
            self._draw_scribble(line)
        for point in prompt.points:
            self._draw_point(point)
        self._painter.setOpacity(1.0)

    def draw_rubber(self, rubber: Rubber) -> None:
        self._smooth()
        for path in rubber.paths:
            self._draw_path(path)
        if rubber.box is not None:
            self.draw_box(rubber.box)
        if rubber.ring is not None:
            self._draw_ring(rubber.ring)

    def draw_cursor(self, x: float, y: float) -> None:
        """A cross with an open middle: the pixel below it stays in sight."""
        self._smooth()
        at = self.place(x, y)
        arms = [
            QLineF(at.x() + dx * 4, at.y() + dy * 4, at.x() + dx * 13, at.y() + dy * 13)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        ]
        for pen in (QPen(_DARK, 4.0), QPen(_ACCENT, 2.0)):
            self._painter.setPen(pen)
            self._painter.drawLines(arms)

    def draw_box(self, box: Box) -> None:
        corners = QRectF(self.place(box.x0, box.y0), self.place(box.x1, box.y1))
        for pen in _two_pens(dashed=True):
            self._painter.setPen(pen)
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
            self._painter.drawRect(corners)

    def _draw_point(self, point: Point) -> None:
        painter, centre = self._painter, self.place(point.x, point.y)
        painter.setPen(QPen(_DARK, 4.0))
        painter.setBrush(_POSITIVE if point.positive else _NEGATIVE)
        painter.drawEllipse(centre, POINT_RADIUS, POINT_RADIUS)
        painter.setPen(QPen(_LIGHT, 1.8))
        painter.drawEllipse(centre, POINT_RADIUS, POINT_RADIUS)
        arm = POINT_RADIUS * 0.5
        lines = [QLineF(centre.x() - arm, centre.y(), centre.x() + arm, centre.y())]
        if point.positive:
            lines.append(
                QLineF(centre.x(), centre.y() - arm, centre.x(), centre.y() + arm)
            )
        painter.drawLines(lines)

    def _draw_scribble(self, line: Scribble) -> None:
        colour = _POSITIVE if line.positive else _NEGATIVE
        places = [self.place(x, y) for x, y in line.points_xy]
        width = max(self._length(line.width_px), _THINNEST_LINE)
        for pen in (_round_pen(_LIGHT, width + 2.4), _round_pen(colour, width)):
            self._painter.setPen(pen)
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
            if len(places) == 1:
                self._painter.drawPoint(places[0])
            else:
                self._painter.drawPolyline(QPolygonF(places))
        self._draw_sign(places[0], positive=line.positive, arm=max(width / 2, 3.0))

    def _draw_sign(self, at: QPointF, *, positive: bool, arm: float) -> None:
        """A plus or a minus: colours alone do not tell everybody which it is."""
        arm = min(arm, POINT_RADIUS) * 0.7
        self._painter.setPen(QPen(_LIGHT, 1.6))
        lines = [QLineF(at.x() - arm, at.y(), at.x() + arm, at.y())]
        if positive:
            lines.append(QLineF(at.x(), at.y() - arm, at.x(), at.y() + arm))
        self._painter.drawLines(lines)

    def _draw_example(self, box: Box) -> None:
        corners = QRectF(self.place(box.x0, box.y0), self.place(box.x1, box.y1))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(_DARK, 4.0), QPen(_ACCENT, 2.0)):
            self._painter.setPen(pen)
            self._painter.drawRect(corners)

    def _draw_rough(self, rough: Mask) -> None:
        path = QPainterPath()
        for ring_xy in _rings(rough):
            path.addPolygon(QPolygonF([self.place(x, y) for x, y in ring_xy]))
            path.closeSubpath()
        veil = QColor(_POSITIVE)
        veil.setAlpha(60)
        self._painter.fillPath(path, veil)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in _two_pens(dashed=True):
            self._painter.setPen(pen)
            self._painter.drawPath(path)

    def _length(self, image_px: float) -> float:
        """Logical pixels of a length in the image."""
        return image_px * self._view.scale / self._ratio

    def _draw_path(self, path: Path) -> None:
        places = [self.place(x, y) for x, y in path.points_xy]
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        if path.line:
            self._draw_line(path, places)
        if path.handles:
            self._draw_grips(places, path.picked)

    def _draw_line(self, path: Path, places: Sequence[QPointF]) -> None:
        tone = _TONES.get(path.tone)
        if path.width_px:
            veil = QColor(tone or _LIGHT)
            veil.setAlpha(120)
            pen = _round_pen(veil, max(self._length(path.width_px), _THINNEST_LINE))
            self._painter.setPen(pen)
            self._painter.drawPolyline(QPolygonF(places))
            return
        if tone is not None and path.closed:
            veil = QColor(tone)
            veil.setAlpha(60)
            self._painter.setBrush(veil)
        for pen in _two_pens(dashed=path.dashed):
            self._painter.setPen(pen)
            if path.closed:
                self._painter.drawPolygon(QPolygonF(places))
            else:
                self._painter.drawPolyline(QPolygonF(places))
            self._painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_grips(self, places: Sequence[QPointF], picked: int | None) -> None:
        self._painter.setPen(QPen(_DARK, 1.2))
        for index, place in enumerate(places):
            chosen = index == picked
            size = _GRIP + 1.5 if chosen else _GRIP
            self._painter.setBrush(_ACCENT if chosen else _LIGHT)
            self._painter.drawRect(
                QRectF(place.x() - size, place.y() - size, 2 * size, 2 * size)
            )

    def _draw_ring(self, ring: Ring) -> None:
        rect = self.ring_rect(ring)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(_DARK, 2.6), QPen(_LIGHT, 1.2)):
            self._painter.setPen(pen)
            if ring.shape == "round":
                self._painter.drawEllipse(rect)
            else:
                self._painter.drawRect(rect)

    def ring_rect(self, ring: Ring) -> QRectF:
        """The ring on the widget; never smaller than can be seen."""
        centre = self.place(ring.x, ring.y)
        half = max(ring.diameter_px / 2 * self._view.scale / self._ratio, 2.0)
        return QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half)

    def _smooth(self) -> None:
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


@lru_cache(maxsize=4)
def _rings(mask: Mask) -> tuple[NDArray[np.float64], ...]:
    """The outlines of a drawing and of its holes, in image pixels."""
    box = mask.bbox
    scale = min(1.0, _OUTLINE_SIDE_PX / max(box.width, box.height, 1))
    pixels = mask.window(box).astype(np.uint8)
    if scale < 1.0:
        size = [max(1, round(side * scale)) for side in (box.width, box.height)]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST))
    found, _ = cv2.findContours(
        np.pad(pixels, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    # Contours run through the middle of pixels; the padding moved them by one.
    return tuple(
        np.asarray((ring.reshape(-1, 2) - 0.5) / scale + (box.x0, box.y0), np.float64)
        for ring in found
    )


def _round_pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _two_pens(*, dashed: bool) -> Iterable[QPen]:
    """A dark line below and a light one on it: seen on any ground."""
    below, above = QPen(_DARK, 3.0), QPen(_LIGHT, 1.4)
    for pen in (below, above):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        above.setDashPattern([5.0, 4.0])
    return below, above
