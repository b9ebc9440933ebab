"""Windows of an image at the scale that suits what is looked at."""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.ports import Report, unwatched
from seggui.models.prompted.boundaries import look_at
from seggui.models.prompted.pool import Scene
from seggui.models.prompted.regions import leaves_of

PIXELS = 120_000
"""Pixels of a scene, about."""
SIDE = 352
"""Pixels along a close scene."""
MOST_ZOOM = 2.0
FINE, COARSE = 1.5, 4.0
SEED_REACH = 5
KEPT = 8
STEPS, LOOKING = 3, "Looking at the image"


class Scenes:
    """The scenes of one image; close ones are made when first asked for.

    Close scenes lie on a fixed lattice, so an answer does not depend on what was
    asked before.
    """

    def __init__(
        self, image_hwc: NDArray[np.uint8], report: Report = unwatched
    ) -> None:
        self.image_hwc = image_hwc
        self.height, self.width = image_hwc.shape[:2]
        self._close: OrderedDict[tuple[int, int, int], Scene] = OrderedDict()
        self.scale = min(MOST_ZOOM, float(np.sqrt(PIXELS / (self.height * self.width))))
        whole = Box(0, 0, self.width, self.height)
        self.whole = scene_of(image_hwc, whole, self.scale, report)
        report(2, STEPS, LOOKING)
        self.whole.prepare()

    @property
    def deepest(self) -> int:
        """The number of doublings of scale that close scenes come in."""
        return max(0, int(np.ceil(np.log2(MOST_ZOOM / self.scale) - 1e-9)))

    def scale_at(self, level: int) -> float:
        return self.scale if level == 0 else min(self.scale * 2.0**level, MOST_ZOOM)

    def level_for(self, side: float) -> int:
        """The level at which ``side`` image pixels fill a third of a scene."""
        wanted = np.log2(SIDE / 3.0 / max(side, 1.0) / self.scale)
        return int(np.clip(np.floor(wanted), 0, self.deepest))

    def around(self, x: float, y: float, level: int) -> Scene:
        """The scene of that level whose centre is nearest to an image point."""
        if level == 0:
            return self.whole
        side = round(SIDE / self.scale_at(level))
        step = max(1, side // 4)
        column, row = round(x / step), round(y / step)
        key = (level, row, column)
        if key not in self._close:
            left = min(max(column * step - side // 2, 0), max(0, self.width - side))
            top = min(max(row * step - side // 2, 0), max(0, self.height - side))
            box = Box(left, top, left + side, top + side)
            box = box.clipped(self.width, self.height)
            self._close[key] = scene_of(self.image_hwc, box, self.scale_at(level))
            while len(self._close) > KEPT:
                self._close.popitem(last=False)
        self._close.move_to_end(key)
        return self._close[key]


def scene_of(
    image_hwc: NDArray[np.uint8], box: Box, scale: float, report: Report = unwatched
) -> Scene:
    """Look at a window of an RGB image, ``scale`` pixels of scene for one of image."""
    part = image_hwc[box.slices]
    width, height = (
        max(1, round(box.width * scale)),
        max(1, round(box.height * scale)),
    )
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    small: NDArray[np.uint8] = np.asarray(
        cv2.resize(part, (width, height), interpolation=how), dtype=np.uint8
    )
    report(0, STEPS, LOOKING)
    look = look_at(small, FINE, COARSE)
    report(1, STEPS, LOOKING)
    area = image_hwc.shape[0] * image_hwc.shape[1] * scale * scale
    return Scene(box, part, look, leaves_of(look, SEED_REACH), area)
