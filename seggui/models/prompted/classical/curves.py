"""Curves as masks: the steps of morphological active contours.

Márquez-Neila, Baumela and Alvarez, "A Morphological Approach to Curvature-Based
Evolution of Curves and Surfaces" (2014). Masks are bytes of 0 and 1, axes (y, x).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from seggui.core.mask import Bools
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.pictures import Bytes, View
from seggui.models.prompted.classical.seeds import GROUND, OBJECT, has_marks, seeds_of

_LINES = tuple(
    np.array(rows, dtype=np.uint8)
    for rows in (
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0, 1, 0), (0, 1, 0), (0, 1, 0)),
        ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
        ((0, 0, 0), (1, 1, 1), (0, 0, 0)),
    )
)
DISC = np.ones((3, 3), dtype=np.uint8)


def smoothed(curve_hw: Bytes, times: int) -> Bytes:
    """Round the curve off by its curvature, that many times."""
    for count in range(times):
        # Both orders in turns: each by itself drifts to one side.
        steps = (_opened, _closed) if count % 2 == 0 else (_closed, _opened)
        for step in steps:
            curve_hw = step(curve_hw)
    return curve_hw


def _opened(curve_hw: Bytes) -> Bytes:
    """The highest of what lines of four directions leave."""
    parts = [cv2.erode(curve_hw, line) for line in _LINES]
    return np.asarray(np.maximum.reduce(parts), dtype=np.uint8)


def _closed(curve_hw: Bytes) -> Bytes:
    parts = [cv2.dilate(curve_hw, line) for line in _LINES]
    return np.asarray(np.minimum.reduce(parts), dtype=np.uint8)


def rim(curve_hw: Bytes) -> Bools:
    """The pixels beside the curve, on both sides of it."""
    gradient = cv2.morphologyEx(curve_hw, cv2.MORPH_GRADIENT, DISC)
    return np.asarray(gradient) > 0


def held(curve_hw: Bytes, seeds_hw: Bytes) -> Bytes:
    """The curve with each mark on its own side."""
    curve_hw[seeds_hw == OBJECT] = 1
    curve_hw[seeds_hw >= GROUND] = 0
    return curve_hw


def main_piece(curve_hw: Bytes, seeds_hw: Bytes) -> Bytes:
    """The pieces with a mark of the object; the largest one where none has any."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(curve_hw, connectivity=4)
    if count < 3:
        return curve_hw
    kept = np.unique(parts[(seeds_hw == OBJECT) & (curve_hw > 0)])
    if not len(kept):
        kept = 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA], keepdims=True)
    return np.isin(parts, kept).astype(np.uint8)


def first_curve(prompt: Prompt, view: View, reach: float) -> tuple[Bytes, bool]:
    """Where the curve begins, and whether it comes from outside the object.

    A drawing, a box or the mask to correct; else discs around the positive marks,
    of ``reach`` times the shorter side of the view.
    """
    for mask in (prompt.rough, prompt.previous):
        if mask is not None and not mask.is_empty:
            return view.small(mask).astype(np.uint8), mask is prompt.rough
    if prompt.box is not None and not has_marks(prompt, True):
        return view.inside(prompt.box).astype(np.uint8), True
    marks = (seeds_of(prompt, view, lend=False) == OBJECT).astype(np.uint8)
    size = 2 * max(1, round(reach * min(marks.shape))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(marks, disc), dtype=np.uint8), False


def settled_after(
    curves: Iterator[Bytes], rounds: int, still: int = 3
) -> Iterator[tuple[int, Bytes]]:
    """The curves of up to so many rounds, fewer when the curve no longer moves."""
    seen: list[Bytes] = []
    for done, curve_hw in zip(range(rounds), curves, strict=False):
        yield done, curve_hw
        # Curves that come to rest often swing between two shapes.
        if any(np.array_equal(curve_hw, before) for before in seen[-still:]):
            return
        seen = [*seen[-still:], curve_hw.copy()]
