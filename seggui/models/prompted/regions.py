"""Leaves of a picture, their neighbours, and trees of regions that join them.

The leaves are watershed basins of the boundary strength (Meyer, 1992). The trees join
the most alike neighbours first, as in Arbelaez, Maire, Fowlkes and Malik, "Contour
Detection and Hierarchical Image Segmentation" (2011); pairs that are each other's
nearest are joined in the same round, which keeps the rounds few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from skimage.segmentation import watershed

from seggui.models.prompted.boundaries import Look

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]
Places = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Small regions that no boundary crosses, and which of them touch."""

    labels_hw: Indices
    """Leaf of each pixel, from 0."""
    sizes: Floats
    """Pixels of each leaf."""
    centres_xy: Floats
    looks: Floats
    """Mean histogram bins and colour of each leaf, axes (leaf, feature)."""
    pairs: Indices
    """Touching leaves, axes (pair, 2), the lower first."""
    lengths: Floats
    """Pixel sides that the two share."""
    strengths: Floats
    """Mean boundary strength along them."""
    rims: Floats
    """Pixel sides of each leaf on the edge of the picture."""

    @property
    def count(self) -> int:
        return len(self.sizes)


def leaves_of(look: Look, reach: int) -> Leaves:
    """Cut the picture into leaves; seeds lie at least ``reach`` pixels apart."""
    height, width = look.boundary_hw.shape
    ridge = cv2.GaussianBlur(look.boundary_hw, (0, 0), 0.7)
    # Plateaus get one seed each: the ramp is far below any real difference.
    ramp = np.add.outer(np.arange(height), np.arange(width) * 0.73) % 1.0
    ridge = ridge + 1e-4 * ramp.astype(np.float32)
    kernel = np.ones((reach, reach), dtype=np.uint8)
    seeds = (cv2.erode(ridge, kernel) >= ridge).astype(np.uint8)
    _, markers = cv2.connectedComponents(seeds, connectivity=8)
    found: Indices = watershed(ridge, markers)  # type: ignore[no-untyped-call]
    labels = found.astype(np.int32) - 1
    count = int(labels.max()) + 1
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count).astype(np.float32)
    return Leaves(
        labels,
        sizes,
        _centres(labels, sizes),
        _mean_looks(look, flat, sizes),
        *_neighbours(labels, look.boundary_hw, count),
        _rims(labels, count),
    )


def _centres(labels_hw: Indices, sizes: Floats) -> Floats:
    height, width = labels_hw.shape
    flat, count = labels_hw.ravel(), len(sizes)
    xs = np.tile(np.arange(width, dtype=np.float32) + 0.5, height)
    ys = np.repeat(np.arange(height, dtype=np.float32) + 0.5, width)
    sums = [np.bincount(flat, weights=v, minlength=count) for v in (xs, ys)]
    return (np.stack(sums, axis=1) / sizes[:, None]).astype(np.float32)


def _mean_looks(look: Look, flat: Indices, sizes: Floats) -> Floats:
    pixels = len(flat)
    ones = np.ones(pixels, dtype=np.float32)
    member = sparse.csr_matrix(
        (ones, flat, np.arange(pixels + 1)), shape=(pixels, len(sizes))
    )
    values = np.concatenate([look.bins_hwk, look.lab_hwc], axis=2)
    sums = member.T @ values.reshape(pixels, -1)
    return np.asarray(sums / sizes[:, None], dtype=np.float32)


def _neighbours(
    labels_hw: Indices, boundary_hw: Floats, count: int
) -> tuple[Indices, Floats, Floats]:
    keys, weights = [], []
    for one, two in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        a, b = labels_hw[one], labels_hw[two]
        where = a != b
        a, b = a[where].astype(np.int64), b[where].astype(np.int64)
        keys.append(np.minimum(a, b) * count + np.maximum(a, b))
        weights.append(np.maximum(boundary_hw[one][where], boundary_hw[two][where]))
    all_keys = np.concatenate(keys)
    unique, inverse, lengths = np.unique(
        all_keys, return_inverse=True, return_counts=True
    )
    sums = np.bincount(inverse, weights=np.concatenate(weights), minlength=len(unique))
    pairs = np.stack([unique // count, unique % count], axis=1).astype(np.int32)
    strengths = sums / np.maximum(lengths, 1)
    return pairs, lengths.astype(np.float32), strengths.astype(np.float32)


def _rims(labels_hw: Indices, count: int) -> Floats:
    sides = [labels_hw[0], labels_hw[-1], labels_hw[:, 0], labels_hw[:, -1]]
    return np.bincount(np.concatenate(sides), minlength=count).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tree:
    """Nested regions: node ``i`` below ``leaves`` is a leaf, the others join two."""

    parents: Indices
    """Parent of each node; -1 for the last."""
    leaves: int

    def path(self, leaf: int) -> list[int]:
        """The nodes that hold a leaf, from itself to the root."""
        out = [leaf]
        while (up := int(self.parents[out[-1]])) >= 0:
            out.append(up)
        return out

    @cached_property
    def spans(self) -> tuple[Indices, Indices]:
        """Each node's leaves stand side by side: from where, and how many."""
        counts = np.ones(len(self.parents), dtype=np.int32)
        counts[self.leaves :] = 0
        ups = self.parents.tolist()
        for node, up in enumerate(ups):
            if up >= 0:
                counts[up] += counts[node]
        starts, free = [0] * len(ups), [0] * len(ups)
        # Parents have higher numbers, so one pass from the root down is enough.
        for node in range(len(ups) - 1, -1, -1):
            up = ups[node]
            if up >= 0:
                starts[node] = free[up]
                free[up] += int(counts[node])
            free[node] = starts[node]
        return np.array(starts, dtype=np.int32), counts

    def members_along(self, leaf: int) -> NDArray[np.bool_]:
        """Leaves of each node on the path of ``leaf``, axes (node, leaf)."""
        starts, counts = self.spans
        path = self.path(leaf)
        place = starts[None, : self.leaves] - starts[path, None]
        return np.asarray((place >= 0) & (place < counts[path, None]))


@dataclass(frozen=True, slots=True)
class Taste:
    """What makes two regions alike when a tree joins them."""

    edge: float
    """Weight of the boundary between them."""
    look: float
    """Weight of how their histograms differ."""
    colour: float
    """Weight of how their mean colours differ."""
    size: float
    """Power of the size of the smaller; small ones join first."""


def tree_of(leaves: Leaves, taste: Taste) -> Tree:
    """Join leaves to one region, the most alike first."""
    forest = _Forest(leaves, taste)
    while forest.join_nearest():
        pass
    return Tree(forest.parents, leaves.count)


class _Forest:
    """The regions of one round, and the pairs of them that touch."""

    def __init__(self, leaves: Leaves, taste: Taste) -> None:
        count = leaves.count
        self.taste = taste
        self.parents: Indices = np.full(2 * count - 1, -1, dtype=np.int32)
        self.made = count
        self.ids: Indices = np.arange(count, dtype=np.int32)
        self.sizes = leaves.sizes.astype(np.float64)
        self.looks = leaves.looks.astype(np.float64)
        self.a: Places = leaves.pairs[:, 0].astype(np.int64)
        self.b: Places = leaves.pairs[:, 1].astype(np.int64)
        self.lengths: Doubles = leaves.lengths.astype(np.float64)
        self.sums: Doubles = leaves.strengths * self.lengths

    def join_nearest(self) -> bool:
        """Join all pairs that are each other's nearest; False when one is left."""
        if len(self.ids) < 2:
            return False
        cost = self._cost()
        joined = self._mutual_nearest(cost)
        # Cheapest first, so that numbers of nodes grow with cost within a round.
        joined = joined[np.argsort(cost[joined], kind="stable")]
        keep, drop = self.a[joined], self.b[joined]
        new = np.arange(self.made, self.made + len(keep), dtype=np.int32)
        self.made += len(keep)
        self.parents[self.ids[keep]] = new
        self.parents[self.ids[drop]] = new
        self.ids[keep] = new
        both = self.sizes[keep] + self.sizes[drop]
        share = (self.sizes[keep] / both)[:, None]
        self.looks[keep] = self.looks[keep] * share + self.looks[drop] * (1.0 - share)
        self.sizes[keep] = both
        self._forget(keep, drop)
        return True

    def _cost(self) -> Doubles:
        taste = self.taste
        apart = self.looks[self.a] - self.looks[self.b]
        look = np.abs(apart[:, :-3]).sum(axis=1) / 8.0
        colour = np.sqrt((apart[:, -3:] ** 2).sum(axis=1))
        unlike = taste.edge * self.sums / self.lengths
        unlike += taste.look * look + taste.colour * colour
        smaller = np.minimum(self.sizes[self.a], self.sizes[self.b])
        return np.asarray((unlike + 1e-3) * smaller**taste.size)

    def _mutual_nearest(self, cost: Doubles) -> Places:
        """Pairs where each is the other's cheapest; ties go to the first pair."""
        order = np.argsort(cost, kind="stable")
        rank = np.empty(len(cost) + 1, dtype=np.int64)
        rank[order] = np.arange(len(cost))
        rank[-1] = len(cost)
        nearest = np.full((2, len(self.ids)), -1, dtype=np.int64)
        # Written from the dearest to the cheapest: the cheapest stays.
        nearest[0, self.a[order[::-1]]] = order[::-1]
        nearest[1, self.b[order[::-1]]] = order[::-1]
        best = np.where(rank[nearest[0]] <= rank[nearest[1]], nearest[0], nearest[1])
        pair = np.arange(len(cost))
        return np.flatnonzero((best[self.a] == pair) & (best[self.b] == pair))

    def _forget(self, keep: Places, drop: Places) -> None:
        """Renumber the regions and add up pairs that have become one."""
        target = np.arange(len(self.ids))
        target[drop] = keep
        alive = np.ones(len(self.ids), dtype=bool)
        alive[drop] = False
        number = (np.cumsum(alive) - 1)[target]
        self.ids, self.sizes = self.ids[alive], self.sizes[alive]
        self.looks = self.looks[alive]
        a, b = number[self.a], number[self.b]
        apart = a != b
        keys = np.minimum(a, b)[apart] * len(self.ids) + np.maximum(a, b)[apart]
        unique, inverse = np.unique(keys, return_inverse=True)
        count = len(unique)
        self.a, self.b = unique // len(self.ids), unique % len(self.ids)
        lengths = np.bincount(inverse, self.lengths[apart], count)
        sums = np.bincount(inverse, self.sums[apart], count)
        self.lengths = lengths.astype(np.float64)
        self.sums = sums.astype(np.float64)
