"""Pictures of validation images: the image, the truth and the prediction."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import colour_number
from seggui.models.full_image import shrunk
from seggui.training.samples import IGNORE, nearest

SIDE = 384
GAP = 6
OPACITY = 0.5
IGNORED_RGB = (128, 128, 128)


def side_by_side(
    image_hwc: NDArray[np.uint8],
    truth_hw: NDArray[np.integer],
    prediction_hw: NDArray[np.integer],
) -> NDArray[np.uint8]:
    """Return image, truth and prediction beside each other, RGB, axes (y, x, 3).

    Both maps hold colour numbers, 0 for nothing; 255 in the truth is greyed out.
    """
    small = shrunk(image_hwc, SIDE)
    size = (small.shape[0], small.shape[1])
    gap = np.full((size[0], GAP, 3), 255, np.uint8)
    parts: Sequence[NDArray[np.uint8]] = (
        small,
        gap,
        _coloured(small, nearest(truth_hw, size)),
        gap,
        _coloured(small, nearest(prediction_hw, size)),
    )
    return np.concatenate(parts, axis=1)


def as_png(picture_hwc: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture_hwc, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError(f"no picture of shape {picture_hwc.shape}")
    return bytes(data)


def _coloured(
    image_hwc: NDArray[np.uint8], numbers_hw: NDArray[np.integer]
) -> NDArray[np.uint8]:
    out = image_hwc.copy()
    for number in np.unique(numbers_hw):
        if number == 0:
            continue
        here = numbers_hw == number
        colour = IGNORED_RGB if number == IGNORE else colour_number(int(number) - 1)
        mixed = OPACITY * image_hwc[here] + (1 - OPACITY) * np.array(colour)
        out[here] = np.rint(mixed)
        edge = here & (cv2.erode(here.astype(np.uint8), np.ones((3, 3))) == 0)
        out[edge] = colour
    return out
