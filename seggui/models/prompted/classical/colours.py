"""The colour spaces in which a method may compare colours."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from seggui.core.parameters import Parameter
from seggui.models.prompted.classical.pictures import Bytes

SPACES: dict[str, tuple[str, Callable[[Bytes], Bytes]]] = {
    "rgb": ("RGB", lambda image: image),
    "lab": ("Lab", lambda image: _converted(image, cv2.COLOR_RGB2LAB)),
    "hsv": ("HSV", lambda image: _converted(image, cv2.COLOR_RGB2HSV_FULL)),
    "grey": ("Grey", lambda image: _converted(image, cv2.COLOR_RGB2GRAY)),
}
"""Titles and conversions of RGB bytes, axes (y, x, 3), to bytes of (y, x, channel)."""

CHANNELS: dict[str, tuple[str, str, int]] = {
    "grey": ("Grey", "grey", 0),
    "red": ("Red", "rgb", 0),
    "green": ("Green", "rgb", 1),
    "blue": ("Blue", "rgb", 2),
    "hue": ("Hue", "hsv", 0),
    "saturation": ("Saturation", "hsv", 1),
    "lightness": ("Lightness", "lab", 0),
    "a": ("Green to red (a)", "lab", 1),
    "b": ("Blue to yellow (b)", "lab", 2),
}
"""Titles, spaces and places of single channels."""


def space_parameter(default: str) -> Parameter:
    return Parameter(
        "space",
        "Colour space",
        default,
        choices=tuple((name, title) for name, (title, _) in SPACES.items()),
        hint="How colours are compared. Lab is nearest to the eye.",
    )


def in_space(image_hwc: Bytes, space: str) -> Bytes:
    return SPACES[space][1](image_hwc)


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
