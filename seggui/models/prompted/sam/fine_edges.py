"""Where a cell of the network covers many pixels, the edge follows the image's colours.

Guided up-sampling (He, Sun and Tang, "Guided Image Filtering", 2013) in its fast form
(He and Sun, "Fast Guided Filter", 2015): a linear model of the chances in red, green
and blue is fitted on a few pixels for each cell and applied to the image's own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box

Floats = NDArray[np.float32]

COARSE = 6.0
"""Pixels along a cell from which this helps: on simulated answers it added 0.017 to
the IoU at 16 pixels, 0.003 at 8 and nothing at 4 (docs/decisions/0011)."""
NEAR = 4.0
"""Logits between which a pixel is still open."""
MOST_OPEN = 0.5
"""A network that is unsure of more of the window than this has drawn no edge."""
PER_CELL = 2
"""Places of the fit along a side of a cell."""
REACH = 2
FLATNESS = 1e-3
SHARE = 0.6
"""Of the fit; the rest is the linear answer."""
TILE = 128


def following(
    logits_hw: Floats, picture_hwc: NDArray[np.uint8], cell_px: float
) -> Floats:
    """Logits whose edge follows the picture; both of the same size.

    ``cell_px`` is the width of one of the network's cells in these pixels.
    """
    near = np.abs(logits_hw) < NEAR
    if cell_px < COARSE or not 0 < near.mean() < MOST_OPEN:
        return logits_hw
    height, width = logits_hw.shape
    shrink = max(1, int(cell_px) // PER_CELL)
    size = (max(1, width // shrink), max(1, height // shrink))
    small: Floats = np.asarray(
        cv2.resize(logits_hw, size, interpolation=cv2.INTER_AREA), dtype=np.float32
    )
    colours = cv2.resize(picture_hwc, size, interpolation=cv2.INTER_AREA)
    slopes = _fitted(colours.astype(np.float32) / 255.0, _chances(small))
    out = logits_hw.copy()
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            tile = Box(left, top, left + TILE, top + TILE).clipped(width, height)
            here = near[tile.slices]
            if here.any():
                drawn = _applied(slopes, picture_hwc, logits_hw, tile)
                out[tile.slices][here] = drawn[here]
    return out


def _applied(
    slopes_hwc: Floats,
    picture_hwc: NDArray[np.uint8],
    logits_hw: Floats,
    tile: Box,
) -> Floats:
    """The fit at the pixels of a tile, mixed with what was there, as logits."""
    height, width = logits_hw.shape
    rows, columns = slopes_hwc.shape[:2]
    step_x, step_y = columns / width, rows / height
    place = np.array(
        [
            [step_x, 0.0, (tile.x0 + 0.5) * step_x - 0.5],
            [0.0, step_y, (tile.y0 + 0.5) * step_y - 0.5],
        ]
    )
    model = cv2.warpAffine(
        slopes_hwc,
        place,
        (tile.width, tile.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    colours = picture_hwc[tile.slices].astype(np.float32) / 255.0
    fit = np.einsum("hwc,hwc->hw", model[..., :3], colours) + model[..., 3]
    mixed = SHARE * fit + (1.0 - SHARE) * _chances(logits_hw[tile.slices])
    mixed = np.clip(mixed, 1e-3, 1.0 - 1e-3)
    return np.asarray(np.log(mixed / (1.0 - mixed)), dtype=np.float32)


def _chances(logits_hw: Floats) -> Floats:
    clipped = np.clip(logits_hw, -10.0, 10.0)
    return np.asarray(1.0 / (1.0 + np.exp(-clipped)), dtype=np.float32)


def _fitted(colours_hwc: Floats, chances_hw: Floats) -> Floats:
    """Slopes for red, green and blue and an offset, axes (y, x, 4)."""
    mean = _around(colours_hwc)
    mean_chance = _around(chances_hw)
    shared = (
        _around(colours_hwc * chances_hw[..., None]) - mean * mean_chance[..., None]
    )
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    products = [colours_hwc[..., i] * colours_hwc[..., j] for i, j in pairs]
    spread = [
        _around(product) - mean[..., i] * mean[..., j]
        for product, (i, j) in zip(products, pairs, strict=True)
    ]
    rr, rg, rb, gg, gb, bb = spread
    rr, gg, bb = rr + FLATNESS, gg + FLATNESS, bb + FLATNESS
    # The inverse of a symmetric matrix of 3 x 3, written out.
    a, b, c = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    d, e, f = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    size = rr * a + rg * b + rb * c
    red, green, blue = shared[..., 0], shared[..., 1], shared[..., 2]
    slopes = np.dstack(
        [
            (a * red + b * green + c * blue) / size,
            (b * red + d * green + e * blue) / size,
            (c * red + e * green + f * blue) / size,
        ]
    )
    offset = mean_chance - np.einsum("hwc,hwc->hw", slopes, mean)
    return _around(np.dstack([slopes, offset]).astype(np.float32))


def _around(values: Floats) -> Floats:
    """Means of the windows around each place."""
    side = 2 * REACH + 1
    means = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(means, dtype=np.float32)
