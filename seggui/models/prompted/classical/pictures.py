"""An image as a classical method looks at it: a part, at a size it can afford."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
T = TypeVar("T")

_KEPT = 12
"""Things worked out about an image that are remembered."""
_LATTICE = 8
"""Views begin and end at such parts of their size, so that they come back."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A part of an image, made smaller or as it is."""

    box: Box
    """The part, in image pixels."""
    picture_hwc: Bytes

    @property
    def height(self) -> int:
        return int(self.picture_hwc.shape[0])

    @property
    def width(self) -> int:
        return int(self.picture_hwc.shape[1])

    @property
    def across(self) -> float:
        """Image pixels along a pixel of the view."""
        return self.box.width / self.width

    @property
    def down(self) -> float:
        return self.box.height / self.height

    @property
    def pixel_px(self) -> float:
        """Image pixels along the side of a pixel of the view, both ways together."""
        return float(np.sqrt(self.across * self.down))

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Column and row of the nearest pixel of the view."""
        column = int((x - self.box.x0) / self.across)
        row = int((y - self.box.y0) / self.down)
        return (
            min(max(column, 0), self.width - 1),
            min(max(row, 0), self.height - 1),
        )

    def small(self, mask: Mask) -> Bools:
        """The part of a mask, at the size of the view; never lost altogether."""
        pixels = mask.window(self.box).view(np.uint8) * np.uint8(255)
        size = (self.width, self.height)
        share = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        half = share >= 128
        return half if half.any() else np.asarray(share > 0)

    def inside(self, box: Box) -> Bools:
        """The pixels of the view whose middle lies in a box of the image."""
        xs = (np.arange(self.width) + 0.5) * self.across + self.box.x0
        ys = (np.arange(self.height) + 0.5) * self.down + self.box.y0
        out = ((ys >= box.y0) & (ys < box.y1))[:, None] & (xs >= box.x0) & (xs < box.x1)
        if not out.any():
            column, row = self.place((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
            out[row, column] = True
        return np.asarray(out)


class Picture:
    """An RGB image, axes (y, x, 3), and what was worked out about it.

    What is remembered only saves time: answers do not depend on it.
    """

    def __init__(self, image_hwc: Bytes) -> None:
        self.image_hwc = image_hwc
        self.height, self.width = image_hwc.shape[:2]
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    @property
    def box(self) -> Box:
        return Box(0, 0, self.width, self.height)

    def view(self, box: Box, most_pixels: int) -> View:
        """A look at a part of the image with at most about so many pixels."""
        box = box.clipped(self.width, self.height)
        return self.known(
            ("view", box, most_pixels), lambda: _view(self, box, most_pixels)
        )

    def known(self, key: Hashable, work: Callable[[], T]) -> T:
        """What ``work`` gives, remembered by ``key``."""
        if key not in self._known:
            self._known[key] = work()
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        found: T = self._known[key]
        return found


def room_around(box: Box, share: float, picture: Picture) -> Box:
    """The box with a share of its size on every side, rounded so that it comes back."""
    step = max(8, max(box.width, box.height) // _LATTICE)
    dx, dy = box.width * share + 8, box.height * share + 8
    return Box(
        int((box.x0 - dx) // step * step),
        int((box.y0 - dy) // step * step),
        int(-(-(box.x1 + dx) // step) * step),
        int(-(-(box.y1 + dy) // step) * step),
    ).clipped(picture.width, picture.height)


def _view(picture: Picture, box: Box, most_pixels: int) -> View:
    part = picture.image_hwc[box.slices]
    scale = min(1.0, float(np.sqrt(most_pixels / box.area)))
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    small = (
        part if scale == 1.0 else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    )
    return View(box, np.ascontiguousarray(small, dtype=np.uint8))
