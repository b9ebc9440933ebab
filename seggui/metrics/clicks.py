"""How many clicks a prompted model needs: the simulated clicker and its scores.

The clicker is the one of the interactive-segmentation benchmarks: the next click
falls in the middle of the largest error region, the pixel deepest inside it by
Euclidean distance (Xu et al., "Deep Interactive Object Selection", 2016, in the form
of Sofiiuk et al., "Reviving Iterative Training with Mask Guidance", 2021). NoC@k is
the number of clicks until IoU reaches k, the limit where it never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.prompt import Point
from seggui.metrics.masks import iou

Bools = NDArray[np.bool_]

LIMIT = 20
"""Clicks after which the benchmarks give an object up."""


def next_click(
    truth_hw: Bools,
    mask_hw: Bools,
    clicked: Iterable[Point] = (),
    *,
    ignored_hw: Bools | None = None,
) -> Point:
    """Return where a person would click next: the pixel centre deepest in an error.

    Missed pixels give a positive click, surplus ones a negative click. A pixel in
    ``clicked`` is not clicked again, pixels in ``ignored_hw`` are no error. Raises
    ``ValueError`` when there is no error left to click on.
    """
    truth, mask = truth_hw.astype(bool), mask_hw.astype(bool)
    if truth.shape != mask.shape:
        raise ValueError(f"masks of shapes {truth.shape} and {mask.shape}")
    missed, surplus = truth & ~mask, mask & ~truth
    if ignored_hw is not None:
        missed, surplus = missed & ~ignored_hw, surplus & ~ignored_hw
    depths = [_depth(missed), _depth(surplus)]
    if not any(depth.any() for depth in depths):
        raise ValueError("the mask equals the truth; nothing is left to click on")
    free = np.ones(truth.shape, dtype=bool)
    for point in clicked:
        free[int(point.y), int(point.x)] = False
    fresh = [depth * free for depth in depths]
    # When each wrong pixel was clicked before, clicking one again is all that is left.
    if any(depth.any() for depth in fresh):
        depths = fresh
    deepest = [float(depth.max(initial=0.0)) for depth in depths]
    positive = deepest[0] > deepest[1]
    row, column = divmod(int(np.argmax(depths[0 if positive else 1])), truth.shape[1])
    return Point(column + 0.5, row + 0.5, positive)


def _depth(region_hw: Bools) -> NDArray[np.float32]:
    """Distance of each pixel to the nearest one outside; the image ends outside."""
    padded = np.pad(region_hw.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance[1:-1, 1:-1], dtype=np.float32)


Answer = Callable[[tuple[Point, ...], Bools], Bools]
"""``answer(points, mask_hw) -> mask_hw``: all clicks so far and the last mask in."""


def play(
    truth_hw: Bools, answer: Answer, *, limit: int = LIMIT, enough: float = 1.0
) -> tuple[float, ...]:
    """Click until IoU reaches ``enough`` or ``limit`` clicks; return IoU after each."""
    mask: Bools = np.zeros(truth_hw.shape, dtype=bool)
    points: tuple[Point, ...] = ()
    ious: list[float] = []
    while len(points) < limit:
        points = (*points, next_click(truth_hw, mask, points))
        mask = answer(points, mask)
        ious.append(iou(truth_hw, mask))
        if ious[-1] >= enough or ious[-1] == 1.0:
            break
    return tuple(ious)


def noc(ious: Sequence[float], threshold: float, limit: int = LIMIT) -> int:
    """Return the number of clicks until IoU reached ``threshold``, else ``limit``."""
    for index, value in enumerate(ious[:limit]):
        if value >= threshold:
            return index + 1
    return limit


def iou_after(ious: Sequence[float], clicks: int) -> float:
    """Return IoU after that many clicks; a run that ended earlier keeps its last."""
    if not ious or clicks < 1:
        return 0.0
    return ious[min(clicks, len(ious)) - 1]


@dataclass(frozen=True, slots=True)
class NoC:
    """The mean number of clicks to an IoU, over objects."""

    threshold: float
    mean: float
    failed: int
    """Objects that did not reach the threshold within the limit."""
    objects: int


def noc_over(
    runs: Sequence[Sequence[float]], threshold: float, limit: int = LIMIT
) -> NoC:
    """Return NoC over the IoU series of several objects; each counts ``limit`` at most.

    The mean over no objects is NaN.
    """
    clicks = [noc(run, threshold, limit) for run in runs]
    failed = sum(max(run[:limit], default=0.0) < threshold for run in runs)
    mean = sum(clicks) / len(clicks) if clicks else float("nan")
    return NoC(threshold, mean, failed, len(clicks))
