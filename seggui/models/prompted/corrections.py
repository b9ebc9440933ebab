"""One click, one change: the region that a click adds to a mask or takes from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.models.prompted import edges
from seggui.models.prompted.boxes import pool_in
from seggui.models.prompted.judge import Click, evidence
from seggui.models.prompted.judge_weights import ADD, FIRST, REMOVE
from seggui.models.prompted.pool import Bools, Floats, Pool, Scene, pool_for
from seggui.models.prompted.scenes import Scenes

CLEARLY = 1.7
"""How many times larger a region is that counts as another granularity."""
TIGHT = 8.0
"""What it is worth to fill a box."""


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
                out.append(int(np.argmax(np.where(wanted, self.expected, -1.0))))
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
    choice = _choose_on(scenes.whole, mask, point, points, limit)
    if scenes.deepest:
        low, high = choice.scene.extents
        best = choice.pool.members[choice.best]
        side = float((high[best].max(axis=0) - low[best].min(axis=0)).max())
        level = scenes.level_for(side / scenes.scale)
    if level:
        scene = scenes.around(point.x, point.y, level)
        choice = _choose_on(scene, mask, point, points, limit)
    return choice


def _choose_on(
    scene: Scene, mask: Mask, point: Point, points: tuple[Point, ...], limit: Box | None
) -> Choice:
    height, width = scene.shape
    across, down = width / scene.box.width, height / scene.box.height
    labels = scene.leaves.labels_hw

    def placed(p: Point) -> tuple[float, float]:
        return (p.x - scene.box.x0) * across, (p.y - scene.box.y0) * down

    covered = cv2.resize(
        mask.window(scene.box).astype(np.uint8) * 255,
        (width, height),
        interpolation=cv2.INTER_AREA if across < 1 else cv2.INTER_LINEAR,
    )
    inside = np.bincount(
        labels.ravel(), weights=covered.ravel(), minlength=scene.leaves.count
    ) / (255.0 * scene.leaves.sizes)
    x, y = placed(point)
    leaf = scene.leaf_at(x, y)
    others = _inside(scene, [placed(p) for p in points if p.positive != point.positive])
    same = _inside(scene, [placed(p) for p in points if p.positive == point.positive])
    # The click itself says nothing new about regions that all hold it.
    same = same[np.abs(same - (x, y)).sum(axis=1) > 1e-3]
    covered_share = inside.astype(np.float32)
    click = Click(
        x, y, point.positive, leaf, covered_share, same, others, mask.is_empty
    )
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
        covered >= 128,
    )


def _inside(scene: Scene, points: list[tuple[float, float]]) -> Floats:
    """The points that lie on the scene, axes (point, xy)."""
    height, width = scene.shape
    kept = [(x, y) for x, y in points if 0 <= x < width and 0 <= y < height]
    return np.array(kept, dtype=np.float32).reshape(-1, 2)


def choose_in_box(scenes: Scenes, box: Box) -> Choice:
    """Judge what the object in a box is."""
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    level = scenes.level_for(max(box.width, box.height) * 0.6)
    scene = scenes.around(*middle, level)
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
        scores + TIGHT * tightness,
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


def applied(choice: Choice, which: int, mask: Mask) -> Mask:
    """Return the mask with one of the meanings carried out."""
    region = _pixels(choice, choice.pool.members[which])
    click, scene = choice.click, choice.scene
    wished = choice.covered_hw if click.positive else ~choice.covered_hw
    union = region | wished
    area = float(np.count_nonzero(region))
    filled = edges.without_small_holes(
        union, 0.15 * area, _as_list(choice.click.others_xy)
    )
    near = cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    filled = np.where(near, filled, union) if click.first is False else filled
    soft = edges.settled(filled, scene.look.lab_hwc[..., 0])
    reach = cv2.dilate(
        (region | (filled & ~union)).astype(np.uint8), np.ones((7, 7), np.uint8)
    )
    return _carried_over(choice, soft, reach > 0, mask)


def _as_list(points_xy: NDArray[np.float32]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points_xy]


def _pixels(choice: Choice, member: Bools) -> Bools:
    """Pixels of a region; a leaf with clicks of both signs is shared out."""
    labels = choice.scene.leaves.labels_hw
    region = member[labels]
    height, width = region.shape
    click = choice.click
    for ox, oy in _as_list(choice.click.others_xy):
        if not (0 <= ox < width and 0 <= oy < height):
            continue
        if not region[int(oy), int(ox)]:
            continue
        rows, columns = np.nonzero(labels == labels[int(oy), int(ox)])
        theirs = (columns + 0.5 - ox) ** 2 + (rows + 0.5 - oy) ** 2
        ours = (columns + 0.5 - click.x) ** 2 + (rows + 0.5 - click.y) ** 2
        region[rows[theirs <= ours], columns[theirs <= ours]] = False
    return region


def probability(choice: Choice, mask: Mask) -> Probability:
    """How likely each pixel is once the change is made; for the uncertainty layer."""
    likely = cv2.GaussianBlur(choice.likely_hw(), (0, 0), 1.0)
    covered = choice.covered_hw.astype(np.float32)
    if choice.click.positive:
        values = np.maximum(covered, likely)
    else:
        values = np.minimum(covered, 1.0 - likely)
    # At the scale of the scene this is an image of its own; the window is resized.
    box = choice.scene.box.union(mask.bbox)
    small = np.round(values * 255).astype(np.uint8)
    size = (choice.scene.box.width, choice.scene.box.height)
    inner = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    out = np.where(mask.window(box), np.uint8(255), np.uint8(0))
    at = choice.scene.box.moved(-box.x0, -box.y0)
    out[at.slices] = inner
    return Probability(box, out)


def _carried_over(choice: Choice, soft_hw: Floats, reach_hw: Bools, mask: Mask) -> Mask:
    """Bring a change from the scale of the scene to the pixels of the image."""
    scene = choice.scene
    rows = np.flatnonzero(reach_hw.any(axis=1))
    columns = np.flatnonzero(reach_hw.any(axis=0))
    if not len(rows):
        return mask
    height, width = scene.shape
    across, down = scene.box.width / width, scene.box.height / height
    # Image pixels whose centres fall on the reached part of the scene.
    box = Box(
        int(columns[0] * across),
        int(rows[0] * down),
        int(np.ceil((columns[-1] + 1) * across)),
        int(np.ceil((rows[-1] + 1) * down)),
    ).clipped(scene.box.width, scene.box.height)
    place = np.array(
        [
            [1 / across, 0, (box.x0 + 0.5) / across - 0.5],
            [0, 1 / down, (box.y0 + 0.5) / down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (box.width, box.height)

    def grown(values_hw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(
            cv2.warpAffine(
                values_hw, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )

    new = grown((soft_hw * 255).astype(np.uint8)) >= 128
    new &= grown(reach_hw.astype(np.uint8) * 255) >= 128
    at = box.moved(scene.box.x0, scene.box.y0)
    return mask.painted(at, new) if choice.click.positive else mask.erased(at, new)
