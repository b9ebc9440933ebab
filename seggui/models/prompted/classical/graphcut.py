"""Graph cut: the cheapest border between what is marked as object and as ground.

Boykov and Jolly, "Interactive Graph Cuts for Optimal Boundary & Region Segmentation of
Objects in N-D Images" (2001), over small regions instead of pixels as in Li, Sun, Tang
and Shum, "Lazy Snapping" (2004). Colours count by how near they are to marked ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.answers import looked_at, offered
from seggui.models.prompted.classical.graph import (
    PIXELS,
    Doubles,
    Graph,
    bound,
    graph_of,
    held_together,
    links_of,
    nearness,
    smallest_cut,
)
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import seeds_of

INFO = info_of("graphcut")
_LIKENESS = 0.07
"""Distance of colours, 0 to 1, at which one speaks half for the other."""
_TEXTURE = 0.15
"""Weight of texture beside colour."""
_MOST_SEEDS = 400
_UNKNOWN = 0.02
"""How likely a colour is that no mark has shown."""
_NEARNESS = 2.0
"""Log odds that a place at a mark has before its colour counts."""


class GraphCut(Method):
    """Minimum cuts from clicks, lines, boxes and drawings."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        smoothness, contrast, colour = (float(value) for value in values.values())

        def solve(view: View) -> Floats:
            report(0, 3, "cutting")
            graph = graph_of(picture, view)
            inside = cut(graph, seeds_of(prompt, view), smoothness, contrast, colour)
            return graph.spread(inside.astype(np.float64))

        found = looked_at(picture, prompt, PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def cut(
    graph: Graph,
    seeds_hw: NDArray[np.uint8],
    smoothness: float,
    contrast: float,
    colour: float,
) -> Bools:
    """The leaves of the object that the marks ask for."""
    ours, theirs = graph.seeded(seeds_hw)
    odds = odds_of(graph, seeds_hw, colour)
    links = links_of(graph, smoothness, contrast)
    weights = 0.25 * odds * graph.leaves.sizes.astype(np.float64)
    inside = smallest_cut(graph, bound(weights, links, ours, theirs), links)
    return held_together(graph, inside, ours)


def odds_of(graph: Graph, seeds_hw: NDArray[np.uint8], colour: float) -> Doubles:
    """Log odds that each leaf is object, by its look and by where it lies."""
    ours, theirs = graph.seeded(seeds_hw)
    looks = _look_odds(graph, ours, theirs)
    return colour * looks + _NEARNESS * nearness(graph, seeds_hw)


def _look_odds(graph: Graph, ours: Bools, theirs: Bools) -> Doubles:
    looks = np.concatenate([graph.colours, _TEXTURE * graph.textures], axis=1)
    sizes = graph.leaves.sizes.astype(np.float64)
    if not ours.any():
        return np.zeros(len(looks))
    near_ours = _density(looks, looks[ours], np.ones(int(ours.sum())))
    # All of the image is what the object stands out from; marks of ground say more.
    near_theirs = _density(looks, looks, sizes)
    if theirs.any():
        marked = _density(looks, looks[theirs], np.ones(int(theirs.sum())))
        near_theirs = 0.5 * (near_theirs + marked)
    odds = np.log(near_ours + _UNKNOWN) - np.log(near_theirs + _UNKNOWN)
    return np.asarray(np.clip(odds, -4.0, 4.0))


def _density(looks: Doubles, seeds: Doubles, weights: Doubles) -> Doubles:
    """How common looks like each of these are among the seeds, 0 to 1."""
    step = -(-len(seeds) // _MOST_SEEDS)
    seeds, weights = seeds[::step], weights[::step]
    apart = ((looks[:, None] - seeds[None]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-apart / (2 * _LIKENESS**2)) @ weights / weights.sum())
