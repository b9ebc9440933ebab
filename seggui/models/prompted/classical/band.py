"""The edge of a region found on a smaller picture, settled on the full image.

Only a band around the edge is looked at. In it each pixel is compared with the colours
just inside and just outside, as in local colour models for cut-outs (Bai, Wang,
Simons and Sapiro, "Video SnapCut", 2009); where those are alike, the enlarged edge
stays where it is. The work is done tile by tile, so it grows with the length of the
edge and not with the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import TILE, Bools, Mask, Tile, TileKey, tile_of
from seggui.core.ports import Report
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View

_SURE = 0.9
"""From here on a pixel is beyond doubt, and so below one minus this."""
_SOFTNESS = 0.8
"""Blur of the small edge, in its own pixels; the band is about thrice as wide."""
_NOISE = 5.0
"""Grey levels by which colours differ for no reason."""
_LOUDEST = 4.0
"""Log odds that a colour counts for at most."""
_NO_GAIN = 1.25
"""A view this near to the pixels of the image needs no settling."""


def enlarged(share_hw: Floats, view: View, picture: Picture, report: Report) -> Mask:
    """The mask of what is more object than not, at the pixels of the image.

    ``share_hw`` says for each pixel of the view how much of it is object, 0 to 1.
    """
    if view.pixel_px <= _NO_GAIN:
        size = (view.box.width, view.box.height)
        large = (
            np.asarray(cv2.resize(share_hw, size)) if view.pixel_px > 1 else share_hw
        )
        return Mask.from_window(picture.height, picture.width, view.box, large >= 0.5)
    soft = np.asarray(cv2.GaussianBlur(share_hw, (0, 0), _SOFTNESS), dtype=np.float32)
    tiles: dict[TileKey, Tile | None] = {}
    cells = list(_cells(view.box))
    for count, (key, cell) in enumerate(cells):
        if count % 16 == 0:
            report(count, len(cells), "settling the edge")
        pixels = _settled(soft, view, picture.image_hwc, cell)
        if pixels is not None:
            tiles[key] = tile_of(_in_tile(pixels, key, cell, picture))
    return Mask.empty(picture.height, picture.width).with_tiles(tiles)


def _cells(box: Box) -> Iterator[tuple[TileKey, Box]]:
    for row in range(box.y0 // TILE, (box.y1 - 1) // TILE + 1):
        for column in range(box.x0 // TILE, (box.x1 - 1) // TILE + 1):
            x, y = column * TILE, row * TILE
            yield (row, column), Box(x, y, x + TILE, y + TILE).intersection(box)


def _in_tile(pixels_hw: Bools, key: TileKey, cell: Box, picture: Picture) -> Bools:
    x, y = key[1] * TILE, key[0] * TILE
    whole = Box(x, y, x + TILE, y + TILE).clipped(picture.width, picture.height)
    if whole == cell:
        return pixels_hw
    out = np.zeros((whole.height, whole.width), dtype=bool)
    out[cell.moved(-x, -y).slices] = pixels_hw
    return out


def _settled(soft: Floats, view: View, image_hwc: Bytes, cell: Box) -> Bools | None:
    """The object's pixels in a cell; None where there are none."""
    near = _small_part(soft, view, cell)
    if near.max() < 1 - _SURE:
        return None
    if near.min() > _SURE:
        return np.ones((cell.height, cell.width), dtype=bool)
    margin = int(np.ceil(3 * view.pixel_px)) + 2
    room = cell.grown(margin).intersection(view.box)
    share = _large_part(soft, view, room)
    odds = _colour_odds(
        image_hwc[room.slices], share, int(np.ceil(2.5 * view.pixel_px))
    )
    prior = np.clip(share, 0.02, 0.98)
    total = np.log(prior / (1 - prior)) + odds
    # Single pixels do not stand against their neighbours.
    total = np.asarray(cv2.GaussianBlur(total, (0, 0), 0.8), dtype=np.float32)
    pixels = np.where(
        share > _SURE, True, np.where(share < 1 - _SURE, False, total > 0)
    )
    inner = cell.moved(-room.x0, -room.y0)
    return np.ascontiguousarray(pixels[inner.slices])


def _small_part(soft: Floats, view: View, cell: Box) -> Floats:
    """The pixels of the view that a cell is interpolated from."""
    x0 = int((cell.x0 - view.box.x0) / view.across - 0.5)
    x1 = int((cell.x1 - view.box.x0) / view.across + 0.5) + 1
    y0 = int((cell.y0 - view.box.y0) / view.down - 0.5)
    y1 = int((cell.y1 - view.box.y0) / view.down + 0.5) + 1
    return soft[max(0, y0) : y1, max(0, x0) : x1]


def _large_part(soft: Floats, view: View, room: Box) -> Floats:
    """The view stretched over a part of the image, between its pixels."""
    place = np.array(
        [
            [1 / view.across, 0, (room.x0 - view.box.x0 + 0.5) / view.across - 0.5],
            [0, 1 / view.down, (room.y0 - view.box.y0 + 0.5) / view.down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (room.width, room.height)
    large = cv2.warpAffine(
        soft, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(large, dtype=np.float32)


def _colour_odds(image_hwc: Bytes, share: Floats, reach_px: int) -> Floats:
    """How much more a pixel's colour is that of the object near by, as log odds."""
    colours = image_hwc.astype(np.float32)
    size = (2 * reach_px + 1, 2 * reach_px + 1)
    apart: list[NDArray[np.float32]] = []
    spread: Floats = np.full(share.shape, 2 * _NOISE * _NOISE, dtype=np.float32)
    known = np.ones(share.shape, dtype=bool)
    squares = _squared(colours)
    for side in (share > _SURE, share < 1 - _SURE):
        weight = side.astype(np.float32)
        total = cv2.blur(weight, size)
        known &= total > 0.02
        safe = np.maximum(total, 1e-3)
        mean = cv2.blur(colours * weight[..., None], size) / safe[..., None]
        variance = cv2.blur(squares * weight, size) / safe - _squared(mean)
        spread += np.maximum(variance, 0.0)
        apart.append(_squared(colours - mean))
    odds = (apart[1] - apart[0]) / spread
    return np.asarray(
        np.where(known, np.clip(odds, -_LOUDEST, _LOUDEST), 0.0), np.float32
    )


def _squared(vectors_hwc: NDArray[np.floating[Any]]) -> Floats:
    """The squared length of each pixel's vector (a plain sum over 3 is slow)."""
    return np.asarray(np.einsum("hwc,hwc->hw", vectors_hwc, vectors_hwc))
