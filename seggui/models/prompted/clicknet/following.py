"""Following thin objects from window to window, as they run out of each.

A window around the whole of a thin object shows it thinner than a pixel. So it is
looked at closely where it was clicked on, and then wherever it goes on, as in
Januszewski et al., "High-Precision Automated Reconstruction of Neurons with
Flood-Filling Networks" (2018).
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np

from seggui.core.geometry import Box
from seggui.core.prompt import Point
from seggui.models.prompted.clicknet import crops
from seggui.models.prompted.clicknet.channels import SIDE, Asked
from seggui.models.prompted.clicknet.looking import Answer, Seen, Sight, look
from seggui.models.prompted.clicknet.painting import fading, painted
from seggui.models.prompted.corrections import covered
from seggui.models.prompted.pool import Bools, Floats

WANTED = 4.0
"""Pixels of the network's square across an object."""
STEP = 0.6
"""From one window to the next, as a share of its side."""
MOST_WINDOWS, AT_A_CORRECTION = 64, 8
"""Windows that are looked at for a first click, and for one that corrects, at most."""
GAP = 7
"""Pixels of the scene that an object may be broken over."""


class Pieces:
    """What was said of an image window by window, one fading into the next."""

    def __init__(self, sight: Sight, asked: Asked) -> None:
        self._sight, self._sum = sight, np.zeros((sight.height, sight.width), "f4")
        self._weight = np.zeros_like(self._sum)
        self._before = asked.mask
        self.mask, self.box = asked.mask, Box(0, 0, 0, 0)
        self.goes_on = False
        """Whether the object went on where no more windows were to be looked at."""

    def add(self, seen: Seen) -> None:
        whole = Box(0, 0, self._sight.width, self._sight.height)
        part, values = painted(self._sight.scenes.image_hwc, seen, None)
        said = np.zeros((seen.box.height, seen.box.width), np.float32)
        said[part.moved(-seen.box.x0, -seen.box.y0).slices] = values
        weight = fading(seen.box, whole) + np.float32(1e-3)
        self._sum[seen.box.slices] += weight * said
        self._weight[seen.box.slices] += weight
        self.box = self.box.union(seen.box)
        self.mask = self.mask.with_window(seen.box, self.values(seen.box) > 0.5)

    def values(self, box: Box) -> Floats:
        """How likely each pixel is; where nothing was looked at, as it was before."""
        weight = self._weight[box.slices]
        before = self._before.window(box).astype(np.float32)
        said = self._sum[box.slices] / np.maximum(weight, np.float32(1e-6))
        return np.where(weight > 0, said, before)


def close_look(sight: Sight, asked: Asked, width: float, answer: Answer) -> Seen:
    """Look so closely at the newest click that lines of that width can be seen."""
    newest = asked.points[-1]
    side = close_side(width)
    box = crops.window(newest.x, newest.y, side, sight.width, sight.height)
    return look(sight, asked, box, answer)


def close_side(width: float) -> float:
    """Side of a window, in image pixels, in which lines of that width can be seen."""
    return SIDE * width / WANTED


def followed(sight: Sight, asked: Asked, first: Seen, answer: Answer) -> Pieces:
    """Go on from a first look, wherever what it brought runs out of its window."""
    pieces, tried = Pieces(sight, asked), {first.box}
    pieces.add(first)
    waiting = deque([first])
    against = tuple(point for point in asked.points if not point.positive)
    most = MOST_WINDOWS if asked.mask.is_empty else AT_A_CORRECTION
    newest = asked.points[-1] if asked.points else None
    if newest is None or not newest.positive:
        return pieces
    while waiting:
        seen = waiting.popleft()
        for box in _next_windows(seen, sight):
            if box in tried:
                continue
            if len(tried) >= most:
                pieces.goes_on = True
                continue
            tried.add(box)
            start = _start(pieces, box)
            if start is None:
                continue
            found = look(sight, Asked(pieces.mask, (*against, start)), box, answer)
            found = _joined(found, covered(found.scene, pieces.mask) >= 128)
            pieces.add(found)
            waiting.append(found)
    return pieces


def _next_windows(seen: Seen, sight: Sight) -> list[Box]:
    """Windows beside this one, on the sides over which what is new goes on."""
    new, box = seen.mask_hw & ~seen.before_hw, seen.box
    sides = (
        (new[:, :2], (-1, 0)),
        (new[:, -2:], (1, 0)),
        (new[:2], (0, -1)),
        (new[-2:], (0, 1)),
    )
    side = max(box.width, box.height)
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    step, size = STEP * side, (sight.width, sight.height)
    return [
        crops.window(x + across * step, y + down * step, side, *size)
        for line, (across, down) in sides
        if line.any()
    ]


def _start(pieces: Pieces, box: Box) -> Point | None:
    """A click in the middle of what is known of the object in a window."""
    inside = np.pad(pieces.mask.window(box).astype(np.uint8), 1)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = divmod(int(np.argmax(depth)), box.width)
    if not depth[row, column]:
        return None
    return Point(box.x0 + column + 0.5, box.y0 + row + 0.5, positive=True)


def _joined(seen: Seen, known_hw: Bools) -> Seen:
    """Only what hangs together with what is known, over small gaps."""
    near = cv2.dilate(seen.mask_hw.astype(np.uint8), np.ones((GAP, GAP), np.uint8))
    _, labels = cv2.connectedComponents(near, connectivity=8)
    kept = np.unique(labels[known_hw & (labels > 0)])
    others = (labels > 0) & ~np.isin(labels, kept)
    return replace(seen, likely_hw=np.where(others, np.float32(0), seen.likely_hw))
