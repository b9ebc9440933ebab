"""What a brush stroke means near the edges of an image: it ends at them."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.graph import MCP_Geometric

from seggui.core.geometry import Box
from seggui.core.mask import Bools
from seggui.refine.livewire import edges_of

Floats = NDArray[np.float32]

_SMALLEST_SIDE_PX = 3
"""Below this there is no edge to find."""
_SIDE_PX = 112
"""The grid that is searched has at most as many pixels as a square of this side."""
_STEP = 0.15
"""What is reached differs from the core by no more than this part of all that changes
below the stroke,"""
_SMALLEST_STEP, _LARGEST_STEP = 4.0, 20.0
"""and by so many grey levels: less is noise, more is another thing."""
_ROUGH = 1.0
"""What changes by no more than so many times the usual of the core is its texture:
half of its pixels then cost nothing, and enough of them touch to go around the rest."""
_STILL = 0.6
"""Grey levels for each pixel that are noise in any image."""


def up_to_edges(
    image_hwc: NDArray[np.uint8], box: Box, covered_hw: Bools, core_hw: Bools
) -> Bools:
    """Return what of a stroke is reached from its core without crossing an edge.

    ``covered_hw`` are the pixels of the stroke in ``box`` of an RGB image of axes
    (y, x, 3), ``core_hw`` those under the middle of the brush, which always belong to
    it. A place is reached when the image changes little along some way to it: a
    geodesic distance (Criminisi, Sharp and Blake, 2008) below a bound. The border then
    lies on the crest of the edge.
    """
    core_hw = core_hw & covered_hw
    if not core_hw.any() or min(covered_hw.shape) < _SMALLEST_SIDE_PX:
        return covered_hw
    window_hwc = image_hwc[box.slices]
    low, high = np.percentile(window_hwc[covered_hw], (4, 96), axis=0)
    step = np.clip(_STEP * float((high - low).max()), _SMALLEST_STEP, _LARGEST_STEP)
    away_hw, shrink = _distances(window_hwc, covered_hw, core_hw)
    reached_hw = _without_specks(core_hw | (away_hw <= step)) | core_hw
    strength_hw = edges_of(window_hwc).strength_hw
    return _up_to_crest(reached_hw, strength_hw, math.ceil(shrink)) & covered_hw


def _distances(
    window_hwc: NDArray[np.uint8], covered_hw: Bools, core_hw: Bools
) -> tuple[Floats, float]:
    """How much the image changes on the best way from the core to each pixel.

    Also returns how many pixels across became one for the search.
    """
    height, width = covered_hw.shape
    shrink = max(1.0, math.sqrt(height * width) / _SIDE_PX)
    size = tuple(max(2, round(side / shrink)) for side in (width, height))

    def small(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if shrink == 1.0:
            return array
        made = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
        return np.asarray(made, dtype=np.uint8)

    # Whole numbers: a pixel counts when any of its parts does.
    covered, core = (small(hw.view(np.uint8) * 255) > 0 for hw in (covered_hw, core_hw))
    strength_hw = edges_of(small(window_hwc)).strength_hw
    texture = max(_STILL, _ROUGH * float(np.median(strength_hw[core])))
    cost_hw = np.maximum(strength_hw - texture, 0.0) + 1e-3
    cost_hw[~covered] = np.inf
    found, _ = MCP_Geometric(cost_hw).find_costs(np.argwhere(core))
    away_hw = np.minimum(found, 1e6).astype(np.float32)
    if shrink > 1.0:
        away_hw = np.asarray(cv2.resize(away_hw, (width, height)), dtype=np.float32)
    return away_hw, shrink


def _without_specks(reached_hw: Bools) -> Bools:
    """Single pixels that stand out from the noise are not edges."""
    return np.asarray(cv2.medianBlur(reached_hw.view(np.uint8), 5) > 0)


def _up_to_crest(reached_hw: Bools, strength_hw: Floats, steps: int) -> Bools:
    """Climb the edge at which the way ended, until it falls off again."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(steps):
        lowest = np.where(reached_hw, strength_hw, np.float32(np.inf))
        beside = np.asarray(cv2.erode(lowest, cross))
        reached_hw = reached_hw | (beside < strength_hw)
    return reached_hw
