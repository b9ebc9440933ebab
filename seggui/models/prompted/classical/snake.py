"""Snake: a closed line that is drawn to edges and would rather be short and smooth.

Kass, Witkin and Terzopoulos, "Snakes: Active Contour Models" (1988), from a rough
drawing or a box around the object.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.parameters import Value
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.boundaries import look_at
from seggui.models.prompted.classical.answers import looked_at, offered
from seggui.models.prompted.classical.curves import first_curve
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of

INFO = info_of("snake")
_PIXELS = 40_000
_CORNERS = 160
_CHUNK = 50
"""Rounds between two reports."""
_STEP = 1.0
"""Pixels of the view that the strongest edge moves the line in a round."""
_STILL = 0.01
_BLURS = (1.5, 4.0, 10.0)
"""Widths of the hills that edges are, in pixels of the view."""

Doubles = NDArray[np.float64]


class Snake(Method):
    """Lines drawn to edges from drawings, boxes, clicks and lines."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        rounds = int(values["iterations"])

        def solve(view: View) -> Floats:
            report(0, rounds, "looking for edges")
            curve_hw, _ = first_curve(prompt, view, float(values["reach"]))
            line = _outline(curve_hw)
            if line is None or min(curve_hw.shape) < 8:
                return curve_hw.astype(np.float32)
            force = picture.known(("force", view.box), lambda: _force(view))
            line = _drawn(line, force, values, report)
            filled = np.zeros_like(curve_hw)
            corners = np.round(line * 16).astype(np.int32)
            cv2.fillPoly(filled, [corners], 1, shift=4)
            return filled.astype(np.float32)

        found = looked_at(picture, prompt, _PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def _force(view: View) -> Floats:
    """Where each pixel is drawn to: up the edge strength, axes (y, x, (x, y))."""
    edges = look_at(view.picture_hwc, 1.5, 3.0).boundary_hw
    # Wide hills are felt from afar, narrow ones say where the edge is.
    hills = np.zeros_like(edges)
    for blur in _BLURS:
        hills += blur * np.asarray(cv2.GaussianBlur(edges, (0, 0), blur))
    force = np.dstack(
        [
            cv2.Sobel(hills, cv2.CV_32F, *order, scale=1 / 8)
            for order in ((1, 0), (0, 1))
        ]
    )
    longest = float(np.hypot(force[..., 0], force[..., 1]).max())
    return np.asarray(force / max(longest, 1e-9), dtype=np.float32)


def _drawn(
    line: Doubles, force: Floats, values: Mapping[str, Value], report: Report
) -> Doubles:
    """Move the line until it rests: implicit in its own shape, explicit in the force.

    On a closed line of even steps the implicit part is a convolution.
    """
    rounds, edges = int(values["iterations"]), float(values["edges"])
    turns = 2 * np.pi * np.arange(len(line) // 2 + 1) / len(line)
    bends = 2.0 - 2.0 * np.cos(turns)
    own = float(values["elasticity"]) * bends + float(values["stiffness"]) * bends**2
    last = np.array(force.shape[1::-1]) - 1.0
    for done in range(rounds):
        if done % _CHUNK == 0:
            report(done, rounds, "moving the line")
        xs, ys = np.clip(line, 0, last).astype(np.float32).T[:, None]
        pull = np.asarray(cv2.remap(force, xs, ys, cv2.INTER_LINEAR)[0], np.float64)
        wished = np.fft.rfft(line + _STEP * edges * pull, axis=0)
        new = np.fft.irfft(wished / (1.0 + _STEP * own)[:, None], len(line), axis=0)
        moved = float(np.abs(new - line).max())
        line = np.clip(new, 0, last)
        if moved < _STILL:
            break
    return line


def _outline(curve_hw: Bytes) -> Doubles | None:
    """The outer line of the largest piece, evenly spaced; axes (corner, (x, y)).

    None where there is none with an inside.
    """
    lines, _ = cv2.findContours(curve_hw, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not lines:
        return None
    longest = max(lines, key=cv2.contourArea).reshape(-1, 2)
    if len(longest) < 8:
        return None
    ring = np.concatenate([longest, longest[:1]]).astype(np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    count = min(_CORNERS, len(longest))
    places = np.linspace(0.0, along[-1], count, endpoint=False)
    xs, ys = (np.interp(places, along, ring[:, axis]) for axis in (0, 1))
    return np.stack([xs, ys], axis=1)
