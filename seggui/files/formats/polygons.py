"""Polygons of foreign annotations, filled into pixels.

A pixel belongs to a polygon when its centre lies inside, by the even-odd rule; edges
that cross each other leave holes, as in other readers of COCO.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import InvalidMask

Points = NDArray[np.float64]

FARTHEST = 1e7
MOST_CROSSINGS = 4_000_000


def mask_of_polygons(polygons: list[Points], height: int, width: int) -> Mask:
    """Return the union of polygons, each ``points_xy`` of shape (n, 2).

    What lies outside the image is cut off. Raises ``InvalidMask`` for coordinates
    that are no numbers or absurdly far away.
    """
    mask = Mask.empty(height, width)
    for points_xy in polygons:
        if not np.isfinite(points_xy).all() or np.abs(points_xy).max() > FARTHEST:
            raise InvalidMask("A polygon holds coordinates that no image has.")
        box, window = _filled(points_xy, height, width)
        if not box.empty:
            mask = mask.painted(box, window)
    return mask


def _filled(
    points_xy: Points, height: int, width: int
) -> tuple[Box, NDArray[np.bool_]]:
    """The polygon's pixels inside its box, which is cut to the image."""
    low, high = np.floor(points_xy.min(axis=0)), np.ceil(points_xy.max(axis=0))
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    box = box.clipped(width, height)
    if box.empty:
        return box, np.zeros((0, 0), dtype=bool)
    rows, xs = _crossings(points_xy, box)
    # Each crossing toggles all pixels whose centre lies right of it.
    columns = np.clip(np.ceil(xs - 0.5), box.x0, box.x1).astype(np.int64) - box.x0
    # Counts may wrap at 256, which is even: only their parity is wanted.
    toggles = np.zeros((box.height, box.width + 1), dtype=np.uint8)
    np.add.at(toggles, (rows - box.y0, columns), 1)
    np.cumsum(toggles, axis=1, dtype=np.uint8, out=toggles)
    return box, toggles[:, :-1] % 2 == 1


def _crossings(points_xy: Points, box: Box) -> tuple[NDArray[np.int64], Points]:
    """Rows, and x where an edge passes the middle of that row."""
    start, end = points_xy, np.roll(points_xy, -1, axis=0)
    swap = (start[:, 1] > end[:, 1])[:, None]
    top, bottom = np.where(swap, end, start), np.where(swap, start, end)
    # Rows whose middle lies in [top, bottom): a shared corner counts once.
    first = np.maximum(np.ceil(top[:, 1] - 0.5), box.y0).astype(np.int64)
    last = np.minimum(np.ceil(bottom[:, 1] - 0.5), box.y1).astype(np.int64)
    counts = np.maximum(last - first, 0)
    total = int(counts.sum())
    if total > MOST_CROSSINGS:
        raise InvalidMask(f"A polygon of {len(points_xy):,} points is too tangled.")
    edge = np.repeat(np.arange(len(counts)), counts)
    offset = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = first[edge] + offset
    rise = np.where(counts > 0, bottom[:, 1] - top[:, 1], 1.0)
    slope = (bottom[:, 0] - top[:, 0]) / rise
    xs = top[edge, 0] + (rows + 0.5 - top[edge, 1]) * slope[edge]
    return rows, xs
