"""The corners of a mask under edit: outlines with holes, moved one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seggui.core.mask import Mask
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Path, PointXY, Rubber
from seggui.refine.polygons import Polygon, polygons_of

Place = tuple[int, int]
"""Which ring, and which corner of it."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Rings of corners; ``owners`` names for each ring the polygon it belongs to.

    The first ring of a polygon is its outline, the others are its holes.
    """

    rings: tuple[tuple[PointXY, ...], ...]
    owners: tuple[int, ...]

    def polygons(self) -> Iterator[Polygon]:
        for owner in dict.fromkeys(self.owners):
            rings = [
                np.array(ring)
                for ring, belongs in zip(self.rings, self.owners, strict=True)
                if belongs == owner
            ]
            yield Polygon(rings[0], tuple(rings[1:]))

    def hit(self, pointer: Pointer, reach: float) -> Place | None:
        """The corner under the mouse, the nearest when there are several."""
        best, nearest = None, math.inf
        for index, ring in enumerate(self.rings):
            for at, (x, y) in enumerate(ring):
                away = math.hypot(x - pointer.x, y - pointer.y)
                if away < nearest and pointer.near(x, y, reach):
                    best, nearest = (index, at), away
        return best

    def moved(self, place: Place, to_xy: PointXY) -> Corners:
        ring, at = place
        points = list(self.rings[ring])
        points[at] = to_xy
        return self._with_ring(ring, tuple(points))

    def without(self, place: Place) -> Corners:
        """Leave a corner out; a ring that cannot spare one goes altogether."""
        ring, at = place
        points = self.rings[ring]
        if len(points) > 3:
            return self._with_ring(ring, points[:at] + points[at + 1 :])
        outline = self.owners.index(self.owners[ring]) == ring
        gone = {
            index
            for index, owner in enumerate(self.owners)
            if index == ring or (outline and owner == self.owners[ring])
        }
        kept = [index for index in range(len(self.rings)) if index not in gone]
        return Corners(
            tuple(self.rings[index] for index in kept),
            tuple(self.owners[index] for index in kept),
        )

    def with_corner_near(
        self, pointer: Pointer, reach: float
    ) -> tuple[Corners, Place] | None:
        """Put a corner on the side under the mouse; None when none is near."""
        best, nearest = None, math.inf
        for index, ring in enumerate(self.rings):
            for at, start in enumerate(ring):
                foot = _foot(pointer.xy, start, ring[(at + 1) % len(ring)])
                away = math.hypot(foot[0] - pointer.x, foot[1] - pointer.y)
                if away < nearest and pointer.near(*foot, reach):
                    best, nearest = (index, at + 1, foot), away
        if best is None:
            return None
        index, at, foot = best
        points = self.rings[index]
        return self._with_ring(index, (*points[:at], foot, *points[at:])), (index, at)

    def rubber(self, picked: Place | None) -> Rubber:
        return Rubber(
            tuple(
                Path(
                    ring,
                    closed=True,
                    handles=True,
                    picked=picked[1] if picked and picked[0] == index else None,
                )
                for index, ring in enumerate(self.rings)
            )
        )

    def _with_ring(self, ring: int, points: tuple[PointXY, ...]) -> Corners:
        rings = (*self.rings[:ring], points, *self.rings[ring + 1 :])
        return Corners(rings, self.owners)


def corners_of(mask: Mask, tolerance_px: float) -> Corners:
    """The corners of a mask's outlines and holes."""
    rings: list[tuple[PointXY, ...]] = []
    owners: list[int] = []
    for owner, polygon in enumerate(polygons_of(mask, tolerance_px)):
        for ring_xy in (polygon.outer_xy, *polygon.holes_xy):
            rings.append(tuple((float(x), float(y)) for x, y in ring_xy))
            owners.append(owner)
    return Corners(tuple(rings), tuple(owners))


def _foot(point: PointXY, a: PointXY, b: PointXY) -> PointXY:
    """The place of a line from ``a`` to ``b`` that is nearest to a point."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    if length == 0:
        return a
    share = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length
    share = min(max(share, 0.0), 1.0)
    return a[0] + share * dx, a[1] + share * dy
