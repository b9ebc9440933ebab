"""Geodesic active contour: a curve that grows or shrinks until edges hold it.

Caselles, Kimmel and Sapiro, "Geodesic Active Contours" (1997), as a morphological
curve (Márquez-Neila et al., 2014).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.boundaries import look_at
from seggui.models.prompted.classical.answers import looked_at, offered
from seggui.models.prompted.classical.curves import (
    DISC,
    first_curve,
    held,
    main_piece,
    settled_after,
    smoothed,
)
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import seeds_of

INFO = info_of("geodesic")
_PIXELS = 60_000
_FELT = 0.5
"""Edges attract from this share of the strength that stops the curve."""
_BALLOONS = {"out": 1, "in": -1, "none": 0}


class Geodesic(Method):
    """Curves between edges from drawings, boxes, clicks and lines."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        rounds, times = int(values["iterations"]), int(values["smoothing"])

        def solve(view: View) -> Floats:
            report(0, rounds, "looking for edges")
            seeds_hw = seeds_of(prompt, view, lend=False)
            curve_hw, outside = first_curve(prompt, view, float(values["reach"]))
            balloon = _BALLOONS.get(str(values["balloon"]), -1 if outside else 1)
            edges = picture.known(
                ("edges", view.box), lambda: look_at(view.picture_hwc, 1.5, 3.0)
            ).boundary_hw
            calm = edges < float(values["edge"])
            pull = _pull(edges, float(values["edge"]))
            turns = _turns(curve_hw, seeds_hw, calm, pull, balloon, times)
            for done, new_hw in settled_after(turns, rounds):
                report(done, rounds, "moving the curve")
                curve_hw = new_hw
            return main_piece(curve_hw, seeds_hw).astype(np.float32)

        found = looked_at(picture, prompt, _PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def _pull(edges_hw: Floats, least: float) -> tuple[Floats, Floats]:
    """Which way the nearest edge lies: the gradient of the edge strength, x and y."""
    smooth = cv2.GaussianBlur(edges_hw, (0, 0), 1.0)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    # Noise attracts nothing.
    felt = np.asarray(smooth) > _FELT * least
    return np.asarray(x * felt, np.float32), np.asarray(y * felt, np.float32)


def _turns(
    curve_hw: Bytes,
    seeds_hw: Bytes,
    calm: NDArray[np.bool_],
    pull: tuple[Floats, Floats],
    balloon: int,
    times: int,
) -> Iterator[Bytes]:
    curve_hw = held(curve_hw.copy(), seeds_hw)
    while True:
        if balloon > 0:
            curve_hw = np.where(calm, cv2.dilate(curve_hw, DISC), curve_hw)
        elif balloon < 0:
            curve_hw = np.where(calm, cv2.erode(curve_hw, DISC), curve_hw)
        level = cv2.GaussianBlur(curve_hw.astype(np.float32), (3, 3), 0)
        x, y = (cv2.Sobel(level, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
        # Where the mask rises towards the edge it ends there: it lets go of its side.
        along = np.asarray(x * pull[0] + y * pull[1])
        curve_hw = np.where(along > 1e-4, 0, np.where(along < -1e-4, 1, curve_hw))
        curve_hw = held(smoothed(curve_hw.astype(np.uint8), times), seeds_hw)
        yield curve_hw
