"""Masks as polygons with holes, and back.

An outline runs along the sides of pixels: its points are pixel corners, so a single
pixel (3, 7) is the square (3, 7), (4, 7), (4, 8), (3, 8). Set pixels that touch at a
corner belong to one polygon, whose outline then passes that corner twice. Outer
outlines turn clockwise as seen on the screen, holes the other way.

Back again, a pixel is set when its centre lies inside an outer outline and in none
of its holes (even-odd rule for each outline). Without tolerance this gives the same
mask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.errors import BadRequest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """An outline with holes; each is closed and does not repeat its first point."""

    outer_xy: Floats
    """Shape (points, 2), image pixels."""
    holes_xy: tuple[Floats, ...] = ()

    def __post_init__(self) -> None:
        holes = tuple(_outline(hole) for hole in self.holes_xy)
        object.__setattr__(self, "outer_xy", _outline(self.outer_xy))
        object.__setattr__(self, "holes_xy", holes)


def _outline(points_xy: Floats) -> Floats:
    points = np.array(points_xy, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise BadRequest("A polygon needs at least three points.")
    if not np.isfinite(points).all():
        raise BadRequest("A polygon has a point that is not a number.")
    points.flags.writeable = False
    return points


def polygons_of(mask: Mask, tolerance_px: float = 0.0) -> tuple[Polygon, ...]:
    """Return one polygon for each connected part, from top to bottom.

    With a tolerance, points are left out as long as the outline stays that near to
    the pixels' sides (Douglas and Peucker, 1973); an outline that would shrink to
    nothing stays as it is.
    """
    if mask.is_empty:
        return ()
    box = mask.bbox
    pixels = mask.window(box)
    _, labels_hw = cv2.connectedComponents(
        pixels.view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    outer: dict[int, Floats] = {}
    holes: dict[int, list[Floats]] = {}
    for ring_xy in _rings(pixels):
        label = int(labels_hw[_pixel_beside(ring_xy)])
        points = _thinned(ring_xy, tolerance_px) + np.array((box.x0, box.y0))
        if _turn(ring_xy) > 0:
            outer[label] = points
        else:
            holes.setdefault(label, []).append(points)
    return tuple(
        Polygon(outer[label], tuple(holes.get(label, ()))) for label in sorted(outer)
    )


def mask_of_polygons(polygons: Iterable[Polygon], height: int, width: int) -> Mask:
    """Return the mask of all polygons together; what lies outside is cut off."""
    mask = Mask.empty(height, width)
    for polygon in polygons:
        box = _box_around(polygon.outer_xy, height, width)
        if box.empty:
            continue
        inside = _filled(polygon.outer_xy, box)
        for hole_xy in polygon.holes_xy:
            part = _box_around(hole_xy, height, width).intersection(box)
            if not part.empty:
                inner = part.moved(-box.x0, -box.y0).slices
                inside[inner] &= ~_filled(hole_xy, part)
        mask = mask.painted(box, inside)
    return mask


# -- from pixels to outlines ------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Straight pieces of outlines along one axis, the set pixels on their right.

    ``line`` is the coordinate across the axis; ``start`` and ``end`` run along it.
    """

    line: Ints
    start: Ints
    end: Ints

    @property
    def backwards(self) -> Bools:
        return self.end < self.start


def _runs(step: NDArray[np.int8]) -> _Runs:
    """Find runs of equal steps; axes (line, along), +1 runs forwards, -1 back."""
    lines, length = step.shape
    padded = np.zeros((lines, length + 2), np.int8)
    padded[:, 1:-1] = step
    line, at = np.nonzero(padded[:, 1:] != padded[:, :-1])
    sign = padded[:, 1:][line, at]
    begins = np.flatnonzero(sign)
    # The next change in the same line is always where the run ends.
    first, last = at[begins], at[begins + 1]
    forwards = sign[begins] > 0
    return _Runs(
        line[begins], np.where(forwards, first, last), np.where(forwards, last, first)
    )


def _rings(pixels_hw: Bools) -> list[Ints]:
    """Return every outline as its corner points (x, y), starting with a row's run."""
    height, width = pixels_hw.shape
    padded = np.zeros((height + 2, width + 2), np.int8)
    padded[1:-1, 1:-1] = pixels_hw
    # Along the top side of set pixels to the right, along the bottom side back.
    across = _runs(np.diff(padded, axis=0)[:, 1:-1])
    # Along the right side of set pixels down, along the left side up.
    down = _runs(-np.diff(padded, axis=1)[1:-1].T)

    def corner(y: Ints, x: Ints) -> Ints:
        return np.asarray(2 * (y * (width + 1) + x), np.int64)

    # Where two set pixels meet at a corner only, two runs end and two start. Turning
    # left there joins the two pixels: right to up, left to down, up to left, down to
    # right. The last bit of the keys tells the two runs apart.
    across_starts = corner(across.line, across.start) + across.backwards
    down_starts = corner(down.start, down.line) + ~down.backwards
    to_down = _found(down_starts, corner(across.line, across.end) + across.backwards)
    to_across = _found(across_starts, corner(down.end, down.line) + down.backwards)
    return _followed(across, to_across[to_down])


def _found(starts: Ints, wanted: Ints) -> Ints:
    """Index of the start with each wanted key, or of the only one at that corner."""
    order = np.argsort(starts)
    ordered = starts[order]
    place = np.searchsorted(ordered, wanted)
    hit = ordered[np.minimum(place, len(ordered) - 1)] == wanted
    other = np.searchsorted(ordered, wanted ^ 1)
    return np.asarray(order[np.where(hit, place, other)], np.int64)


def _followed(across: _Runs, following: Ints) -> list[Ints]:
    after = following.tolist()
    seen = bytearray(len(after))
    rings = []
    for first in range(len(after)):
        if seen[first]:
            continue
        chain, at = [], first
        while not seen[at]:
            seen[at] = 1
            chain.append(at)
            at = after[at]
        points = np.empty((2 * len(chain), 2), np.int64)
        points[0::2, 0], points[1::2, 0] = across.start[chain], across.end[chain]
        points[0::2, 1] = points[1::2, 1] = across.line[chain]
        rings.append(points)
    return rings


def _pixel_beside(ring_xy: Ints) -> tuple[int, int]:
    """Row and column of the set pixel on the right of the first run."""
    (x0, y), (x1, _) = ring_xy[0].tolist(), ring_xy[1].tolist()
    return (y, x0) if x1 > x0 else (y - 1, x0 - 1)


def _turn(ring_xy: Ints) -> int:
    """Twice the enclosed area, positive when clockwise on the screen."""
    x, y = ring_xy[:, 0], ring_xy[:, 1]
    return int(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def _thinned(ring_xy: Ints, tolerance_px: float) -> Floats:
    points = ring_xy.astype(np.float64)
    if tolerance_px <= 0:
        return points
    fewer = cv2.approxPolyDP(ring_xy.astype(np.int32)[:, None], tolerance_px, True)
    return points if len(fewer) < 3 else fewer[:, 0].astype(np.float64)


# -- from outlines to pixels ------------------------------------------------------


def _box_around(points_xy: Floats, height: int, width: int) -> Box:
    # Clip before the conversion: far points do not fit an integer.
    low = np.clip(np.floor(points_xy.min(axis=0)), -1, (width + 1, height + 1))
    high = np.clip(np.ceil(points_xy.max(axis=0)), -1, (width + 1, height + 1))
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return box.clipped(width, height)


def _filled(outline_xy: Floats, box: Box) -> Bools:
    """Pixels of the box whose centre the outline goes around an odd number of times.

    Each edge flips all pixels to the right of where it crosses a row's middle line.
    """
    x0, y0 = (outline_xy - (box.x0 + 0.5, box.y0 + 0.5)).T
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    top = np.where(y0 < y1, y0, y1)
    bottom = np.where(y0 < y1, y1, y0)
    # Rows whose middle line is in [top, bottom): each corner counts once.
    first = np.clip(np.ceil(top), 0, box.height).astype(np.int64)
    count = np.clip(np.ceil(bottom), 0, box.height).astype(np.int64) - first
    edge = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    row += first[edge]
    slope = (x1 - x0)[edge] / (y1 - y0)[edge]
    x = x0[edge] + (row - y0[edge]) * slope
    column = np.clip(np.ceil(x), 0, box.width).astype(np.int64)
    flips = np.bincount(
        row * (box.width + 1) + column, minlength=box.height * (box.width + 1)
    )
    flips_hw = flips.reshape(box.height, box.width + 1)[:, :-1]
    return np.asarray(np.cumsum(flips_hw, axis=1) & 1, dtype=bool)
