"""What an unfinished gesture draws over the image: lines, handles, a brush ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seggui.core.geometry import Box

Shape = Literal["round", "square"]
PointXY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A line through image points."""

    points_xy: tuple[PointXY, ...]
    closed: bool = False
    handles: bool = False
    """Draw a grip on each point."""
    picked: int | None = None
    """The point whose grip is highlighted."""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """The outline of a brush around an image point."""

    x: float
    y: float
    diameter_px: int
    """In image pixels."""
    shape: Shape = "round"


@dataclass(frozen=True, slots=True)
class Rubber:
    """All of it."""

    paths: tuple[Path, ...] = ()
    ring: Ring | None = None
    box: Box | None = None
    """A dashed rectangle of pixels."""
