"""Games of clicks: each state of a game is a sample to learn from.

Clicks are simulated as in Mahadevan, Voigtlaender and Leibe, "Iteratively Trained
Interactive Segmentation" (2018): the network's own mask so far and the next click in
its largest error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.metrics.clicks import next_click
from seggui.metrics.masks import iou
from seggui.models.prompted.clicknet.channels import ANSWER, SIDE, Asked, Shown, shown
from seggui.models.prompted.clicknet.crops import (
    LEAST_SIDE,
    MOST_ZOOM,
    scale_of,
    window,
)
from seggui.models.prompted.pool import Scene
from seggui.models.prompted.scenes import scene_of
from seggui.training.clicks.photometry import disturbed
from seggui.training.clicks.scenes import Bools, Bytes, ClickScene

Random = np.random.Generator
Answer = Callable[[Bytes], NDArray[np.float32]]
"""The network: channels in, probabilities, axes (y, x), out."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One state of a game."""

    shown_chw: Bytes
    truth_hw: Bytes
    """255 on the object, padded like the channels."""
    clicks: int
    before: float
    """IoU of the mask before this click."""
    beyond: float = 0.0
    """Pixels of the object that a first look does not reach."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A picture of at most ``SIDE`` pixels a side and the object to be found."""

    scene: Scene
    truth_hw: Bools
    other_hw: Bools
    """Another object, for mistakes."""
    local: bool
    """Whether it shows a part of the object only."""
    beyond: float
    """Pixels of the object, at this scale, that are outside the picture."""


def board_of(
    scene: ClickScene,
    which: int,
    draw: Random | None,
    margin: float = 1.4,
    close_side: float = 0.0,
) -> Board | None:
    """Cut a window around an object; None where too little of it is left.

    Without ``draw`` the window is in the middle and nothing is disturbed. With a
    ``close_side`` it is about that large, and somewhere on the object.
    """
    truth = scene.objects[which]
    height, width = truth.shape
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    middle = ((columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2)
    reach = float(max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1)
    local = False
    side = reach * margin
    if draw is not None:
        x, y, side, local = _somewhere(truth, middle, reach, draw)
        if close_side:
            x, y = _anywhere_on(truth, draw)
            side, local = close_side * float(np.exp(draw.normal(0, 0.2))), True
        middle = (x, y)
    box = window(*middle, side, width, height)
    scale = scale_of(box)
    to = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    image = scaled(scene.image_hwc[box.slices], to)
    masks = [scaled(truth[box.slices].astype(np.uint8) * 255, to)]
    other = scene.objects[(which + 1) % len(scene.objects)]
    masks.append(scaled(other[box.slices].astype(np.uint8) * 255, to))
    if draw is not None:
        image, masks = disturbed(image, masks, draw, alike=scene.alike)
    found = most_covered(masks[0])
    if found.sum() < 12 or found.all():
        return None
    whole = Box(0, 0, *to)
    looked = scene_of(image, whole, 1.0)
    looked = replace(looked, image_area=width * height * scale * scale)
    return Board(
        looked, found, most_covered(masks[1]) & ~found, local, beyond(truth, box)
    )


def beyond(truth_hw: Bools, box: Box) -> float:
    """Pixels of the truth outside a window, at the scale at which it is looked at."""
    outside = np.count_nonzero(truth_hw) - np.count_nonzero(truth_hw[box.slices])
    return float(outside * scale_of(box) ** 2)


def scaled(values: Bytes, to: tuple[int, int]) -> Bytes:
    how = cv2.INTER_AREA if to[0] < values.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, to, interpolation=how), dtype=np.uint8)


def most_covered(coverage_hw: Bytes) -> Bools:
    """The pixels that an object covers most: half of them, or as many as its area.

    Of a shrunk line no pixel may be covered by half, and it is there nevertheless.
    """
    area = int(coverage_hw.sum(dtype=np.int64) / 255)
    if not area:
        return np.zeros(coverage_hw.shape, dtype=bool)
    ordered = np.partition(coverage_hw.ravel(), -area)
    return np.asarray(coverage_hw >= min(128, max(1, int(ordered[-area]))))


def _somewhere(
    truth: Bools, middle: tuple[float, float], reach: float, draw: Random
) -> tuple[float, float, float, bool]:
    """A window: on a part of the edge, a guess, about the object, or much wider."""
    kind = draw.random()
    if kind < 0.22 and reach * MOST_ZOOM > SIDE / 2:
        bytes_hw = truth.astype(np.uint8)
        edge = bytes_hw - cv2.erode(bytes_hw, np.ones((3, 3), np.uint8))
        # What fills its image has no edge.
        places = np.argwhere(edge > 0 if edge.any() else truth)
        y, x = places[draw.integers(len(places))]
        return float(x), float(y), reach * draw.uniform(0.3, 0.9), True
    if kind < 0.55:
        # In use size and place are guesses, so they must not tell what the object is.
        side = max(LEAST_SIDE, reach * float(np.exp(draw.normal(0.4, 0.6))))
        off = draw.normal(0, 0.08 * reach + 0.1 * side, 2)
        return middle[0] + off[0], middle[1] + off[1], side, False
    widest = 2.0 if kind < 0.85 else max(2.1, max(truth.shape) / reach)
    side = reach * float(np.exp(draw.uniform(np.log(1.1), np.log(widest))))
    side = max(LEAST_SIDE, side)
    slack = 0.5 * (side - reach) + 0.05 * reach
    x = middle[0] + draw.uniform(-slack, slack)
    return x, middle[1] + draw.uniform(-slack, slack), side, False


def _anywhere_on(truth: Bools, draw: Random) -> tuple[float, float]:
    flat = np.flatnonzero(truth)
    y, x = divmod(int(flat[draw.integers(len(flat))]), truth.shape[1])
    return x + 0.5, y + 0.5


def game(
    board: Board, answer: Answer | None, draw: Random, most: int = 6
) -> Iterator[Sample]:
    """Play on a board and yield each state; ``answer`` None lets classic play."""
    truth = board.truth_hw
    mask, box = _start(board, draw)
    points: tuple[Point, ...] = ()
    rounds = int(draw.geometric(0.42))
    for turn in range(min(rounds, most)):
        if box is None or turn > 0:
            point = _click(truth, mask, points, draw)
            if point is None:
                return
            points = (*points, point)
        state = shown(board.scene, Asked(Mask.from_dense(mask), points, box))
        yield Sample(
            state.bytes_chw,
            padded(truth),
            len(points),
            iou(truth, mask),
            0.0 if mask.any() else board.beyond,
        )
        classic = answer is None or draw.random() < 0.12
        mask = answered(state, points, None if classic else answer, truth.shape)


def padded(truth_hw: Bools) -> Bytes:
    out = np.zeros((SIDE, SIDE), dtype=np.uint8)
    out[: truth_hw.shape[0], : truth_hw.shape[1]] = truth_hw * np.uint8(255)
    return out


def answered(
    state: Shown,
    points: tuple[Point, ...],
    answer: Answer | None,
    shape: tuple[int, int],
) -> Bools:
    """The next mask, by the network or by classic; each click has its pixel."""
    if answer is None:
        likely = state.bytes_chw[ANSWER] / np.float32(255)
    else:
        likely = answer(state.bytes_chw)
    mask: Bools = likely[: shape[0], : shape[1]] > 0.5
    for point in points:
        mask[int(point.y), int(point.x)] = point.positive
    return mask


def _click(
    truth: Bools, mask: Bools, points: tuple[Point, ...], draw: Random
) -> Point | None:
    """The next click, in the middle of the largest error or a little off."""
    if (truth == mask).all():
        return None
    return near_middle(truth, mask, next_click(truth, mask, points), draw)


def near_middle(truth: Bools, mask: Bools, point: Point, draw: Random) -> Point:
    """A click in the middle of an error, moved off it as hands do, but not always."""
    if draw.random() < 0.6:
        return point
    wrong = (truth != mask) & (truth == point.positive)
    depth = cv2.distanceTransform(
        np.pad(wrong, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )[1:-1, 1:-1]
    share = draw.uniform(0.1, 0.9)
    rows, columns = np.nonzero(depth >= max(share * float(depth.max()), 0.5))
    if not len(rows):
        return point
    at = int(draw.integers(len(rows)))
    return Point(columns[at] + 0.5, rows[at] + 0.5, point.positive)


def _start(board: Board, draw: Random) -> tuple[Bools, Box | None]:
    """What there is before the first click: nothing, a box, or a mask to correct."""
    truth = board.truth_hw
    height, width = truth.shape
    kind = draw.random()
    if not board.local and kind < 0.12:
        rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        sides = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
        reach = max(sides[2] - sides[0], sides[3] - sides[1])
        sides += draw.normal(0, 0.03, 4) * reach
        left, top, right, bottom = (round(v) for v in sides)
        box = Box(left, top, max(right, left + 2), max(bottom, top + 2))
        box = box.clipped(width, height)
        if not box.empty:
            return np.zeros_like(truth), box
    if kind < (0.75 if board.local else 0.32):
        return mistaken(board, draw), None
    return np.zeros_like(truth), None


def mistaken(board: Board, draw: Random) -> Bools:
    """A mask that has something wrong with it."""
    truth = board.truth_hw
    bytes_hw = truth.astype(np.uint8)
    inner = cv2.distanceTransform(np.pad(bytes_hw, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    outer = cv2.distanceTransform(np.pad(1 - bytes_hw, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = np.sqrt(truth.sum())
    noise = draw.normal(0, 1, tuple(draw.integers(2, 9, 2))).astype(np.float32)
    height, width = truth.shape
    field = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    shift = draw.normal(0, 0.03) * reach
    mask: Bools = inner - outer + shift + field * draw.uniform(0.0, 0.14) * reach > 0
    kind = draw.random()
    if kind < 0.2 and board.other_hw.any():
        mask = mask | board.other_hw
    elif kind < 0.75:
        mask = _with_region(board, mask, draw)
    return mask


def _with_region(board: Board, mask: Bools, draw: Random) -> Bools:
    """Add a region of the picture that is not the object's, or take one of its own."""
    add = draw.random() < 0.5
    rows, columns = np.nonzero(~board.truth_hw if add else board.truth_hw)
    at = int(draw.integers(len(rows)))
    scene = board.scene
    leaf = int(scene.leaves.labels_hw[rows[at], columns[at]])
    tree = scene.trees[int(draw.integers(len(scene.trees)))]
    members = tree.members_along(leaf)
    areas = members @ scene.leaves.sizes
    wanted = board.truth_hw.sum() * np.exp(draw.uniform(np.log(0.03), np.log(0.8)))
    region = members[int(np.argmin(np.abs(np.log(areas / wanted))))]
    inside: Bools = region[scene.leaves.labels_hw]
    return (mask | inside) if add else (mask & ~inside)
