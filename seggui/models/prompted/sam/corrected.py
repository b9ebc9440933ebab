"""An answer brought together with the mask before it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point


def kept_elsewhere(answer: Mask, before: Mask, points: tuple[Point, ...]) -> Mask:
    """Take from an answer only the changes that a point asks for.

    A mask that something else made is not the network's to redraw: a positive point
    adds the part of the answer that it lies on, a negative one takes away the part that
    the answer leaves out there (the progressive merge of Chen et al., "FocalClick",
    2022).
    """
    for positive in (True, False):
        clicks = [
            p
            for p in points
            if p.positive == positive and before.contains(p.x, p.y) != positive
        ]
        if not clicks:
            continue
        change = answer.difference(before) if positive else before.difference(answer)
        if change.is_empty:  # on which OpenCV would crash
            continue
        box = change.bbox
        part = _parts_at(change.window(box), box, clicks)
        before = before.painted(box, part) if positive else before.erased(box, part)
    return before


def _parts_at(
    pixels_hw: NDArray[np.bool_], box: Box, clicks: list[Point]
) -> NDArray[np.bool_]:
    """The connected parts of a window that hold one of the clicks."""
    _, labels = cv2.connectedComponents(pixels_hw.astype(np.uint8), connectivity=8)
    found = {
        int(labels[int(p.y) - box.y0, int(p.x) - box.x0])
        for p in clicks
        if box.contains(p.x, p.y)
    } - {0}
    return np.isin(labels, list(found))
