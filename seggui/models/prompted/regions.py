"""Leaves of a picture, their neighbours, and trees of regions that join them.

The leaves are watershed basins of the boundary strength (Meyer, 1992). The trees join
the most alike neighbours first, as in Arbelaez, Maire, Fowlkes and Malik, "Contour
Detection and Hierarchical Image Segmentation" (2011); pairs that are each other's
nearest are joined in the same round, which keeps the rounds few.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    ramp = np.add.outer(np.arange(height), np.arange(width) * 0.73)
    ridge = ridge + 1e-4 * (ramp - np.floor(ramp)).astype(np.float32)
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
    bins = cv2.transpose(look.bins_khw.reshape(-1, pixels))
    parts = [member.T @ bins, member.T @ look.lab_hwc.reshape(pixels, -1)]
    sums = np.concatenate(parts, axis=1)
    return np.asarray(sums / sizes[:, None], dtype=np.float32)


def _neighbours(
    labels_hw: Indices, boundary_hw: Floats, count: int
) -> tuple[Indices, Floats, Floats]:
    lower, higher, weights = [], [], []
    for one, two in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        where = np.nonzero(labels_hw[one] != labels_hw[two])
        a, b = labels_hw[one][where], labels_hw[two][where]
        lower.append(np.minimum(a, b))
        higher.append(np.maximum(a, b))
        weights.append(np.maximum(boundary_hw[one][where], boundary_hw[two][where]))
    places = (np.concatenate(lower), np.concatenate(higher))
    values = np.concatenate(weights, dtype=np.float64)
    shape = (count, count)
    sums = sparse.csr_matrix((values, places), shape=shape)
    lengths = sparse.csr_matrix((np.ones(len(values)), places), shape=shape).data
    first = np.repeat(np.arange(count), np.diff(sums.indptr))
    pairs = np.stack([first, sums.indices], axis=1).astype(np.int32)
    strengths = sums.data / lengths
    return pairs, lengths.astype(np.float32), strengths.astype(np.float32)


def _rims(labels_hw: Indices, count: int) -> Floats:
    sides = [labels_hw[0], labels_hw[-1], labels_hw[:, 0], labels_hw[:, -1]]
    return np.bincount(np.concatenate(sides), minlength=count).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Nested regions: each leaf is a node, and each other node joins two."""

    parents: Places
    """Parent of each node of the forest that the tree stands in; a root is its own."""
    first: int
    """The node of leaf 0; the other leaves follow."""
    leaves: int

    def path(self, leaf: int) -> list[int]:
        """The nodes that hold a leaf, from itself to the root."""
        out = [self.first + leaf]
        while (up := int(self.parents[out[-1]])) != out[-1]:
            out.append(up)
        return out

    def members_along(self, leaf: int) -> NDArray[np.bool_]:
        """Leaves of each node on the path of ``leaf``, axes (node, leaf)."""
        path = self.path(leaf)
        # Where the way up from each node meets the path: steps of doubling length.
        meets = self.parents.copy()
        meets[path] = path
        while not np.array_equal(further := meets[meets], meets):
            meets = further
        steps = np.arange(len(path))
        place = np.zeros(len(meets), dtype=np.int64)
        place[path] = steps
        joined = place[meets[self.first : self.first + self.leaves]]
        return np.asarray(joined[None, :] <= steps[:, None])


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


def trees_of(leaves: Leaves, tastes: tuple[Taste, ...]) -> tuple[Tree, ...]:
    """Join leaves to one region, the most alike first: a tree for each taste."""
    forest = _Forest(leaves, tastes)
    while forest.join_nearest():
        pass
    count = leaves.count
    return tuple(Tree(forest.parents, i * count, count) for i in range(len(tastes)))


class _Forest:
    """The regions of one round, and the pairs of them that touch.

    The trees grow side by side in one graph without paths between them: a round is a
    few calls of numpy, and those cost more than the numbers in them. A region keeps the
    place of its first leaf.
    """

    def __init__(self, leaves: Leaves, tastes: tuple[Taste, ...]) -> None:
        count, many = leaves.count, len(tastes)
        self.parents: Places = np.arange(many * (2 * count - 1))
        self.made = many * count
        self.nodes: Places = np.arange(self.made)
        self.sizes: Doubles = np.tile(leaves.sizes.astype(np.float64), many)
        self.powers = np.repeat([taste.size for taste in tastes], count)
        self.weights: Doubles = self.sizes**self.powers
        # Features in units of each taste, so that their differences need no weights.
        bins = np.arange(leaves.looks.shape[1]) < leaves.looks.shape[1] - 3
        self.bins = bins.astype(np.float64)
        self.looks: Doubles = np.concatenate(
            [leaves.looks * np.where(bins, t.look / 8.0, t.colour) for t in tastes]
        )
        starts = np.repeat(np.arange(many) * count, len(leaves.pairs))
        self.pairs: Places = np.tile(leaves.pairs.T.astype(np.int64), many) + starts
        lengths = leaves.lengths.astype(np.float64)
        sums = leaves.strengths * lengths
        self.shared: Doubles = np.concatenate(
            [(lengths, taste.edge * sums) for taste in tastes], axis=1
        )
        """Length and summed strength of what each pair shares, axes (2, pair)."""

    def join_nearest(self) -> bool:
        """Join all pairs that are each other's nearest; False when none are left."""
        if not self.pairs.size:
            return False
        joined = self.pairs[:, self._mutual_nearest(self._cost())]
        keep, drop = joined
        new = np.arange(self.made, self.made + len(keep))
        self.made += len(keep)
        self.parents[self.nodes[joined]] = new
        self.nodes[keep] = new
        sizes = self.sizes[joined]
        both = sizes[0] + sizes[1]
        share = (sizes[0] / both)[:, None]
        one, two = self.looks.take(joined, axis=0)
        self.looks[keep] = one * share + two * (1.0 - share)
        self.sizes[keep] = both
        self.weights[keep] = both ** self.powers[keep]
        self._merge_pairs(keep, drop)
        return True

    def _cost(self) -> Doubles:
        one, two = self.looks.take(self.pairs, axis=0)
        apart = np.subtract(one, two, out=one)
        colour = apart[:, -3:]
        lengths, sums = self.shared
        unlike = sums / lengths + np.sqrt(np.einsum("ij,ij->i", colour, colour))
        unlike += np.abs(apart, out=apart) @ self.bins
        return np.asarray((unlike + 1e-3) * np.minimum(*self.weights[self.pairs]))

    def _mutual_nearest(self, cost: Doubles) -> Places:
        """Pairs where each is the other's cheapest; ties go to the first pair."""
        ends, costs = self.pairs.ravel(), np.concatenate([cost, cost])
        least = np.full(len(self.nodes), np.inf)
        np.minimum.at(least, ends, costs)
        (cheapest,) = (costs == least[ends]).nonzero()
        nearest = np.full(len(self.nodes), len(cost))
        np.minimum.at(nearest, ends[cheapest], cheapest % len(cost))
        # Both ends agree on one pair, and no other pair has both of these ends.
        one, two = nearest[self.pairs]
        return np.asarray((one == two).nonzero()[0])

    def _merge_pairs(self, keep: Places, drop: Places) -> None:
        """Add up pairs that have become one, and forget those within a region."""
        count = len(self.nodes)
        now = np.arange(count)
        now[drop] = keep
        one, two = now[self.pairs]
        keys = np.minimum(one, two) * count + np.maximum(one, two)
        keys[one == two] = -1
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        # The first are those within a region: there is one at least, that was joined.
        starts = (keys[1:] != keys[:-1]).nonzero()[0] + 1
        self.pairs = np.stack(np.divmod(keys[starts], count))
        if len(starts):
            self.shared = np.add.reduceat(self.shared[:, order], starts, axis=1)
