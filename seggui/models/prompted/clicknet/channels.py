"""What the click network is shown: the picture, the clicks and classical knowledge.

Early fusion of discs and the previous mask as in Sofiiuk, Petrov and Konushin,
"Reviving Iterative Training with Mask Guidance" (2021). What a small network cannot
learn from little data is given: boundaries, distances along the regions, colour
models, and what the classic model would answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.models.prompted.corrections import (
    Choice,
    choose_in_box_on,
    choose_on,
    covered,
)
from seggui.models.prompted.pool import Bools, Floats, Scene

Bytes = NDArray[np.uint8]

SIDE = 192
"""Pixels along the square that the network sees."""
NAMES = (
    "red",
    "green",
    "blue",
    "boundary",
    "positive clicks",
    "negative clicks",
    "newest click",
    "mask so far",
    "box",
    "likely by classic",
    "answer of classic",
    "like positive clicks",
    "like negative clicks",
    "near positive clicks",
    "near negative clicks",
    "joined to positive clicks",
    "joined to negative clicks",
    "colour of the likely",
    "inside the image",
)
LIKELY, ANSWER = NAMES.index("likely by classic"), NAMES.index("answer of classic")
DISC, NEWEST_DISC = 4, 6
"""Radius of a click in pixels of the square."""
SAME_LOOK = 0.25
"""Difference of histograms at which likeness falls to 1/e."""
NEAR = 1.0
"""Distance along the regions at which nearness falls to 1/e."""
GREATEST = 6
"""Power at which a sum of edge strengths is about its greatest one."""
COLOUR_BINS = (8, 8, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked about a scene; points, box and mask in pixels of the image."""

    mask: Mask
    points: tuple[Point, ...]
    box: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The input of the network, and what the classic model makes of the same."""

    bytes_chw: Bytes
    """0 to 255, axes (channel, y, x), padded below and on the right to the square."""
    choice: Choice


def shown(scene: Scene, asked: Asked) -> Shown:
    """Gather the channels for a scene of at most ``SIDE`` pixels along each side."""
    height, width = scene.shape
    choice = _classic(scene, asked)
    likely, answer = _classical_answers(choice)
    places = [
        (*placed(scene, point), point.positive)
        for point in asked.points
        if scene.box.contains(point.x, point.y)
    ]
    out = np.zeros((len(NAMES), SIDE, SIDE), dtype=np.uint8)
    view = out[:, :height, :width]
    view[:3] = _picture(scene).transpose(2, 0, 1)
    view[3] = np.clip(scene.look.boundary_hw * 255.0, 0, 255)
    _draw_clicks(out, places)
    view[7] = covered(scene, asked.mask)
    if asked.box is not None:
        _fill_box(view[8], scene, asked.box)
    view[9], view[10] = likely * 255.0, answer * np.uint8(255)
    for sign, first in ((True, 0), (False, 1)):
        leaves = sorted({scene.leaf_at(x, y) for x, y, good in places if good is sign})
        for step, values in enumerate(_of_leaves(scene, leaves)):
            levels = np.asarray(values * 255.0, dtype=np.uint8)
            view[11 + 2 * step + first] = levels[scene.leaves.labels_hw]
    view[17] = _colour_odds(scene, likely) * 255.0
    view[18] = 255
    out[:, height:] = 0
    out[:, :, width:] = 0
    return Shown(out, choice)


def placed(scene: Scene, point: Point) -> tuple[float, float]:
    """A point of the image in pixels of the scene."""
    height, width = scene.shape
    return (
        (point.x - scene.box.x0) * width / scene.box.width,
        (point.y - scene.box.y0) * height / scene.box.height,
    )


def _classic(scene: Scene, asked: Asked) -> Choice:
    inside = [p for p in asked.points if scene.box.contains(p.x, p.y)]
    if not inside:
        return choose_in_box_on(scene, asked.box or scene.box)
    box = asked.box
    limit = (
        box if box is not None and box.contains(inside[-1].x, inside[-1].y) else None
    )
    return choose_on(scene, asked.mask, inside[-1], asked.points, limit)


def _classical_answers(choice: Choice) -> tuple[Floats, Bools]:
    """How likely each pixel is once the click is answered, and the best answer."""
    likely = choice.likely_hw()
    region = choice.pool.members[choice.best][choice.scene.leaves.labels_hw]
    if choice.click.positive:
        wide = np.maximum(choice.covered_hw, likely).astype(np.float32)
        return wide, choice.covered_hw | region
    narrow = np.minimum(choice.covered_hw, 1.0 - likely).astype(np.float32)
    return narrow, choice.covered_hw & ~region


def _picture(scene: Scene) -> Bytes:
    height, width = scene.shape
    how = cv2.INTER_AREA if width < scene.box.width else cv2.INTER_LINEAR
    small = cv2.resize(scene.image_hwc, (width, height), interpolation=how)
    return np.asarray(small, dtype=np.uint8)


def _draw_clicks(out: Bytes, places: list[tuple[float, float, bool]]) -> None:
    for x, y, positive in places:
        cv2.circle(out[4 if positive else 5], (int(x), int(y)), DISC, 255, -1)
    if places:
        x, y, _ = places[-1]
        cv2.circle(out[6], (int(x), int(y)), NEWEST_DISC, 255, -1)


def _fill_box(plane_hw: Bytes, scene: Scene, box: Box) -> None:
    x0, y0 = placed(scene, Point(box.x0, box.y0))
    x1, y1 = placed(scene, Point(box.x1, box.y1))
    rows = slice(max(0, round(y0)), max(0, round(y1)))
    plane_hw[rows, max(0, round(x0)) : max(0, round(x1))] = 255


def _of_leaves(scene: Scene, from_leaves: list[int]) -> tuple[Floats, ...]:
    """For each leaf: likeness, nearness and how well joined to some leaves, 0 to 1."""
    count = scene.leaves.count
    if not from_leaves:
        nothing = np.zeros(count, dtype=np.float32)
        return nothing, nothing, nothing
    looks = scene.leaves.looks[:, :-3]
    apart = np.full(count, np.inf, dtype=np.float32)
    for leaf in from_leaves[:40]:
        np.minimum(apart, np.abs(looks - looks[leaf]).sum(axis=1), out=apart)
    like = np.exp(-apart / 8.0 / SAME_LOOK)
    strengths = scene.leaves.strengths
    step = strengths**2 + 0.3 * scene.pair_looks**2 + 0.005
    near = np.exp(-_distances(scene, from_leaves, step) / NEAR)
    powers = np.maximum(strengths, 0.02) ** GREATEST
    highest = _distances(scene, from_leaves, powers) ** (1.0 / GREATEST)
    return like, near, np.exp(-5.0 * highest)


def _distances(
    scene: Scene, from_leaves: list[int], costs: NDArray[np.floating]
) -> Floats:
    far = csgraph.dijkstra(scene.graph(costs), indices=from_leaves, min_only=True)
    return np.asarray(np.minimum(far, 1e6), dtype=np.float32)


def _colour_odds(scene: Scene, likely_hw: Floats) -> Floats:
    """Share of each colour that is likely the object: Bayes on colour histograms."""
    lab = scene.look.lab_hwc
    place = np.zeros(likely_hw.shape, dtype=np.int32)
    for axis, bins in enumerate(COLOUR_BINS):
        level = np.clip(lab[..., axis] * bins, 0, bins - 1).astype(np.int32)
        place = place * bins + level
    flat, weight = place.ravel(), likely_hw.ravel()
    many = int(np.prod(COLOUR_BINS))
    every = np.bincount(flat, minlength=many).reshape(COLOUR_BINS).astype(np.float32)
    ours = np.bincount(flat, weight, many).reshape(COLOUR_BINS).astype(np.float32)
    # As much of the object as of the ground, so that a small object is not drowned.
    ours_share = _spread(ours) / max(float(ours.sum()), 1.0)
    rest = np.maximum(every - ours, 0.0)
    rest_share = _spread(rest) / max(float(rest.sum()), 1.0)
    odds = (ours_share + 1e-5) / (ours_share + rest_share + 2e-5)
    return np.asarray(odds.ravel()[place], dtype=np.float32)


def _spread(counts: Floats) -> Floats:
    """Let each colour count a little for its neighbours."""
    for axis in range(3):
        padded = np.pad(counts, [(int(i == axis),) * 2 for i in range(3)])
        low = np.take(padded, range(counts.shape[axis]), axis)
        high = np.take(padded, range(2, counts.shape[axis] + 2), axis)
        counts = 0.6 * counts + 0.2 * (low + high)
    return counts
