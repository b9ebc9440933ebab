"""Threshold: what is lighter or darker than a level, found or given.

Otsu, "A Threshold Selection Method from Gray-Level Histograms" (1979); or the mean of
the surroundings of each pixel, for uneven light.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools, Mask
from seggui.core.parameters import Value
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.answers import finished
from seggui.models.prompted.classical.colours import in_space
from seggui.models.prompted.classical.flooding import followed, limit_of, piece_at
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Picture
from seggui.models.prompted.classical.rows import CHANNELS, info_of

INFO = info_of("threshold")


class Threshold(Method):
    """The piece under a click; all pieces in a box without one."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        report(0, 1, "looking at the levels")
        limit = limit_of(prompt, picture)
        light_hw = _light(picture, values, limit)
        if not prompt.points and not prompt.scribbles and limit is not None:
            inside = limit.dense()
            side = _side(values, light_hw, inside)
            return (finished(Mask.from_dense(side & inside), prompt),)

        def region_at(x: float, y: float) -> Mask:
            column, row = int(x), int(y)
            wished = str(values["objects"])
            is_light = light_hw[row, column] if wished == "auto" else wished == "light"
            return Mask.from_dense(piece_at(light_hw == is_light, column, row))

        return (followed(picture, prompt, region_at, report),)


def _light(picture: Picture, values: Mapping[str, Value], limit: Mask | None) -> Bools:
    """What is lighter than the level, axes (y, x)."""
    _, space, place = CHANNELS[str(values["channel"])]
    channel = picture.known(
        ("channel", space, place),
        lambda: np.ascontiguousarray(in_space(picture.image_hwc, space)[..., place]),
    )
    method = str(values["method"])
    if method == "manual":
        return channel > int(values["level"])
    if method == "otsu":
        known = channel if limit is None else channel[limit.dense()]
        return channel > _otsu(known)
    # Whole numbers of pixels to both sides of the one in the middle.
    size = int(values["surroundings"]) // 2 * 2 + 1
    if method == "mean":
        mean = cv2.blur(channel, (size, size))
    else:
        mean = cv2.GaussianBlur(channel, (size, size), 0)
    return channel.astype(np.int16) > np.asarray(mean, np.int16) + int(values["offset"])


def _otsu(channel: Bytes) -> float:
    """The level that tells two groups of values apart best."""
    level, _ = cv2.threshold(
        np.ascontiguousarray(channel).reshape(1, -1), 0, 255, cv2.THRESH_OTSU
    )
    return float(level)


def _side(values: Mapping[str, Value], light_hw: Bools, inside: Bools) -> Bools:
    """Light or dark; by itself the one that fills less of the edge of the limit."""
    wished = str(values["objects"])
    if wished == "auto":
        core = cv2.erode(np.pad(inside.view(np.uint8), 1), np.ones((3, 3), np.uint8))
        rim = inside & (np.asarray(core)[1:-1, 1:-1] == 0)
        wished = "dark" if light_hw[rim].mean() > 0.5 else "light"
    return light_hw if wished == "light" else ~light_hw
