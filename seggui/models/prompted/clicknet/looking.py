"""Looking at an image with the click network: which windows, and what it says there.

A window around the object, then a closer one where the change is small, as in Chen et
al., "FocalClick: Towards Practical Interactive Image Segmentation" (2022).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.ports import Report, unwatched
from seggui.core.prompt import Point
from seggui.models.prompted.clicknet import crops
from seggui.models.prompted.clicknet.channels import (
    LIKELY,
    Asked,
    Bytes,
    Shown,
    placed,
    shown,
)
from seggui.models.prompted.corrections import Choice, choose_on, covered
from seggui.models.prompted.pool import Bools, Floats, Scene
from seggui.models.prompted.scenes import Scenes

Answer = Callable[[Bytes], tuple[Floats, float]]
"""Channels in; probabilities, axes (y, x), and the expected IoU out."""

KEPT = 12
"""Windows of an image that are kept."""
MARGIN = 1.5
"""Side of a window over that of what it is about."""
WIDER, NARROWER = 1.6, 0.6
"""A window is changed when another would be this much wider or narrower."""
MOST_LOOKS = 2
"""Windows that are tried for one click."""
FRESH_REACH, FRESH_GAIN = 0.8, 1.8
"""How far around positive clicks a fresh look reaches, of the way to the negative one;
and how much closer it must be."""
MIDDLE = 0.6
"""Share of the greatest depth from which on a click is in the middle of a mask."""
LOCAL_GAIN = 2.6
"""How much closer a second look must be to be worth it."""
LOCAL_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of the objects that are asked for before anything is clicked on."""

    classic_share: float = 0.3
    """What the classic model thinks of a first click counts this much. It steadied a
    network that had learnt less; with the one in the box any share up to 0.45 is alike
    (IoU 0.667 to 0.669 after one click on 111 objects of images that were held out)."""
    least_side: float = 0.0
    most_side: float = math.inf
    """Pixels of the image along the longer side of small and of large objects."""
    line_width: float = 0.0
    """Pixels of the image across objects that are thin lines; 0 where they are not."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for what no objects can be like: a card may say it."""
        sides = self.least_side < math.inf and 0 <= self.least_side <= self.most_side
        width = 0 <= self.line_width < math.inf
        if not (0 <= self.classic_share <= 1 and sides and width):
            raise ValueError(f"no habits of objects: {self}")


HABITS = Habits()


class Sight:
    """An image and the windows of it that were looked at; the encoding of the model.

    A window's scene depends on the window alone, so answers do not depend on what was
    asked before.
    """

    def __init__(
        self,
        image_hwc: NDArray[np.uint8],
        report: Report = unwatched,
        habits: Habits = HABITS,
    ) -> None:
        self.scenes = Scenes(image_hwc, report)
        self.habits = habits
        self._close: OrderedDict[Box, Scene] = OrderedDict()

    @property
    def height(self) -> int:
        return int(self.scenes.height)

    @property
    def width(self) -> int:
        return int(self.scenes.width)

    def on(self, box: Box) -> Scene:
        if box not in self._close:
            self._close[box] = crops.scene_on(self.scenes.image_hwc, box)
            while len(self._close) > KEPT:
                self._close.popitem(last=False)
        self._close.move_to_end(box)
        return self._close[box]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network said of a window."""

    box: Box
    scene: Scene
    likely_hw: Floats
    """At the scale of the scene."""
    quality: float
    choice: Choice
    """What the classic model made of the same."""
    before_hw: Bools
    """The mask that was to be corrected."""

    @cached_property
    def mask_hw(self) -> Bools:
        return np.asarray(self.likely_hw > 0.5)

    def box_of(self, part_hw: Bools) -> Box:
        """The box in image pixels around some pixels of the scene."""
        rows, columns = np.flatnonzero(part_hw.any(1)), np.flatnonzero(part_hw.any(0))
        if not len(rows):
            return Box(0, 0, 0, 0)
        height, width = self.scene.shape
        across, down = self.box.width / width, self.box.height / height
        return Box(
            self.box.x0 + int(columns[0] * across),
            self.box.y0 + int(rows[0] * down),
            self.box.x0 + int(np.ceil((columns[-1] + 1) * across)),
            self.box.y0 + int(np.ceil((rows[-1] + 1) * down)),
        )


def look(sight: Sight, asked: Asked, box: Box, answer: Answer) -> Seen:
    scene = sight.on(box)
    state: Shown = shown(scene, asked)
    likely, quality = answer(state.bytes_chw)
    if asked.mask.is_empty:
        theirs = state.bytes_chw[LIKELY].astype(np.float32) / 255.0
        likely = likely + sight.habits.classic_share * (theirs - likely)
    height, width = scene.shape
    before = covered(scene, asked.mask) >= 128
    return Seen(box, scene, likely[:height, :width], quality, state.choice, before)


def focused(sight: Sight, asked: Asked, answer: Answer) -> Seen:
    """Look at a window that fits the object that is asked about."""
    box = first_window(sight, asked)
    seen = look(sight, asked, box, answer)
    tried = {box}
    for _ in range(MOST_LOOKS - 1):
        better = _better_window(sight, asked, seen)
        if better is None or better in tried:
            break
        tried.add(better)
        seen = look(sight, asked, better, answer)
    return seen


def first_window(sight: Sight, asked: Asked) -> Box:
    """A window around what the classic model thinks is meant, and the mask so far."""
    about = asked.mask.bbox
    box = asked.box
    if box is not None:
        about = about.union(box)
    if asked.points:
        newest = asked.points[-1]
        x, y = int(newest.x), int(newest.y)
        about = about.union(Box(x, y, x + 1, y + 1))
        if newest.positive and box is None:
            about = about.union(_region_of_classic(sight, asked))
    return around(about, MARGIN, sight)


def _region_of_classic(sight: Sight, asked: Asked) -> Box:
    whole = sight.scenes.whole
    choice = choose_on(whole, asked.mask, asked.points[-1], asked.points, asked.box)
    low, high = whole.extents
    members = choice.pool.members[choice.best]
    left, top = low[members].min(axis=0) / sight.scenes.scale
    right, bottom = high[members].max(axis=0) / sight.scenes.scale
    box = Box(int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom)))
    if asked.mask.is_empty:
        box = _as_usual(box, asked.points[-1], sight.habits)
    return box.clipped(sight.width, sight.height)


def _as_usual(box: Box, point: Point, habits: Habits) -> Box:
    """The box, or one around the click where no object is as small or as large."""
    side = max(box.width, box.height)
    usual = min(max(side, habits.least_side), habits.most_side)
    if usual == side:
        return box
    left, top = int(point.x - usual / 2), int(point.y - usual / 2)
    return Box(left, top, left + math.ceil(usual), top + math.ceil(usual))


def around(about: Box, margin: float, sight: Sight) -> Box:
    """A window around a box, on a coarse lattice so that like windows are the same."""
    reach = max(about.width, about.height) * margin
    side = float(np.exp2(np.ceil(np.log2(max(reach, crops.LEAST_SIDE)) * 4) / 4))
    step = max(1.0, side / 16)
    x = round((about.x0 + about.x1) / 2 / step) * step
    y = round((about.y0 + about.y1) / 2 / step) * step
    return crops.window(x, y, side, sight.width, sight.height)


def _better_window(sight: Sight, asked: Asked, seen: Seen) -> Box | None:
    about = seen.box_of(seen.mask_hw | seen.before_hw)
    if about.empty:
        return None
    box = seen.box
    side = max(box.width, box.height)
    if _runs_out(seen, sight):
        wider = around(about, MARGIN * WIDER, sight)
        return wider if max(wider.width, wider.height) > side else None
    if asked.points:
        x, y = int(asked.points[-1].x), int(asked.points[-1].y)
        about = about.union(Box(x, y, x + 1, y + 1))
    if asked.box is not None:
        about = about.union(asked.box)
    about = about.union(asked.mask.bbox)
    closer = around(about, MARGIN, sight)
    narrow = max(closer.width, closer.height) < NARROWER * side
    return closer if narrow else None


def _runs_out(seen: Seen, sight: Sight) -> bool:
    """Whether the object goes on beyond the window."""
    mask, box = seen.mask_hw, seen.box
    sides = (
        (box.x0 > 0, mask[:, 0]),
        (box.y0 > 0, mask[0]),
        (box.x1 < sight.width, mask[:, -1]),
        (box.y1 < sight.height, mask[-1]),
    )
    return any(inner and line.mean() > 0.04 for inner, line in sides)


def fresh_window(sight: Sight, asked: Asked, seen: Seen) -> Box | None:
    """A window around the positive clicks when all of the answer so far may be wrong.

    A negative click in the very middle of a mask says that the object is somewhere
    else or far smaller: in reach of the positive clicks, on this side of the negative.
    """
    good = [point for point in asked.points if point.positive]
    if not good or not asked.points or asked.points[-1].positive or asked.box:
        return None
    newest = asked.points[-1]
    apart = min(float(np.hypot(p.x - newest.x, p.y - newest.y)) for p in good)
    about = Box(
        int(min(p.x for p in good) - FRESH_REACH * apart),
        int(min(p.y for p in good) - FRESH_REACH * apart),
        int(max(p.x for p in good) + FRESH_REACH * apart) + 1,
        int(max(p.y for p in good) + FRESH_REACH * apart) + 1,
    )
    box = around(about, 1.0, sight)
    much = FRESH_GAIN * max(box.width, box.height) < max(
        seen.box.width, seen.box.height
    )
    return box if much and _in_the_middle(seen, newest) else None


def _in_the_middle(seen: Seen, point: Point) -> bool:
    """Whether a click lies about as deep in the mask so far as one can."""
    depths = cv2.distanceTransform(
        np.pad(seen.before_hw.astype(np.uint8), 1), cv2.DIST_L2, 3
    )[1:-1, 1:-1]
    x, y = placed(seen.scene, point)
    height, width = depths.shape
    here = float(depths[min(int(y), height - 1), min(int(x), width - 1)])
    return here > MIDDLE * float(depths.max())


def closer(sight: Sight, asked: Asked, seen: Seen, answer: Answer) -> Seen | None:
    """Look again where a correction changes little; None where nothing is gained."""
    if not asked.points or asked.mask.is_empty:
        return None
    newest = asked.points[-1]
    part = _change_at(seen, newest)
    about = seen.box_of(part)
    if about.empty:
        return None
    box = around(about, LOCAL_MARGIN, sight)
    if max(box.width, box.height) * LOCAL_GAIN > max(seen.box.width, seen.box.height):
        return None
    if crops.scale_of(box) < LOCAL_GAIN * crops.scale_of(seen.box):
        return None
    return look(sight, asked, box, answer)


def _change_at(seen: Seen, point: Point) -> Bools:
    """The piece of what changes that holds a click."""
    changed = (seen.mask_hw != seen.before_hw).astype(np.uint8)
    _, labels = cv2.connectedComponents(changed, connectivity=8)
    x, y = placed(seen.scene, point)
    height, width = seen.scene.shape
    row, column = min(int(y), height - 1), min(int(x), width - 1)
    rows = slice(max(0, row - 2), row + 3)
    near = labels[rows, max(0, column - 2) : column + 3]
    found = near[near > 0]
    if not len(found):
        return np.zeros(seen.scene.shape, dtype=bool)
    return np.asarray(labels == found[0])
