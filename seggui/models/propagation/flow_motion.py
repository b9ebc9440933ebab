"""Where each pixel of an image was in the one before.

Dense inverse search (Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using
Dense Inverse Search", 2016) finds motions up to a part of the picture. Frames that lie
further apart are first laid over each other by a likeness transform: one of the whole
picture and one of each object, found from matched corners or by sliding the object over
the image. Of the flows that start from these, the one with the smaller error counts,
pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_CORNERS = 400
_FEWEST_MATCHES = 8
_ERROR_WIDTH = 3.0
_MOST_OWN = 8
"""Objects that get motions of their own; among more, the small ones share the rest."""
_SCALES = (1.0, 0.87, 1.15)
_STAY, _SAME_SIZE = 60.0, 20.0
_REACH = 1.5
"""How far an object is looked for, in lengths of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One image as motion is measured on it."""

    lab_hwc: Bytes
    gray_hw: Bytes

    @staticmethod
    def of(image_hwc: Bytes) -> View:
        """The view of an RGB image, axes (y, x, 3)."""
        lab = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2LAB)
        gray = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
        return View(np.asarray(lab, np.uint8), np.asarray(gray, np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A flow from an image back to the one before it."""

    back_hwc: Floats
    """What to add to x and y of a pixel to get to its place before; axes (y, x, xy)."""
    error_hw: Floats
    """How unlike the two places look, 0 to 1."""
    astray_hw: Floats
    """Pixels by which going back and forth again misses the start."""

    @property
    def doubt_hw(self) -> Floats:
        """How little to trust it, by both signs together."""
        doubt = self.error_hw + 0.02 * np.minimum(self.astray_hw, 5.0)
        return np.asarray(doubt, dtype=np.float32)

    def warped(self, values_hw: Floats) -> Floats:
        """Bring values of the image before to where they are now; 0 from outside."""
        return _sampled(values_hw, self.back_hwc)


def motions(
    before: View, now: View, shares: list[Floats]
) -> tuple[Motion, list[Motion]]:
    """The best motion of each pixel, and for each object the one that starts from it.

    ``shares`` say how much each pixel of the image before belongs to an object.
    """
    tried = [_flow(before, now, np.eye(2, 3, dtype=np.float32))]
    whole = _matched(before, now, None)
    if whole is not None:
        tried.append(_flow(before, now, whole))
    own = []
    largest = sorted(range(len(shares)), key=lambda i: -float(shares[i].sum()))
    for place, share in enumerate(shares):
        starts = []
        if place in largest[:_MOST_OWN]:
            starts = _starts(before, now, share)
        flows = [_flow(before, now, start) for start in starts]
        tried.extend(flows)
        own.append(_best_for(share, flows) if flows else tried[0])
    return _joined(tried), own


def _starts(before: View, now: View, share_hw: Floats) -> list[Floats]:
    found = [_matched(before, now, share_hw), _slid(before, now, share_hw)]
    return [start for start in found if start is not None]


def _flow(before: View, now: View, place: Floats) -> Motion:
    """The flow that begins with ``place``, which leads from places before to now."""
    height, width = now.gray_hw.shape
    inverse = cv2.invertAffineTransform(place)
    gray, lab = before.gray_hw, before.lab_hwc
    if not np.allclose(place, np.eye(2, 3)):
        size, border = (width, height), cv2.BORDER_REPLICATE
        gray = np.asarray(
            cv2.warpAffine(gray, place, size, borderMode=border), np.uint8
        )
        lab = np.asarray(cv2.warpAffine(lab, place, size, borderMode=border), np.uint8)
    # Its type information leaves out that None is a flow to begin with.
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = search.calc(now.gray_hw, gray, None)
    forth = search.calc(gray, now.gray_hw, None)
    x, y = _grid(height, width)
    u, v = x + back[..., 0], y + back[..., 1]
    again = cv2.remap(forth, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    astray = np.hypot(*(back + again).transpose(2, 0, 1))
    seen = cv2.remap(lab, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.abs(seen.astype(np.float32) - now.lab_hwc).sum(axis=2) / 255.0
    source_x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2]
    source_y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2]
    outside = (source_x < 0) | (source_y < 0)
    outside |= (source_x > width - 1) | (source_y > height - 1)
    error[outside] = 1.0
    total = np.stack([source_x - x, source_y - y], axis=2)
    return Motion(
        total.astype(np.float32),
        np.minimum(error, 1.0).astype(np.float32),
        astray.astype(np.float32),
    )


def _joined(tried: list[Motion]) -> Motion:
    """Of several motions the one with the smallest error around each pixel."""
    if len(tried) == 1:
        return tried[0]
    blurred = [
        cv2.GaussianBlur(
            m.error_hw + 0.02 * np.minimum(m.astray_hw, 5.0), (0, 0), _ERROR_WIDTH
        )
        for m in tried
    ]
    best = np.argmin(blurred, axis=0)
    rows, columns = np.indices(best.shape)
    return Motion(
        np.stack([m.back_hwc for m in tried])[best, rows, columns],
        np.stack([m.error_hw for m in tried])[best, rows, columns],
        np.stack([m.astray_hw for m in tried])[best, rows, columns],
    )


def _best_for(share_hw: Floats, flows: list[Motion]) -> Motion:
    """The motion under which what it brings here looks most like the object."""

    def cost(motion: Motion) -> float:
        weight = motion.warped(share_hw)
        total = float(weight.sum())
        lost = max(0.0, 1.0 - total / max(float(share_hw.sum()), 1.0))
        return float((motion.doubt_hw * weight).sum()) / max(total, 1.0) + 0.2 * lost

    return min(flows, key=cost)


def _matched(before: View, now: View, share_hw: Floats | None) -> Floats | None:
    """The likeness transform that most corners agree on; None when too few do."""
    mask = None if share_hw is None else (share_hw > 0.5).astype(np.uint8)
    corners = cv2.goodFeaturesToTrack(before.gray_hw, _CORNERS, 0.005, 4, mask=mask)
    if corners is None or len(corners) < _FEWEST_MATCHES:
        return None
    # OpenCV makes the places itself for None, which its type information leaves out.
    track: Any = partial(cv2.calcOpticalFlowPyrLK, winSize=(21, 21), maxLevel=5)
    there, found, _ = track(before.gray_hw, now.gray_hw, corners, None)
    again, back, _ = track(now.gray_hw, before.gray_hw, there, None)
    agree = (found.ravel() > 0) & (back.ravel() > 0)
    agree &= np.abs(again - corners).max(axis=(1, 2)) < 1.5
    if int(agree.sum()) < _FEWEST_MATCHES:
        return None
    place, _ = cv2.estimateAffinePartial2D(
        corners[agree], there[agree], ransacReprojThreshold=3.0
    )
    if place is None or not 0.4 < float(np.hypot(place[0, 0], place[1, 0])) < 2.5:
        return None
    return np.asarray(place, dtype=np.float32)


def _slid(before: View, now: View, share_hw: Floats) -> Floats | None:
    """Slide the object over the image, at three sizes, to where it looks most alike."""
    mask = (share_hw > 0.5).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    if min(width, height) < 4:
        return None
    # At a part of a large object's size the search is still exact enough.
    shrink = max(1.0, max(width, height) / 48.0)
    reach = int(_REACH * max(width, height))
    left, top = max(0, x - reach), max(0, y - reach)
    around = now.lab_hwc[top : y + height + reach, left : x + width + reach]
    field = _resized(around, 1.0 / shrink).astype(np.float32)
    part = np.s_[y : y + height, x : x + width]
    found = []
    for scale in _SCALES:
        size = (
            max(3, round(width * scale / shrink)),
            max(3, round(height * scale / shrink)),
        )
        unlike = _unlike(field, before.lab_hwc[part], mask[part], size)
        if unlike is None:
            continue
        ys, xs = np.mgrid[: unlike.shape[0], : unlike.shape[1]].astype(np.float32)
        dx = xs * shrink + left + size[0] * shrink / 2 - (x + width / 2)
        dy = ys * shrink + top + size[1] * shrink / 2 - (y + height / 2)
        far = (dx**2 + dy**2) / float(max(width, height)) ** 2
        # A little for staying near and at the same size.
        cost = unlike + _STAY * far + (0.0 if scale == 1.0 else _SAME_SIZE)
        row, column = divmod(int(np.argmin(cost)), cost.shape[1])
        across, down = float(dx[row, column]), float(dy[row, column])
        found.append((float(cost[row, column]), scale, across, down))
    if not found:
        return None
    _, scale, across, down = min(found)
    cx, cy = x + width / 2, y + height / 2
    place = [[scale, 0, cx + across - scale * cx], [0, scale, cy + down - scale * cy]]
    return np.array(place, dtype=np.float32)


def _unlike(
    field_hwc: Floats, look_hwc: Bytes, mask_hw: Bytes, size: tuple[int, int]
) -> Floats | None:
    """Mean squared difference at each place the object fits into; None for nowhere."""
    if size[0] > field_hwc.shape[1] or size[1] > field_hwc.shape[0]:
        return None
    look = cv2.resize(look_hwc, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    shape = cv2.resize(mask_hw * 255, size, interpolation=cv2.INTER_AREA) > 127
    if not shape.any():
        return None
    weight = np.repeat(shape[..., None], 3, axis=2).astype(np.float32)
    found = cv2.matchTemplate(field_hwc, look, cv2.TM_SQDIFF, mask=weight)
    unlike = np.asarray(found, dtype=np.float32) / float(weight.sum())
    return np.where(np.isfinite(unlike), unlike, np.inf).astype(np.float32)


def _resized(values: Bytes, factor: float) -> Bytes:
    height, width = values.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.uint8)


def _sampled(values_hw: Floats, back_hwc: Floats) -> Floats:
    height, width = values_hw.shape[:2]
    x, y = _grid(height, width)
    out = cv2.remap(
        values_hw,
        x + back_hwc[..., 0],
        y + back_hwc[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(out, dtype=np.float32)


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return x, y
