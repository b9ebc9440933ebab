"""Segment everything: a prompted model is clicked on a grid, and the answers sifted.

The idea is that of Kirillov et al. 2023 (arXiv:2304.02643, section 5 and appendix B):
a grid of points on the image and on overlapping crops of it, filters by score and by
stability, non-maximum suppression. Here it works with any model that reads points, and
by default no click is spent inside what earlier clicks have found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.everything import EverythingOptions
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import Settings
from seggui.core.ports import DecodesMany, ModelInfo, PromptedModel, Report
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest
from seggui.models.prompted.asking import answer_each
from seggui.models.sifting import Piece, distinct, piece_of, shared_out
from seggui.refine.components import drop_below, fill_holes_below

OVERLAP = 0.34
"""How much of a crop's side neighbouring crops share at least."""
_AT_ONCE = 32
_CROP_EDGE_PX = 20
_LEFT = 0.5
"""A mask that keeps less of itself where others overlap it is no object any more."""
_QUICK: Settings = (("zoom", False),)
"""Settings of models that would look closer at every single click."""


def everything(
    model: PromptedModel,
    image_hwc: NDArray[np.uint8],
    encoding: object,
    options: EverythingOptions,
    report: Report,
    known: Sequence[Mask] = (),
) -> tuple[Candidate, ...]:
    """Find all objects of an RGB image, axes (y, x, 3), of which ``encoding`` is.

    Returns candidates, the largest first. Masks in ``known`` are objects that are
    there already: nobody clicks into them, and what is much like them is left out.
    Raises ``BadRequest`` for a model that reads no points.
    """
    if "points" not in model.info.reads:
        raise BadRequest(
            f"{model.info.title} reads no points, so it cannot segment everything. "
            "Choose another model for clicks."
        )
    height, width = image_hwc.shape[:2]
    work = _Work(model, options, _Clock(options, height, width, report))
    there = [_known(mask) for mask in known if not mask.is_empty]
    found: list[Piece] = []
    for layer, box in crops(height, width, options.layers):
        crop = _Crop(box, height, width, layer)
        if layer:
            pixels = np.ascontiguousarray(image_hwc[box.slices])
            encoding = model.encode(pixels, work.clock.waiting)
        inside = work.asked(crop, encoding, there)
        # Sifted crop by crop, so that only what differs is held.
        found += distinct(inside, options.same, there)
    pieces = distinct(found, options.same, there)
    return finished(pieces, options, height, width, there)


def crops(height: int, width: int, layers: int) -> Iterator[tuple[int, Box]]:
    """The whole image as layer 0, then 4, 16 and 64 parts of it that overlap."""
    for layer in range(layers + 1):
        count = 2**layer
        for y0, y1 in _spans(height, count):
            for x0, x1 in _spans(width, count):
                yield layer, Box(x0, y0, x1, y1)


def grid(width: int, height: int, longest: int) -> list[tuple[float, float]]:
    """Points (x, y) in the middle of equal cells, ``longest`` along the longer side.

    They come in a mixed order, the same each time, so that the first ones are spread
    over all of the image.
    """
    long_side = max(width, height)
    columns, rows = (
        min(side, max(1, round(longest * side / long_side))) for side in (width, height)
    )
    xs = (np.arange(columns) + 0.5) * width / columns
    ys = (np.arange(rows) + 0.5) * height / rows
    points = [(float(x), float(y)) for y in ys for x in xs]
    order = np.random.default_rng(0).permutation(len(points))
    return [points[index] for index in order]


def _spans(side: int, count: int) -> list[tuple[int, int]]:
    """``count`` spans over a side, neighbours share ``OVERLAP`` of their length."""
    length = min(side, math.ceil(side / (count - (count - 1) * OVERLAP)))
    if count == 1 or length == side:
        return [(0, side)]
    starts = np.linspace(0, side - length, count).round().astype(int)
    return [(int(start), int(start) + length) for start in starts]


@dataclass(frozen=True, slots=True)
class _Crop:
    """A part of the image that is looked at on its own."""

    box: Box
    height: int
    """Of the whole image."""
    width: int
    layer: int

    def cuts(self, box: Box) -> bool:
        """Whether something with that box may go on beyond the edge of the crop."""
        margin = min(_CROP_EDGE_PX, min(self.box.width, self.box.height) // 20)
        ours, whole = self.box, Box(0, 0, self.width, self.height)
        return (
            (box.x0 - ours.x0 <= margin and ours.x0 > whole.x0)
            or (box.y0 - ours.y0 <= margin and ours.y0 > whole.y0)
            or (ours.x1 - box.x1 <= margin and ours.x1 < whole.x1)
            or (ours.y1 - box.y1 <= margin and ours.y1 < whole.y1)
        )


class _Clock:
    """Tells how far the grid is, and how long it takes."""

    def __init__(
        self, options: EverythingOptions, height: int, width: int, report: Report
    ) -> None:
        self._report = report
        self._total = sum(
            len(grid(box.width, box.height, points_on(options, layer)))
            for layer, box in crops(height, width, options.layers)
        )
        self._done = 0
        self._what = "Looking at the image"
        self._start_s = time.monotonic()

    def step(self, count: int, found: int) -> None:
        """So many points more are done."""
        self._done += count
        passed_s = time.monotonic() - self._start_s
        left_s = passed_s * (self._total - self._done) / max(1, self._done)
        masks = "1 mask" if found == 1 else f"{found} masks"
        self._what = f"{masks}, {_in_words(left_s)} left"
        self._report(self._done, self._total, self._what)

    def waiting(self, _done: int, _total: int, _what: str) -> None:
        """Take a report from inside the model: a cancel comes back this way."""
        self._report(self._done, self._total, self._what)


@dataclass(frozen=True, slots=True)
class _Work:
    model: PromptedModel
    options: EverythingOptions
    clock: _Clock

    def asked(
        self, crop: _Crop, encoding: object, known: Sequence[Piece]
    ) -> list[Piece]:
        """All pieces that clicks on one crop bring."""
        width, height = crop.box.width, crop.box.height
        covered_hw = np.zeros((height, width), np.bool_)
        for piece in known:
            _cover(covered_hw, piece, crop.box)
        points = grid(width, height, points_on(self.options, crop.layer))
        at_once = _AT_ONCE if isinstance(self.model, DecodesMany) else 1
        found: list[Piece] = []
        for start in range(0, len(points), at_once):
            batch = points[start : start + at_once]
            fresh = [(x, y) for x, y in batch if not covered_hw[int(y), int(x)]]
            for candidates in self._answers(encoding, fresh):
                pieces = self._passing(candidates, crop)
                found += pieces
                if pieces and not self.options.thorough:
                    _cover(covered_hw, min(pieces, key=lambda p: p.area), crop.box)
            self.clock.step(len(batch), len(found))
        return found

    def _answers(
        self, encoding: object, points: Sequence[tuple[float, float]]
    ) -> tuple[tuple[Candidate, ...], ...]:
        settings = _quick_settings(self.model.info)
        prompts = [Prompt((Point(x, y),), settings=settings) for x, y in points]
        if not prompts:
            return ()
        return answer_each(self.model, encoding, prompts, self.clock.waiting)

    def _passing(self, candidates: Sequence[Candidate], crop: _Crop) -> list[Piece]:
        pieces = []
        for candidate in candidates:
            stability = candidate.stability
            trusted = candidate.score >= self.options.score
            stable = stability is None or stability >= self.options.stability
            if trusted and stable and self._right_size(candidate.mask, crop):
                mask = _cleaned(candidate.mask, self.options.specks)
                if self._right_size(mask, crop):
                    offset_xy = (crop.box.x0, crop.box.y0)
                    piece = piece_of(mask, offset_xy, candidate)
                    if not crop.cuts(piece.box):
                        pieces.append(replace(piece, layer=crop.layer))
        return pieces

    def _right_size(self, mask: Mask, crop: _Crop) -> bool:
        most = self.options.largest * crop.width * crop.height
        return self.options.smallest <= mask.area <= most


def points_on(options: EverythingOptions, layer: int) -> int:
    """Points along the longer side of a crop: every layer asks about equally often."""
    return max(1, options.points >> layer)


def finished(
    pieces: Sequence[Piece],
    options: EverythingOptions,
    height: int,
    width: int,
    known: Sequence[Piece] = (),
) -> tuple[Candidate, ...]:
    """What pieces become, the largest first, when each pixel has found its owner.

    Owners are those of ``shared_out``; a piece that loses most of itself goes.
    """
    masks = shared_out(pieces, options.overlaps, height, width, known)
    found = []
    for piece, shared in zip(pieces, masks, strict=True):
        # Where others were cut out, specks may have come up again.
        cut = shared.area != piece.area
        mask = drop_below(shared, options.specks) if cut else shared
        if mask.area >= max(options.smallest, _LEFT * piece.area):
            found.append(
                Candidate(
                    mask, piece.score, piece.granularity, stability=piece.stability
                )
            )
    return tuple(sorted(found, key=lambda candidate: -candidate.mask.area))


def _known(mask: Mask) -> Piece:
    return piece_of(mask, (0, 0), Candidate(mask, 1.0))


def _cleaned(mask: Mask, specks: int) -> Mask:
    return drop_below(fill_holes_below(mask, specks), specks) if specks else mask


def _cover(covered_hw: NDArray[np.bool_], piece: Piece, crop: Box) -> None:
    """Set the pixels of a piece in the map of a crop."""
    both = piece.box.intersection(crop)
    if not both.empty:
        inside = piece.pixels_hw[both.moved(-piece.box.x0, -piece.box.y0).slices]
        covered_hw[both.moved(-crop.x0, -crop.y0).slices] |= inside


def _quick_settings(info: ModelInfo) -> Settings:
    names = {row.name for row in info.parameters}
    return tuple((name, value) for name, value in _QUICK if name in names)


def _in_words(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, math.ceil(seconds))} s"
    return f"{math.ceil(seconds / 60)} min"
