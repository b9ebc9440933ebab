"""How likely a boundary runs through each pixel: soft histograms on both sides.

The strength of a boundary is the Hellinger distance between the distributions of
lightness, colour and texture on its two sides, as in Martin, Fowlkes and Malik,
"Learning to Detect Natural Image Boundaries Using Local Brightness, Color, and
Texture Cues" (2004). The half discs of the paper are Gaussian windows shifted to both
sides, so that one blur per histogram bin serves all directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LIGHT_BINS = 8
COLOUR_BINS = 6
TEXTURE_BINS = 4
DIRECTIONS = ((1.0, 0.0), (0.0, 1.0), (0.7071, 0.7071), (0.7071, -0.7071))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one picture looks like to the model, all of axes (y, x, …)."""

    boundary_hw: Floats
    """0 is none; about 1 is as strong as a boundary gets."""
    bins_hwk: Floats
    """Soft histogram bins; the bins of each channel sum to 1 in each pixel."""
    lab_hwc: Floats
    """Lightness and colour, stretched to about 0 to 1."""


def look_at(image_hwc: NDArray[np.uint8], fine: float, coarse: float) -> Look:
    """Describe an RGB picture; ``fine`` and ``coarse`` are blur widths in pixels."""
    lab = _stretched_lab(image_hwc)
    cues = np.dstack([lab, _texture(lab[..., 0])])
    bins = _bins(cues)
    strength = 0.5 * _wide_contrast(cues, coarse) + 0.3 * _contrast(bins, fine)
    strength += 0.4 * _gradient(lab)
    return Look(strength.astype(np.float32), bins, lab)


def _bins(cues_hwc: Floats) -> Floats:
    """Soft histogram bins of lightness, two colours and texture."""
    counts = (LIGHT_BINS, COLOUR_BINS, COLOUR_BINS, TEXTURE_BINS)
    soft = [_soft_bins(cues_hwc[..., i], count) for i, count in enumerate(counts)]
    return np.concatenate(soft, axis=2)


def _wide_contrast(cues_hwc: Floats, width: float) -> Floats:
    """Contrast of wide windows, which see the same on a quarter of the pixels."""
    height, columns = cues_hwc.shape[:2]
    size = ((columns + 1) // 2, (height + 1) // 2)
    half = cv2.resize(cues_hwc, size, interpolation=cv2.INTER_AREA)
    wide = _contrast(_bins(np.asarray(half, dtype=np.float32)), width / 2)
    return np.asarray(cv2.resize(wide, (columns, height)), dtype=np.float32)


def _stretched_lab(image_hwc: NDArray[np.uint8]) -> Floats:
    """Lab with lightness spread over 0 to 1, half by value and half by rank."""
    lab = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2LAB).astype(np.float32)
    sample = lab[:: max(1, lab.shape[0] // 128), :: max(1, lab.shape[1] // 128)]
    low, high = np.percentile(sample[..., 0], (0.5, 99.5))
    light = np.clip((lab[..., 0] - low) / max(float(high - low), 24.0), 0.0, 1.0)
    counts = np.bincount(sample[..., 0].astype(np.uint8).ravel(), minlength=256)
    # Rank alone would blow up the noise of flat pictures; half of it helps dim ones.
    rank = (np.cumsum(counts) / counts.sum()).astype(np.float32)
    spread = cv2.LUT(lab[..., 0].astype(np.uint8), rank)
    flat = 0.3 if high - low > 8 else 0.0
    out = np.empty_like(lab)
    out[..., 0] = (1.0 - flat) * light + flat * spread
    for channel in (1, 2):
        values = sample[..., channel]
        middle = float(np.median(values))
        reach = max(float(np.percentile(np.abs(values - middle), 97)), 16.0)
        offset = (lab[..., channel] - middle) / (2 * reach)
        out[..., channel] = np.clip(offset, -0.5, 0.5) + 0.5
    return out


def _soft_bins(values_hw: Floats, bins: int) -> Floats:
    """Spread each value of 0 to 1 over its two nearest of ``bins`` bins."""
    place = np.clip(values_hw, 0.0, 1.0) * (bins - 1)
    out = np.empty((*values_hw.shape, bins), dtype=np.float32)
    for index in range(bins):
        np.maximum(0.0, 1.0 - np.abs(place - index), out=out[..., index])
    return out


def _texture(light_hw: Floats) -> Floats:
    """Local standard deviation of lightness, 0 to 1 on a square-root scale."""
    mean = cv2.blur(light_hw, (5, 5))
    square = cv2.blur(light_hw * light_hw, (5, 5))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return np.asarray(np.minimum(1.0, np.sqrt(deviation * 4.0)), dtype=np.float32)


def _contrast(bins_hwk: Floats, width: float) -> Floats:
    """Hellinger distance of the two sides, the strongest of four directions."""
    height, columns, count = bins_hwk.shape
    reach = width * 1.2
    pad = int(np.ceil(reach))
    # One plane per bin: blurs and differences run along contiguous memory.
    best = np.zeros((len(DIRECTIONS), height, columns), dtype=np.float32)
    shifts = [(round(x * reach), round(y * reach)) for x, y in DIRECTIONS]
    apart = np.empty((height, columns), dtype=np.float32)
    for index in range(count):
        plane = cv2.GaussianBlur(bins_hwk[..., index], (0, 0), width)
        plane = cv2.sqrt(plane)
        padded = cv2.copyMakeBorder(plane, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        for total, (dx, dy) in zip(best, shifts, strict=True):
            one = padded[pad + dy : pad + dy + height, pad + dx : pad + dx + columns]
            two = padded[pad - dy : pad - dy + height, pad - dx : pad - dx + columns]
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
