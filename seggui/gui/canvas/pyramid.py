"""The image at every power of two, made when first needed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box

Bytes = NDArray[np.uint8]

_BLOCK = 512
COARSEST_LEVEL = 8
"""A tile of a mask is 256 pixels wide, so level 8 still gives it one pixel."""


def level_for(scale: float) -> int:
    """The level to draw from; its pixels are 1 to 2 times as fine as the screen's."""
    return min(max(math.floor(-math.log2(scale)), 0), COARSEST_LEVEL)


class ImagePyramid:
    """Level ``k`` shows each square of ``2**k`` pixels as its mean colour.

    Levels are BGRA, the order of Qt's 32-bit images in memory. Level 0 is turned into
    it block by block, where it is looked at; the image (RGB) is not changed.
    """

    def __init__(self, image_hwc: Bytes) -> None:
        self.height, self.width = image_hwc.shape[:2]
        self._image_hwc = image_hwc
        # Memory that is never looked at is never given out by the system.
        self._base = np.empty((self.height, self.width, 4), np.uint8)
        rows, cols = -(-self.height // _BLOCK), -(-self.width // _BLOCK)
        self._turned = np.zeros((rows, cols), dtype=bool)
        self._levels: list[Bytes] = []

    def crop(self, level: int, box: Box) -> Bytes:
        """The pixels of ``box`` (in pixels of that level) as BGRA, axes (y, x, 4)."""
        if level > 0:
            return self._level(level)[box.slices]
        blocks = self._turned[
            box.y0 // _BLOCK : -(-box.y1 // _BLOCK),
            box.x0 // _BLOCK : -(-box.x1 // _BLOCK),
        ]
        for row, col in np.argwhere(~blocks):
            self._turn(box.y0 // _BLOCK + int(row), box.x0 // _BLOCK + int(col))
        return self._base[box.slices]

    def prepare(self, blocks: int) -> bool:
        """Turn some more blocks ahead of their use; False when all are turned."""
        waiting = np.argwhere(~self._turned)
        for row, col in waiting[:blocks]:
            self._turn(int(row), int(col))
        return len(waiting) > blocks

    def _turn(self, row: int, col: int) -> None:
        x0, y0 = col * _BLOCK, row * _BLOCK
        block = Box(x0, y0, x0 + _BLOCK, y0 + _BLOCK).clipped(self.width, self.height)
        self._base[block.slices] = _bgra(self._image_hwc[block.slices])
        self._turned[row, col] = True

    def size(self, level: int) -> tuple[int, int]:
        """Width and height of a level."""
        side = 1 << level
        return -(-self.width // side), -(-self.height // side)

    def _level(self, level: int) -> Bytes:
        while len(self._levels) < level:
            if self._levels:
                self._levels.append(_halved(self._levels[-1]))
            else:
                self._levels.append(_bgra(_halved(self._image_hwc)))
        return self._levels[level - 1]


def _bgra(image_hwc: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGRA), dtype=np.uint8)


def _halved(image_hwc: Bytes) -> Bytes:
    """Return the mean of each 2 x 2 square; an odd edge is doubled first."""
    height, width = image_hwc.shape[:2]
    even: object = image_hwc
    if height % 2 or width % 2:
        even = cv2.copyMakeBorder(
            image_hwc, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE
        )
    size = ((width + 1) // 2, (height + 1) // 2)
    half = cv2.resize(np.asarray(even), size, interpolation=cv2.INTER_AREA)
    return np.asarray(half, dtype=np.uint8)
