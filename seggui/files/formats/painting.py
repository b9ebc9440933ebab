"""Segments painted over each other into a map of ids, later ones on top."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from seggui.core.document import ImageFacts
from seggui.core.mask import TILE, Mask

Ids = NDArray[np.uint16]


def painted(facts: ImageFacts, layers: Iterable[tuple[int, Mask]]) -> Ids:
    """Return ids by pixel, axes (y, x), 0 where no layer is; the last layer wins."""
    ids = np.zeros((facts.height, facts.width), dtype=np.uint16)
    for number, mask in layers:
        for (row, column), tile in mask.tiles.items():
            y, x = row * TILE, column * TILE
            part = ids[y : y + tile.height, x : x + tile.width]
            if tile.pixels_hw is None:
                part[...] = number
            else:
                np.copyto(part, np.uint16(number), where=tile.pixels_hw)
    return ids


def pixels_of(mask: Mask, ids_hw: Ids, number: int) -> int:
    """Count the pixels of a mask where the map holds that number."""
    count = 0
    for (row, column), tile in mask.tiles.items():
        y, x = row * TILE, column * TILE
        same = ids_hw[y : y + tile.height, x : x + tile.width] == number
        if tile.pixels_hw is not None:
            same &= tile.pixels_hw
        count += int(np.count_nonzero(same))
    return count
