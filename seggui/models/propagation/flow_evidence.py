"""What speaks for each pixel of an image belonging to an object of the images before.

Three kinds of evidence: where the motion brings the object, which places of remembered
images look most alike (as in Hu, Huang and Schwing, "VideoMatch", 2018, with histograms
instead of learnt features), and how likely its colour is of the object. Each of them
also averaged over the leaves of the picture, so that it can follow edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.models.prompted.boundaries import Look, look_at
from seggui.models.prompted.regions import Leaves, leaves_of
from seggui.models.propagation.flow_motion import Motion, View

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

STEP = 4
"""Pixels between places that are matched."""
FINE, COARSE = 1.5, 4.0
SEED_REACH = 5
NEAR = 2.0
"""How much less alike a place counts that is one object's length away."""
_BINS = 12
_CHUNK = 1024
_ORIENTATIONS = 8
_BEST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One image as the model sees it, at the scale it works in."""

    view: View
    look: Look
    leaves: Leaves
    places: Floats
    """Descriptors of matched places, axes (place, number), each of length 1."""
    rows: int
    columns: int

    @staticmethod
    def of(image_hwc: NDArray[np.uint8]) -> Sight:
        """See an RGB image, axes (y, x, 3)."""
        look = look_at(image_hwc, FINE, COARSE)
        places = _described(look)
        rows, columns = places.shape[:2]
        return Sight(
            View.of(image_hwc),
            look,
            leaves_of(look, SEED_REACH),
            places.reshape(rows * columns, -1),
            rows,
            columns,
        )

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.view.gray_hw.shape
        return int(height), int(width)

    def kept(self, shares: dict[str, Floats]) -> Past:
        """What is remembered of it, with how much of each pixel was an object's."""
        colours = _colour_bins(self.look.lab_hwc).astype(np.int16)
        return Past(self.view, self.places, self.rows, self.columns, colours, shares)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """An image seen before, without what only the newest one needs."""

    view: View
    places: Floats
    rows: int
    columns: int
    colours_hw: NDArray[np.int16]
    shares: dict[str, Floats]
    """How much of each pixel was an object's, by its name."""


def _described(look: Look) -> Floats:
    """Soft histograms of colour, texture and direction, fine and coarse."""
    light = cv2.GaussianBlur(look.lab_hwc[..., 0], (0, 0), 0.8)
    dx, dy = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    angle = (np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * _ORIENTATIONS
    strength = np.minimum(np.hypot(dx, dy), 1.0)
    low = np.floor(angle).astype(np.int32)
    part = (angle - low).astype(np.float32)
    turned = np.zeros((*light.shape, _ORIENTATIONS), dtype=np.float32)
    for k in range(_ORIENTATIONS):
        turned[..., k] = strength * (
            np.where(low % _ORIENTATIONS == k, 1.0 - part, 0.0)
            + np.where((low + 1) % _ORIENTATIONS == k, part, 0.0)
        )
    blocks = []
    for values, weight in ((look.bins_khw.transpose(1, 2, 0), 1.0), (turned, 0.6)):
        for width in (1.5, 5.0):
            blurred = cv2.GaussianBlur(values, (0, 0), width)
            at = np.sqrt(np.maximum(blurred[STEP // 2 :: STEP, STEP // 2 :: STEP], 0))
            length = np.linalg.norm(at, axis=2, keepdims=True)
            blocks.append(weight * at / np.maximum(length, 0.05))
    all_blocks = np.concatenate(blocks, axis=2)
    length = np.linalg.norm(all_blocks, axis=2, keepdims=True)
    return np.asarray(all_blocks / np.maximum(length, 1e-6), dtype=np.float32)


def around(shares: list[Floats]) -> Box:
    """The part of the picture an object may be in; all of it when it was lost."""
    height, width = shares[0].shape
    rough = (np.max(shares, axis=0) > 0.3).astype(np.uint8)
    x, y, w, h = cv2.boundingRect(rough)
    if w * h == 0:
        return Box(0, 0, width, height)
    room = round(0.35 * max(w, h)) + 20
    box = Box(x - room, y - room, x + w + room, y + h + room)
    return box.clipped(width, height)


@dataclass(frozen=True, slots=True, eq=False)
class Clues:
    """What an object's evidence is made of, beside the images themselves."""

    box: Box
    share_hw: Floats
    """The object as the best motion brings it here, the whole picture."""
    own_hw: Floats
    """The same by the motion that begins with the object's own."""
    motion: Motion


def evidence(
    now: Sight, clues: Clues, known: list[Past], last: Past, name: str
) -> Floats:
    """Numbers for each pixel of the box, axes (y, x, number)."""
    box = clues.box
    cut = box.slices
    share, own = clues.share_hw[cut], clues.own_hw[cut]
    moved = _moved_places(now, clues.motion)
    length = max(float(np.sqrt(last.shares[name].sum())), 8.0)
    places = _places_in(now, box)
    old = [_matches(now, places, past, name, None) for past in known]
    old_match = np.max(np.stack(old), axis=0) if old else None
    new_match = _matches(now, places, last, name, (moved, length))
    if old_match is None:
        old_match = new_match
    match_maps = [
        _spread(values, places, box)
        for values in (
            old_match[0] - old_match[1],
            old_match[0],
            new_match[0] - new_match[1],
            new_match[0],
        )
    ]
    match_maps[0] *= 8.0
    match_maps[2] *= 8.0
    colour_old = _colour(now, box, known or [last], name)
    colour_new = _colour(now, box, [last], name)
    sure = np.exp(-np.square(np.minimum(clues.motion.astray_hw[cut], 6.0) / 2.0))
    signed = _signed_distance(share) / length
    leaf_labels = now.leaves.labels_hw[cut]
    soft = cv2.GaussianBlur(share, (0, 0), 1.0)
    pixel = [
        2 * soft - 1,
        2 * cv2.GaussianBlur(share, (0, 0), 4.0) - 1,
        2 * cv2.GaussianBlur(own, (0, 0), 1.0) - 1,
        np.tanh(4 * signed),
        np.tanh(signed),
        sure,
        (2 * soft - 1) * sure,
        clues.motion.error_hw[cut],
        *match_maps,
        colour_old,
        colour_new,
        np.minimum(now.look.boundary_hw[cut], 1.5),
    ]
    leaves = [
        _by_leaf(values, leaf_labels)
        for values in (
            pixel[0],
            pixel[2],
            pixel[6],
            match_maps[0],
            match_maps[2],
            colour_old,
            colour_new,
        )
    ]
    return np.asarray(np.stack([*pixel, *leaves], axis=2), dtype=np.float32)


# -- matched places ------------------------------------------------------------


def _places_in(now: Sight, box: Box) -> tuple[NDArray[np.int64], int, int]:
    """Numbers of the places in a box, and how many rows and columns they make."""
    r0, r1 = box.y0 // STEP, min(now.rows, -(-box.y1 // STEP))
    c0, c1 = box.x0 // STEP, min(now.columns, -(-box.x1 // STEP))
    r0, c0 = min(r0, now.rows - 1), min(c0, now.columns - 1)
    r1, c1 = max(r1, r0 + 1), max(c1, c0 + 1)
    numbers = np.add.outer(np.arange(r0, r1) * now.columns, np.arange(c0, c1))
    return numbers.ravel(), r1 - r0, c1 - c0


def _moved_places(now: Sight, motion: Motion) -> Floats:
    """Where each place was in the image before, axes (place, xy)."""
    ys = np.minimum(np.arange(now.rows) * STEP + STEP // 2, now.shape[0] - 1)
    xs = np.minimum(np.arange(now.columns) * STEP + STEP // 2, now.shape[1] - 1)
    back = motion.back_hwc[ys][:, xs]
    grid = np.stack(np.meshgrid(xs, ys), axis=2).astype(np.float32)
    return (grid + back).reshape(-1, 2)


def _matches(
    now: Sight,
    places: tuple[NDArray[np.int64], int, int],
    past: Past,
    name: str,
    moved: tuple[Floats, float] | None,
) -> Floats:
    """How alike the most alike places of the object and of all else are, (2, place)."""
    numbers = places[0]
    share = past.shares[name]
    at = cv2.blur(share, (3, 3))[STEP // 2 :: STEP, STEP // 2 :: STEP].copy()
    box = around([share])
    # What is far from the object says little and costs much.
    beside = np.full(at.shape, -1.0, dtype=np.float32)
    inner = np.s_[
        box.y0 // STEP : -(-box.y1 // STEP), box.x0 // STEP : -(-box.x1 // STEP)
    ]
    beside[inner] = at[inner]
    at = beside.ravel()
    out = np.zeros((2, len(numbers)), dtype=np.float32)
    for row, chosen in enumerate(
        (np.flatnonzero(at > 0.6), np.flatnonzero((at >= 0.0) & (at < 0.4)))
    ):
        if not len(chosen):
            continue
        theirs = past.places[chosen]
        their_xy = _places_xy(past)[chosen]
        for start in range(0, len(numbers), _CHUNK):
            part = numbers[start : start + _CHUNK]
            alike = now.places[part] @ theirs.T
            if moved is not None:
                here, length = moved[0][part], moved[1]
                far = _squared(here, their_xy) / (length * length)
                alike -= 0.1 * NEAR * np.minimum(far, 4.0)
            out[row, start : start + _CHUNK] = _mean_of_best(alike)
    return out


def _mean_of_best(alike: Floats) -> Floats:
    """Mean of the largest few of each row; the array is used up."""
    rows, count = np.arange(len(alike)), min(_BEST, alike.shape[1])
    total = np.zeros(len(alike), dtype=np.float32)
    # Several times the largest is far quicker than sorting for a few.
    for _ in range(count):
        at = alike.argmax(axis=1)
        total += alike[rows, at]
        alike[rows, at] = -np.inf
    return total / np.float32(count)


def _places_xy(seen: Past) -> Floats:
    ys, xs = np.indices((seen.rows, seen.columns), dtype=np.float32)
    both = np.stack([xs, ys], axis=2).reshape(-1, 2) * STEP + STEP // 2
    return np.asarray(both, dtype=np.float32)


def _squared(a: Floats, b: Floats) -> Floats:
    across = -2.0 * (a @ b.T)
    across += np.square(a).sum(axis=1)[:, None]
    across += np.square(b).sum(axis=1)[None]
    return np.asarray(np.maximum(across, 0.0), dtype=np.float32)


def _spread(
    values: Floats, places: tuple[NDArray[np.int64], int, int], box: Box
) -> Floats:
    """Numbers of the places of a box, for each of its pixels."""
    _, rows, columns = places
    grid = values.reshape(rows, columns)
    # Place (0, 0) is the middle of the first STEP x STEP pixels of its cell.
    x0, y0 = box.x0 % STEP, box.y0 % STEP
    large = cv2.resize(
        grid, (columns * STEP, rows * STEP), interpolation=cv2.INTER_LINEAR
    )
    part = large[y0 : y0 + box.height, x0 : x0 + box.width]
    pad_y, pad_x = box.height - part.shape[0], box.width - part.shape[1]
    return np.asarray(np.pad(part, ((0, pad_y), (0, pad_x)), mode="edge"), np.float32)


# -- colour and shape ----------------------------------------------------------


def _colour(now: Sight, box: Box, pasts: list[Past], name: str) -> Floats:
    """How likely the colour of each pixel is the object's, -1 to 1."""
    size = _BINS**3
    inside, outside = np.zeros(size), np.zeros(size)
    for past in pasts:
        share = past.shares[name]
        # What lies around the object matters, not the far end of the picture.
        region = around([share])
        numbers = past.colours_hw[region.slices].ravel()
        weight = share[region.slices].ravel()
        inside += np.bincount(numbers, weights=weight, minlength=size)
        outside += np.bincount(numbers, weights=1.0 - weight, minlength=size)
    a = _smoothed(inside / max(inside.sum(), 1.0))
    b = _smoothed(outside / max(outside.sum(), 1.0))
    ratio = np.tanh(0.5 * np.log((a + 1e-4) / (b + 1e-4)))
    bins_hw = _colour_bins(now.look.lab_hwc[box.slices])
    return np.asarray(ratio.ravel()[bins_hw], dtype=np.float32)


def _colour_bins(lab_hwc: Floats) -> NDArray[np.int64]:
    lab = np.clip(lab_hwc, -0.25, 1.25)
    scaled = ((lab + 0.25) / 1.5 * (_BINS - 1e-3)).astype(np.int64)
    return (scaled[..., 0] * _BINS + scaled[..., 1]) * _BINS + scaled[..., 2]


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    cube = counts.reshape(_BINS, _BINS, _BINS)
    for axis in range(3):
        low = np.concatenate(
            [cube.take([0], axis), cube.take(range(_BINS - 1), axis)], axis
        )
        high = np.concatenate(
            [cube.take(range(1, _BINS), axis), cube.take([-1], axis)], axis
        )
        cube = 0.25 * low + 0.5 * cube + 0.25 * high
    return cube


def _signed_distance(share_hw: Floats) -> Floats:
    """Pixels to the outline, positive inside."""
    inside = (share_hw > 0.5).astype(np.uint8)
    padded = np.pad(inside, 1)
    within = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    if not inside.any():
        return np.full(share_hw.shape, -float(max(share_hw.shape)), dtype=np.float32)
    without = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    return np.asarray(within - without, dtype=np.float32)


def _by_leaf(values_hw: Floats, labels_hw: NDArray[np.int32]) -> Floats:
    flat = labels_hw.ravel()
    counts = np.bincount(flat)
    sums = np.bincount(flat, weights=values_hw.ravel())
    means = (sums / np.maximum(counts, 1)).astype(np.float32)
    return np.asarray(means[labels_hw], dtype=np.float32)
