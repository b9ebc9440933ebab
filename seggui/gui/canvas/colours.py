"""From numbers of an index map to colours: tables of premultiplied ARGB.

A table has a place for each number plus flags that the painter sets: the pixel lies
on an outline, just beside it, or on a stripe.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import Rgb

OUTLINE = 0x8000
SOFT = 0x4000
STRIPE = 0x2000
MOST_NUMBERS = STRIPE - 1
"""Numbers from 1 to here can be drawn; 0 is nothing."""

Table = NDArray[np.uint32]

_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True)
class Paint:
    """How one number is drawn; each a colour and an opacity of 0 to 1."""

    colour: Rgb
    fill: float
    outline: float
    outline_colour: Rgb | None = None
    """None draws the outline in ``colour``."""
    stripe: float | None = None
    """Opacity of the fill on stripes; None has no stripes."""


def premultiplied(colour: Rgb, opacity: float) -> int:
    """A colour as Qt keeps it in a premultiplied 32-bit image."""
    alpha = round(min(max(opacity, 0.0), 1.0) * 255)
    red, green, blue = (round(value * alpha / 255) for value in colour)
    return (alpha << 24) | (red << 16) | (green << 8) | blue


def empty_table() -> Table:
    return np.zeros(0x10000, dtype=np.uint32)


def write_halo(table: Table, darkness: float) -> None:
    """Darken the pixels just outside outlines, so that light lines show on light."""
    # What is on an outline is beside it as well, so that both flags are set.
    line = OUTLINE | SOFT
    table[[line, line | STRIPE]] = premultiplied((0, 0, 0), darkness)


def write_paint(table: Table, number: int | NDArray[np.intp], paint: Paint) -> None:
    """Write the colours of a number, or of many, into a table."""
    fill = premultiplied(paint.colour, paint.fill)
    stripe = fill
    if paint.stripe is not None:
        stripe = premultiplied(paint.colour, paint.stripe)
    line = paint.outline_colour or paint.colour
    hard = premultiplied(line, paint.outline) if paint.outline else fill
    soft = _between(hard, fill)
    table[number] = fill
    table[number | STRIPE] = stripe
    for flag in (0, STRIPE):
        table[number | flag | OUTLINE | SOFT] = hard
        table[number | flag | SOFT] = soft


def instance_colour(number: int) -> Rgb:
    """A colour of its own for each number; neighbours differ clearly in hue."""
    hue = (0.09 + number * _GOLDEN) % 1.0
    value = (0.95, 0.75, 1.0)[number % 3]
    saturation = (0.85, 0.7, 0.6)[number // 3 % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def heat_table(opacity: float) -> Table:
    """Uncertainty: nothing at 0, through violet and orange to pale yellow."""
    stops = np.array(
        [(30, 10, 60), (110, 20, 110), (200, 60, 70), (250, 140, 10), (252, 250, 160)],
        dtype=float,
    )
    place = np.linspace(0, len(stops) - 1, 256)
    table = empty_table()
    for value in range(1, 256):
        red, green, blue = (
            int(np.interp(place[value], np.arange(len(stops)), stops[:, channel]))
            for channel in range(3)
        )
        strength = opacity * min(1.0, value / 96)
        table[value] = premultiplied((red, green, blue), strength)
    return table


def _between(first: int, second: int) -> int:
    """The mean of two premultiplied colours."""
    return sum(
        (((first >> shift) & 0xFF) + ((second >> shift) & 0xFF)) // 2 << shift
        for shift in (0, 8, 16, 24)
    )
