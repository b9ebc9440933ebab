"""Which window of the image the network looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.models.prompted.clicknet.channels import SIDE
from seggui.models.prompted.pool import Scene
from seggui.models.prompted.scenes import scene_of

MOST_ZOOM = 4.0
"""Pixels of the network's square for one of the image, at most."""
LEAST_SIDE = SIDE / MOST_ZOOM


def window(x: float, y: float, side: float, width: int, height: int) -> Box:
    """A square around an image point, moved into the image and cut to it."""
    across = max(1, round(max(side, LEAST_SIDE)))
    left = min(max(round(x - across / 2), 0), max(0, width - across))
    top = min(max(round(y - across / 2), 0), max(0, height - across))
    return Box(left, top, left + across, top + across).clipped(width, height)


def scale_of(box: Box) -> float:
    return min(MOST_ZOOM, SIDE / max(box.width, box.height))


def scene_on(image_hwc: NDArray[np.uint8], box: Box) -> Scene:
    """Look at a window of an RGB image so that it fits the network's square."""
    return scene_of(image_hwc, box, scale_of(box))
