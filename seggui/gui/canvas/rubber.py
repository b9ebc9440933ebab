"""What an unfinished gesture draws over the image: lines, handles, a brush ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seggui.core.geometry import Box

Shape = Literal["round", "square"]
Tone = Literal["plain", "positive", "negative"]
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
    line: bool = True
    """Without it only the grips are drawn."""
    width_px: float = 0.0
    """In image pixels; 0 is a thin line whatever the zoom."""
    tone: Tone = "plain"
    """Whether it adds to the object or takes away from it."""


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
