"""What speaks for and against each proposed region, and the choice between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    # One row per leaf, so that what is gathered and added up lies side by side.
    holds = np.ascontiguousarray(pool.members.T)
    free_length, shared, edge, weak, look_edge = _outline(scene, click, holds)
    inner, strong_inside = _inside(scene, holds)
    leaves, looks = scene.leaves, scene.leaves.looks
    places = leaves.centres_xy - np.array([click.x, click.y], dtype=np.float32)
    squares = np.stack([(places**2).sum(axis=1), (looks**2).sum(axis=1)], axis=1)
    means = np.concatenate([places, squares, looks], axis=1) * leaves.sizes[:, None]
    member = holds.astype(np.float32)
    area, rim = np.stack([leaves.sizes, leaves.rims]) @ member
    means = (means.T @ member / area).T
    centre, place_square, look_square = means[:, :2], means[:, 2], means[:, 3]
    mean_look = means[:, 4:]
    spread = place_square - (centre**2).sum(axis=1)
    variance = look_square - (mean_look**2).sum(axis=1)
    perimeter = free_length + shared + rim + 1e-6
    near = scene.distances_from(click.x, click.y)
    depth = np.where(holds, np.float32(1e9), near[:, None]).min(axis=0)
    radius = np.sqrt(area / np.pi)
    height, width = scene.shape
    rim_depth = min(click.x, click.y, width - click.x, height - click.y)
    depth = np.minimum(depth, max(rim_depth, 0.5))
    offset = np.hypot(*centre.T)
    contrast = np.abs(_ring_look(scene, holds) - mean_look)[:, :-3].sum(axis=1) / 8.0
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
    columns += _against_mask(click, leaves.sizes, looks, mean_look, area)
    columns += [(pool.origins == origin).astype(np.float32) for origin in range(1, 7)]
    return np.stack(columns, axis=1).astype(np.float32)


def _outline(scene: Scene, click: Click, holds: Bools) -> Floats:
    """Free and shared length of each region, and the means along what is free.

    The means are of strength, of what is weak and of how unlike the two sides are.
    """
    leaves = scene.leaves
    a, b = leaves.pairs.T
    # What borders on pixels that already have the wished state is no outer boundary.
    same = (click.inside >= 0.5) == click.positive
    joins = (same[a] | same[b]) & (not click.first)
    free = np.where(joins, np.float32(0), leaves.lengths)
    strengths = leaves.strengths
    kinds = (strengths, strengths < 0.18, scene.pair_looks)
    values = np.stack([free, leaves.lengths - free, *(free * kind for kind in kinds)])
    sums: Floats = values @ (holds[a] ^ holds[b]).astype(np.float32)
    sums[2:] /= sums[0] + 2.0
    return sums


def _inside(scene: Scene, holds: Bools) -> Floats:
    """Mean strength of the boundaries within each region, and share of strong ones."""
    leaves = scene.leaves
    a, b = leaves.pairs.T
    lengths, strengths = leaves.lengths, leaves.strengths
    values = np.stack([lengths * strengths, lengths * (strengths > 0.35), lengths])
    sums: Floats = values @ (holds[a] & holds[b]).astype(np.float32)
    return np.asarray(sums[:2] / (sums[2] + 2.0))


def _ring_look(scene: Scene, holds: Bools) -> Floats:
    """Mean look of the leaves up to two steps outside each region."""
    touching = scene.touching
    reached = touching @ (touching @ holds.astype(np.float32)) > 0
    ring = (reached & ~holds).astype(np.float32)
    leaves = scene.leaves
    sums: Floats = (leaves.sizes[:, None] * leaves.looks).T @ ring
    return np.asarray(sums / (leaves.sizes @ ring + 1e-6)).T


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
