"""Looks of a network at an image: at the whole, and closer at parts of it."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.models.prompted.sam.backbone import Features
from seggui.models.prompted.sam.frame import Frame

SMALL = 8
"""An object of less than one in so many parts of the picture is looked at closer."""
SMALL_OF_LARGE = 4
"""The same where the whole had to be made smaller to fit the network."""
FILLS = 2.0
"""A closer look is at least so many times as wide as the object."""
MOST_ENLARGED = 4.0
"""Pixels of the square for one of the image; more show nothing new."""
KEPT = 8
"""Closer looks that an encoding remembers."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a network knows of one part of an image."""

    frame: Frame
    features: Features


@dataclass(slots=True, eq=False)
class Encoding:
    """An image, the look at the whole of it, and closer ones as they are needed."""

    image_hwc: NDArray[np.uint8]
    whole: Look
    closer: OrderedDict[Box, Look] = field(default_factory=OrderedDict)

    @property
    def height(self) -> int:
        return int(self.image_hwc.shape[0])

    @property
    def width(self) -> int:
        return int(self.image_hwc.shape[1])

    def remember(self, look: Look) -> None:
        self.closer[look.frame.box] = look
        self.closer.move_to_end(look.frame.box)
        while len(self.closer) > KEPT:
            self.closer.popitem(last=False)


def closer_box(extent: Box, width: int, height: int, side: int) -> Box | None:
    """The part of the image to look at for an object of that extent; None for all.

    Parts lie on a fixed lattice of halved sizes, so that the same object is always
    seen the same way, and one look serves many clicks.
    """
    longest = max(width, height)
    size = max(extent.width, extent.height, 1)
    share = SMALL_OF_LARGE if longest > side else SMALL
    if size * share > longest:
        return None
    fitting = math.log2(longest / (FILLS * size))
    useful = math.log2(MOST_ENLARGED * longest / side)
    level = math.floor(min(fitting, useful) + 1e-9)
    if level < 1:
        return None
    reach = max(1, round(longest / 2**level))
    step = max(1, reach // 4)
    left = _corner((extent.x0 + extent.x1) / 2, reach, step, width)
    top = _corner((extent.y0 + extent.y1) / 2, reach, step, height)
    return Box(left, top, left + reach, top + reach).clipped(width, height)


def _corner(middle: float, reach: int, step: int, length: int) -> int:
    start = round(middle / step) * step - reach // 2
    return min(max(start, 0), max(0, length - reach))


def cut_short(mask: Box, look: Box, width: int, height: int) -> bool:
    """Whether a mask meets a side of a look that is no side of the image."""
    return (
        (mask.x0 <= look.x0 and look.x0 > 0)
        or (mask.y0 <= look.y0 and look.y0 > 0)
        or (mask.x1 >= look.x1 and look.x1 < width)
        or (mask.y1 >= look.y1 and look.y1 < height)
    )
