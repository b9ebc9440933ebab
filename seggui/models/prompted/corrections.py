"""One click, one change: the region that a click adds to a mask or takes from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.models.prompted.boxes import flushness, pool_in
from seggui.models.prompted.judge import Click, evidence
from seggui.models.prompted.judge_weights import ADD, FIRST, REMOVE
from seggui.models.prompted.pool import Bools, Floats, Pool, Scene, pool_for
from seggui.models.prompted.scenes import Scenes

CLEARLY = 1.7
"""How many times larger a region is that counts as another granularity."""
TIGHT = 8.0
"""What it is worth to reach all sides of a box."""
FLUSH = 8.0
"""What it costs to end at the sides of a box where the image shows no edge."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What a click may mean on a scene, with how likely each meaning is."""

    scene: Scene
    click: Click
    pool: Pool
    scores: Floats
    covered_hw: Bools
    """The mask so far at the scale of the scene."""

    @cached_property
    def chances(self) -> Floats:
        powers = np.exp(self.scores - self.scores.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    @cached_property
    def expected(self) -> Floats:
        """The IoU to expect of each region if the chances are right."""
        member = self.pool.members.astype(np.float32)
        weighted = member * self.scene.leaves.sizes
        common = weighted @ member.T
        area = weighted.sum(axis=1)
        union = area[:, None] + area[None, :] - common
        return np.asarray((common / union) @ self.chances, dtype=np.float32)

    @property
    def best(self) -> int:
        return int(np.argmax(self.expected))

    def others(self) -> list[int]:
        """The best clearly smaller and the best clearly larger meaning."""
        area = self.pool.members @ self.scene.leaves.sizes
        out = []
        for wanted in (
            area < area[self.best] / CLEARLY,
            area > area[self.best] * CLEARLY,
        ):
            if wanted.any():
                out.append(int(np.argmax(np.where(wanted, self.scores, -np.inf))))
        return sorted(out, key=lambda i: -self.expected[i])

    def likely_hw(self) -> Floats:
        """How likely each pixel of the scene belongs to the change, 0 to 1."""
        leaves = self.chances @ self.pool.members.astype(np.float32)
        return np.asarray(leaves[self.scene.leaves.labels_hw], dtype=np.float32)


def choose(
    scenes: Scenes,
    mask: Mask,
    point: Point,
    points: tuple[Point, ...],
    limit: Box | None,
) -> Choice:
    """Judge what ``point`` means, from afar and then as close as its size asks."""
    level = 0
    choice = choose_on(scenes.whole, mask, point, points, limit)
    if scenes.deepest:
        low, high = choice.scene.extents
        best = choice.pool.members[choice.best]
        side = float((high[best].max(axis=0) - low[best].min(axis=0)).max())
        level = scenes.level_for(side / scenes.scale)
    if level:
        scene = scenes.around(point.x, point.y, level)
        choice = choose_on(scene, mask, point, points, limit)
    return choice


def choose_on(
    scene: Scene, mask: Mask, point: Point, points: tuple[Point, ...], limit: Box | None
) -> Choice:
    height, width = scene.shape
    across, down = width / scene.box.width, height / scene.box.height

    def placed(p: Point) -> tuple[float, float]:
        return (p.x - scene.box.x0) * across, (p.y - scene.box.y0) * down

    covered_hw = covered(scene, mask)
    inside = share_of_leaves(scene, covered_hw)
    x, y = placed(point)
    leaf = scene.leaf_at(x, y)
    others = _inside(scene, [placed(p) for p in points if p.positive != point.positive])
    same = _inside(scene, [placed(p) for p in points if p.positive == point.positive])
    # The click itself says nothing new about regions that all hold it.
    same = same[np.abs(same - (x, y)).sum(axis=1) > 1e-3]
    click = Click(x, y, point.positive, leaf, inside, same, others, mask.is_empty)
    free = inside < 0.5 if point.positive else inside >= 0.5
    if limit is not None:
        free &= _within(scene, limit)
    for ox, oy in others:
        free[scene.leaf_at(float(ox), float(oy))] = False
    free[leaf] = True
    pool = pool_for(scene, leaf, free)
    weights = FIRST if mask.is_empty else ADD if point.positive else REMOVE
    scores = evidence(scene, click, pool, scene.image_area) @ weights
    return Choice(
        scene,
        click,
        pool,
        scores,
        covered_hw >= 128,
    )


def covered(scene: Scene, mask: Mask) -> NDArray[np.uint8]:
    """How much of each pixel of the scene the mask covers, 0 to 255."""
    height, width = scene.shape
    if mask.bbox.intersection(scene.box).empty:
        return np.zeros((height, width), np.uint8)
    part = mask.window(scene.box).view(np.uint8) * np.uint8(255)
    how = cv2.INTER_AREA if width < scene.box.width else cv2.INTER_LINEAR
    small = cv2.resize(part, (width, height), interpolation=how)
    return np.asarray(small, dtype=np.uint8)


def share_of_leaves(scene: Scene, covered_hw: NDArray[np.uint8]) -> Floats:
    """How much of each leaf is covered, 0 to 1."""
    labels, leaves = scene.leaves.labels_hw.ravel(), scene.leaves
    sums = np.bincount(labels, weights=covered_hw.ravel(), minlength=leaves.count)
    return np.asarray(sums / (255.0 * leaves.sizes), dtype=np.float32)


def _inside(scene: Scene, points: list[tuple[float, float]]) -> Floats:
    """The points that lie on the scene, axes (point, xy)."""
    height, width = scene.shape
    kept = [(x, y) for x, y in points if 0 <= x < width and 0 <= y < height]
    return np.array(kept, dtype=np.float32).reshape(-1, 2)


def choose_in_box(scenes: Scenes, box: Box) -> Choice:
    """Judge what the object in a box is."""
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    level = scenes.level_for(max(box.width, box.height) * 0.6)
    return choose_in_box_on(scenes.around(*middle, level), box)


def choose_in_box_on(scene: Scene, box: Box) -> Choice:
    """Judge what the object in a box of image pixels is, on one scene."""
    height, width = scene.shape
    across, down = width / scene.box.width, height / scene.box.height
    bounds = (
        (box.x0 - scene.box.x0) * across,
        (box.y0 - scene.box.y0) * down,
        (box.x1 - scene.box.x0) * across,
        (box.y1 - scene.box.y0) * down,
    )
    inside = _within(scene, box)
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    inside[scene.leaf_at(x, y)] = True
    pool, tightness = pool_in(scene, inside, bounds)
    nothing = np.zeros(scene.leaves.count, dtype=np.float32)
    none = np.zeros((0, 2), dtype=np.float32)
    click = Click(x, y, True, scene.leaf_at(x, y), nothing, none, none, True)
    scores = evidence(scene, click, pool, scene.image_area) @ FIRST
    return Choice(
        scene,
        click,
        pool,
        scores + TIGHT * tightness - FLUSH * flushness(scene, pool.members, inside),
        np.zeros(scene.shape, dtype=bool),
    )


def _within(scene: Scene, limit: Box) -> Bools:
    """Leaves that lie mostly inside a box of image pixels."""
    height, width = scene.shape
    inner = np.zeros((height, width), dtype=np.float32)
    across, down = width / scene.box.width, height / scene.box.height
    left, right = (limit.x0 - scene.box.x0) * across, (limit.x1 - scene.box.x0) * across
    top, bottom = (limit.y0 - scene.box.y0) * down, (limit.y1 - scene.box.y0) * down
    inner[
        max(0, int(top)) : max(0, int(np.ceil(bottom))),
        max(0, int(left)) : max(0, int(np.ceil(right))),
    ] = 1.0
    labels = scene.leaves.labels_hw
    share = np.bincount(
        labels.ravel(), weights=inner.ravel(), minlength=scene.leaves.count
    )
    return np.asarray(share >= 0.5 * scene.leaves.sizes)
