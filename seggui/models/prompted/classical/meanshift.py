"""Mean-shift regions: colours and places gather, and a click takes what gathered.

Comaniciu and Meer, "Mean Shift: A Robust Approach Toward Feature Space Analysis"
(2002).
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools
from seggui.core.parameters import Value
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.flooding import followed_on
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Picture
from seggui.models.prompted.classical.rows import info_of

INFO = info_of("mean-shift")
_PIXELS = 50_000


class MeanShift(Method):
    """The region under a click; more clicks add, negative ones take away."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        report(0, 1, "gathering colours")
        gathered = _gathered(picture, values)
        view, join = picture.view(picture.box, _PIXELS), (int(values["join"]),) * 3

        def piece_under(column: int, row: int) -> Bools:
            frame = np.zeros((view.height + 2, view.width + 2), dtype=np.uint8)
            flags = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
            at = (column, row)
            cv2.floodFill(gathered.copy(), frame, at, (0, 0, 0), join, join, flags)
            return frame[1:-1, 1:-1] > 0

        return (followed_on(view, picture, prompt, piece_under, report),)


def _gathered(picture: Picture, values: Mapping[str, Value]) -> Bytes:
    places, colours = int(values["places"]), int(values["colours"])

    def work() -> Bytes:
        small = picture.view(picture.box, _PIXELS).picture_hwc
        lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
        # Halved copies are of no use where nothing is left to halve.
        levels = 1 if min(small.shape[:2]) >= 8 else 0
        found = cv2.pyrMeanShiftFiltering(lab, places, colours, maxLevel=levels)
        return np.asarray(found, dtype=np.uint8)

    return picture.known(("gathered", places, colours), work)
