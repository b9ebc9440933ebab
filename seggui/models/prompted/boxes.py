"""The object in a box, from what is outside it.

Colour models and a minimum cut in turns, as in Rother, Kolmogorov and Blake, "GrabCut"
(2004), but on the graph of leaves, with histograms over a palette of the scene. Of
cuts of several strengths and the regions of the trees, the one that fills the box
best and has the best edges is taken (tightness: Lempitsky et al., 2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from seggui.models.prompted.pool import Bools, Floats, Pool, Scene

PALETTE = 24
ROUNDS = 4
SCALE = 1000
"""Maximum flow counts in whole numbers: thousandths."""
BIASES = (-0.4, 0.0, 0.4, 1.0)
"""How much more of the box belongs to the object than colour alone says."""
CLEAR = 0.5
"""Strength of a boundary that is beyond doubt."""
SOFTNESS = 0.05
"""Squared distance at which a leaf belongs half to a colour of the palette."""


def pool_in(
    scene: Scene, inside: Bools, bounds: tuple[float, ...]
) -> tuple[Pool, Floats]:
    """Propose regions within the leaves ``inside``; return them and their tightness.

    ``bounds`` are left, top, right and bottom of the box in pixels of the scene.
    """
    cuts = _cuts(scene, inside)
    middle = scene.leaf_at((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    members = [cuts]
    origins = [3] * len(cuts)
    for origin, tree in enumerate(scene.trees):
        regions = tree.members_along(middle) & inside
        members.append(regions)
        origins += [origin] * len(regions)
    found = np.concatenate(members)
    kept = found.any(axis=1)
    pool = Pool(found[kept], np.array(origins, dtype=np.int32)[kept])
    return pool, _tightness(scene, pool.members, bounds)


def _tightness(scene: Scene, members: Bools, bounds: tuple[float, ...]) -> Floats:
    """IoU of the box with the box around each region."""
    low, high = scene.extents
    lows = np.where(members[..., None], low[None], np.inf).min(axis=1)
    highs = np.where(members[..., None], high[None], -np.inf).max(axis=1)
    box_low, box_high = np.array(bounds[:2]), np.array(bounds[2:])
    common = np.minimum(highs, box_high) - np.maximum(lows, box_low)
    both = np.prod(np.maximum(common, 0.0), axis=1)
    area = np.prod(np.maximum(highs - lows, 0.0), axis=1)
    union = area + np.prod(box_high - box_low) - both
    return np.asarray(both / np.maximum(union, 1e-6), dtype=np.float32)


def flushness(scene: Scene, members: Bools, inside: Bools) -> Floats:
    """Share of the box's edge at which each region ends without a boundary of its own.

    An object meets its box in a few places; a region that fills the box has found
    nothing.
    """
    leaves = scene.leaves
    a, b = leaves.pairs[:, 0], leaves.pairs[:, 1]
    crossing = (inside[a] != inside[b]) * leaves.lengths
    weak = crossing * np.maximum(0.0, 1.0 - leaves.strengths / CLEAR)
    held = members[:, np.where(inside[a], a, b)]
    return np.asarray(held @ weak / (crossing.sum() + 1e-6), dtype=np.float32)


def _cuts(scene: Scene, inside: Bools) -> Bools:
    shares = _palette_shares(scene)
    sizes = scene.leaves.sizes.astype(np.float64)
    outside = shares[~inside].T @ sizes[~inside] if not inside.all() else None
    results = []
    for bias in BIASES:
        object_leaves = inside.copy()
        for _ in range(ROUNDS):
            theirs = shares[object_leaves].T @ sizes[object_leaves]
            rest = inside & ~object_leaves
            ground = shares[rest].T @ sizes[rest]
            ground = ground + (outside if outside is not None else 0.0)
            odds = np.log(_smoothed(theirs)) - np.log(_smoothed(ground))
            new = _cut(scene, inside, shares @ odds + bias)
            if not new.any() or (new == object_leaves).all():
                break
            object_leaves = new
        results.append(object_leaves)
    return np.stack(results)


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = counts.sum()
    return np.asarray((counts + 0.01 * total + 1e-3) / (1.25 * total + 1e-1))


def _palette_shares(scene: Scene) -> NDArray[np.float64]:
    """How much of each leaf belongs to each colour of the palette."""
    looks = scene.leaves.looks
    places = np.concatenate(
        [looks[:, -3:] * (0.7, 1.0, 1.0), looks[:, -7:-3] * 0.15], 1
    )
    places = places.astype(np.float64)
    colours = _palette(places)
    apart = ((places[:, None, :] - colours[None]) ** 2).sum(axis=2)
    apart -= apart.min(axis=1, keepdims=True)
    weights = np.exp(-apart / (2 * SOFTNESS**2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _palette(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middles of up to ``PALETTE`` groups of like leaves (Lloyd, 1982)."""
    count = min(PALETTE, len(places))
    order = np.lexsort(places[:, 2::-1].T)
    start = np.linspace(0, len(order) - 1, count).astype(int)
    middles: NDArray[np.float64] = places[order[start]]
    for _ in range(5):
        apart = ((places[:, None, :] - middles[None]) ** 2).sum(axis=2)
        nearest = np.argmin(apart, axis=1)
        members = np.bincount(nearest, minlength=count)
        filled = members > 0
        for axis in range(places.shape[1]):
            sums = np.bincount(nearest, places[:, axis], count)
            middles[filled, axis] = sums[filled] / members[filled]
    return np.asarray(middles)


def _cut(scene: Scene, inside: Bools, odds: NDArray[np.float64]) -> Bools:
    """The minimum cut between object and background; ``odds`` per pixel."""
    leaves = scene.leaves
    count = leaves.count
    source, sink = count, count + 1
    unary = odds * leaves.sizes * 0.25
    force = float(leaves.lengths.sum()) + float(np.abs(unary).sum()) + 1.0
    # A leaf outside the box is background whatever it looks like.
    to_source = np.where(inside, np.maximum(unary, 0.0), 0.0)
    to_sink = np.where(inside, np.maximum(-unary, 0.0), force)
    smooth = leaves.lengths * np.exp(-5.0 * leaves.strengths) * 3.0
    a, b = leaves.pairs[:, 0], leaves.pairs[:, 1]
    nodes = np.arange(count)
    rows = np.concatenate([a, b, np.full(count, source), nodes])
    columns = np.concatenate([b, a, nodes, np.full(count, sink)])
    weights = np.concatenate([smooth, smooth, to_source, to_sink])
    unit = SCALE if force < 1e5 else SCALE * 1e5 / force
    capacity = sparse.csr_matrix(
        (np.round(weights * unit).astype(np.int32), (rows, columns)),
        shape=(count + 2, count + 2),
    )
    flow = csgraph.maximum_flow(capacity, source, sink).flow
    left = capacity - flow
    left.eliminate_zeros()
    reached = csgraph.breadth_first_order(left, source, return_predecessors=False)
    out = np.zeros(count + 2, dtype=bool)
    out[reached] = True
    return out[:count] & inside
