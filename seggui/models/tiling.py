"""Large images in overlapping tiles: smooth blending, and objects met twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Instance
from seggui.core.geometry import Box
from seggui.core.ports import Report

Floats = NDArray[np.float32]

SAME_OBJECT_IOU = 0.5
SAME_OBJECT_IOS = 0.7
"""Intersection over the smaller of both, for objects that a tile's edge cuts."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How an image is cut: squares of ``side`` that share ``overlap`` pixels."""

    side: int
    overlap: int

    def __post_init__(self) -> None:
        if self.side < 1 or not 0 <= self.overlap < self.side:
            raise ValueError(f"no tiling of side {self.side}, overlap {self.overlap}")

    def starts(self, length: int) -> list[int]:
        """Where tiles begin along an axis; the last one ends with the image."""
        if length <= self.side:
            return [0]
        stride = self.side - self.overlap
        count = -(-(length - self.side) // stride)
        return [*(i * stride for i in range(count)), length - self.side]

    def boxes(self, height: int, width: int) -> list[Box]:
        """The tiles of an image, row by row."""
        return [
            Box(x, y, min(x + self.side, width), min(y + self.side, height))
            for y in self.starts(height)
            for x in self.starts(width)
        ]


def ramp(length: int, overlap: int, *, first: bool, last: bool) -> Floats:
    """Weights along one axis of a tile: rising and falling inside the overlap."""
    weights = np.ones(length, np.float32)
    if overlap:
        slope = (np.arange(overlap, dtype=np.float32) + 0.5) / overlap
        size = min(overlap, length)
        if not first:
            weights[:size] = slope[:size]
        if not last:
            weights[-size:] = np.minimum(weights[-size:], slope[::-1][-size:])
    return weights


def blended_rows(
    image_hwc: NDArray[np.uint8],
    tiling: Tiling,
    predict: Callable[[NDArray[np.uint8]], Floats],
    report: Report,
) -> Iterator[tuple[int, Floats]]:
    """Yield ``(y, values_chw)`` of finished bands of rows, from top to bottom.

    ``predict`` maps a tile (y, x, 3) to values (c, y, x) of the same size. Only one
    band of tiles is held at a time, so memory does not grow with the image's height.
    """
    height, width = image_hwc.shape[:2]
    rows, columns = tiling.starts(height), tiling.starts(width)
    total = len(rows) * len(columns)
    sums: Floats | None = None
    weights = np.zeros((min(tiling.side, height), width), np.float32)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            report(i * len(columns) + j, total, "tiles")
            tile = image_hwc[top : top + tiling.side, left : left + tiling.side]
            values = predict(tile)
            tile_height, tile_width = tile.shape[:2]
            weight = np.outer(
                ramp(
                    tile_height,
                    tiling.overlap,
                    first=top == 0,
                    last=top + tile_height == height,
                ),
                ramp(
                    tile_width,
                    tiling.overlap,
                    first=left == 0,
                    last=left + tile_width == width,
                ),
            )
            if sums is None:
                sums = np.zeros((values.shape[0], *weights.shape), np.float32)
            sums[:, :, left : left + tile_width] += values * weight
            weights[:, left : left + tile_width] += weight
        assert sums is not None
        below = rows[i + 1] if i + 1 < len(rows) else height
        done = below - top
        yield top, np.asarray(sums[:, :done] / weights[:done], np.float32)
        sums[:, : sums.shape[1] - done] = sums[:, done:].copy()
        weights[: len(weights) - done] = weights[done:].copy()
        sums[:, sums.shape[1] - done :] = 0
        weights[len(weights) - done :] = 0
    report(total, total, "tiles")


@dataclass(frozen=True, slots=True, eq=False)
class TileFindings:
    """What was found in one tile; the masks are of the whole image."""

    box: Box
    instances: Sequence[Instance]


def merged(tiles: Sequence[TileFindings]) -> tuple[Instance, ...]:
    """Return the instances of all tiles without those met twice, best scores first.

    Two of one class and of different tiles are the same object when they agree where
    both tiles look; they are joined, since the edge of a tile may have cut them.
    """
    found = [(one, tile.box) for tile in tiles for one in tile.instances]
    kept: list[tuple[Instance, list[Box]]] = []
    for instance, box in sorted(found, key=lambda pair: -pair[0].score):
        for place, (other, boxes) in enumerate(kept):
            if box not in boxes and _same_object(instance, box, other, boxes):
                joined = Instance(
                    other.mask.union(instance.mask), other.class_name, other.score
                )
                kept[place] = (joined, [*boxes, box])
                break
        else:
            kept.append((instance, [box]))
    return tuple(instance for instance, _ in kept)


def _same_object(a: Instance, box: Box, b: Instance, boxes: Sequence[Box]) -> bool:
    if a.class_name != b.class_name:
        return False
    if a.mask.bbox.intersection(b.mask.bbox).empty:
        return False
    return any(_agree(a, b, box.intersection(other)) for other in boxes)


def _agree(a: Instance, b: Instance, shared: Box) -> bool:
    """Whether both have about the same pixels inside a box."""
    around = a.mask.bbox.union(b.mask.bbox).intersection(shared)
    if around.empty:
        return False
    first, second = a.mask.window(around), b.mask.window(around)
    common = int((first & second).sum())
    smaller = int(min(first.sum(), second.sum()))
    union = int((first | second).sum())
    return common > SAME_OBJECT_IOU * union or common > SAME_OBJECT_IOS * smaller > 0
