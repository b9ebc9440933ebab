"""From logits on a coarse grid to a mask with an edge at the image's own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.models.prompted.sam.frame import Floats, Frame

FAINT = -4.0
"""Logits below this are of no use to a threshold: 2 in 100."""
STEPS = 16.0
"""Steps of a probability's byte for one logit, before the curve is applied."""
OFFSET = 1.0
"""How much higher and lower the threshold is that stability compares (Kirillov et al.,
2023, appendix B)."""

_CURVE = np.round(
    255.0 / (1.0 + np.exp(-(np.arange(256, dtype=np.float64) - 128.0) / STEPS))
).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One mask as the network gave it."""

    frame: Frame
    logits_hw: Floats
    """Over the whole square, as many rows as columns."""
    quality: float
    """The IoU that the network expects."""

    @property
    def grid(self) -> int:
        return int(self.logits_hw.shape[0])

    @property
    def seen(self) -> Floats:
        """The cells that lie on the image, at least in part."""
        across = int(np.ceil(self.frame.width / self.frame.side * self.grid))
        down = int(np.ceil(self.frame.height / self.frame.side * self.grid))
        return self.logits_hw[:down, :across]

    def stability(self) -> float:
        """IoU of the masks at a threshold a little higher and a little lower."""
        high = np.count_nonzero(self.seen > OFFSET)
        low = np.count_nonzero(self.seen > -OFFSET)
        return high / low if low else 0.0

    def cells_at(self, box: Box) -> tuple[Floats, Floats]:
        """Where the middles of a box's columns and rows lie, in cells from the first.

        0 is the middle of the first cell.
        """
        frame = self.frame
        cell = frame.side / self.grid
        xs = (np.arange(box.x0, box.x1) + 0.5 - frame.box.x0) * (frame.across / cell)
        ys = (np.arange(box.y0, box.y1) + 0.5 - frame.box.y0) * (frame.down / cell)
        return (xs - 0.5).astype(np.float32), (ys - 0.5).astype(np.float32)

    def pixels_of(self, cells: Box) -> Box:
        """The image pixels that cells cover, and those that touch them."""
        frame = self.frame
        cell = frame.side / self.grid
        wide, tall = cell / frame.across, cell / frame.down
        return Box(
            frame.box.x0 + int(np.floor(cells.x0 * wide)),
            frame.box.y0 + int(np.floor(cells.y0 * tall)),
            frame.box.x0 + int(np.ceil(cells.x1 * wide)),
            frame.box.y0 + int(np.ceil(cells.y1 * tall)),
        ).intersection(frame.box)

    def extent(self, x: float | None, y: float | None) -> Box:
        """The box around the mask in image pixels, or the part of it at a point."""
        on = np.ascontiguousarray(self.seen > 0).view(np.uint8)
        if x is not None and y is not None:
            at = Box(int(x), int(y), int(x) + 1, int(y) + 1)
            (column,), (row,) = self.cells_at(at)
            spot = (
                min(max(round(float(row)), 0), on.shape[0] - 1),
                min(max(round(float(column)), 0), on.shape[1] - 1),
            )
            _, labels = cv2.connectedComponents(on, connectivity=8)
            if labels[spot]:
                on = (labels == labels[spot]).astype(np.uint8)
        cells = around(on > 0)
        return cells if cells.empty else self.pixels_of(cells)


def around(pixels_hw: NDArray[np.bool_]) -> Box:
    """The box around the set pixels; empty when there are none."""
    rows = np.flatnonzero(pixels_hw.any(axis=1))
    if not len(rows):
        return Box(0, 0, 0, 0)
    columns = np.flatnonzero(pixels_hw.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def stretched(values_hw: Floats, xs: Floats, ys: Floats) -> Floats:
    """Sample a grid at columns ``xs`` and rows ``ys``, linear between the cells."""
    rows, columns = values_hw.shape
    xs, ys = np.clip(xs, 0, columns - 1), np.clip(ys, 0, rows - 1)
    left = np.minimum(xs.astype(np.int64), max(0, columns - 2))
    share = (xs - left).astype(np.float32)
    right = np.minimum(left + 1, columns - 1)
    lines = values_hw[:, left] * (1 - share) + values_hw[:, right] * share
    upper = np.minimum(ys.astype(np.int64), max(0, rows - 2))
    shares = (ys - upper).astype(np.float32)
    out = np.empty((len(ys), len(xs)), dtype=np.float32)
    # Between two lines of the grid at a time: they stay in the cache.
    starts = np.searchsorted(upper, np.arange(rows))
    ends = np.append(starts[1:], len(ys))
    for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end > start:
            below = lines[min(line + 1, rows - 1)] - lines[line]
            np.multiply(shares[start:end, None], below, out=out[start:end])
            out[start:end] += lines[line]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Pixels of a window of the image; outside it nothing is set."""

    box: Box
    pixels_hw: NDArray[np.bool_]
    chances_hw: NDArray[np.uint8]

    @property
    def probability(self) -> Probability | None:
        return None if self.box.empty else Probability(self.box, self.chances_hw)


def drawn(finding: Finding, limit: Box | None = None) -> Drawing:
    """Draw a mask; with ``limit`` only inside it, and at least something."""
    seen = finding.seen
    cells = around(seen > FAINT).grown(1).clipped(seen.shape[1], seen.shape[0])
    box = finding.pixels_of(cells)
    if limit is not None:
        limit = limit.intersection(finding.frame.box)
        box = box.intersection(limit)
    if box.empty and limit is not None:
        box = limit
    if box.empty:
        nothing = np.zeros((0, 0), dtype=bool)
        return Drawing(Box(0, 0, 0, 0), nothing, nothing.astype(np.uint8))
    logits = stretched(seen, *finding.cells_at(box))
    pixels = logits > 0
    if limit is not None and not pixels.any():
        # The network sees no object: then its better half of the box.
        pixels = logits >= np.median(logits)
    steps = np.clip(logits * STEPS + 128.5, 0, 255).astype(np.uint8)
    chances = np.asarray(cv2.LUT(steps, _CURVE), dtype=np.uint8)
    return Drawing(box, pixels, chances)
