"""The built-in way to carry masks from image to image: no weights file, no torch.

Dense flow brings each object along, remembered images and colours vouch for it, and a
small learnt judge weighs them for every pixel (``flow_motion``, ``flow_evidence``,
``flow_weights``). The outline is then drawn to that of the picture at full size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Followed
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.errors import BadRequest
from seggui.models.prompted.edges import sharpened
from seggui.models.propagation.flow_evidence import (
    Clues,
    Floats,
    Past,
    Sight,
    around,
    evidence,
)
from seggui.models.propagation.flow_motion import motions
from seggui.models.propagation.flow_weights import judged
from seggui.models.propagation.rows import FLOW

SIDE, MOST_SIDE, MOST_ZOOM = 432, 1024, 2.0
"""Pixels along the longer side of what is worked on, usually and at most."""
LEAST_LENGTH = 40.0
"""Small objects are looked at more closely, until they are about this long."""
KNOWN = 3
"""Images on which an object was known that stay in memory: the first and the newest."""
FAINT = 0.35
"""An object whose mask is less sure than this is taken for not to be seen."""
BROUGHT = 0.03
"""Share of an island that the motion has to bring, for it to be a part of an object."""
SPECK = 0.02
"""Islands below this share of an object are dropped."""


@dataclass(slots=True, eq=False)
class _Memory:
    """What is known of one sequence; replaced as a whole after each image."""

    size: tuple[int, int] = (0, 0)
    """Height and width of every image of it."""
    scale: float = 1.0
    last: Past | None = None
    known: dict[str, deque[Past]] = field(default_factory=dict)


class FlowModel:
    """Carries objects over a sequence with classical methods."""

    @property
    def info(self) -> ModelInfo:
        return FLOW

    def begin(self) -> object:
        return _Memory()

    def follow(
        self,
        memory: object,
        image_hwc: NDArray[np.uint8],
        known: Mapping[str, Mask],
        report: Report,
    ) -> Mapping[str, Followed]:
        """Take the next image; see ``PropagatingModel``."""
        if not isinstance(memory, _Memory):
            raise TypeError(f"a memory of another model: {type(memory).__name__}")
        _check(memory, image_hwc, known)
        size = (image_hwc.shape[0], image_hwc.shape[1])
        scale = memory.scale if memory.size[0] else _scale_for(size, known)
        report(0, 3, "looking at the image")
        now = Sight.of(_small(image_hwc, scale))
        shares = {name: _share(mask, now.shape) for name, mask in known.items()}
        wanted = [name for name in memory.known if name not in known]
        likely = _apart(_likely(memory, now, wanted, report), shares)
        report(2, 3, "drawing the outlines")
        found = _drawn(image_hwc, likely, known)
        report(3, 3, "drawing the outlines")
        for name, followed in found.items():
            shares[name] = likely[name] if followed.mask.area else likely[name] * 0.0
        past = now.kept(shares)
        memory.size, memory.scale, memory.last = size, scale, past
        for name in known:
            _remember(memory, name, past)
        return found


def _check(
    memory: _Memory, image_hwc: NDArray[np.uint8], known: Mapping[str, Mask]
) -> None:
    if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
        raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
    height, width = image_hwc.shape[:2]
    if memory.size[0] and memory.size != (height, width):
        raise BadRequest(
            f"The image has {width} x {height} pixels and those before it "
            f"{memory.size[1]} x {memory.size[0]}: masks cannot be carried between "
            "images of different size."
        )
    for mask in known.values():
        if (mask.height, mask.width) != (height, width):
            raise BadRequest(
                f"A mask of {mask.width} x {mask.height} pixels does not fit an image "
                f"of {width} x {height}."
            )


def _scale_for(size: tuple[int, int], known: Mapping[str, Mask]) -> float:
    """Pixels worked on for one of the image, by the size of the smallest object."""
    longest = max(size)
    lengths = [np.sqrt(mask.area) for mask in known.values() if mask.area]
    close = LEAST_LENGTH / min(lengths) if lengths else 0.0
    wanted = max(min(1.0, SIDE / longest), float(close))
    return min(wanted, MOST_SIDE / longest, MOST_ZOOM)


def _small(image_hwc: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    height, width = image_hwc.shape[:2]
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image_hwc, size, interpolation=how), np.uint8)


def _share(mask: Mask, shape: tuple[int, int]) -> Floats:
    """How much of each pixel worked on the mask covers."""
    dense = mask.dense().astype(np.float32)
    how = cv2.INTER_AREA if shape[0] < mask.height else cv2.INTER_LINEAR
    small = cv2.resize(dense, (shape[1], shape[0]), interpolation=how)
    return np.asarray(small, dtype=np.float32)


def _remember(memory: _Memory, name: str, past: Past) -> None:
    kept = memory.known.setdefault(name, deque())
    if not past.shares[name].any():
        # Known to be away: that says nothing about its looks.
        return
    kept.append(past)
    if len(kept) > KNOWN:
        del kept[1]


def _likely(
    memory: _Memory, now: Sight, names: list[str], report: Report
) -> dict[str, Floats]:
    """How likely each pixel is an object's, by name."""
    last = memory.last
    report(1, 3, "following the objects")
    if last is None or not names:
        return {}
    before = [last.shares[name] for name in names]
    best, own = motions(last.view, now.view, before)
    out = {}
    for name, share, motion in zip(names, before, own, strict=True):
        # Many objects take a while: a cancel must come through.
        report(1, 3, "following the objects")
        likely = np.zeros(now.shape, dtype=np.float32)
        if memory.known[name]:
            moved, by_own = best.warped(share), motion.warped(share)
            box = around([moved, by_own])
            clues = Clues(box, moved, by_own, best)
            numbers = evidence(now, clues, list(memory.known[name]), last, name)
            likely[box.slices] = judged(numbers)
            likely = _near(likely, np.maximum(moved, by_own))
        out[name] = likely
    return out


def _near(likely_hw: Floats, moved_hw: Floats) -> Floats:
    """The main island, and others that the motion brings; lookalikes elsewhere go.

    The motion alone does not decide: it can be wrong about all of a quick object.
    """
    count, labels = cv2.connectedComponents((likely_hw > 0.5).astype(np.uint8))
    if count <= 2:
        return likely_hw
    flat = labels.ravel()
    areas = np.bincount(flat, minlength=count)
    brought = np.bincount(flat, weights=moved_hw.ravel(), minlength=count) / areas
    sums = np.bincount(flat, weights=likely_hw.ravel(), minlength=count)
    kept = brought > BROUGHT
    kept[1 + int(np.argmax((sums * (0.5 + brought))[1:]))] = True
    kept[0] = True
    return np.asarray(np.where(kept[labels], likely_hw, 0.0), dtype=np.float32)


def _apart(likely: dict[str, Floats], known: dict[str, Floats]) -> dict[str, Floats]:
    """Share each pixel out between the objects by their odds; what is known stays."""
    if not likely:
        return {}
    stack = np.stack(list(likely.values()))
    for share in known.values():
        stack *= 1.0 - share
    if len(stack) > 1:
        # Multiplicative aggregation of odds, as in Oh et al., "Video Object
        # Segmentation using Space-Time Memory Networks" (2019), equation 4.
        stack = np.clip(stack, 1e-6, 1.0 - 1e-6)
        nobody = np.prod(1.0 - stack, axis=0)
        odds = stack / (1.0 - stack)
        stack = odds / (odds.sum(axis=0) + nobody / (1.0 - nobody))
    return dict(zip(likely, stack.astype(np.float32), strict=True))


def _drawn(
    image_hwc: NDArray[np.uint8], likely: dict[str, Floats], known: Mapping[str, Mask]
) -> dict[str, Followed]:
    """Draw the outlines at the full size of the image, without overlaps."""
    height, width = image_hwc.shape[:2]
    empty = Mask.empty(height, width)
    taken = empty
    for mask in known.values():
        taken = taken.union(mask)
    found: dict[str, Followed] = {}
    # The surer object gets what two of them claim after the edges were drawn.
    sure = {name: _sureness(values) for name, values in likely.items()}
    for name in sorted(likely, key=lambda n: -sure[n]):
        if sure[name] < FAINT:
            absence = 1.0 - float(likely[name].max())
            found[name] = Followed(empty, round(max(absence, 1.0 - sure[name]), 4))
            continue
        mask = _outlined(image_hwc, likely[name]).difference(taken)
        taken = taken.union(mask)
        found[name] = Followed(mask, round(sure[name], 4))
    return {name: found[name] for name in likely}


def _sureness(likely_hw: Floats) -> float:
    """The IoU to expect of the mask if the chances are right."""
    inside = likely_hw > 0.5
    if not inside.any():
        return 0.0
    expected = float(likely_hw[inside].sum())
    return expected / (float(inside.sum()) + float(likely_hw[~inside].sum()))


def _outlined(image_hwc: NDArray[np.uint8], likely_hw: Floats) -> Mask:
    height, width = image_hwc.shape[:2]
    rows, columns = likely_hw.shape
    across, down = width / columns, height / rows
    x, y, w, h = cv2.boundingRect((likely_hw > 0.2).astype(np.uint8))
    small = Box(x - 6, y - 6, x + w + 6, y + h + 6).clipped(columns, rows)
    box = Box(
        int(small.x0 * across),
        int(small.y0 * down),
        int(np.ceil(small.x1 * across)),
        int(np.ceil(small.y1 * down)),
    ).clipped(width, height)
    place = np.array(
        [
            [1 / across, 0, (box.x0 + 0.5) / across - 0.5],
            [0, 1 / down, (box.y0 + 0.5) / down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(
        likely_hw,
        place,
        (box.width, box.height),
        flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = sharpened(np.asarray(large, np.float32), image_hwc[box.slices], across)
    pixels = _without_specks(soft > 0.5)
    return Mask.from_window(height, width, box, pixels)


def _without_specks(pixels_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        pixels_hw.astype(np.uint8), connectivity=8
    )
    if count <= 2:
        return pixels_hw
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = areas >= SPECK * areas[1:].sum()
    kept[0] = False
    return np.asarray(kept[labels], dtype=bool)
