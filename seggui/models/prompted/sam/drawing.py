"""From logits on a coarse grid to a mask with an edge at the image's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.models.prompted.sam.fine_edges import following
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

    @property
    def cell_px(self) -> float:
        """How many image pixels a cell is wide."""
        return self.frame.side / self.grid / min(self.frame.across, self.frame.down)

    def stability(self) -> float:
        """IoU of the masks at a threshold a little higher and a little lower."""
        high = np.count_nonzero(self.seen > OFFSET)
        low = np.count_nonzero(self.seen > -OFFSET)
        return float(high / low) if low else 0.0

    def enlarged(self, box: Box) -> Floats:
        """The logits at each pixel of a box that lies in the frame's."""
        frame, inner = self.frame, box.moved(-self.frame.box.x0, -self.frame.box.y0)
        by = (0, self.grid) if frame.fit == "stretched" else (frame.side, self.grid)
        rows = enlarging(frame.box.height, frame.height, *by)
        columns = enlarging(frame.box.width, frame.width, *by)
        lines = columns[inner.x0 : inner.x1] @ self.logits_hw.T
        return np.asarray(rows[inner.y0 : inner.y1] @ np.ascontiguousarray(lines.T))

    def cell_at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell under an image point."""
        frame, (rows, columns) = self.frame, self.seen.shape
        share = self.grid / frame.side
        column = (x - frame.box.x0) * frame.across * share
        row = (y - frame.box.y0) * frame.down * share
        return min(max(int(row), 0), rows - 1), min(max(int(column), 0), columns - 1)

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
            spot = self.cell_at(x, y)
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


@lru_cache(maxsize=16)
def enlarging(pixels: int, filled: int, side: int, grid: int) -> sparse.csr_matrix:
    """From cells to pixels along one axis: a matrix of axes (pixel, cell).

    A padded frame goes the way that the networks were trained on: linear from the grid
    to the square of ``side`` pixels, and linear from the part of it that is filled to
    the image. Both are one small sum for each pixel. A stretched frame goes there at
    once: its ``side`` is 0.
    """
    if side == 0:
        return _linear(pixels, grid)
    return _linear(pixels, filled) @ _linear(side, grid)[:filled]


def _linear(outer: int, inner: int) -> sparse.csr_matrix:
    """Linear interpolation between the middles of ``inner`` equal parts."""
    places = np.maximum((np.arange(outer) + 0.5) * (inner / outer) - 0.5, 0.0)
    left = np.minimum(places.astype(np.int64), inner - 1)
    right = np.minimum(left + 1, inner - 1)
    share = places - left
    pixels = np.arange(outer)
    values = np.concatenate([1.0 - share, share]).astype(np.float32)
    cells = np.concatenate([left, right])
    where = (np.concatenate([pixels, pixels]), cells)
    return sparse.csr_matrix((values, where), shape=(outer, inner))


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Pixels of a window of the image; outside it nothing is set."""

    box: Box
    pixels_hw: NDArray[np.bool_]
    chances_hw: NDArray[np.uint8]

    @property
    def probability(self) -> Probability | None:
        return None if self.box.empty else Probability(self.box, self.chances_hw)


def drawn(
    finding: Finding,
    limit: Box | None = None,
    image_hwc: NDArray[np.uint8] | None = None,
) -> Drawing:
    """Draw a mask; with ``limit`` only inside it, and at least something.

    Where a cell covers many pixels the edge follows the image, if there is one.
    """
    seen = finding.seen
    cells = around(seen > FAINT)
    box = cells
    if not cells.empty:
        cells = cells.grown(1).clipped(seen.shape[1], seen.shape[0])
        box = finding.pixels_of(cells)
    if limit is not None:
        limit = limit.intersection(finding.frame.box)
        box = box.intersection(limit)
    if box.empty and limit is not None:
        box = limit
    if box.empty:
        nothing = np.zeros((0, 0), dtype=bool)
        return Drawing(Box(0, 0, 0, 0), nothing, nothing.astype(np.uint8))
    logits = finding.enlarged(box)
    if image_hwc is not None:
        logits = following(logits, image_hwc[box.slices], finding.cell_px)
    pixels = logits > 0
    if limit is not None and not pixels.any():
        # The network sees no object: then its better half of the box.
        pixels = logits >= np.median(logits)
    # Rounded and kept within a byte in one pass.
    steps = cv2.addWeighted(logits, STEPS, logits, 0.0, 128.0, dtype=cv2.CV_8U)
    chances = np.asarray(cv2.LUT(steps, _CURVE), dtype=np.uint8)
    return Drawing(box, pixels, chances)
