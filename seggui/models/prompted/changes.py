"""A chosen region carried out: from leaves to pixels of the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.models.prompted import edges
from seggui.models.prompted.corrections import Choice
from seggui.models.prompted.pool import Bools, Floats

SMALL = 0.15
"""Holes and islands up to this share of a change go with it."""


def applied(choice: Choice, which: int, mask: Mask) -> Mask:
    """Return the mask with one of the meanings carried out."""
    region = _pixels(choice, choice.pool.members[which])
    click, scene = choice.click, choice.scene
    wished = choice.covered_hw if click.positive else ~choice.covered_hw
    union = region | wished
    area = float(np.count_nonzero(region))
    # Islands left of the mask when a click takes away are holes of what is not mask.
    filled = edges.without_small_holes(union, region, SMALL * area, click.others_xy)
    soft = edges.settled(filled, scene.look.lab_hwc[..., 0])
    reach = cv2.dilate(
        (region | (filled & ~union)).astype(np.uint8), np.ones((7, 7), np.uint8)
    )
    return _carried_over(choice, soft, reach > 0, mask)


def _pixels(choice: Choice, member: Bools) -> Bools:
    """Pixels of a region; a leaf with clicks of both signs is shared out."""
    labels = choice.scene.leaves.labels_hw
    region = member[labels]
    click = choice.click
    for ox, oy in click.others_xy:
        if not region[int(oy), int(ox)]:
            continue
        rows, columns = np.nonzero(labels == labels[int(oy), int(ox)])
        theirs = (columns + 0.5 - ox) ** 2 + (rows + 0.5 - oy) ** 2
        ours = (columns + 0.5 - click.x) ** 2 + (rows + 0.5 - click.y) ** 2
        region[rows[theirs <= ours], columns[theirs <= ours]] = False
    return region


def probability(choice: Choice, mask: Mask) -> Probability:
    """How likely each pixel is once the change is made; for the uncertainty layer."""
    scene = choice.scene
    likely = cv2.GaussianBlur(choice.likely_hw(), (0, 0), 1.0)
    covered = choice.covered_hw.astype(np.float32)
    if choice.click.positive:
        values = np.maximum(covered, likely)
    else:
        values = np.minimum(covered, 1.0 - likely)
    height, width = scene.shape
    # Only where the change may be; the rest is as sure as the mask.
    open_to_change = likely > 0.01
    rows = np.flatnonzero(open_to_change.any(axis=1))
    columns = np.flatnonzero(open_to_change.any(axis=0))
    part = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    across, down = scene.box.width / width, scene.box.height / height
    at = Box(
        scene.box.x0 + round(part.x0 * across),
        scene.box.y0 + round(part.y0 * down),
        scene.box.x0 + round(part.x1 * across),
        scene.box.y0 + round(part.y1 * down),
    )
    box = at.union(mask.bbox)
    out = mask.window(box).view(np.uint8) * np.uint8(255)
    if not at.empty:
        small = np.round(values[part.slices] * 255).astype(np.uint8)
        inner = out[at.moved(-box.x0, -box.y0).slices]
        inner[...] = cv2.resize(small, (at.width, at.height))
    return Probability(box, out)


def _carried_over(choice: Choice, soft_hw: Floats, reach_hw: Bools, mask: Mask) -> Mask:
    """Bring a change from the scale of the scene to the pixels of the image."""
    scene = choice.scene
    rows = np.flatnonzero(reach_hw.any(axis=1))
    columns = np.flatnonzero(reach_hw.any(axis=0))
    if not len(rows):
        return mask
    height, width = scene.shape
    across, down = scene.box.width / width, scene.box.height / height
    box = Box(
        int(columns[0] * across),
        int(rows[0] * down),
        int(np.ceil((columns[-1] + 1) * across)),
        int(np.ceil((rows[-1] + 1) * down)),
    ).clipped(scene.box.width, scene.box.height)
    # The edge is drawn on at most a megapixel of the image, then enlarged.
    shrink = max(1.0, float(np.sqrt(box.area / edges.MOST_PIXELS)))
    size = (max(1, round(box.width / shrink)), max(1, round(box.height / shrink)))
    picture: NDArray[np.uint8] = np.asarray(
        cv2.resize(scene.image_hwc[box.slices], size, interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )
    step_x, step_y = box.width / size[0] / across, box.height / size[1] / down
    place = np.array(
        [
            [step_x, 0, box.x0 / across + 0.5 * step_x - 0.5],
            [0, step_y, box.y0 / down + 0.5 * step_y - 0.5],
        ]
    )

    def enlarged(values_hw: Floats) -> Floats:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        large = cv2.warpAffine(
            values_hw, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(large, dtype=np.float32)

    sharp = edges.sharpened(enlarged(soft_hw), picture, 1.0 / step_x)
    sharp[enlarged(reach_hw.astype(np.float32)) < 0.5] = 0.0
    bytes_hw = np.clip(sharp * 255.0, 0, 255).astype(np.uint8)
    new = cv2.resize(bytes_hw, (box.width, box.height)) >= 128
    at = box.moved(scene.box.x0, scene.box.y0)
    return mask.painted(at, new) if choice.click.positive else mask.erased(at, new)
