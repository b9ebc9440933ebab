"""What a person marked, as the pixels that a method starts from.

Positive marks are object, negative ones and all outside a box are ground. Of marks
that contradict each other on one pixel the last one counts, and clicks come after
lines.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask
from seggui.core.ports import ModelInfo
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.errors import BadRequest
from seggui.models.prompted.classical.pictures import Bytes, Picture, View
from seggui.models.prompted.honouring import cut_to, with_points

OBJECT, GROUND, OUTSIDE = 1, 2, 3
"""Marks of both signs, and what lies outside a box."""

_FINE = 4
"""Binary places that OpenCV draws lines with."""
_DOT_PX = 1
"""Radius of a click in a view."""
_WIDEST_PX = 2000
_CORE = 0.4
"""Deeper than this share of its depth lies the core of a mask."""
_AT_LEAST = 0.1
"""A mark against a mask of the whole image counts for this share of its side."""
_SPECK_PX = 3
"""Sides up to which no method can tell an object from what is around it."""
_STRAY = 0.3
"""Objects reach out of their drawings by less than this share of its size."""
_MIDDLE = 0.25
"""Of an empty box this share of its sides around the middle is object."""


def checked(prompt: Prompt, info: ModelInfo, picture: Picture) -> Prompt:
    """The prompt cut to the image; raises ``BadRequest`` where it makes no sense."""
    prompt = prompt.checked(picture.width, picture.height)
    if not prompt.parts & info.reads:
        raise BadRequest(f"{info.title} needs a mark on the object in the image.")
    if (
        not has_marks(prompt, True)
        and prompt.previous is None
        and not prompt.parts & {"box", "rough"}
    ):
        raise BadRequest(
            "There is nothing to take away from yet. Mark the object first."
        )
    return prompt


def has_marks(prompt: Prompt, positive: bool) -> bool:
    """Whether there are clicks or lines of that sign that later clicks left."""
    signs = {(int(p.x), int(p.y)): p.positive for p in prompt.points}
    return positive in [*signs.values(), *(line.positive for line in prompt.scribbles)]


# -- seeds ----------------------------------------------------------------------


def seeds_of(prompt: Prompt, view: View, *, lend: bool = True) -> Bytes:
    """``OBJECT``, ``GROUND``, ``OUTSIDE`` or 0 for each pixel of a view, axes (y, x).

    Where a sign has no marks, the mask to correct lends its core, or what lies well
    outside it, and the middle of a box with nothing else is object; unless nothing
    is to be lent.
    """
    labels = np.zeros((view.height, view.width), dtype=np.uint8)
    if lend:
        _borrow(labels, prompt, view)
    for line in prompt.scribbles:
        _draw(labels, line, view)
    dots = [
        (view.place(p.x, p.y), OBJECT if p.positive else GROUND) for p in prompt.points
    ]
    for place, sign in dots:
        cv2.circle(labels, place, _DOT_PX, sign, -1)
    # The middle of a click is its own, however near the next one is.
    for (column, row), sign in dots:
        labels[row, column] = sign
    if prompt.rough is not None and not prompt.rough.is_empty:
        labels[(labels == 0) & _far_from(view.small(prompt.rough))] = OUTSIDE
    if prompt.box is not None and _keeps_to(prompt.box, prompt):
        labels[~view.inside(prompt.box)] = OUTSIDE
    return labels


def _borrow(labels: Bytes, prompt: Prompt, view: View) -> None:
    known = prompt.previous if prompt.previous is not None else prompt.rough
    if known is not None and not known.is_empty:
        pixels = view.small(known)
        if not has_marks(prompt, True):
            labels[_core(pixels, _places(prompt, view, False))] = OBJECT
        if not has_marks(prompt, False):
            labels[_core(~pixels, _places(prompt, view, True))] = GROUND
    elif prompt.box is not None and not has_marks(prompt, True):
        box = prompt.box
        dx, dy = int(box.width * _MIDDLE), int(box.height * _MIDDLE)
        middle = Box(
            min(box.x0 + dx, box.x1 - 1),
            min(box.y0 + dy, box.y1 - 1),
            max(box.x1 - dx, box.x0 + 1),
            max(box.y1 - dy, box.y0 + 1),
        )
        labels[view.inside(middle)] = OBJECT


def _places(prompt: Prompt, view: View, positive: bool) -> list[tuple[int, int]]:
    """The marks of one sign, as columns and rows of a view."""
    places = places_along(prompt, 4.0 * view.pixel_px)
    return [view.place(p.x, p.y) for p in places if p.positive == positive]


def _core(pixels_hw: Bools, against: list[tuple[int, int]]) -> Bools:
    """The depth of a region, away from its edge and from marks against it."""
    if not pixels_hw.any() or pixels_hw.all():
        core = pixels_hw.copy()
        depths = np.full(pixels_hw.shape, _AT_LEAST * min(pixels_hw.shape))
    else:
        depths = np.asarray(
            cv2.distanceTransform(
                pixels_hw.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
            )
        )
        core = np.asarray(depths > _CORE * depths.max())
    spared = core.view(np.uint8)
    for column, row in against:
        # The thicker it is under a mark, the more of it the mask was wrong about.
        reach = round(2 * float(depths[row, column])) + 2
        cv2.circle(spared, (column, row), reach, 0, -1)
    return spared > 0


def _far_from(pixels_hw: Bools) -> Bools:
    """What is too far from a drawing to be what it means."""
    free = (~pixels_hw).view(np.uint8)
    away = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    reach = _STRAY * float(np.sqrt(np.count_nonzero(pixels_hw)))
    return np.asarray(away > reach) if free.any() else ~pixels_hw


def _draw(labels: Bytes, line: Scribble, view: View) -> None:
    corners = np.array(line.points_xy, dtype=np.float64).reshape(-1, 2)
    corners = (corners - (view.box.x0, view.box.y0)) / (view.across, view.down) - 0.5
    if len(corners) == 1:
        corners = np.repeat(corners, 2, axis=0)  # OpenCV draws nothing of one corner.
    fixed = np.round(corners * 2**_FINE).astype(np.int32)
    width = round(min(max(line.width_px / view.pixel_px, 1.0), _WIDEST_PX))
    sign = OBJECT if line.positive else GROUND
    cv2.polylines(labels, [fixed], False, sign, width, cv2.LINE_8, _FINE)


def _keeps_to(box: Box, prompt: Prompt) -> bool:
    """A box is a limit unless a person clicked on the object outside it."""
    return all(box.contains(p.x, p.y) for p in prompt.positives)


# -- marks in their order ---------------------------------------------------------


def places_along(prompt: Prompt, step_px: float) -> Iterator[Point]:
    """All marks as places, lines first, at most about ``step_px`` apart on lines."""
    for line in prompt.scribbles:
        corners = np.array(line.points_xy, dtype=np.float64).reshape(-1, 2)
        along = np.concatenate(
            [[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))]
        )
        places = np.linspace(0.0, along[-1], int(along[-1] / step_px) + 2)
        xs, ys = (np.interp(places, along, corners[:, axis]) for axis in (0, 1))
        for x, y in zip(xs, ys, strict=True):
            yield Point(float(x), float(y), line.positive)
    yield from prompt.points


# -- what comes out ---------------------------------------------------------------


def corrected(new: Mask, prompt: Prompt) -> Mask:
    """What the marks change of the mask to correct; all else of it stays.

    A positive mark adds what hangs together with it in ``new`` and was not there, a
    negative one takes away what hangs together with it and is not in ``new``. Marks
    that the mask agrees with change nothing. Without marks, ``new`` replaces it.
    """
    mask = prompt.previous
    if mask is None or not (prompt.points or prompt.scribbles):
        return new
    added, taken = new.difference(mask), mask.difference(new)
    for change, positive in ((added, True), (taken, False)):
        box = change.bbox
        if change.is_empty:
            continue
        pixels = change.window(box)
        _, parts = cv2.connectedComponents(pixels.view(np.uint8), connectivity=4)
        touched = {
            int(parts[int(p.y) - box.y0, int(p.x) - box.x0])
            for p in places_along(prompt, 1.0)
            if p.positive == positive and box.contains(p.x, p.y)
        } - {0}
        part = np.isin(parts, sorted(touched))
        mask = mask.painted(box, part) if positive else mask.erased(box, part)
    return mask


def honoured(mask: Mask, prompt: Prompt) -> Mask:
    """Keep to the box, and let each mark have at least its own pixels.

    What is too small to look into is the object itself. Raises ``BadRequest`` where
    marks beside the object leave nothing of those on it.
    """
    box = prompt.box
    if mask.is_empty and prompt.previous is None:
        mask = _speck(mask, prompt)
    if box is not None and _keeps_to(box, prompt):
        mask = cut_to(mask, box)
    mask = _with_marks(mask, prompt)
    if mask.is_empty and prompt.previous is None and has_marks(prompt, True):
        raise BadRequest(
            "The lines beside the object cover every mark on it. Take the last one "
            "back, or mark the object where they do not reach."
        )
    return mask


def _speck(nothing: Mask, prompt: Prompt) -> Mask:
    """The box or drawing where it is but a few pixels, else nothing."""
    box = prompt.box if prompt.rough is None else prompt.rough.bbox
    if box is None or max(box.width, box.height) > _SPECK_PX:
        return nothing
    return prompt.rough or nothing.with_window(box, np.ones((box.height, box.width)))


def _with_marks(mask: Mask, prompt: Prompt) -> Mask:
    for line in prompt.scribbles:
        mask = _with_line(mask, line)
    return with_points(mask, prompt.points)


def _with_line(mask: Mask, line: Scribble) -> Mask:
    corners = np.array(line.points_xy, dtype=np.float64).reshape(-1, 2)
    margin = line.width_px / 2 + 2
    low = np.floor(corners.min(axis=0) - margin).astype(int)
    high = np.ceil(corners.max(axis=0) + margin).astype(int)
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    box = box.clipped(mask.width, mask.height)
    drawn: NDArray[np.uint8] = np.zeros((box.height, box.width), dtype=np.uint8)
    _draw(drawn, line, View(box, drawn[..., None]))
    return (
        mask.painted(box, drawn > 0) if line.positive else mask.erased(box, drawn > 0)
    )
