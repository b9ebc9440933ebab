"""Pixels of any kind as 8-bit RGB: what the canvas shows and models see.

The rule: 8-bit values stay as they are. Everything else is stretched so that the
0.1 % darkest and 0.1 % brightest values become black and white, over all channels
together. Transparency lies over mid-grey. Of more than four channels the first three
are red, green and blue; of two without transparency the first is grey. Values that
are no number are black.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seggui.files.image_kinds import Alpha

Pixels = NDArray[Any]
Bytes = NDArray[np.uint8]

BACKDROP = 128
_LOW, _HIGH = 0.1, 99.9
_MOST_SAMPLED = 1_000_000
_ROWS_AT_ONCE_BYTES = 8 * 2**20


def to_rgb(pixels: Pixels, alpha: Alpha) -> Bytes:
    """Return axes (y, x, 3), uint8, contiguous; the same array where it is that."""
    colour, cover = split_alpha(pixels, alpha)
    shown = _three(_to_bytes(colour))
    if cover is None:
        return np.ascontiguousarray(shown)
    return _over_backdrop(shown, _cover_to_bytes(cover), alpha)


def split_alpha(pixels: Pixels, alpha: Alpha) -> tuple[Pixels, Pixels | None]:
    """Return the colour channels that are shown, and the coverage or None."""
    if pixels.ndim == 2:
        return pixels, None
    cover = None
    if alpha != "none":
        pixels, cover = pixels[..., :-1], pixels[..., -1]
    count = pixels.shape[2]
    if count in (1, 2):
        return pixels[..., 0], cover
    return pixels[..., :3], cover


def shows_through(cover: Pixels) -> bool:
    """Whether any pixel is not wholly covered; many files carry an opaque alpha."""
    return int(_cover_to_bytes(cover).min(initial=255)) < 255


def value_range(colour: Pixels) -> tuple[float, float]:
    """The values shown as black and white, from at most a million samples."""
    flat = colour.reshape(-1)
    sample = flat[:: max(1, flat.size // _MOST_SAMPLED)]
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = np.percentile(sample.astype(np.float64), (_LOW, _HIGH))
    return float(low), float(high)


def _to_bytes(colour: Pixels) -> Bytes:
    if colour.dtype == np.uint8:
        return colour
    low, high = value_range(colour)
    if colour.dtype == np.uint16:
        table = _stretched(np.arange(65536, dtype=np.float32), low, high)
        return table[colour]
    out = np.empty(colour.shape, dtype=np.uint8)
    rows = max(1, _ROWS_AT_ONCE_BYTES // max(1, 4 * colour[:1].size))
    for y in range(0, colour.shape[0], rows):
        out[y : y + rows] = _stretched(colour[y : y + rows], low, high)
    return out


def _stretched(values: Pixels, low: float, high: float) -> Bytes:
    if high > low:
        # In float64, where neither large values nor their range overflow.
        scaled = (values.astype(np.float64) - low) * (255.0 / (high - low))
    else:
        scaled = np.where(values == 0, 0.0, float(BACKDROP))
    clean = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0)
    shown: Bytes = (np.clip(clean, 0.0, 255.0) + 0.5).astype(np.uint8)
    return shown


def _cover_to_bytes(cover: Pixels) -> Bytes:
    if cover.dtype == np.uint8:
        return cover
    if cover.dtype.kind == "f":
        clean = np.nan_to_num(cover.astype(np.float32), nan=0.0)
        return (np.clip(clean, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    top = float(np.iinfo(cover.dtype).max)
    scaled = np.clip(cover.astype(np.float64) / top, 0.0, 1.0)
    shown: Bytes = (scaled * 255.0 + 0.5).astype(np.uint8)
    return shown


def _three(shown: Bytes) -> Bytes:
    if shown.ndim == 3:
        return shown
    height, width = shown.shape
    out = np.empty((height, width, 3), dtype=np.uint8)
    out[...] = shown[..., None]
    return out


def _over_backdrop(shown: Bytes, cover: Bytes, alpha: Alpha) -> Bytes:
    if int(cover.min(initial=255)) == 255:
        return np.ascontiguousarray(shown)
    weight = cover[..., None].astype(np.uint16)
    colour = shown.astype(np.uint16)
    if alpha == "straight":
        colour = colour * weight // 255
    mixed = colour + BACKDROP * (255 - weight) // 255
    out: Bytes = np.minimum(mixed, 255).astype(np.uint8)
    return out
