"""Marks that add and take away regions one after the other.

For methods that find a region from a place: the magic wand, region growing, mean
shift, superpixels, thresholds.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools, Mask
from seggui.core.ports import Report
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest
from seggui.models.prompted.classical.band import enlarged
from seggui.models.prompted.classical.pictures import Picture, View
from seggui.models.prompted.classical.seeds import (
    GROUND,
    OBJECT,
    has_marks,
    honoured,
    places_along,
)
from seggui.models.prompted.drawings import deepest

RegionAt = Callable[[float, float], Mask]
"""The region that a place of the image belongs to."""

_STEP_PX = 6.0
"""Places along a line are so far apart, in image pixels, unless it is very long."""
_MOST_PLACES = 200


def followed(
    picture: Picture, prompt: Prompt, region_at: RegionAt, report: Report
) -> Candidate:
    """Each mark that the mask so far contradicts adds or takes away its region.

    A box or a drawing is a limit; without marks, its middle is the mark.
    """
    mask = prompt.previous or Mask.empty(picture.height, picture.width)
    limit = limit_of(prompt, picture)
    places = _places(prompt, limit)
    for count, place in enumerate(places):
        if mask.contains(place.x, place.y) == place.positive:
            continue
        report(count, len(places), "following the marks")
        region = region_at(place.x, place.y)
        if limit is not None and place.positive:
            region = region.intersection(limit)
        mask = mask.union(region) if place.positive else mask.difference(region)
    report(len(places), len(places), "following the marks")
    return Candidate(honoured(mask, prompt), 1.0)


def followed_on(
    view: View,
    picture: Picture,
    prompt: Prompt,
    piece_under: Callable[[int, int], Bools],
    report: Report,
) -> Candidate:
    """As ``followed``, for regions of a view: ``piece_under(column, row)`` of it.

    Neighbouring regions are joined before their edge is settled on the image, so no
    seam stays between them.
    """
    before = prompt.previous or Mask.empty(picture.height, picture.width)
    limit = limit_of(prompt, picture)
    signs = np.zeros((view.height, view.width), dtype=np.uint8)
    places = _places(prompt, limit)
    for count, place in enumerate(places):
        column, row = view.place(place.x, place.y)
        sign = OBJECT if place.positive else GROUND
        now = int(signs[row, column])
        if now == sign or (
            now == 0 and before.contains(place.x, place.y) == place.positive
        ):
            continue
        report(count, len(places), "following the marks")
        signs[piece_under(column, row)] = sign
    added, taken = (
        enlarged((signs == sign).astype(np.float32), view, picture, report)
        for sign in (OBJECT, GROUND)
    )
    if limit is not None:
        added = added.intersection(limit)
    return Candidate(honoured(before.union(added).difference(taken), prompt), 1.0)


def _places(prompt: Prompt, limit: Mask | None) -> tuple[Point, ...]:
    """The marks as places; without one on the object, the middle of the limit too."""
    length = sum(
        float(np.hypot(*np.diff(np.array(line.points_xy), axis=0).T).sum())
        for line in prompt.scribbles
    )
    places = tuple(places_along(prompt, max(_STEP_PX, length / _MOST_PLACES)))
    lent = limit is not None and prompt.previous is None and not has_marks(prompt, True)
    return (deepest(limit), *places) if limit is not None and lent else places


def limit_of(prompt: Prompt, picture: Picture) -> Mask | None:
    """The box and the drawing that regions are kept to.

    Raises ``BadRequest`` when they have nothing in common.
    """
    limit = prompt.rough
    if prompt.box is not None:
        box = prompt.box
        whole = limit or Mask.full(picture.height, picture.width)
        limit = Mask.from_window(whole.height, whole.width, box, whole.window(box))
        if limit.is_empty:
            raise BadRequest("The drawing lies outside the box; clear one of the two.")
    return limit


def piece_at(pixels_hw: Bools, x: int, y: int) -> Bools:
    """What hangs together with a pixel; nothing when the pixel is not set."""
    if not pixels_hw[y, x]:
        return np.zeros_like(pixels_hw)
    frame = np.pad((~pixels_hw).view(np.uint8), 1, constant_values=1)
    still = pixels_hw.view(np.uint8).copy()
    cv2.floodFill(still, frame, (x, y), 2, flags=4)
    return np.asarray(still == 2)
