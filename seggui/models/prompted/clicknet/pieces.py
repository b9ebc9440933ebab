"""Which pieces of an answer a click may bring or take away."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from seggui.core.candidate import Logits
from seggui.models.prompted.clicknet.channels import Asked, placed
from seggui.models.prompted.clicknet.looking import Seen
from seggui.models.prompted.pool import Bools

SMALL_PIECE = 0.1
"""A piece without a click must have this share of the largest to be offered."""
REACH = 5
"""Pixels of the scene around a piece that go with it."""


def without_crumbs(seen: Seen, asked: Asked) -> Seen:
    """Leave out small pieces that hold no click and were not there before."""
    wanted = _clicked(seen, asked, positive=True) | seen.before_hw
    crumbs = _crumbs(seen.mask_hw, wanted)
    if not crumbs.any():
        return seen
    return replace(seen, likely_hw=np.where(crumbs, np.float32(0), seen.likely_hw))


def untouched(seen: Seen, asked: Asked, known: Logits | None) -> Bools:
    """Pixels of the scene around pieces of the mask so far that must stay as they are.

    A correction of a mask that somebody else made is about the piece that it takes
    from or joins: all others stay, whatever the network thinks of them. What the
    network itself said before (``known``), it may take back.
    """
    count, labels = cv2.connectedComponents(
        seen.before_hw.astype(np.uint8), connectivity=8
    )
    flat = labels.ravel()
    ours = np.bincount(flat, _own(seen, known).ravel(), count)
    kept = ours < 0.5 * np.bincount(flat, minlength=count)
    kept[np.unique(labels[_clicked(seen, asked, positive=False)])] = False
    kept[np.unique(labels[_joined(seen, asked)])] = False
    kept[0] = False
    if not kept.any():
        return np.zeros_like(seen.before_hw)
    around = cv2.dilate(
        kept[labels].astype(np.uint8), np.ones((REACH, REACH), np.uint8)
    )
    return np.asarray((around > 0) & ((labels == 0) | kept[labels]))


def _own(seen: Seen, known: Logits | None) -> Bools:
    """Where the network said before that the object is."""
    height, width = seen.scene.shape
    if known is None:
        return np.zeros((height, width), dtype=bool)
    rows, columns = known.values_hw.shape
    across = seen.box.width / width * columns / known.box.width
    down = seen.box.height / height * rows / known.box.height
    left = (seen.box.x0 - known.box.x0) * columns / known.box.width
    top = (seen.box.y0 - known.box.y0) * rows / known.box.height
    # From the middle of a pixel to the pixel that holds it.
    left, top = left + 0.5 * across - 0.5, top + 0.5 * down - 0.5
    place = np.array([[across, 0, left], [0, down, top]])
    positive = (known.values_hw > 0).astype(np.uint8)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(positive, place, (width, height), flags=flags) > 0)


def _joined(seen: Seen, asked: Asked) -> Bools:
    """The piece of the answer that holds the newest click, if that is positive."""
    newest = asked.points[-1] if asked.points else None
    if newest is None or not newest.positive:
        return np.zeros_like(seen.before_hw)
    _, labels = cv2.connectedComponents(seen.mask_hw.astype(np.uint8), connectivity=8)
    at = _clicked(seen, replace(asked, points=(newest,)), positive=True)
    found = labels[cv2.dilate(at.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0]
    return np.asarray(np.isin(labels, found[found > 0]))


def _clicked(seen: Seen, asked: Asked, *, positive: bool) -> Bools:
    """The pixels of the scene that were clicked on with that sign."""
    height, width = seen.scene.shape
    out = np.zeros((height, width), dtype=bool)
    for point in asked.points:
        if point.positive is positive and seen.box.contains(point.x, point.y):
            x, y = placed(seen.scene, point)
            out[min(int(y), height - 1), min(int(x), width - 1)] = True
    return out


def _crumbs(mask_hw: Bools, wanted_hw: Bools) -> Bools:
    """Small pieces that nothing wanted lies in."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask_hw.astype(np.uint8), connectivity=8
    )
    if count <= 2:
        return np.zeros_like(mask_hw)
    areas = stats[:, cv2.CC_STAT_AREA]
    crumb = areas < SMALL_PIECE * areas[1:].max()
    crumb[np.unique(labels[wanted_hw])] = False
    crumb[0] = False
    return np.asarray(crumb[labels])
