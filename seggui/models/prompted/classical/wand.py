"""Magic wand: all that has about the colour of the place that was clicked.

A colour is near when none of its channels is farther away than the tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools, Mask
from seggui.core.parameters import Value
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.colours import in_space, turned
from seggui.models.prompted.classical.flooding import followed, piece_at
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Picture
from seggui.models.prompted.classical.rows import info_of

INFO = info_of("wand")


class Wand(Method):
    """Colours near that of a click; more clicks add, negative ones take away."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        report(0, 1, "looking at the colours")
        space = str(values["space"])
        colours = _colours(picture, space, int(values["smooth"]))

        def region_at(x: float, y: float) -> Mask:
            near = _near(colours, space, (int(x), int(y)), values)
            return Mask.from_dense(near)

        return (followed(picture, prompt, region_at, report),)


def _colours(picture: Picture, space: str, smooth_px: int) -> Bytes:
    def work() -> Bytes:
        image = picture.image_hwc
        if smooth_px > 0:
            image = np.asarray(cv2.medianBlur(image, 2 * smooth_px + 1), np.uint8)
        return in_space(image, space)

    return picture.known(("colours", space, smooth_px), work)


def _near(
    colours: Bytes, space: str, place: tuple[int, int], values: Mapping[str, Value]
) -> Bools:
    """The pixels of about the colour at a place, column and row; axes (y, x)."""
    column, row = place
    colours = turned(colours, space, int(colours[row, column, 0]))
    middle = _mean(colours, column, row, int(values["sample"]) // 2)
    tolerance = float(values["tolerance"])
    low, high = middle - tolerance, middle + tolerance
    near = np.asarray(cv2.inRange(colours, np.ceil(low), np.floor(high))) > 0
    # The clicked pixel itself counts even where its surroundings outvote it.
    near[row, column] = True
    return piece_at(near, column, row) if values["contiguous"] else near


def _mean(colours: Bytes, column: int, row: int, reach: int) -> NDArray[np.float64]:
    rows = slice(max(0, row - reach), row + reach + 1)
    columns = slice(max(0, column - reach), column + reach + 1)
    return np.asarray(colours[rows, columns].reshape(-1, colours.shape[2]).mean(axis=0))
