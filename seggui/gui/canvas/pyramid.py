"""The image at every power of two, made when first needed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box

Bytes = NDArray[np.uint8]

COARSEST_LEVEL = 8
"""A tile of a mask is 256 pixels wide, so level 8 still gives it one pixel."""


def level_for(scale: float) -> int:
    """The level to draw from; its pixels are 1 to 2 times as fine as the screen's."""
    return min(max(math.floor(-math.log2(scale)), 0), COARSEST_LEVEL)


class ImagePyramid:
    """Level ``k`` shows each square of ``2**k`` pixels as its mean colour.

    Level 0 is the image as given (RGB, not copied); the others are BGRA, the order
    of Qt's 32-bit images in memory.
    """

    def __init__(self, image_hwc: Bytes) -> None:
        self._image_hwc = image_hwc
        self._levels: list[Bytes] = []
        self.height, self.width = image_hwc.shape[:2]

    def crop(self, level: int, box: Box) -> Bytes:
        """The pixels of ``box`` (in pixels of that level) as BGRA, axes (y, x, 4)."""
        if level == 0:
            return _bgra(self._image_hwc[box.slices])
        return self._level(level)[box.slices]

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
