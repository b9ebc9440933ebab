"""A view as a graph of small regions, and the two things solved on it.

The regions are watershed basins of the boundary strength (``regions.leaves_of``): a
thousand of them carry what a hundred thousand pixels know, and both the minimum cut
and the random walk take milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from seggui.core.mask import Bools
from seggui.models.prompted.boundaries import Look, look_at
from seggui.models.prompted.classical.pictures import Floats, Picture, View
from seggui.models.prompted.classical.seeds import GROUND, OBJECT, OUTSIDE
from seggui.models.prompted.regions import Leaves, leaves_of

Doubles = NDArray[np.float64]

PIXELS = 120_000
"""Pixels of a view that is made a graph of."""
_FINE, _COARSE = 1.5, 4.0
_SEED_REACH = 4
_LEVEL = 0.05
"""What a step over no edge costs beside one over an edge of strength 1."""
_FLOW_RANGE = 2.0**30
"""Maximum flow counts in whole numbers of 32 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Leaves of a view, and how they touch."""

    look: Look
    leaves: Leaves

    @property
    def colours(self) -> Doubles:
        """Lightness and two colours of each leaf, about 0 to 1."""
        return self.leaves.looks[:, -3:].astype(np.float64)

    @property
    def textures(self) -> Doubles:
        """The texture bins of each leaf."""
        return self.leaves.looks[:, -7:-3].astype(np.float64)

    def seeded(self, seeds_hw: NDArray[np.integer]) -> tuple[Bools, Bools]:
        """Leaves that hold seeds of object and of ground; the more of them wins.

        A leaf that lies mostly outside a box is ground too.
        """
        count = self.leaves.count
        flat = self.leaves.labels_hw.ravel()
        ours, theirs = (
            np.bincount(flat[(seeds_hw == sign).ravel()], minlength=count)
            for sign in (OBJECT, GROUND)
        )
        outside = np.bincount(flat[(seeds_hw == OUTSIDE).ravel()], minlength=count)
        ground = ((theirs > 0) & (theirs >= ours)) | (2 * outside > self.leaves.sizes)
        return (ours > theirs) & ~ground, ground

    def spread(self, values: Doubles) -> Floats:
        """A value of each leaf as one of each pixel."""
        return np.asarray(values[self.leaves.labels_hw], dtype=np.float32)


def graph_of(picture: Picture, view: View) -> Graph:
    return picture.known(("graph", view.box), lambda: _graph(view))


def _graph(view: View) -> Graph:
    look = look_at(view.picture_hwc, _FINE, _COARSE)
    return Graph(look, leaves_of(look, _SEED_REACH))


def links_of(graph: Graph, smoothness: float, contrast: float) -> Doubles:
    """What it costs to part each pair of leaves: less along edges of the image."""
    cheap = np.exp(-contrast * graph.leaves.strengths.astype(np.float64))
    return np.asarray(3.0 * smoothness * graph.leaves.lengths * cheap)


def bound(weights: Doubles, links: Doubles, ours: Bools, theirs: Bools) -> Doubles:
    """The weights, with marks that nothing outweighs."""
    most = float(links.sum() + np.abs(weights).sum()) + 1.0
    return np.asarray(np.where(ours, most, np.where(theirs, -most, weights)))


def smallest_cut(graph: Graph, odds: Doubles, links: Doubles) -> Bools:
    """The leaves of the object in the cheapest cut (Boykov and Jolly, 2001).

    ``odds`` say for each leaf how much it would cost to leave it out, or, below 0, to
    let it in; ``links`` what it costs to part each pair of the graph.
    """
    count = graph.leaves.count
    source, sink = count, count + 1
    a, b = graph.leaves.pairs[:, 0], graph.leaves.pairs[:, 1]
    nodes = np.arange(count)
    rows = np.concatenate([a, b, np.full(count, source), nodes])
    columns = np.concatenate([b, a, nodes, np.full(count, sink)])
    weights = [links, links, np.maximum(odds, 0.0), np.maximum(-odds, 0.0)]
    costs = np.concatenate(weights)
    unit = min(1000.0, _FLOW_RANGE / max(float(costs.sum()), 1e-9))
    capacity = sparse.csr_matrix(
        (np.round(costs * unit).astype(np.int32), (rows, columns)),
        shape=(count + 2, count + 2),
    )
    left = capacity - csgraph.maximum_flow(capacity, source, sink).flow
    left.eliminate_zeros()
    reached = csgraph.breadth_first_order(left, source, return_predecessors=False)
    out = np.zeros(count + 2, dtype=bool)
    out[reached] = True
    return out[:count]


def held_together(graph: Graph, inside: Bools, ours: Bools) -> Bools:
    """What of the object hangs together with a mark; all of it without marks."""
    if not ours.any():
        return inside
    inside = inside | ours
    pairs = graph.leaves.pairs[inside[graph.leaves.pairs].all(axis=1)]
    count = graph.leaves.count
    touching = sparse.coo_matrix(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count)
    )
    _, parts = csgraph.connected_components(touching, directed=False)
    return np.asarray(inside & np.isin(parts, parts[ours]))


def nearness(graph: Graph, seeds_hw: NDArray[np.integer]) -> Doubles:
    """1 at marks of object, -1 at those of ground, 0 half way along the image.

    Ways over edges are longer: geodesic distance as in Price, Morse and Cohen,
    "Geodesic Graph Cut for Interactive Image Segmentation" (2010). Without marks of
    ground, the edge of the view is ground.
    """
    ours, theirs = graph.seeded(seeds_hw)
    if not theirs.any():
        theirs = (graph.leaves.rims > 0) & ~ours
    if not ours.any() or not theirs.any():
        return np.asarray(np.where(ours, 1.0, -1.0) * float(ours.any() | theirs.any()))
    to_ours, to_theirs = (_ways(graph, ends) for ends in (ours, theirs))
    return np.asarray((to_theirs - to_ours) / (to_theirs + to_ours + 1e-9))


def _ways(graph: Graph, ends: Bools) -> Doubles:
    """How far each leaf is from the nearest of some, along the graph."""
    leaves = graph.leaves
    a, b = leaves.pairs[:, 0], leaves.pairs[:, 1]
    steps = np.hypot(*(leaves.centres_xy[a] - leaves.centres_xy[b]).T)
    unlike = np.abs(leaves.looks[a, -3:] - leaves.looks[b, -3:]).sum(axis=1)
    costs = steps * (_LEVEL + leaves.strengths + unlike).astype(np.float64)
    count = leaves.count
    # One more place that all the ends lie at.
    start = np.flatnonzero(ends)
    rows = np.concatenate([a, np.full(len(start), count)])
    columns = np.concatenate([b, start])
    weights = np.concatenate([costs, np.full(len(start), 1e-6)])
    ways = sparse.csr_matrix((weights, (rows, columns)), shape=(count + 1, count + 1))
    found = csgraph.dijkstra(ways, directed=False, indices=count)[:count]
    return np.asarray(found)


def walk(graph: Graph, pull: Doubles, held: Doubles, links: Doubles) -> Doubles:
    """The chance that a random walk from each leaf ends at the object (Grady, 2006).

    ``links`` are the conductances of the pairs. ``held`` is how strongly each leaf is
    tied to its own end, ``pull``: 1 for object, 0 for ground (the priors of Grady,
    "Multilabel Random Walker Image Segmentation Using Prior Models", 2005).
    """
    count = graph.leaves.count
    a, b = graph.leaves.pairs[:, 0], graph.leaves.pairs[:, 1]
    between = sparse.coo_matrix((links, (a, b)), shape=(count, count))
    between = between + between.T
    degrees = np.asarray(between.sum(axis=1)).ravel() + held + 1e-9
    system = sparse.diags(degrees) - between
    found = sparse_linalg.spsolve(system.tocsc(), held * pull + 1e-9 * 0.5)
    return np.asarray(np.clip(np.atleast_1d(found), 0.0, 1.0), np.float64)
