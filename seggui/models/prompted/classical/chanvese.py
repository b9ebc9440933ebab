"""Chan-Vese: a curve that parts two colours, whether or not there is an edge.

Chan and Vese, "Active Contours Without Edges" (2001), as a morphological curve
(Márquez-Neila et al., 2014), with all colours instead of grey.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.answers import looked_at, offered
from seggui.models.prompted.classical.curves import (
    first_curve,
    held,
    main_piece,
    rim,
    settled_after,
    smoothed,
)
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import seeds_of

INFO = info_of("chan-vese")
_PIXELS = 60_000
_AROUND = 0.5
"""The ground is what lies within this share of the object's size around it."""


class ChanVese(Method):
    """Two-colour curves from drawings, boxes, clicks and lines."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        rounds, times = int(values["iterations"]), int(values["smoothing"])
        weights = float(values["inside"]), float(values["outside"])

        def solve(view: View) -> Floats:
            seeds_hw = seeds_of(prompt, view, lend=False)
            curve_hw, outside = first_curve(prompt, view, float(values["reach"]))
            lab = np.asarray(cv2.cvtColor(view.picture_hwc, cv2.COLOR_RGB2LAB))
            turns = _turns(
                (curve_hw, outside), seeds_hw, lab.astype(np.float32), weights, times
            )
            for done, new_hw in settled_after(turns, rounds):
                report(done, rounds, "moving the curve")
                curve_hw = new_hw
            return main_piece(curve_hw, seeds_hw).astype(np.float32)

        found = looked_at(picture, prompt, _PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def _turns(
    first: tuple[Bytes, bool],
    seeds_hw: Bytes,
    colours: Floats,
    weights: tuple[float, float],
    times: int,
) -> Iterator[Bytes]:
    curve_hw = held(first[0].copy(), seeds_hw)
    while True:
        inside = curve_hw > 0
        if inside.all() or not inside.any():
            yield curve_hw
            continue
        # A curve that grows from within has more of the object around it.
        near = _near(curve_hw) & ~inside if first[1] else ~inside
        ground = near if near.any() else ~inside
        # Only what lies beside the curve may change sides.
        moving = rim(curve_hw)
        beside = colours[moving]
        nearer = np.zeros(len(beside))
        for side, weight in ((inside, weights[0]), (ground, -weights[1])):
            mean = np.array(cv2.mean(colours, side.view(np.uint8))[:3])
            nearer += weight * ((beside - mean) ** 2).sum(axis=1)
        curve_hw[moving] = nearer < 0
        curve_hw = held(smoothed(curve_hw, times), seeds_hw)
        yield curve_hw


def _near(curve_hw: Bytes) -> NDArray[np.bool_]:
    """The surroundings of the object, which are what it is told apart from."""
    reach = _AROUND * float(np.sqrt(np.count_nonzero(curve_hw))) + 5.0
    away = cv2.distanceTransform(1 - curve_hw, cv2.DIST_L2, 3)
    return np.asarray(away) <= reach
