"""Disturbances of light, colour, sharpness and shape of training pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Random = np.random.Generator


def disturbed(
    image_hwc: Bytes, masks: list[Bytes], draw: Random, *, alike: bool = False
) -> tuple[Bytes, list[Bytes]]:
    """Turn and stretch a picture with its masks, and change its light and colours.

    With ``alike`` it stays one of its kind: colours are not swapped, dropped or turned
    into their opposites.
    """
    if draw.random() < 0.4:
        image_hwc, masks = _turned(image_hwc, masks, draw)
    image = image_hwc.astype(np.float32)
    image = _lit(image, draw)
    kind = 1.0 if alike else draw.random()
    if kind < 0.10:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    elif kind < 0.14:
        image = 255.0 - image
    elif kind < 0.20:
        image = image[..., draw.permutation(3)]
    if draw.random() < 0.2:
        blurred = cv2.GaussianBlur(image, (0, 0), draw.uniform(0.3, 1.4))
        image = np.asarray(blurred, dtype=np.float32)
    if draw.random() < 0.25:
        noise = draw.normal(0, draw.uniform(1, 14), image.shape)
        image = image + noise.astype(np.float32)
    out = np.clip(image, 0, 255).astype(np.uint8)
    if draw.random() < 0.15:
        quality = int(draw.integers(30, 90))
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(out), masks


def _lit(image: NDArray[np.float32], draw: Random) -> NDArray[np.float32]:
    gamma = float(np.exp(draw.normal(0, 0.22)))
    image = 255.0 * (np.clip(image, 0, 255) / 255.0) ** gamma
    mean = image.mean()
    image = (image - mean) * np.exp(draw.normal(0, 0.2)) + mean + draw.normal(0, 14)
    grey = image.mean(axis=2, keepdims=True)
    image = grey + (image - grey) * np.exp(draw.normal(0, 0.3))
    return np.asarray(image * np.exp(draw.normal(0, 0.06, 3)), dtype=np.float32)


def _turned(
    image_hwc: Bytes, masks: list[Bytes], draw: Random
) -> tuple[Bytes, list[Bytes]]:
    height, width = image_hwc.shape[:2]
    middle = (width / 2, height / 2)
    turn = cv2.getRotationMatrix2D(
        middle, draw.normal(0, 18), np.exp(draw.normal(0, 0.08))
    )
    stretch = np.exp(draw.normal(0, 0.12))
    turn[0] *= stretch
    turn[0, 2] += middle[0] * (1 - stretch)
    image = cv2.warpAffine(
        image_hwc, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101
    )
    moved = [
        np.asarray(
            cv2.warpAffine(m, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101),
            np.uint8,
        )
        for m in masks
    ]
    return np.asarray(image, np.uint8), moved
