"""The canvas: shows an image with its layers, and turns the mouse into image points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes, Rgb
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Prompt
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.content import Content
from seggui.gui.canvas.navigation import Navigation
from seggui.gui.canvas.overlay import Overlay
from seggui.gui.canvas.pixels import device_size, device_xy, logical_rect
from seggui.gui.canvas.pointer import PointerTaker
from seggui.gui.canvas.rubber import Ring, Rubber
from seggui.gui.canvas.scene import Frame, merged
from seggui.gui.canvas.style import LayerStyle, SegmentsLook
from seggui.gui.canvas.view import View, fitted

_STEP = math.sqrt(2.0)
# Drawn a little beyond the changed pixels: outlines, halos and their soft edges.
_FRINGE_PX = 8
_BLOCKS_AT_ONCE = 2


class Canvas(QWidget):
    """Paints on the processor only; keeps a frame and repaints what changed."""

    hovered = Signal(object)
    """The pixel under the mouse as (x, y), or None."""
    zoom_changed = Signal(float)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(120, 90)
        self.setAccessibleName("Canvas")
        self._content = Content()
        self._document: Document | None = None
        self._preview: Document | None = None
        self._overlay = Overlay()
        self._view = View()
        self._fits = True
        self._frame = Frame(1, 1)
        self._ratio = self.devicePixelRatioF()
        self._dirty: list[Box] = []
        self._pixel: tuple[int, int] | None = None
        self._navigation = Navigation(self)
        # Uses idle moments, so that the first zoom into a large image is smooth.
        self._idle = QTimer(self)
        self._idle.timeout.connect(self._prepare)

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    # -- what is shown --------------------------------------------------------

    def set_image(self, image_hwc: NDArray[np.uint8] | None) -> None:
        """Show an RGB image, or none; its document comes with ``set_document``."""
        self._content.show_image(image_hwc)
        self._document = self._preview = None
        self._overlay.clear()
        self._navigation.forget_cursor()
        self.zoom_fit()
        self._repaint_all()
        self._idle.start(0)

    def set_document(self, document: Document | None) -> None:
        self._document = document
        if self._preview is None:
            self._repaint(self._content.show_document(document))

    def set_classes(self, classes: Classes) -> None:
        self._repaint(self._content.show_classes(classes))

    def set_selected(self, segment_ids: Iterable[str]) -> None:
        self._repaint(self._content.show_selected(segment_ids))

    def set_hidden(self, segment_ids: Iterable[str]) -> None:
        self._repaint(self._content.show_hidden(segment_ids))

    def set_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Show what is offered; several are objects of their own."""
        self._repaint(self._content.show_candidates(candidates))

    def set_borders(self, borders: Mask | None) -> None:
        """Show faintly where the regions meet that a model works with."""
        self._repaint(self._content.show_borders(borders))

    def set_uncertainty(
        self, values_hw: NDArray[np.uint8] | None, box: Box | None = None
    ) -> None:
        """Show how unsure a model is; 0 is sure, 255 not at all.

        With ``box`` the values are those of a part of the image.
        """
        self._repaint(self._content.show_uncertainty(values_hw, box))

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        self._overlay.prompts = tuple(prompts)
        self.update()

    def set_layers(self, layers: Mapping[str, LayerStyle]) -> None:
        self._repaint(self._content.show_layers(layers))

    def set_look(self, look: SegmentsLook) -> None:
        self._repaint(self._content.show_look(look))

    def set_adjustment(self, adjustment: Adjustment) -> None:
        """Show the image brighter, with other contrast or gamma."""
        self._content.adjustment = adjustment
        self._repaint_all()

    def set_background(self, colour: Rgb) -> None:
        """The colour beside the image."""
        self._content.background = colour
        self._repaint_all()

    # -- unfinished gestures --------------------------------------------------

    def show_preview(self, document: Document | None) -> None:
        """Show a document that is not committed; None shows the real one again."""
        self._preview = document
        shown = document if document is not None else self._document
        self._repaint(self._content.show_document(shown))

    def show_rubber(self, rubber: Rubber | None) -> None:
        """Show the lines of an unfinished gesture, or none."""
        rings = self._overlay.show_rubber(rubber)
        if rings is None:
            self.update()
            return
        for ring in rings:
            self.update(self._ring_rect(ring))

    def show_prompt(self, prompt: Prompt | None) -> None:
        """Show a prompt that is not asked yet; None shows the real one again."""
        self._overlay.asking = prompt
        self.update()

    def show_key_cursor(self, place: tuple[float, float] | None) -> None:
        """Show where the keys would click, and bring it into view."""
        if place is not None:
            self._set_view(self._view.showing(*place, self._device_size()))
        if place != self._overlay.cursor:
            self._overlay.cursor = place
            self.update()

    @property
    def image_size(self) -> tuple[int, int]:
        return self._content.size

    def set_hand(self, hand: PointerTaker | None) -> None:
        """Say who gets the mouse when it does not pan or zoom."""
        self._navigation.hand = hand

    def set_tool_cursor(self, shape: Qt.CursorShape) -> None:
        self._navigation.tool_cursor = shape
        self._navigation.show_cursor()

    # -- view -----------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Device pixels per image pixel; 1 is 100 %."""
        return self._view.scale

    @property
    def view(self) -> View:
        return self._view

    @property
    def visible_box(self) -> Box:
        """The image pixels that can be seen."""
        box = self._view.image_box(Box(0, 0, *self._device_size()))
        return box.clipped(*self._content.size)

    def zoom_in(self) -> None:
        self.zoom_by(_STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / _STEP)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom at a place of the widget; without one, at its middle."""
        x, y = self._device_xy(at) if at is not None else self._middle()
        self._set_view(self._view.zoomed(factor, x, y))

    def zoom_100(self) -> None:
        """One image pixel is one pixel of the screen."""
        self._set_view(self._view.at_scale(1.0, *self._middle()))

    def zoom_fit(self) -> None:
        """Show the whole image; stays so when the widget changes its size."""
        self._set_view(fitted(self._content.whole, self._device_size()))
        self._fits = True

    def zoom_to_box(self, box: Box) -> None:
        """Show those image pixels as large as they fit."""
        margin = max(box.width, box.height) // 8 + 4
        whole = box.grown(margin).clipped(*self._content.size)
        self._set_view(fitted(whole, self._device_size(), largest=32.0))

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        ratio = self.devicePixelRatioF()
        self._set_view(self._view.panned(round(dx * ratio), round(dy * ratio)))

    def image_point(self, position: QPointF) -> tuple[float, float]:
        """The image point under the centre of the device pixel at a place."""
        return self._view.image_xy(*self._device_xy(position))

    def widget_point(self, x: float, y: float) -> QPointF:
        """The place of the widget that shows an image point."""
        return QPointF(*self._view.device_xy(x, y)) / self.devicePixelRatioF()

    def _device_xy(self, position: QPointF) -> tuple[float, float]:
        return device_xy(position, self.devicePixelRatioF())

    def _device_size(self) -> tuple[int, int]:
        return device_size(self.size(), self.devicePixelRatioF())

    def _middle(self) -> tuple[float, float]:
        width, height = self._device_size()
        return width / 2, height / 2

    def _set_view(self, view: View) -> None:
        old = self._view
        view = view.kept_near(*self._content.size, self._device_size())
        self._fits = False
        if view == old:
            return
        self._view = view
        if view.scale == old.scale:
            dx, dy = view.left - old.left, view.top - old.top
            waiting = [box.moved(dx, dy) for box in self._dirty]
            self._dirty = [*waiting, *self._frame.scroll(dx, dy)]
        else:
            self._dirty = [self._frame.box]
        self.update()
        if view.scale != old.scale:
            self.zoom_changed.emit(view.scale)
        self.view_changed.emit()

    # -- painting -------------------------------------------------------------

    def _repaint(self, image_box: Box) -> None:
        """Paint what shows those image pixels anew."""
        if image_box.empty:
            return
        # Where a coarse level is drawn, a pixel colours the square it belongs to.
        blur = math.ceil(2 / self._view.scale) if self._view.scale < 1 else 0
        device = self._view.device_box(image_box.grown(blur)).grown(_FRINGE_PX)
        device = device.intersection(self._frame.box)
        if device.empty:
            return
        self._dirty.append(device)
        self.update(self._logical_rect(device))

    def _prepare(self) -> None:
        image = self._content.image
        if image is None or not image.prepare(_BLOCKS_AT_ONCE):
            self._idle.stop()

    def _repaint_all(self) -> None:
        self._dirty = [self._frame.box]
        self.update()

    def _logical_rect(self, device: Box) -> QRect:
        return logical_rect(device, self.devicePixelRatioF())

    def _ring_rect(self, ring: Ring) -> QRect:
        half = max(ring.diameter_px / 2, 3 / self._view.scale)
        return self._logical_rect(
            self._view.device_around(ring.x, ring.y, half).grown(_FRINGE_PX)
        )

    def _refresh_frame(self) -> None:
        size = self._device_size()
        if (self._frame.width, self._frame.height) != size:
            self._frame = Frame(*size)
            self._dirty = [self._frame.box]
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, []
        scene = self._content.scene(self.devicePixelRatioF())
        for box in merged(dirty):
            self._frame.paint(scene, self._view, box)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._refresh_frame()
        ratio = self.devicePixelRatioF()
        self._frame.image.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), self._frame.image)
        self._overlay.draw(painter, self._view, ratio, self._content.layers["prompt"])
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fits:
            self.zoom_fit()
        elif event.oldSize().isValid():
            ratio = self.devicePixelRatioF()
            grown = event.size() - event.oldSize()
            dx, dy = grown.width() * ratio / 2, grown.height() * ratio / 2
            self._set_view(self._view.panned(round(dx), round(dy)))
        super().resizeEvent(event)

    # -- events: the navigation pans, zooms, or hands them to the tool --------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._navigation.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position())
        self._navigation.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._navigation.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._navigation.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._navigation.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._navigation.key_press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._navigation.key_release(event):
            super().keyReleaseEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._navigation.leave()
        self._set_pixel(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._navigation.forget_space()
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and self._navigation.pinch(event):
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._follow_pixel_ratio()
        return super().event(event)

    def _follow_pixel_ratio(self) -> None:
        """Show the same part of the image after a move to another screen."""
        ratio = self.devicePixelRatioF()
        factor, self._ratio = ratio / self._ratio, ratio
        if self._fits:
            self.zoom_fit()
        elif factor != 1:
            self._set_view(self._view.on_screen(factor))

    def _hover(self, position: QPointF) -> None:
        x, y = (math.floor(value) for value in self.image_point(position))
        inside = self._content.whole.contains(x, y)
        self._set_pixel((x, y) if inside else None)

    def _set_pixel(self, pixel: tuple[int, int] | None) -> None:
        if pixel != self._pixel:
            self._pixel = pixel
            self.hovered.emit(pixel)
