"""Paints the image and its index layers into a frame of device pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainter

from seggui.core.geometry import Box
from seggui.gui.canvas.colours import OUTLINE, SOFT, STRIPE, Table
from seggui.gui.canvas.index_map import IndexMap, Numbers
from seggui.gui.canvas.pyramid import ImagePyramid, level_for
from seggui.gui.canvas.view import View

# Bands of this height keep all arrays of one step in the processor's cache.
_BAND_ROWS = 96
_STRIPES_PX = 10
GRID_FROM_SCALE = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class IndexLayer:
    """An index map with the colours to draw it in."""

    index: IndexMap
    table: Table
    outline_px: int = 0
    """Width of outlines in device pixels; 0 draws fills only."""
    striped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is drawn, from bottom to top."""

    image: ImagePyramid | None
    layers: Sequence[IndexLayer] = ()
    background: tuple[int, int, int] = (30, 30, 32)
    image_opacity: float = 1.0
    tones: NDArray[np.uint8] | None = None
    """256 values that the image's values are shown as; None shows them as they are."""


class Frame:
    """The pixels of the widget, kept between repaints.

    Panning moves what is there and paints the strip that came in; an edit paints
    the box it changed.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._pixels = np.zeros((height, width), dtype=np.uint32)
        self._spare = np.zeros((height, width), dtype=np.uint32)
        self._overlay = np.zeros((_BAND_ROWS, width), dtype=np.uint32)
        self._overlay_image = _as_image(
            self._overlay, QImage.Format.Format_ARGB32_Premultiplied
        )
        self._wrap()

    def _wrap(self) -> None:
        """Make Qt images of the pixels, one to paint into and one to show.

        The shown one gets the screen's pixel ratio; painting counts device pixels.
        """
        self._target = _as_image(self._pixels, QImage.Format.Format_RGB32)
        self.image = _as_image(self._pixels, QImage.Format.Format_RGB32)

    @property
    def box(self) -> Box:
        return Box(0, 0, self.width, self.height)

    def scroll(self, dx: int, dy: int) -> tuple[Box, ...]:
        """Move the pixels; returns the boxes that have to be painted."""
        width, height = self.width, self.height
        if abs(dx) >= width or abs(dy) >= height:
            return (self.box,)
        to = Box(max(dx, 0), max(dy, 0), width + min(dx, 0), height + min(dy, 0))
        self._spare[to.slices] = self._pixels[to.moved(-dx, -dy).slices]
        self._pixels, self._spare = self._spare, self._pixels
        self._wrap()
        strips = (
            Box(0, 0, width, to.y0),
            Box(0, to.y1, width, height),
            Box(0, to.y0, to.x0, to.y1),
            Box(to.x1, to.y0, width, to.y1),
        )
        return tuple(strip for strip in strips if not strip.empty)

    def paint(self, scene: Scene, view: View, box: Box) -> None:
        """Paint one box of device pixels."""
        box = box.clipped(self.width, self.height)
        if box.empty:
            return
        ground = QColor(*scene.background).rgb()
        image = scene.image
        if image is None:
            self._pixels[box.slices] = ground
            return
        shown = view.device_box(Box(0, 0, image.width, image.height))
        inside = box.intersection(shown)
        if inside != box:
            self._pixels[box.slices] = ground
        if inside.empty:
            return
        if scene.image_opacity > 0:
            self._paint_image(scene, view, inside)
        else:
            self._pixels[inside.slices] = ground
        self._paint_layers(scene, view, inside)
        if view.scale >= GRID_FROM_SCALE:
            self._paint_grid(image, view, inside)

    def _paint_grid(self, image: ImagePyramid, view: View, box: Box) -> None:
        """Shade the first row and column of device pixels of each image pixel."""
        shown = view.image_box(box).clipped(image.width, image.height)
        cols = _firsts(shown.x0, shown.x1, view.left, view.scale)
        rows = _firsts(shown.y0, shown.y1, view.top, view.scale)
        cols = cols[(cols >= box.x0) & (cols < box.x1)]
        rows = rows[(rows >= box.y0) & (rows < box.y1)]
        part = self._pixels[box.slices]
        part[:, cols - box.x0] = _greyer(part[:, cols - box.x0])
        part[rows - box.y0] = _greyer(part[rows - box.y0])

    def _paint_image(self, scene: Scene, view: View, box: Box) -> None:
        assert scene.image is not None
        pixels_hwc = image_pixels(scene.image, view, box)
        if scene.tones is not None:
            pixels_hwc = np.asarray(cv2.LUT(pixels_hwc, scene.tones), np.uint8)
        if scene.image_opacity < 1:
            ground = np.empty_like(pixels_hwc)
            ground[...] = (*scene.background[::-1], 255)
            share = scene.image_opacity
            mixed = cv2.addWeighted(pixels_hwc, share, ground, 1 - share, 0)
            pixels_hwc = np.asarray(mixed, np.uint8)
        words_hw = np.ascontiguousarray(pixels_hwc).view(np.uint32)[..., 0]
        np.bitwise_or(words_hw, np.uint32(0xFF000000), out=self._pixels[box.slices])

    def _paint_layers(self, scene: Scene, view: View, box: Box) -> None:
        layers = [
            (layer, part)
            for layer in scene.layers
            if not (part := _reach(layer, view).intersection(box)).empty
        ]
        if not layers:
            return
        painter = QPainter(self._target)
        for y0 in range(box.y0, box.y1, _BAND_ROWS):
            band = Box(box.x0, y0, box.x1, min(y0 + _BAND_ROWS, box.y1))
            for layer, part in layers:
                piece = part.intersection(band)
                if not piece.empty:
                    self._paint_piece(painter, layer, view, piece)
        painter.end()

    def _paint_piece(
        self, painter: QPainter, layer: IndexLayer, view: View, piece: Box
    ) -> None:
        numbers_hw = flagged_numbers(layer, view, piece)
        if numbers_hw is None:
            return
        target = self._overlay[: piece.height, : piece.width]
        if piece.width == self.width:
            np.take(layer.table, numbers_hw, out=target, mode="clip")
        else:
            target[...] = np.take(layer.table, numbers_hw, mode="clip")
        painter.drawImage(
            piece.x0, piece.y0, self._overlay_image, 0, 0, piece.width, piece.height
        )


def _firsts(start: int, stop: int, offset: int, scale: float) -> NDArray[np.intp]:
    """The first device pixel of each image pixel; see ``View.device_box``."""
    edges = np.arange(start, stop) * scale + (offset - 0.5)
    firsts: NDArray[np.intp] = np.ceil(edges).astype(np.intp)
    return firsts


def _greyer(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return colours a quarter of the way to middle grey."""
    less = (words >> np.uint32(2)) & np.uint32(0x3F3F3F)
    return (words - less + np.uint32(0x202020)) | np.uint32(0xFF000000)


def image_pixels(image: ImagePyramid, view: View, box: Box) -> NDArray[np.uint8]:
    """The image under a box of device pixels as BGRA; the box lies on the image.

    Nearest pixel from 100 % on, linear between the pixels of a level below that.
    """
    level = level_for(view.scale)
    scale = view.scale * (1 << level)
    width, height = image.size(level)
    if scale >= 1 and level == 0:
        rows = _places(box.y0, box.y1, view.top, scale).clip(0, height - 1)
        cols = _places(box.x0, box.x1, view.left, scale).clip(0, width - 1)
        part = Box(int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1)
        words = image.crop(0, part).view(np.uint32)[..., 0]
        if scale == 1:
            return words[..., None].view(np.uint8)
        wide = np.take(words, cols - part.x0, axis=1)
        return np.take(wide, rows - part.y0, axis=0)[..., None].view(np.uint8)
    x0 = (box.x0 + 0.5 - view.left) / scale - 0.5
    y0 = (box.y0 + 0.5 - view.top) / scale - 0.5
    part = Box(
        int(x0) - 1,
        int(y0) - 1,
        int(x0 + box.width / scale) + 3,
        int(y0 + box.height / scale) + 3,
    ).clipped(width, height)
    # Maps pixel centres of the box to pixel centres of the crop.
    to_crop = np.array([[1 / scale, 0, x0 - part.x0], [0, 1 / scale, y0 - part.y0]])
    shown = cv2.warpAffine(
        image.crop(level, part),
        to_crop,
        (box.width, box.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(shown, np.uint8)


def flagged_numbers(layer: IndexLayer, view: View, box: Box) -> Numbers | None:
    """The numbers under a box of device pixels with their flags; None when all are 0.

    A pixel is on an outline when one of its four neighbours on the screen shows
    another number; so outlines are equally thin at every zoom.
    """
    margin = layer.outline_px + 1 if layer.outline_px else 0
    numbers_hw = shown_numbers(layer.index, view, box.grown(margin))
    if not numbers_hw.any():
        return None
    if layer.outline_px:
        lines_hw = _lines(numbers_hw)
        if layer.outline_px > 1:
            lines_hw = _grown(lines_hw, layer.outline_px - 1)
        soft_hw = _grown(lines_hw, 1)
        numbers_hw |= lines_hw.astype(np.uint16) * np.uint16(OUTLINE)
        numbers_hw |= soft_hw.astype(np.uint16) * np.uint16(SOFT)
        numbers_hw = numbers_hw[margin:-margin, margin:-margin]
    if layer.striped:
        xs = np.arange(box.x0 - view.left, box.x1 - view.left)
        ys = np.arange(box.y0 - view.top, box.y1 - view.top)
        # Two thirds of the way is plain, so that the image shows through.
        period = _STRIPES_PX * max(layer.outline_px, 1)
        stripes_hw = (xs[None, :] + ys[:, None]) % period < period // 3
        numbers_hw = numbers_hw | stripes_hw * np.uint16(STRIPE)
    return numbers_hw


def shown_numbers(index: IndexMap, view: View, box: Box) -> Numbers:
    """The numbers under a box of device pixels; 0 outside the image."""
    level = level_for(view.scale)
    scale = view.scale * (1 << level)
    source = index.level(level)
    height, width = source.shape
    rows = _places(box.y0, box.y1, view.top, scale)
    cols = _places(box.x0, box.x1, view.left, scale)
    out = np.zeros((box.height, box.width), dtype=np.uint16)
    top, bottom = np.searchsorted(rows, (0, height))
    left, right = np.searchsorted(cols, (0, width))
    if top >= bottom or left >= right:
        return out
    rows, cols = rows[top:bottom], cols[left:right]
    part = source[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    order = (1, 0) if scale > 1 else (0, 1)
    for axis in order:
        places = rows - rows[0] if axis == 0 else cols - cols[0]
        part = np.take(part, places, axis=axis, mode="clip")
    out[top:bottom, left:right] = part
    return out


def _places(start: int, stop: int, offset: int, scale: float) -> NDArray[np.intp]:
    """Which source pixel lies under the centre of each device pixel."""
    centres = np.arange(start, stop) + (0.5 - offset)
    places: NDArray[np.intp] = np.floor(centres / scale).astype(np.intp)
    return places


def _lines(numbers_hw: Numbers) -> NDArray[np.uint8]:
    """1 where one of the four neighbours has another number."""
    lines = np.zeros(numbers_hw.shape, dtype=bool)
    across = numbers_hw[:, 1:] != numbers_hw[:, :-1]
    down = numbers_hw[1:] != numbers_hw[:-1]
    lines[:, 1:] = across
    lines[:, :-1] |= across
    lines[1:] |= down
    lines[:-1] |= down
    return lines.view(np.uint8)


def _grown(lines_hw: NDArray[np.uint8], by_px: int) -> NDArray[np.uint8]:
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray(cv2.dilate(lines_hw, kernel, iterations=by_px), np.uint8)


def _reach(layer: IndexLayer, view: View) -> Box:
    """The device pixels a layer can colour."""
    bounds = layer.index.bounds
    if bounds.empty:
        return Box(0, 0, 0, 0)
    # Coarse levels spread a pixel over the square it belongs to.
    side = 1 << level_for(view.scale)
    bounds = Box(
        bounds.x0 // side * side,
        bounds.y0 // side * side,
        -(-bounds.x1 // side) * side,
        -(-bounds.y1 // side) * side,
    )
    return view.device_box(bounds).grown(layer.outline_px)


def _as_image(words_hw: NDArray[np.uint32], kind: QImage.Format) -> QImage:
    """A QImage that paints into the array's own memory."""
    height, width = words_hw.shape
    return QImage(words_hw.data, width, height, width * 4, kind)


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Join boxes where that paints hardly more pixels than they have."""
    out: list[Box] = []
    for box in boxes:
        for index, other in enumerate(out):
            both = box.union(other)
            if both.area <= 1.3 * (box.area + other.area):
                out[index] = both
                break
        else:
            out.append(box)
    return out
