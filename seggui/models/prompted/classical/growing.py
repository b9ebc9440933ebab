"""Region growing: from a click outwards, as long as colours are near the region's mean.

Adams and Bischof, "Seeded Region Growing" (1994), in rounds: all pixels near the mean
so far that hang together with the click, then the mean anew, until nothing changes.
"""

from __future__ import annotations

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools, Mask
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.colours import in_space, turned
from seggui.models.prompted.classical.flooding import followed, piece_at
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Picture
from seggui.models.prompted.classical.rows import info_of

INFO = info_of("growing")
_FIRST_REACH = 3
"""The region begins as a square of this many pixels around the click."""
_ROUNDS = 12


class RegionGrowing(Method):
    """Regions that learn their colour as they grow."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        report(0, 1, "looking at the colours")
        space, edge = str(values["space"]), int(values["edges"])
        colours = picture.known(
            ("even", space),
            lambda: in_space(cv2.medianBlur(picture.image_hwc, 3), space),  # type: ignore[arg-type]
        )
        open_hw = picture.known(("open", space, edge), lambda: _open(colours, edge))
        reach = (float(values["tolerance"]), float(values["least"]))

        def region_at(x: float, y: float) -> Mask:
            place = (int(x), int(y))
            at = turned(colours, space, int(colours[place[1], place[0], 0]))
            return Mask.from_dense(_grown(at, open_hw, place, reach, report))

        return (followed(picture, prompt, region_at, report),)


def _open(colours: Bytes, edge: int) -> Bools:
    """Where no step to a neighbour is as large as an edge."""
    if edge == 0:
        return np.ones(colours.shape[:2], dtype=bool)
    kernel = np.ones((3, 3), dtype=np.uint8)
    steps = cv2.morphologyEx(colours, cv2.MORPH_GRADIENT, kernel)
    return np.asarray(np.reshape(steps, colours.shape).max(axis=2) < edge)


def _grown(
    colours: Bytes,
    open_hw: Bools,
    place: tuple[int, int],
    reach: tuple[float, float],
    report: Report,
) -> Bools:
    column, row = place
    rows = slice(max(0, row - _FIRST_REACH), row + _FIRST_REACH + 1)
    columns = slice(max(0, column - _FIRST_REACH), column + _FIRST_REACH + 1)
    member = colours[rows, columns].reshape(-1, colours.shape[2])
    region = np.zeros(open_hw.shape, dtype=bool)
    for done in range(_ROUNDS):
        report(done, _ROUNDS, "growing")
        mean, spread = member.mean(axis=0), member.std(axis=0)
        away = np.maximum(reach[0] * spread, reach[1])
        low, high = np.ceil(mean - away), np.floor(mean + away)
        near = (np.asarray(cv2.inRange(colours, low, high)) > 0) & open_hw
        near[row, column] = True
        new = piece_at(near, column, row)
        if np.array_equal(new, region):
            break
        region, member = new, colours[new]
    # Edges are as thick as two pixels: the region takes its side of them back.
    closed = cv2.morphologyEx(
        region.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
    )
    return np.asarray(closed) > 0
