"""GrabCut: colour models of object and ground, and the cheapest cut, in turns.

Rother, Kolmogorov and Blake, "GrabCut" (2004): mixtures of Gaussians in place of
marked colours, so that a box or a rough drawing is enough. The cut runs over small
regions, and the colours of each are weighed by its pixels.
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
from seggui.models.prompted.classical.graphcut import cut
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import (
    seeds_of,
)

INFO = info_of("grabcut")
_CONTRAST = 5.0
_LEAST_SPREAD = 0.0004
"""Variance that no colour goes below."""


class GrabCut(Method):
    """Colour models from boxes, drawings, clicks and lines."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        rounds, colours = int(values["iterations"]), int(values["colours"])
        smoothness = float(values["smoothness"])

        def solve(view: View) -> Floats:
            report(0, rounds, "learning colours")
            graph = graph_of(picture, view)
            links = links_of(graph, smoothness, _CONTRAST)
            sure = graph.seeded(seeds_of(prompt, view, lend=False))
            # What is lent in place of marks is where to begin, and no mark.
            lent_hw = seeds_of(prompt, view)
            inside = cut(graph, lent_hw, 1.0, _CONTRAST, 1.0)
            near = nearness(graph, lent_hw)
            for done in range(rounds):
                report(done, rounds, "learning colours")
                new = _turn(graph, inside, sure, links, near, colours)
                new = held_together(graph, new, sure[0])
                if np.array_equal(new, inside) or not new.any():
                    break
                inside = new
            return graph.spread(inside.astype(np.float64))

        found = looked_at(picture, prompt, PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def _turn(
    graph: Graph,
    inside: Bools,
    sure: tuple[Bools, Bools],
    links: Doubles,
    near: Doubles,
    colours: int,
) -> Bools:
    """Learn the colours of both sides, then cut between them."""
    ours, theirs = sure
    sizes = graph.leaves.sizes.astype(np.float64)
    object_leaves, ground_leaves = (inside | ours) & ~theirs, ~(inside | ours) | theirs
    if not object_leaves.any() or not ground_leaves.any():
        return object_leaves
    odds = _log_likely(graph.colours, object_leaves, sizes, colours)
    odds = odds - _log_likely(graph.colours, ground_leaves, sizes, colours)
    weights = 0.25 * (np.clip(odds, -6.0, 6.0) + near) * sizes
    return smallest_cut(graph, bound(weights, links, ours, theirs), links)


def _log_likely(points: Doubles, members: Bools, sizes: Doubles, count: int) -> Doubles:
    """Log density of each point under a mixture of Gaussians of the members."""
    likely = np.full((len(points), 1), 1e-12)
    own, weights = points[members], sizes[members]
    for group in _groups(own, weights, count):
        share = weights[group].sum() / weights.sum()
        middle = np.average(own[group], axis=0, weights=weights[group])
        away = own[group] - middle
        spread = (away * weights[group][:, None]).T @ away / weights[group].sum()
        spread += _LEAST_SPREAD * np.eye(len(middle))
        offset = points - middle
        far = (offset @ np.linalg.inv(spread) * offset).sum(axis=1)
        density = share * np.exp(-0.5 * far) / np.sqrt(np.linalg.det(spread))
        likely = np.concatenate([likely, density[:, None]], axis=1)
    return np.asarray(np.log(likely.sum(axis=1)))


def _groups(points: Doubles, weights: Doubles, count: int) -> list[NDArray[np.intp]]:
    """Split the widest group in two along its longest axis until there are enough.

    Orchard and Bouman, "Color Quantization of Images" (1991).
    """
    groups = [np.arange(len(points))]
    axes = [_longest_axis(points, weights, groups[0])]
    while len(groups) < count:
        widest = int(np.argmax([spread for spread, _ in axes]))
        group, (spread, axis) = groups[widest], axes[widest]
        if spread <= 0.0:
            break
        along = points[group] @ axis
        upper = along > np.average(along, weights=weights[group])
        halves = group[~upper], group[upper]
        groups[widest : widest + 1] = halves
        axes[widest : widest + 1] = [_longest_axis(points, weights, h) for h in halves]
    return groups


def _longest_axis(
    points: Doubles, weights: Doubles, group: NDArray[np.intp]
) -> tuple[float, Doubles]:
    """The direction in which a group spreads most, and how much it weighs there."""
    own = weights[group]
    if len(group) < 2:
        return 0.0, np.zeros(points.shape[1])
    away = points[group] - np.average(points[group], axis=0, weights=own)
    values, vectors = np.linalg.eigh((away * own[:, None]).T @ away)
    # Rounding must not split what is all the same.
    return (float(values[-1]) if values[-1] > 1e-9 * own.sum() else 0.0), vectors[:, -1]
