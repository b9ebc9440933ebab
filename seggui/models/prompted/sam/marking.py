"""A prompt in image pixels as marks on a network's square."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Logits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.frame import Floats, Frame

SURE = 10.0
"""Logits of a mask that no network gave; SAM 2 takes masks in at the same strength
(Ravi et al., 2024)."""
SLOPE = 5.0
"""Logits for one cell of distance from the edge: sure after two cells."""


def marks_of(prompt: Prompt, frame: Frame, grid: int, model_id: str) -> Marks:
    """Place a prompt on a frame; of points on one pixel the last one counts.

    ``grid`` is the number of cells of the logits along a side of the square. Points
    outside the frame's box are left out.
    """
    points = [p for p in last_of_each(prompt.points) if frame.box.contains(p.x, p.y)]
    places = np.array([(p.x, p.y) for p in points], dtype=np.float32).reshape(-1, 2)
    corners = None
    if prompt.box is not None:
        box = prompt.box.intersection(frame.box)
        ends = np.array([(box.x0, box.y0), (box.x1, box.y1)], dtype=np.float32)
        left, top, right, bottom = frame.on_square(ends).ravel().tolist()
        corners = (left, top, right, bottom)
    return Marks(
        points_xy=frame.on_square(places),
        positive=np.array([p.positive for p in points], dtype=bool),
        corners=corners,
        logits_hw=_logits(prompt, frame, grid, model_id),
        # One click may mean three things; more marks leave less to guess.
        several=len(points) == 1 and prompt.box is None and prompt.previous is None,
    )


def last_of_each(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The last point on each pixel, in their order."""
    last = {(int(p.x), int(p.y)): p for p in points}
    return tuple(p for p in points if last[int(p.x), int(p.y)] is p)


def own_logits(prompt: Prompt, model_id: str) -> Logits | None:
    """What this model itself said of the mask to correct."""
    logits = prompt.logits
    if prompt.previous is None or logits is None or logits.model_id != model_id:
        return None
    return logits


def _logits(prompt: Prompt, frame: Frame, grid: int, model_id: str) -> Floats | None:
    if prompt.previous is None:
        return None
    own = own_logits(prompt, model_id)
    if own is None:
        return made_up(prompt.previous, frame, grid)
    return frame.onto_grid(own.values_hw.astype(np.float32), own.box, grid, -SURE)


def made_up(mask: Mask, frame: Frame, grid: int) -> Floats:
    """Logits as a network would give for a mask that something else made.

    The signed distance from the edge in cells, times ``SLOPE``, up to ``SURE``.
    """
    columns = max(1, round(frame.width / frame.side * grid))
    rows = max(1, round(frame.height / frame.side * grid))
    pixels = mask.window(frame.box).astype(np.uint8) * 255
    shares: NDArray[np.uint8] = np.asarray(
        cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )
    inside = shares >= 128
    thin = not inside.any() and bool(shares.any())
    if thin:
        inside = shares >= max(1, int(shares.max()) // 2)
    distance = _depths(inside) - _depths(~inside)
    if not thin:
        # Where a cell is covered in part the edge runs through it.
        edge = (np.abs(distance) <= 1.0) & (shares > 0) & (shares < 255)
        distance[edge] = shares[edge] / 255.0 - 0.5
    out = np.full((grid, grid), -SURE, dtype=np.float32)
    out[:rows, :columns] = np.clip(distance * SLOPE, -SURE, SURE)
    return out


def _depths(inside_hw: NDArray[np.bool_]) -> Floats:
    """How far each cell inside lies from the cells outside, in cells."""
    if inside_hw.all():
        return np.full(inside_hw.shape, float(max(inside_hw.shape)), np.float32)
    depths = cv2.distanceTransform(inside_hw.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.maximum(depths - 0.5, 0.0), dtype=np.float32)


def marked_extent(prompt: Prompt) -> Box | None:
    """How large the object is by the marks alone; None where one has to look."""
    if prompt.box is not None:
        return prompt.box
    if prompt.previous is None or prompt.previous.is_empty:
        return None
    return _around(prompt.positives).union(prompt.previous.bbox)


def _around(points: tuple[Point, ...]) -> Box:
    if not points:
        return Box(0, 0, 0, 0)
    xs, ys = [int(p.x) for p in points], [int(p.y) for p in points]
    return Box(min(xs), min(ys), max(xs) + 1, max(ys) + 1)
