"""Livewire: the path along image edges from an anchor to wherever the pointer is.

Intelligent scissors of Mortensen and Barrett (1995): the cheapest path over pixels,
where edges are cheap. Only a window around the anchor is searched, at full resolution
while the pointer is near and at a lower one when it is far, so that the answer takes
the same time on every image. What a lower resolution blurs is settled afterwards by
looking across the path in the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box

Points = NDArray[np.float64]
Floats = NDArray[np.float32]

SIDE_PX = 448
"""The grid that is searched has as many pixels as a square of this side."""
_SMALLEST_SIDE_PX = 3
"""Below this there is nothing to follow."""
_FULL_STRENGTH = 40.0
"""Grey levels for each pixel at which an edge is as good as edges get."""
_WEAK = 3.0
"""Grey levels for each pixel below which there is no edge to snap to."""
_STEPS = 2
"""Samples for each pixel when looking across the path."""


class Livewire:
    """Paths along the edges of one RGB image, axes (y, x, 3).

    Coordinates are image pixels, x right and y down; the middle of the pixel in the
    corner is (0.5, 0.5). Places outside the image count as the nearest inside.
    """

    def __init__(self, image_hwc: NDArray[np.uint8]) -> None:
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
            raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
        self._image = image_hwc
        self._height, self._width = image_hwc.shape[:2]
        self._start: Points | None = None
        self._map: _Map | None = None

    def anchor(self, x: float, y: float) -> None:
        """Let paths begin here from now on."""
        self._start = self._inside(x, y)
        self._map = _mapped(self._image, self._start, SIDE_PX / 2 - 1)

    def path_to(self, x: float, y: float) -> Points:
        """The path from the anchor to that place, axes (corner, (x, y)).

        It begins and ends exactly at the two places, has a corner at about every
        pixel of the grid that was searched, and runs along the steepest places of
        the edges that it follows. Raises ``ValueError`` without an anchor.
        """
        if self._start is None or self._map is None:
            raise ValueError("a path needs an anchor first")
        end = self._inside(x, y)
        if not self._map.reaches(end):
            reach = 1.5 * float(np.abs(end - self._start).max())
            self._map = _mapped(self._image, self._start, reach)
        path = self._map.path(end)
        path[1:-1] = _settled(self._image, path, self._map.pixel_px)[1:-1]
        path[0], path[-1] = self._start, end
        return path

    def snap(self, x: float, y: float, reach_px: float) -> tuple[float, float]:
        """The strongest edge within ``reach_px``, nearer ones first.

        The place itself where there is none.
        """
        place = self._inside(x, y)
        box = _around(place, reach_px + 2).clipped(self._width, self._height)
        if min(box.width, box.height) < _SMALLEST_SIDE_PX:
            return float(place[0]), float(place[1])
        edges = edges_of(self._image[box.slices])
        rows, columns = np.mgrid[: box.height, : box.width] + 0.5
        away = np.hypot(columns + box.x0 - place[0], rows + box.y0 - place[1])
        pull = edges.strength_hw * np.exp(-2.0 * (away / max(reach_px, 1e-6)) ** 2)
        pull[(away > reach_px) | (edges.strength_hw < _WEAK)] = 0.0
        row, column = np.unravel_index(int(np.argmax(pull)), pull.shape)
        if pull[row, column] == 0.0:
            return float(place[0]), float(place[1])
        found = np.add(edges.crest(int(row), int(column)), (box.x0, box.y0))
        return float(found[0]), float(found[1])

    def _inside(self, x: float, y: float) -> Points:
        # The last place still belongs to the last pixel.
        last = np.nextafter([self._width, self._height], 0.0)
        return np.clip(np.array([x, y], dtype=np.float64), 0.0, last)


# -- edges ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """How fast the image changes, and in which direction."""

    dx_hw: Floats
    """Grey levels for each pixel, of the channel that changes most."""
    dy_hw: Floats
    strength_hw: Floats

    def crest(self, row: int, column: int) -> Points:
        """Where the strength peaks near a pixel, across the edge; x and y."""
        here = float(self.strength_hw[row, column])
        across = np.array([self.dx_hw[row, column], self.dy_hw[row, column]]) / here
        step = np.round(across).astype(int)
        height, width = self.strength_hw.shape
        before, after = (
            float(
                self.strength_hw[
                    np.clip(row + sign * step[1], 0, height - 1),
                    np.clip(column + sign * step[0], 0, width - 1),
                ]
            )
            for sign in (-1, 1)
        )
        bend = before - 2.0 * here + after
        shift = 0.0 if bend >= 0.0 else float(np.clip((before - after) / bend, -1, 1))
        return np.array([column + 0.5, row + 0.5]) + 0.5 * shift * step


def edges_of(image_hwc: NDArray[np.uint8]) -> Edges:
    smooth = cv2.GaussianBlur(image_hwc, (0, 0), 0.8).astype(np.float32)
    # Scharr's weights add up to 32 for a ramp of one grey level a pixel.
    dx = np.asarray(cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32), np.float32)
    dy = np.asarray(cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32), np.float32)
    most = (dx * dx + dy * dy).argmax(axis=2)[..., None]
    dx = np.take_along_axis(dx, most, axis=2)[..., 0]
    dy = np.take_along_axis(dy, most, axis=2)[..., 0]
    return Edges(dx, dy, np.hypot(dx, dy))


# -- the cheapest paths ---------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """The cheapest paths from an anchor to every place of a window."""

    box: Box
    """In image pixels."""
    height: int
    """Of the grid that was searched."""
    width: int
    scissors: cv2.segmentation.IntelligentScissorsMB | None
    """None for a window too thin to search."""
    start: Points

    @property
    def pixel_px(self) -> float:
        """Image pixels along the side of a pixel of the grid."""
        return max(self.box.width / self.width, self.box.height / self.height)

    def reaches(self, place: Points) -> bool:
        return self.box.contains(float(place[0]), float(place[1]))

    def path(self, end: Points) -> Points:
        if self.scissors is None:
            return np.stack([self.start, end])
        contour = self.scissors.getContour(self.place(end))
        found = np.asarray(contour, dtype=np.float64).reshape(-1, 2) + 0.5
        path = found * self._sides + (self.box.x0, self.box.y0)
        return path if len(path) > 1 else np.stack([self.start, end])

    def place(self, xy: Points) -> tuple[int, int]:
        """Column and row of the grid at a place of the image."""
        at = (xy - (self.box.x0, self.box.y0)) / self._sides
        column, row = np.clip(at, 0, (self.width - 1, self.height - 1)).astype(int)
        return int(column), int(row)

    @property
    def _sides(self) -> Points:
        sides = (self.box.width / self.width, self.box.height / self.height)
        return np.array(sides, dtype=np.float64)


def _mapped(image_hwc: NDArray[np.uint8], start: Points, reach_px: float) -> _Map:
    height, width = image_hwc.shape[:2]
    box = _around(start, reach_px).clipped(width, height)
    scale = min(1.0, SIDE_PX / box.area**0.5)
    size = tuple(max(1, round(side * scale)) for side in (box.width, box.height))
    if min(size) < _SMALLEST_SIDE_PX:
        return _Map(box, size[1], size[0], None, start)
    window = cv2.resize(image_hwc[box.slices], size, interpolation=cv2.INTER_AREA)
    scissors = cv2.segmentation.IntelligentScissorsMB()
    scissors.setWeights(0.4, 0.2, 0.4)
    scissors.applyImageFeatures(*_features(edges_of(np.asarray(window, np.uint8))))
    made = _Map(box, size[1], size[0], scissors, start)
    scissors.buildMap(made.place(start))
    return made


def _features(edges: Edges) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """What a path costs: off the crests, across the direction, where it is flat."""
    # Canny takes whole numbers; sixteenths of a grey level are fine enough.
    dx, dy = ((d * 16).astype(np.int16) for d in (edges.dx_hw, edges.dy_hw))
    crests = np.asarray(cv2.Canny(dx, dy, 16 * _WEAK, 48 * _WEAK, L2gradient=True))
    flat = edges.strength_hw < 1e-6
    safe = np.where(flat, np.float32(1.0), edges.strength_hw)
    direction = np.dstack([np.where(flat, 1.0, edges.dx_hw / safe), edges.dy_hw / safe])
    # The square root lets weak edges be followed beside strong ones.
    cost = 1.0 - np.sqrt(np.minimum(1.0, edges.strength_hw / _FULL_STRENGTH))
    return (
        (crests == 0).astype(np.uint8),
        direction.astype(np.float32),
        cost.astype(np.float32),
    )


def _around(place: Points, reach_px: float) -> Box:
    low = np.floor(place - reach_px).astype(int)
    high = np.ceil(place + reach_px).astype(int) + 1
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


# -- settling on the image ------------------------------------------------------


def _settled(image_hwc: NDArray[np.uint8], path: Points, pixel_px: float) -> Points:
    """Move each corner across the path to where the image changes fastest.

    ``pixel_px`` is how coarse the path is: no corner moves much farther than that.
    """
    if len(path) < 5:
        return path
    ahead = np.gradient(cv2.blur(path, (1, 5), borderType=cv2.BORDER_REPLICATE), axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    reach = int(np.ceil((pixel_px + 0.5) * _STEPS))
    offsets = np.arange(-reach - 1, reach + 2) / _STEPS
    places = path[:, None] + offsets[None, :, None] * across[:, None]
    profile = cv2.GaussianBlur(_sampled(image_hwc, places), (3, 1), 0)
    steps = np.abs(np.diff(profile, axis=1)).max(axis=2)
    middles = (offsets[:-1] + offsets[1:]) / 2
    pull = steps * np.exp(-0.5 * (middles / (pixel_px + 0.5)) ** 2)
    # The middle of the step, weighted, is finer than the sample that is steepest.
    sharp = pull**4
    total = sharp.sum(axis=1)
    shift = (sharp @ middles) / np.maximum(total, 1e-9)
    shift[pull.max(axis=1) < _WEAK / _STEPS] = 0.0
    # One corner that goes astray must not bend the line.
    shift = np.median(
        np.lib.stride_tricks.sliding_window_view(np.pad(shift, 2, "edge"), 5), axis=1
    )
    return np.asarray(path + shift[:, None] * across)


def _sampled(image_hwc: NDArray[np.uint8], places: Points) -> Floats:
    """The colours at places of axes (corner, sample, (x, y)), between the pixels."""
    height, width = image_hwc.shape[:2]
    last = np.array([width - 1, height - 1])
    at = np.clip(places - 0.5, 0, last)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, last)
    x_share, y_share = np.moveaxis((at - low)[..., None], 2, 0)
    rows = []
    for row in (low[..., 1], high[..., 1]):
        left, right = image_hwc[row, low[..., 0]], image_hwc[row, high[..., 0]]
        rows.append(left * (1 - x_share) + right * x_share)
    return np.asarray(rows[0] * (1 - y_share) + rows[1] * y_share, dtype=np.float32)
