"""From what the network says of a window to probabilities of the image's pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.models.prompted import edges
from seggui.models.prompted.clicknet.looking import Seen
from seggui.models.prompted.pool import Floats

FEATHER = 0.12
"""Share of a closer look's side over which it fades into the wider one."""
NOTHING = 0.02
"""Less likely pixels are not drawn."""


def painted(
    image_hwc: NDArray[np.uint8], seen: Seen, close: Seen | None
) -> tuple[Box, Floats]:
    """Return a part of the window and how likely each pixel of it is, axes (y, x).

    What of the window lies outside that part is unlikely.
    """
    box = seen.box_of(seen.likely_hw > NOTHING)
    if close is not None:
        box = box.union(close.box.intersection(seen.box))
    if box.empty:
        return box, np.zeros((0, 0), dtype=np.float32)
    box = box.grown(2).intersection(seen.box)
    values = _on_image(image_hwc, seen, box)
    if close is not None:
        part = close.box.intersection(box)
        fine = _on_image(image_hwc, close, part)
        inner = part.moved(-close.box.x0, -close.box.y0)
        weight = fading(close.box, seen.box)[inner.slices]
        target = values[part.moved(-box.x0, -box.y0).slices]
        target += weight * (fine - target)
    return box, values


def _on_image(image_hwc: NDArray[np.uint8], seen: Seen, box: Box) -> Floats:
    """Enlarge a part, with the edge drawn on at most a megapixel of the picture."""
    shrink = max(1.0, float(np.sqrt(box.area / edges.MOST_PIXELS)))
    size = (max(1, round(box.width / shrink)), max(1, round(box.height / shrink)))
    height, width = seen.scene.shape
    across, down = width / seen.box.width, height / seen.box.height
    step_x, step_y = box.width / size[0] * across, box.height / size[1] * down
    place = np.array(
        [
            [step_x, 0, (box.x0 - seen.box.x0) * across + 0.5 * step_x - 0.5],
            [0, step_y, (box.y0 - seen.box.y0) * down + 0.5 * step_y - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    soft = cv2.warpAffine(
        seen.likely_hw, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    values = np.asarray(soft, dtype=np.float32)
    if step_x < 1.0:
        picture = cv2.resize(image_hwc[box.slices], size, interpolation=cv2.INTER_AREA)
        values = edges.sharpened(values, np.asarray(picture, np.uint8), 1.0 / step_x)
    values = np.asarray(np.clip(values, 0.0, 1.0), dtype=np.float32)
    if size != (box.width, box.height):
        values = np.asarray(cv2.resize(values, (box.width, box.height)), np.float32)
    return values


def fading(box: Box, within: Box) -> Floats:
    """1 in the middle of a box, falling to 0 at sides that ``within`` goes beyond."""
    reach = max(1.0, FEATHER * max(box.width, box.height))

    def ramp(count: int, *, first: bool, last: bool) -> Floats:
        place = np.arange(count, dtype=np.float32) + 0.5
        out = np.ones(count, dtype=np.float32)
        if first:
            out = np.minimum(out, place / reach)
        if last:
            out = np.minimum(out, (count - place) / reach)
        return out

    down = ramp(box.height, first=box.y0 > within.y0, last=box.y1 < within.y1)
    across = ramp(box.width, first=box.x0 > within.x0, last=box.x1 < within.x1)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)
