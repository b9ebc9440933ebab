"""How likely a boundary runs through each pixel: soft histograms on both sides.

The strength of a boundary is the Hellinger distance between the distributions of
lightness, colour and texture on its two sides, as in Martin, Fowlkes and Malik,
"Learning to Detect Natural Image Boundaries Using Local Brightness, Color, and
Texture Cues" (2004). The half discs of the paper are Gaussian windows shifted to both
sides, so that one blur per histogram bin serves all directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BINS = (8, 6, 6, 4)
"""Histogram bins of lightness, the two colours and texture."""
DIRECTIONS = ((1.0, 0.0), (0.0, 1.0), (0.7071, 0.7071), (0.7071, -0.7071))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one picture looks like to the model."""

    boundary_hw: Floats
    """0 is none; about 1 is as strong as a boundary gets."""
    bins_khw: Floats
    """Soft histogram bins; the bins of each channel sum to 1 in each pixel."""
    lab_hwc: Floats
    """Lightness and colour, stretched to about 0 to 1."""


def look_at(image_hwc: NDArray[np.uint8], fine: float, coarse: float) -> Look:
    """Describe an RGB picture; ``fine`` and ``coarse`` are blur widths in pixels."""
    lab = _stretched_lab(image_hwc)
    planes = [np.asarray(plane, dtype=np.float32) for plane in cv2.split(lab)]
    cues = [*planes, _texture(planes[0])]
    bins = _bins(cues)
    strength = 0.5 * _wide_contrast(cues, coarse) + 0.3 * _contrast(bins, fine)
    strength += 0.4 * _gradient(lab)
    return Look(strength.astype(np.float32), bins, lab)


def _bins(cues: Sequence[Floats]) -> Floats:
    """Soft histogram bins of lightness, two colours and texture, axes (bin, y, x).

    Each value of 0 to 1 is spread over its two nearest bins.
    """
    height, columns = cues[0].shape
    out = np.empty((sum(BINS), height, columns), dtype=np.float32)
    planes = iter(out)
    for values, count in zip(cues, BINS, strict=True):
        place = np.clip(values, 0.0, 1.0) * (count - 1)
        for index in range(count):
            plane = next(planes)
            np.abs(np.subtract(place, index, out=plane), out=plane)
            np.maximum(np.subtract(1.0, plane, out=plane), 0.0, out=plane)
    return out


def _wide_contrast(cues: Sequence[Floats], width: float) -> Floats:
    """Contrast of wide windows, which see the same on a quarter of the pixels."""
    height, columns = cues[0].shape
    size = ((columns + 1) // 2, (height + 1) // 2)
    half = [cv2.resize(cue, size, interpolation=cv2.INTER_AREA) for cue in cues]
    wide = _contrast(_bins([np.asarray(cue, np.float32) for cue in half]), width / 2)
    return np.asarray(cv2.resize(wide, (columns, height)), dtype=np.float32)


def _stretched_lab(image_hwc: NDArray[np.uint8]) -> Floats:
    """Lab with lightness spread over 0 to 1, half by value and half by rank."""
    lab = np.asarray(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2LAB), dtype=np.uint8)
    sample = lab[:: max(1, lab.shape[0] // 128), :: max(1, lab.shape[1] // 128)]
    light, *colours = (
        np.bincount(sample[..., channel].ravel(), minlength=256) for channel in range(3)
    )
    levels = np.arange(256, dtype=np.float32)
    low, high = (_percentile(levels, light, percent) for percent in (0.5, 99.5))
    # Rank alone would blow up the noise of flat pictures; half of it helps dim ones.
    rank = (np.cumsum(light) / light.sum()).astype(np.float32)
    flat = 0.3 if high - low > 8 else 0.0
    value = np.clip((levels - low) / max(high - low, 24.0), 0.0, 1.0)
    tables = [(1.0 - flat) * value + flat * rank]
    for counts in colours:
        middle = _percentile(levels, counts, 50)
        reach = max(_percentile(np.abs(levels - middle), counts, 97), 16.0)
        tables.append(np.clip((levels - middle) / (2 * reach), -0.5, 0.5) + 0.5)
    table = np.stack(tables, axis=1).astype(np.float32)[:, None]
    return np.asarray(cv2.LUT(lab, table), dtype=np.float32)


def _percentile(values: Floats, counts: NDArray[np.intp], percent: float) -> float:
    """The percentile of values that occur some number of times each."""
    order = np.argsort(values, kind="stable")
    up_to = np.cumsum(counts[order])
    place = percent / 100.0 * float(up_to[-1] - 1)
    ends = np.searchsorted(up_to, [np.floor(place), np.ceil(place)], side="right")
    low, high = values[order[ends]]
    return float(low + (high - low) * (place - np.floor(place)))


def _texture(light_hw: Floats) -> Floats:
    """Local standard deviation of lightness, 0 to 1 on a square-root scale."""
    mean = cv2.blur(light_hw, (5, 5))
    square = cv2.blur(light_hw * light_hw, (5, 5))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return np.asarray(np.minimum(1.0, np.sqrt(deviation * 4.0)), dtype=np.float32)


def _contrast(bins_khw: Floats, width: float) -> Floats:
    """Hellinger distance of the two sides, the strongest of four directions."""
    _, height, columns = bins_khw.shape
    reach = width * 1.2
    pad = int(np.ceil(reach))
    blurred, apart = np.empty((2, height, columns), dtype=np.float32)
    padded = np.empty((height + 2 * pad, columns + 2 * pad), dtype=np.float32)
    best = np.zeros((len(DIRECTIONS), height, columns), dtype=np.float32)

    def side(dx: int, dy: int) -> Floats:
        return padded[pad + dy :, pad + dx :][:height, :columns]

    shifts = [(round(x * reach), round(y * reach)) for x, y in DIRECTIONS]
    sides = [(side(dx, dy), side(-dx, -dy)) for dx, dy in shifts]
    for plane in bins_khw:
        cv2.GaussianBlur(plane, (0, 0), width, dst=blurred)
        cv2.sqrt(blurred, dst=blurred)
        borders = (pad, pad, pad, pad)
        cv2.copyMakeBorder(blurred, *borders, cv2.BORDER_REPLICATE, dst=padded)
        for total, (one, two) in zip(best, sides, strict=True):
            cv2.subtract(one, two, dst=apart)
            cv2.accumulateSquare(apart, total)
    # Four channels with a squared distance of at most 2 each.
    return np.asarray(np.sqrt(best.max(axis=0) / 8.0), dtype=np.float32)


def _gradient(lab_hwc: Floats) -> Floats:
    """Length of the colour gradient at pixel scale, about 0 to 1."""
    smooth = cv2.GaussianBlur(lab_hwc, (0, 0), 0.8)
    total = np.zeros(lab_hwc.shape[:2], dtype=np.float32)
    for channel in range(3):
        dx = cv2.Sobel(smooth[..., channel], cv2.CV_32F, 1, 0, scale=0.25)
        dy = cv2.Sobel(smooth[..., channel], cv2.CV_32F, 0, 1, scale=0.25)
        total += dx * dx + dy * dy
    return np.minimum(1.0, 2.0 * np.sqrt(total))
