"""The colour spaces in which a method may compare colours."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from seggui.models.prompted.classical.pictures import Bytes

_CONVERSIONS: dict[str, Callable[[Bytes], Bytes]] = {
    "rgb": lambda image: image,
    "lab": lambda image: _converted(image, cv2.COLOR_RGB2LAB),
    "hsv": lambda image: _converted(image, cv2.COLOR_RGB2HSV_FULL),
    "grey": lambda image: _converted(image, cv2.COLOR_RGB2GRAY),
}


def in_space(image_hwc: Bytes, space: str) -> Bytes:
    """RGB bytes, axes (y, x, 3), as bytes of (y, x, channel) of a space of the rows."""
    return _CONVERSIONS[space](image_hwc)


def turned(values_hwc: Bytes, space: str, hue: int) -> Bytes:
    """HSV with the hue in the middle of its range, so that red is not its end."""
    if space != "hsv":
        return values_hwc
    out = values_hwc.copy()
    # Bytes wrap, and so does the hue over their full range.
    out[..., 0] += np.uint8((128 - hue) % 256)
    return out


def _converted(image_hwc: Bytes, code: int) -> Bytes:
    found = np.asarray(cv2.cvtColor(image_hwc, code), dtype=np.uint8)
    return np.ascontiguousarray(found.reshape(*found.shape[:2], -1))
