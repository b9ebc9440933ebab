"""From what a method found on a view to the candidate it offers."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from seggui.core.candidate import Candidate, Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.band import enlarged
from seggui.models.prompted.classical.pictures import Floats, Picture, View, room_around
from seggui.models.prompted.classical.seeds import corrected, honoured, places_along

Solve = Callable[[View], Floats]
"""How much of each pixel of a view is object, 0 to 1, axes (y, x)."""

_CLOSER = 1.5
"""A second look is taken where it shows the object so much larger."""
_ROOM = 0.4
"""Share of its size that is left around what is looked at closely."""


def looked_at(
    picture: Picture, prompt: Prompt, most_pixels: int, solve: Solve
) -> tuple[View, Floats]:
    """Solve on the part of the image that the marks are about.

    First the whole image, or the surroundings of a box or a drawing; then, where that
    shows more, the surroundings of what was found.
    """
    view = picture.view(_first_box(picture, prompt), most_pixels)
    share = solve(view)
    found = _extent(view, share)
    if found.empty or view.pixel_px <= _CLOSER:
        return view, share
    for point in places_along(prompt, 16.0):
        x, y = int(point.x), int(point.y)
        found = found.union(Box(x, y, x + 1, y + 1))
    closer = picture.view(room_around(found, _ROOM, picture), most_pixels)
    if view.pixel_px / closer.pixel_px < _CLOSER:
        return view, share
    return closer, solve(closer)


def _first_box(picture: Picture, prompt: Prompt) -> Box:
    about = prompt.box
    if about is None and prompt.rough is not None:
        about = prompt.rough.bbox
    if about is None:
        return picture.box
    for point in places_along(prompt, 16.0):
        x, y = int(point.x), int(point.y)
        about = about.union(Box(x, y, x + 1, y + 1))
    if prompt.previous is not None:
        about = about.union(prompt.previous.bbox)
    return room_around(about, _ROOM, picture)


def _extent(view: View, share: Floats) -> Box:
    """The box around what was found, in image pixels."""
    rows = np.flatnonzero((share >= 0.5).any(axis=1))
    columns = np.flatnonzero((share >= 0.5).any(axis=0))
    if not len(rows):
        return Box(0, 0, 0, 0)
    x0, y0 = view.box.x0, view.box.y0
    return Box(
        int(x0 + columns[0] * view.across),
        int(y0 + rows[0] * view.down),
        int(np.ceil(x0 + (columns[-1] + 1) * view.across)),
        int(np.ceil(y0 + (rows[-1] + 1) * view.down)),
    )


def offered(
    found: tuple[View, Floats], picture: Picture, prompt: Prompt, report: Report
) -> Candidate:
    """The candidate: edge settled, the mask to correct kept, each mark honoured."""
    view, share = found
    return finished(enlarged(share, view, picture, report), prompt)


def finished(mask: Mask, prompt: Prompt, score: float = 1.0) -> Candidate:
    """The candidate of a mask that a method drew on the pixels of the image."""
    return Candidate(honoured(corrected(mask, prompt), prompt), score)


def probability_of(found: tuple[View, Floats]) -> Probability | None:
    """The shares as probabilities of the image's pixels; None where there are none."""
    view, share = found
    some = share > 1 / 255
    if not some.any():
        return None
    rows, columns = np.flatnonzero(some.any(axis=1)), np.flatnonzero(some.any(axis=0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = Box(
        view.box.x0 + round(columns[0] * view.across),
        view.box.y0 + round(rows[0] * view.down),
        view.box.x0 + round((columns[-1] + 1) * view.across),
        view.box.y0 + round((rows[-1] + 1) * view.down),
    )
    small = np.round(np.clip(share[part], 0, 1) * 255).astype(np.uint8)
    if box.empty:
        return None
    return Probability(box, np.asarray(cv2.resize(small, (box.width, box.height))))
