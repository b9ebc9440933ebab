"""The segments of a document as an index map that follows edits tile by tile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.mask import Mask, Tile, TileKey
from seggui.gui.canvas.colours import MOST_NUMBERS
from seggui.gui.canvas.index_map import IndexMap, joined

NOWHERE = Box(0, 0, 0, 0)


class SegmentMap:
    """Draws the topmost shown segment of each pixel as the segment's number.

    Only tiles that differ by identity from what was shown before are composed
    again, each from the segments that have pixels in it.
    """

    def __init__(self, height: int, width: int) -> None:
        self.index = IndexMap(height, width)
        self._cells: dict[TileKey, dict[str, Tile]] = {}
        self._masks: dict[str, Mask] = {}
        self._order: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each shown segment, by its id; stays while it is shown."""
        return self._numbers

    def show(self, document: Document, hidden: Iterable[str] = ()) -> Box:
        """Follow the document; returns the box of pixels that look different."""
        unseen = frozenset(hidden)
        masks = {s.id: s.mask for s in document.segments if s.id not in unseen}
        return self.show_masks(masks)

    def show_masks(self, masks: Mapping[str, Mask]) -> Box:
        """Follow these masks, from bottom to top."""
        stale = self._restacked(masks)
        for segment_id in [i for i in self._masks if i not in masks]:
            stale |= self._replace(segment_id, None)
        for segment_id, mask in masks.items():
            if self._masks.get(segment_id) is not mask:
                stale |= self._replace(segment_id, mask)
        if tuple(masks) != tuple(self._order):
            self._order = {segment_id: i for i, segment_id in enumerate(masks)}
        return joined([self._compose(key) for key in stale])

    def _restacked(self, masks: Mapping[str, Mask]) -> set[TileKey]:
        """Tiles where the order of segments that stay may have changed."""
        before = [i for i in self._order if i in masks]
        after = [i for i in masks if i in self._order]
        if before == after:
            return set()
        return {key for key, stack in self._cells.items() if len(stack) > 1}

    def _replace(self, segment_id: str, mask: Mask | None) -> set[TileKey]:
        old = self._masks.pop(segment_id, None)
        before = old.tiles if old is not None else {}
        after = mask.tiles if mask is not None else {}
        stale = {
            key for key in {**before, **after} if before.get(key) is not after.get(key)
        }
        for key in stale:
            stack = self._cells.setdefault(key, {})
            tile = after.get(key)
            if tile is None:
                stack.pop(segment_id, None)
            else:
                stack[segment_id] = tile
        if mask is not None:
            self._masks[segment_id] = mask
            self._give_number(segment_id)
        else:
            self._free.append(self._numbers.pop(segment_id))
        return stale

    def _give_number(self, segment_id: str) -> None:
        if segment_id in self._numbers:
            return
        if self._free:
            self._numbers[segment_id] = self._free.pop()
            return
        # Beyond the numbers a table can hold, segments share colours; their masks
        # are not touched by that.
        self._numbers[segment_id] = len(self._numbers) % MOST_NUMBERS + 1

    def _compose(self, key: TileKey) -> Box:
        stack = self._cells.get(key, {})
        cell = self.index.cell(key)
        numbers_hw = np.zeros((cell.height, cell.width), dtype=np.uint16)
        for segment_id in sorted(stack, key=self._order.__getitem__):
            tile, number = stack[segment_id], self._numbers[segment_id]
            if tile.pixels_hw is None:
                numbers_hw[...] = number
            else:
                np.copyto(numbers_hw, np.uint16(number), where=tile.pixels_hw)
        if not stack:
            self._cells.pop(key, None)
        return self.index.put_tile(key, numbers_hw)
