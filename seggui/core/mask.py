"""The pixels of a segment: an immutable grid of tiles.

An edit makes a new mask that shares every untouched tile with the old one, so the
cost of a brush dab depends on the dab and not on the image, and undo is keeping the
old mask. A tile is absent (no pixel), full (every pixel) or a read-only bool array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box

TILE = 256

Bools = NDArray[np.bool_]
TileKey = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """Pixels of one grid cell; ``pixels_hw`` is None when all of them are set."""

    height: int
    width: int
    area: int
    pixels_hw: Bools | None

    # Tiles travel between processes with each gesture: eight pixels to a byte, and
    # read-only again on the other side, which arrays by themselves are not.
    def __reduce__(self) -> tuple[object, ...]:
        packed = None if self.pixels_hw is None else np.packbits(self.pixels_hw)
        return (_unpacked, (self.height, self.width, self.area, packed))

    @property
    def full(self) -> bool:
        return self.pixels_hw is None

    @property
    def nbytes(self) -> int:
        return 0 if self.pixels_hw is None else self.pixels_hw.nbytes

    def dense(self) -> Bools:
        """The pixels as an array, axes (y, x); read-only unless the tile is full."""
        if self.pixels_hw is None:
            return np.ones((self.height, self.width), dtype=bool)
        return self.pixels_hw

    def same_pixels(self, other: Tile) -> bool:
        if self is other:
            return True
        if self.area != other.area:
            return False
        return bool(np.array_equal(self.dense(), other.dense()))


def _unpacked(
    height: int, width: int, area: int, packed: NDArray[np.uint8] | None
) -> Tile:
    if packed is None:
        return Tile(height, width, area, None)
    flat = np.unpackbits(packed, count=height * width).view(np.bool_)
    pixels = flat.reshape(height, width)
    pixels.flags.writeable = False
    return Tile(height, width, area, pixels)


def tile_of(pixels_hw: Bools) -> Tile | None:
    """Return the tile for those pixels, or None when no pixel is set."""
    area = int(np.count_nonzero(pixels_hw))
    if area == 0:
        return None
    height, width = pixels_hw.shape
    if area == pixels_hw.size:
        return Tile(height, width, area, None)
    own = np.array(pixels_hw, dtype=bool)
    own.flags.writeable = False
    return Tile(height, width, area, own)


@dataclass(frozen=True, eq=False)
class Mask:
    """Set pixels of an image of ``height`` x ``width``, as tiles of 256 x 256."""

    height: int
    width: int
    tiles: Mapping[TileKey, Tile]

    def __post_init__(self) -> None:
        if self.height < 0 or self.width < 0:
            raise ValueError(f"a mask of {self.width} x {self.height} pixels")
        if not isinstance(self.tiles, MappingProxyType):
            object.__setattr__(self, "tiles", MappingProxyType(dict(self.tiles)))

    # MappingProxyType cannot be pickled; masks travel between processes as dicts.
    def __reduce__(self) -> tuple[object, ...]:
        return (Mask, (self.height, self.width, dict(self.tiles)))

    # -- making ---------------------------------------------------------------

    @staticmethod
    def empty(height: int, width: int) -> Mask:
        return Mask(height, width, {})

    @staticmethod
    def full(height: int, width: int) -> Mask:
        return Mask.empty(height, width).inverted()

    @staticmethod
    def from_dense(mask_hw: NDArray[np.generic]) -> Mask:
        """Make a mask from an array of axes (y, x); every non-zero value is set."""
        if mask_hw.ndim != 2:
            raise ValueError(f"a mask has two axes, got shape {mask_hw.shape}")
        height, width = mask_hw.shape
        return Mask.from_window(height, width, Box(0, 0, width, height), mask_hw)

    @staticmethod
    def from_window(
        height: int, width: int, box: Box, pixels_hw: NDArray[np.generic]
    ) -> Mask:
        """Make a mask that is ``pixels_hw`` inside ``box`` and empty outside.

        The box may reach over the image's edge; what lies outside is dropped.
        """
        return Mask.empty(height, width).with_window(box, pixels_hw)

    # -- reading --------------------------------------------------------------

    @cached_property
    def area(self) -> int:
        """Number of set pixels."""
        return sum(tile.area for tile in self.tiles.values())

    @property
    def is_empty(self) -> bool:
        return not self.tiles

    @property
    def nbytes(self) -> int:
        return sum(tile.nbytes for tile in self.tiles.values())

    @cached_property
    def bbox(self) -> Box:
        """The smallest box around the set pixels; ``Box(0, 0, 0, 0)`` when empty."""
        if not self.tiles:
            return Box(0, 0, 0, 0)
        rows = sorted({key[0] for key in self.tiles})
        cols = sorted({key[1] for key in self.tiles})
        tops = [k for k in self.tiles if k[0] == rows[0]]
        bottoms = [k for k in self.tiles if k[0] == rows[-1]]
        lefts = [k for k in self.tiles if k[1] == cols[0]]
        rights = [k for k in self.tiles if k[1] == cols[-1]]
        return Box(
            cols[0] * TILE + min(self._set_along(k, 0)[0] for k in lefts),
            rows[0] * TILE + min(self._set_along(k, 1)[0] for k in tops),
            cols[-1] * TILE + max(self._set_along(k, 0)[1] for k in rights) + 1,
            rows[-1] * TILE + max(self._set_along(k, 1)[1] for k in bottoms) + 1,
        )

    def _set_along(self, key: TileKey, axis: int) -> tuple[int, int]:
        """First and last set column (axis 0 collapsed) or row (axis 1 collapsed)."""
        tile = self.tiles[key]
        if tile.pixels_hw is None:
            return 0, (tile.width if axis == 0 else tile.height) - 1
        where = np.flatnonzero(tile.pixels_hw.any(axis=axis))
        return int(where[0]), int(where[-1])

    def contains(self, x: float, y: float) -> bool:
        """Whether the pixel under that point is set; False outside the image."""
        column, row = int(np.floor(x)), int(np.floor(y))
        if not (0 <= column < self.width and 0 <= row < self.height):
            return False
        tile = self.tiles.get((row // TILE, column // TILE))
        if tile is None:
            return False
        return tile.full or bool(tile.dense()[row % TILE, column % TILE])

    def window(self, box: Box) -> Bools:
        """The pixels inside ``box``, axes (y, x), a fresh array; False outside."""
        out = np.zeros((box.height, box.width), dtype=bool)
        for key, cell in self._cells(box.clipped(self.width, self.height)):
            tile = self.tiles.get(key)
            if tile is None:
                continue
            part = out[cell.moved(-box.x0, -box.y0).slices]
            if tile.pixels_hw is None:
                part[...] = True
            else:
                inner = cell.moved(-key[1] * TILE, -key[0] * TILE)
                part[...] = tile.pixels_hw[inner.slices]
        return out

    def dense(self) -> Bools:
        """The whole mask as an array of axes (y, x)."""
        return self.window(Box(0, 0, self.width, self.height))

    def same_pixels(self, other: Mask) -> bool:
        """Whether both have the same size and the same pixels set."""
        if self is other:
            return True
        if (self.height, self.width) != (other.height, other.width):
            return False
        return self.tiles.keys() == other.tiles.keys() and all(
            tile.same_pixels(other.tiles[key]) for key, tile in self.tiles.items()
        )

    # -- editing: each returns a new mask -------------------------------------

    def with_window(self, box: Box, pixels_hw: NDArray[np.generic]) -> Mask:
        """Return the mask with ``pixels_hw`` in place of what is inside ``box``."""
        pixels = np.asarray(pixels_hw, dtype=bool)
        self._check(box, pixels)
        return self._edited(box, pixels, lambda _old, new: new)

    def painted(self, box: Box, pixels_hw: NDArray[np.generic]) -> Mask:
        """Return the mask with the set ``pixels_hw`` of ``box`` added."""
        pixels = np.asarray(pixels_hw, dtype=bool)
        self._check(box, pixels)
        return self._edited(box, pixels, np.logical_or)

    def erased(self, box: Box, pixels_hw: NDArray[np.generic]) -> Mask:
        """Return the mask with the set ``pixels_hw`` of ``box`` taken away."""
        pixels = np.asarray(pixels_hw, dtype=bool)
        self._check(box, pixels)
        return self._edited(box, pixels, lambda old, new: old & ~new)

    def with_tiles(self, changed: Mapping[TileKey, Tile | None]) -> Mask:
        """Return the mask with those grid cells replaced; None empties a cell."""
        tiles = dict(self.tiles)
        for key, tile in changed.items():
            if tile is None:
                tiles.pop(key, None)
            else:
                tiles[key] = tile
        return Mask(self.height, self.width, MappingProxyType(tiles))

    def union(self, other: Mask) -> Mask:
        self._same_size(other)
        changed: dict[TileKey, Tile | None] = {}
        for key, theirs in other.tiles.items():
            mine = self.tiles.get(key)
            if mine is None or theirs.full:
                changed[key] = theirs
            elif not mine.full and mine is not theirs:
                changed[key] = tile_of(mine.dense() | theirs.dense())
        return self.with_tiles(changed)

    def difference(self, other: Mask) -> Mask:
        """Return the pixels of this mask that the other does not have."""
        self._same_size(other)
        changed: dict[TileKey, Tile | None] = {}
        for key in self.tiles.keys() & other.tiles.keys():
            mine, theirs = self.tiles[key], other.tiles[key]
            if theirs.full or mine is theirs:
                changed[key] = None
            else:
                changed[key] = tile_of(mine.dense() & ~theirs.dense())
        return self.with_tiles(changed)

    def intersection(self, other: Mask) -> Mask:
        self._same_size(other)
        tiles: dict[TileKey, Tile] = {}
        for key in self.tiles.keys() & other.tiles.keys():
            mine, theirs = self.tiles[key], other.tiles[key]
            if theirs.full or mine is theirs:
                tiles[key] = mine
            elif mine.full:
                tiles[key] = theirs
            elif (both := tile_of(mine.dense() & theirs.dense())) is not None:
                tiles[key] = both
        return Mask(self.height, self.width, tiles)

    def inverted(self) -> Mask:
        """Return the mask of all pixels that this one does not have."""
        tiles: dict[TileKey, Tile] = {}
        for key, cell in self._cells(Box(0, 0, self.width, self.height)):
            tile = self.tiles.get(key)
            if tile is None:
                tiles[key] = Tile(cell.height, cell.width, cell.area, None)
            elif tile.pixels_hw is not None:
                rest = tile_of(~tile.pixels_hw)
                if rest is not None:
                    tiles[key] = rest
        return Mask(self.height, self.width, tiles)

    # -- inside ---------------------------------------------------------------

    @staticmethod
    def _cells(box: Box) -> Iterator[tuple[TileKey, Box]]:
        """Grid cells that meet ``box``, each with the part of it that lies inside."""
        if box.empty:
            return
        for row in range(box.y0 // TILE, (box.y1 - 1) // TILE + 1):
            for col in range(box.x0 // TILE, (box.x1 - 1) // TILE + 1):
                x0, y0 = col * TILE, row * TILE
                yield (row, col), box.intersection(Box(x0, y0, x0 + TILE, y0 + TILE))

    def _edited(
        self, box: Box, pixels: Bools, combine: Callable[[Bools, Bools], Bools]
    ) -> Mask:
        changed: dict[TileKey, Tile | None] = {}
        for key, cell in self._cells(box.clipped(self.width, self.height)):
            x0, y0 = key[1] * TILE, key[0] * TILE
            grid = Box(x0, y0, x0 + TILE, y0 + TILE).clipped(self.width, self.height)
            old = self.tiles.get(key)
            new_part = pixels[cell.moved(-box.x0, -box.y0).slices]
            scratch = (
                np.zeros((grid.height, grid.width), dtype=bool)
                if old is None
                else np.array(old.dense())
            )
            inner = cell.moved(-x0, -y0).slices
            before = scratch[inner].copy()
            scratch[inner] = combine(before, new_part)
            if not np.array_equal(scratch[inner], before):
                changed[key] = tile_of(scratch)
        return self.with_tiles(changed) if changed else self

    @staticmethod
    def _check(box: Box, pixels: Bools) -> None:
        if pixels.shape != (box.height, box.width):
            raise ValueError(
                f"pixels of shape {pixels.shape} for a box of "
                f"{box.height} x {box.width}"
            )

    def _same_size(self, other: Mask) -> None:
        if (self.height, self.width) != (other.height, other.width):
            raise ValueError(
                f"masks of {self.width} x {self.height} and "
                f"{other.width} x {other.height} pixels do not go together"
            )
