"""One number per pixel, at every power of two: what index layers are drawn from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import TILE, TileKey
from seggui.gui.canvas.pyramid import COARSEST_LEVEL

Numbers = NDArray[np.uint16]


class IndexMap:
    """Numbers on the pixel grid; 0 is nothing.

    A pixel of level ``k`` is the largest number among its ``2**k`` x ``2**k``
    pixels, so that a thin object stays visible from afar. Coarser levels follow an
    edit when they are next drawn, tile by tile.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        # Pages that are never written are never allocated, so an index map of a
        # large image with few segments stays small.
        self._levels: list[Numbers] = [np.zeros((height, width), dtype=np.uint16)]
        self._behind: list[set[TileKey]] = [set() for _ in range(COARSEST_LEVEL + 1)]
        self._used: set[TileKey] = set()
        self._bounds: Box | None = None

    @property
    def bounds(self) -> Box:
        """A box of whole tiles around everything that is not 0."""
        if self._bounds is None:
            box = Box(0, 0, 0, 0)
            for row, col in self._used:
                x0, y0 = col * TILE, row * TILE
                box = box.union(Box(x0, y0, x0 + TILE, y0 + TILE))
            self._bounds = box.clipped(self.width, self.height)
        return self._bounds

    def cell(self, key: TileKey) -> Box:
        """The pixels of a tile."""
        x0, y0 = key[1] * TILE, key[0] * TILE
        return Box(x0, y0, x0 + TILE, y0 + TILE).clipped(self.width, self.height)

    def put_tile(self, key: TileKey, numbers_hw: Numbers) -> Box:
        """Replace one tile; returns the box of the pixels that became different."""
        cell = self.cell(key)
        old = self._levels[0][cell.slices]
        differs = old != numbers_hw
        rows = np.flatnonzero(differs.any(axis=1))
        if not len(rows):
            return Box(0, 0, 0, 0)
        cols = np.flatnonzero(differs.any(axis=0))
        old[...] = numbers_hw
        for behind in self._behind[1:]:
            behind.add(key)
        self._mark_used(key, used=bool(numbers_hw.any()))
        changed = Box(int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1)
        return changed.moved(cell.x0, cell.y0)

    def put_window(self, box: Box, numbers_hw: Numbers) -> None:
        """Replace the pixels of a box that lies on the image; axes (y, x)."""
        if box.empty:
            return
        for row in range(box.y0 // TILE, -(-box.y1 // TILE)):
            for col in range(box.x0 // TILE, -(-box.x1 // TILE)):
                cell = self.cell((row, col))
                part = cell.intersection(box)
                tile = self._levels[0][cell.slices].copy()
                inner = numbers_hw[part.moved(-box.x0, -box.y0).slices]
                tile[part.moved(-cell.x0, -cell.y0).slices] = inner
                self.put_tile((row, col), tile)

    def clear(self) -> None:
        """Make everything 0."""
        for key in tuple(self._used):
            cell = self.cell(key)
            self.put_tile(key, np.zeros((cell.height, cell.width), dtype=np.uint16))

    def level(self, level: int) -> Numbers:
        """The numbers of a level, brought up to date; axes (y, x)."""
        while len(self._levels) <= level:
            step = 1 << len(self._levels)
            shape = (-(-self.height // step), -(-self.width // step))
            self._levels.append(np.zeros(shape, dtype=np.uint16))
        for coarser in range(1, level + 1):
            self._catch_up(coarser)
        return self._levels[level]

    def at(self, x: int, y: int) -> int:
        return int(self._levels[0][y, x])

    def _catch_up(self, level: int) -> None:
        behind, self._behind[level] = self._behind[level], set()
        fine, coarse = self._levels[level - 1], self._levels[level]
        for row, col in behind:
            big, small = TILE >> (level - 1), TILE >> level
            source = fine[row * big : (row + 1) * big, col * big : (col + 1) * big]
            target = coarse[
                row * small : (row + 1) * small, col * small : (col + 1) * small
            ]
            _largest_of_four(source, target)

    def _mark_used(self, key: TileKey, *, used: bool) -> None:
        if used != (key in self._used):
            self._bounds = None
            (self._used.add if used else self._used.discard)(key)


def _largest_of_four(fine_hw: Numbers, coarse_hw: Numbers) -> None:
    """Fill ``coarse_hw`` with the largest number of each 2 x 2 square."""
    coarse_hw[...] = fine_hw[::2, ::2]
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        part = fine_hw[dy::2, dx::2]
        inner = coarse_hw[: part.shape[0], : part.shape[1]]
        np.maximum(inner, part, out=inner)


def joined(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them."""
    out = Box(0, 0, 0, 0)
    for box in boxes:
        out = out.union(box)
    return out
