"""What speaks for and against each proposed region, and the choice between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seggui.models.prompted.pool import Bools, Floats, Pool, Scene


@dataclass(frozen=True, slots=True, eq=False)
class Click:
    """A click that the mask so far contradicts, on a scene."""

    x: float
    y: float
    positive: bool
    leaf: int
    inside: Floats
    """Share of each leaf that the mask so far covers."""
    same_xy: Floats
    """Earlier clicks of the same sign, in pixels of the scene, axes (click, xy)."""
    others_xy: Floats
    """Clicks of the other sign."""
    first: bool
    """Whether there is no mask yet."""


def evidence(scene: Scene, click: Click, pool: Pool, image_area: float) -> Floats:
    """Measure each region, axes (region, measure)."""
    leaves = scene.leaves
    member = pool.members.astype(np.float32)
    sizes = leaves.sizes
    area = member @ sizes
    a, b = leaves.pairs[:, 0], leaves.pairs[:, 1]
    cut = (pool.members[:, a] != pool.members[:, b]).astype(np.float32)
    within = (pool.members[:, a] & pool.members[:, b]).astype(np.float32)
    # What borders on pixels that already have the wished state is no outer boundary.
    same = (click.inside >= 0.5) == click.positive
    joins = (same[a] | same[b]) & (not click.first)
    free = cut * np.where(joins, 0.0, leaves.lengths)
    shared = cut @ np.where(joins, leaves.lengths, 0.0)
    free_length = free.sum(axis=1)
    rim = member @ leaves.rims
    perimeter = free_length + shared + rim + 1e-6
    edge = (free @ leaves.strengths) / (free_length + 2.0)
    weak = (free @ (leaves.strengths < 0.18)) / (free_length + 2.0)
    look_edge = (free @ scene.pair_looks) / (free_length + 2.0)
    inner_length = within @ leaves.lengths + 2.0
    inner = (within @ (leaves.strengths * leaves.lengths)) / inner_length
    strong_inside = (
        within @ ((leaves.strengths > 0.35) * leaves.lengths)
    ) / inner_length
    near = scene.distances_from(click.x, click.y)
    depth = np.where(pool.members, np.float32(1e9), near[None, :]).min(axis=1)
    radius = np.sqrt(area / np.pi)
    height, width = scene.shape
    rim_depth = min(click.x, click.y, width - click.x, height - click.y)
    depth = np.minimum(depth, max(rim_depth, 0.5))
    weight = member * sizes
    centre = (weight @ leaves.centres_xy) / area[:, None]
    offset = np.hypot(centre[:, 0] - click.x, centre[:, 1] - click.y)
    spread = weight @ (leaves.centres_xy**2).sum(axis=1) / area - (centre**2).sum(
        axis=1
    )
    looks = leaves.looks
    mean_look = (weight @ looks) / area[:, None]
    variance = (weight @ (looks**2).sum(axis=1)) / area - (mean_look**2).sum(axis=1)
    ring = _ring(scene, pool.members)
    ring_weight = ring * sizes
    ring_look = (ring_weight @ looks) / (ring_weight.sum(axis=1) + 1e-6)[:, None]
    contrast = np.abs(ring_look - mean_look)[:, :-3].sum(axis=1) / 8.0
    log_area = np.log(area / image_area + 1e-7)
    columns = [
        np.ones(len(area)),
        log_area + 3.0,
        (log_area + 3.0) ** 2 / 4.0,
        edge,
        edge * edge,
        weak,
        look_edge,
        inner,
        edge - inner,
        strong_inside,
        rim / perimeter,
        (rim / perimeter) ** 2,
        shared / perimeter,
        np.minimum(2.0, np.sqrt(4 * np.pi * area) / perimeter),
        depth / radius,
        (depth / radius) ** 2,
        np.minimum(2.0, depth * perimeter / (2.0 * area)),
        offset / radius,
        np.sqrt(np.maximum(spread, 0.0) * 2) / radius,
        np.sqrt(np.maximum(variance, 0.0)),
        contrast,
        contrast * contrast,
    ]
    columns += _against_clicks(scene, click, mean_look, radius)
    columns += _against_mask(click, sizes, looks, mean_look, area)
    columns += [(pool.origins == origin).astype(np.float32) for origin in range(1, 7)]
    return np.stack(columns, axis=1).astype(np.float32)


def _against_clicks(
    scene: Scene, click: Click, mean_look: Floats, radius: Floats
) -> list[Floats]:
    """How each region compares with the places of the other clicks."""
    out = []
    for points_xy in (click.same_xy, click.others_xy):
        apart = np.full(len(radius), 0.5, dtype=np.float32)
        near = np.ones(len(radius), dtype=np.float32)
        if len(points_xy):
            places = [scene.leaf_at(float(x), float(y)) for x, y in points_xy]
            looks = scene.leaves.looks[places]
            differences = np.abs(mean_look[:, None] - looks[None])[..., :-3]
            apart = differences.sum(axis=2).min(axis=1) / 8.0
            far = np.hypot(*(points_xy - (click.x, click.y)).T).min()
            near = np.minimum(2.0, far / radius) / 2.0
        out += [apart, near]
    return out


def _against_mask(
    click: Click,
    sizes: Floats,
    looks: Floats,
    mean_look: Floats,
    area: Floats,
) -> list[Floats]:
    """How each region compares with the mask so far, zeros on the first click."""
    count = len(area)
    if click.first:
        return [np.zeros(count, dtype=np.float32)] * 5
    same = np.where((click.inside >= 0.5) == click.positive, sizes, 0.0)
    other = sizes - same
    same_look = (same @ looks) / (same.sum() + 1e-6)
    other_look = (other @ looks) / (other.sum() + 1e-6)
    to_same = np.abs(mean_look - same_look)[:, :-3].sum(axis=1) / 8.0
    to_other = np.abs(mean_look - other_look)[:, :-3].sum(axis=1) / 8.0
    mask_area = max(float(click.inside @ sizes), 1.0)
    ratio = np.log(area / mask_area)
    return [to_same, to_other, to_other - to_same, ratio, ratio * ratio]


def _ring(scene: Scene, members: Bools) -> Floats:
    """Leaves that touch each region from outside, two steps out."""
    pairs, count = scene.leaves.pairs, scene.leaves.count
    ones = np.ones(len(pairs), dtype=np.float32)
    touch = sparse.csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    touch = (touch + touch.T).tocsr()
    grown = members.astype(np.float32)
    for _ in range(2):
        grown = ((touch @ grown.T).T + grown > 0).astype(np.float32)
    return np.asarray(grown * ~members, dtype=np.float32)
