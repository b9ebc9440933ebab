"""Boxes and points on the pixel grid.

Coordinates are image pixels, x right and y down; pixel (3, 7) covers [3, 4) x [7, 8).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of pixels, ``x0 <= x < x1`` and ``y0 <= y < y1``."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return max(0, self.x1 - self.x0)

    @property
    def height(self) -> int:
        return max(0, self.y1 - self.y0)

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def empty(self) -> bool:
        return self.x1 <= self.x0 or self.y1 <= self.y0

    def intersection(self, other: Box) -> Box:
        """The common part; may be empty."""
        return Box(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        )

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def grown(self, margin: int) -> Box:
        """The box with ``margin`` more pixels on every side."""
        return Box(
            self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin
        )

    def clipped(self, width: int, height: int) -> Box:
        """The part inside an image of that size."""
        return self.intersection(Box(0, 0, width, height))

    def moved(self, dx: int, dy: int) -> Box:
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def contains(self, x: float, y: float) -> bool:
        return self.x0 <= x < self.x1 and self.y0 <= y < self.y1

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices, for indexing an array of axes (y, x)."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)
