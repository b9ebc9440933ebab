"""Random walker: how likely a walk from each pixel meets a mark of the object first.

Grady, "Random Walks for Image Segmentation" (2006), with colours as priors as in his
"Multilabel Random Walker Image Segmentation Using Prior Models" (2005). The walk is
solved exactly on the graph of small regions; the pixels of the view settle from there
in a few rounds of conjugate gradients, which is all that is left to do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from seggui.core.candidate import Candidate
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.answers import looked_at, offered, probability_of
from seggui.models.prompted.classical.graph import (
    PIXELS,
    Doubles,
    Graph,
    graph_of,
    held_together,
    walk,
)
from seggui.models.prompted.classical.graphcut import odds_of
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import OBJECT, seeds_of

INFO = info_of("random-walker")
_ROUNDS = 25
_PRIOR = 0.03
"""How strongly a pixel is tied to what its colour says."""
_APART = 0.45
"""The chance of what looks like the object and does not hang together with it."""


class RandomWalker(Method):
    """Chances from clicks, lines, boxes and drawings."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        beta, colour = float(values["beta"]), float(values["colour"])

        def solve(view: View) -> Floats:
            report(0, 3, "walking")
            graph = graph_of(picture, view)
            seeds_hw = seeds_of(prompt, view)
            chances = _coarse(graph, seeds_hw, beta, colour)
            report(1, 3, "walking")
            return _fine(graph, seeds_hw, beta, graph.spread(chances))

        found = looked_at(picture, prompt, PIXELS, solve)
        candidate = offered(found, picture, prompt, report)
        return (replace(candidate, probability=probability_of(found)),)


def _coarse(graph: Graph, seeds_hw: Bytes, beta: float, colour: float) -> Doubles:
    """The chance of each region."""
    leaves = graph.leaves
    ours, theirs = graph.seeded(seeds_hw)
    links = leaves.lengths * np.exp(-beta * leaves.strengths.astype(np.float64) ** 2)
    prior = 1.0 / (1.0 + np.exp(-odds_of(graph, seeds_hw, 1.0)))
    pull = np.where(ours, 1.0, np.where(theirs, 0.0, prior))
    held = np.where(ours | theirs, 1e6, _PRIOR * colour * leaves.sizes)
    chances = walk(graph, pull, held, np.asarray(links + 1e-6, np.float64))
    apart = (chances >= 0.5) & ~held_together(graph, chances >= 0.5, ours)
    return np.where(apart, _APART, chances)


def _fine(graph: Graph, seeds_hw: Bytes, beta: float, start: Floats) -> Floats:
    """The same walk over pixels, from where the regions left it."""
    height, width = seeds_hw.shape
    lab = graph.look.lab_hwc.reshape(-1, 3)
    numbers = np.arange(height * width).reshape(height, width)
    pairs = [
        (numbers[:, :-1].ravel(), numbers[:, 1:].ravel()),
        (numbers[:-1].ravel(), numbers[1:].ravel()),
    ]
    a, b = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    weights = np.exp(-beta * ((lab[a] - lab[b]) ** 2).sum(axis=1)) + 1e-4
    size = height * width
    between = sparse.coo_matrix((weights, (a, b)), shape=(size, size)).tocsr()
    between = between + between.T
    seeded = seeds_hw.ravel() > 0
    # Pixels far from a half are settled already: they hold what the regions say.
    sure = np.abs(start.ravel() - 0.5) > 0.45
    held = np.where(seeded, 1e3, np.where(sure, 1.0, 0.02))
    goal = np.where(seeded, seeds_hw.ravel() == OBJECT, start.ravel()).astype(
        np.float64
    )
    degrees = np.asarray(between.sum(axis=1)).ravel() + held
    system = (sparse.diags(degrees) - between).tocsr()
    found, _ = sparse_linalg.cg(
        system,
        held * goal,
        x0=goal,
        maxiter=_ROUNDS,
        rtol=1e-3,
        M=sparse.diags(1 / degrees),
    )
    return np.asarray(np.clip(found, 0, 1).reshape(height, width), dtype=np.float32)
