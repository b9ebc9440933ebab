"""Regions that a click may mean: nested ones of the trees and level sets of distance.

Many proposals and a good judge answer a click better than one energy does, see
Carreira and Sminchisescu, "Constrained Parametric Min-Cuts" (2012). Distances run
along the graph of leaves as in Bai and Sapiro, "A Geodesic Framework for Fast
Interactive Image and Video Segmentation and Matting" (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from seggui.core.geometry import Box
from seggui.models.prompted.boundaries import Look
from seggui.models.prompted.regions import Leaves, Taste, Tree, trees_of

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

TASTES = (
    Taste(edge=1.0, look=1.0, colour=0.5, size=0.2),
    Taste(edge=1.0, look=0.3, colour=0.2, size=0.05),
    Taste(edge=0.3, look=1.0, colour=1.5, size=0.35),
)
GROWTH = 1.3
"""How much larger each level set is than the one before."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A window of the image at one scale, cut into leaves and trees."""

    box: Box
    """The window, in image pixels."""
    image_hwc: NDArray[np.uint8]
    """The window at the pixels of the image itself."""
    look: Look
    leaves: Leaves
    image_area: float
    """Area of the whole image in pixels of the scene."""

    @cached_property
    def trees(self) -> tuple[Tree, ...]:
        return trees_of(self.leaves, TASTES)

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.leaves.labels_hw.shape
        return height, width

    def leaf_at(self, x: float, y: float) -> int:
        """The leaf under a point in pixels of the scene."""
        height, width = self.shape
        row = min(max(int(y), 0), height - 1)
        return int(self.leaves.labels_hw[row, min(max(int(x), 0), width - 1)])

    @cached_property
    def pair_looks(self) -> Floats:
        """How unlike the two leaves of each pair are."""
        pairs = self.leaves.pairs
        apart = self.leaves.looks[pairs[:, 0]] - self.leaves.looks[pairs[:, 1]]
        return np.asarray(np.abs(apart[:, :-3]).sum(axis=1) / 8.0, dtype=np.float32)

    @cached_property
    def steps(self) -> sparse.csr_matrix:
        """The number of the pair for each step from leaf to leaf, axes (from, to)."""
        one, two = self.leaves.pairs.T
        places = (np.concatenate([one, two]), np.concatenate([two, one]))
        numbers = np.tile(np.arange(len(one)), 2)
        count = self.leaves.count
        return sparse.csr_matrix((numbers, places), shape=(count, count))

    def graph(self, costs: Floats) -> sparse.csr_matrix:
        """The steps with a cost for each pair."""
        steps = self.steps
        return sparse.csr_matrix(
            (costs[steps.data], steps.indices, steps.indptr), shape=steps.shape
        )

    @cached_property
    def touching(self) -> sparse.csr_matrix:
        """1 for each leaf and those that touch it, axes (leaf, leaf)."""
        beside = self.graph(np.ones(len(self.leaves.pairs), dtype=np.float32))
        return beside + sparse.identity(self.leaves.count, dtype=np.float32)

    def prepare(self) -> None:
        """Work out what each click needs, so that the first one does not wait."""
        _ = self.trees, self.touching, self.pair_looks, self.extents

    def distances_from(self, x: float, y: float) -> Floats:
        """Distance of a point to the nearest pixel centre of each leaf."""
        height, width = self.shape
        rows = np.arange(height, dtype=np.float32) + 0.5 - y
        columns = np.arange(width, dtype=np.float32) + 0.5 - x
        squares = (rows * rows)[:, None] + (columns * columns)[None, :]
        order, starts = self._grouped
        return np.sqrt(np.minimum.reduceat(squares.ravel()[order], starts))

    @cached_property
    def extents(self) -> tuple[Floats, Floats]:
        """Upper left and lower right corner of each leaf, axes (leaf, xy)."""
        width = self.shape[1]
        order, starts = self._grouped
        axes = (order % width, order // width)
        low = np.stack([np.minimum.reduceat(axis, starts) for axis in axes], axis=1)
        high = np.stack([np.maximum.reduceat(axis, starts) for axis in axes], axis=1)
        return low.astype(np.float32), high.astype(np.float32) + 1.0

    @cached_property
    def _grouped(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pixels, leaf by leaf, and where those of each leaf start."""
        flat = self.leaves.labels_hw.ravel()
        ones, rows = np.ones(len(flat), dtype=np.int8), np.arange(len(flat) + 1)
        # Turning rows to columns sorts by counting, which is faster than argsort.
        member = sparse.csr_matrix((ones, flat, rows), (len(flat), self.leaves.count))
        columns = member.tocsc()
        return columns.indices, columns.indptr[:-1]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Regions to choose from."""

    members: Bools
    """Leaves of each region, axes (region, leaf)."""
    origins: NDArray[np.int32]
    """Which method made each region: a tree, then the kinds of distance."""


def pool_for(scene: Scene, leaf: int, open_leaves: Bools) -> Pool:
    """Propose regions that hold ``leaf`` and stay within ``open_leaves``."""
    whole = bool(open_leaves.all())
    found: list[Bools] = []
    origins: list[int] = []
    for origin, tree in enumerate(scene.trees):
        regions = tree.members_along(leaf)
        if not whole:
            regions = _connected(scene, regions & open_leaves, leaf)
        found.append(regions)
        origins += [origin] * len(regions)
    one, two = scene.leaves.pairs.T
    shut = ~(open_leaves[one] & open_leaves[two])
    for kind, costs in enumerate(_costs(scene, leaf)):
        levels = _level_sets(scene, leaf, np.where(shut, np.float32(np.inf), costs))
        found.append(levels)
        origins += [len(scene.trees) + kind] * len(levels)
    members, numbers = np.concatenate(found), np.array(origins, dtype=np.int32)
    members[:, leaf] = True
    seen: dict[bytes, int] = {}
    for number, bits in enumerate(np.packbits(members, axis=1)):
        seen.setdefault(bits.tobytes(), number)
    first = list(seen.values())
    return Pool(members[first], numbers[first])


def _costs(scene: Scene, leaf: int) -> tuple[Floats, ...]:
    """What a step from leaf to leaf costs, in several senses."""
    leaves = scene.leaves
    pairs = leaves.pairs
    # A small patch stands for the click; one leaf alone may be a highlight.
    near = np.concatenate([[leaf], pairs[(pairs == leaf).any(axis=1)].ravel()])
    seen = leaves.looks[leaf]
    alike = np.abs(leaves.looks[near] - seen).sum(axis=1) < 2.0
    model = leaves.looks[near[alike]].mean(axis=0)
    unlike = np.abs(leaves.looks[:, :-3] - model[:-3]).sum(axis=1) / 8.0
    step = np.maximum(unlike[pairs[:, 0]], unlike[pairs[:, 1]])
    edge = leaves.strengths
    centres = leaves.centres_xy
    apart = np.hypot(*(centres[pairs[:, 0]] - centres[pairs[:, 1]]).T)
    both = edge**4 * 4.0 + 0.3 * scene.pair_looks**2 + 0.001
    return (
        np.asarray(edge**2 + 0.02, dtype=np.float32),
        np.asarray(step**2 + 0.3 * edge**2 + 0.01, dtype=np.float32),
        np.asarray(both, dtype=np.float32),
        np.asarray(apart * (0.02 + edge**2), dtype=np.float32),
    )


def _level_sets(scene: Scene, leaf: int, costs: Floats) -> Bools:
    """Regions around ``leaf`` that grow with the cost of reaching their leaves."""
    far = csgraph.dijkstra(scene.graph(costs), indices=leaf)
    order = np.argsort(far, kind="stable")
    order = order[: np.count_nonzero(np.isfinite(far))]
    areas = np.cumsum(scene.leaves.sizes[order])
    wanted = areas[0] * GROWTH ** np.arange(
        int(np.log(areas[-1] / areas[0]) / np.log(GROWTH)) + 1
    )
    # Of the leaves near each wanted area, cut at the widest gap in distance.
    starts = np.searchsorted(areas, wanted).tolist()
    gaps = np.diff(far[order], append=far[order[-1]] + 1.0)
    cuts = {
        start + int(gaps[start : max(end, start + 1)].argmax())
        for start, end in pairwise([*starts, len(order)])
    }
    place = np.full(scene.leaves.count, len(order))
    place[order] = np.arange(len(order))
    return np.asarray(place[None, :] <= np.array(sorted(cuts))[:, None])


def _connected(scene: Scene, regions: Bools, leaf: int) -> Bools:
    """Keep of each region the part that hangs together with ``leaf``."""
    pairs, count = scene.leaves.pairs, scene.leaves.count
    regions = regions.copy()
    regions[:, leaf] = True
    region, pair = np.nonzero(regions[:, pairs[:, 0]] & regions[:, pairs[:, 1]])
    graph = sparse.csr_matrix(
        (
            np.ones(len(region), dtype=np.int8),
            (region * count + pairs[pair, 0], region * count + pairs[pair, 1]),
        ),
        shape=(regions.size, regions.size),
    )
    _, labels = csgraph.connected_components(graph, directed=False)
    labels = labels.reshape(regions.shape)
    return np.asarray(regions & (labels == labels[:, leaf, None]))
