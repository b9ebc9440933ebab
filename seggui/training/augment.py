"""Random changes of image and truth together, so that little data shows more."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.jobs.train_options import TrainOptions
from seggui.training.samples import IGNORE, Sample

FOREGROUND_CROPS = 0.3
"""How often a piece is centred on something that is not background."""

Matrix = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A square piece of a sample, ready to learn from."""

    image_hwc: Image
    channels_hw: Image


def random_piece(
    sample: Sample, options: TrainOptions, rng: np.random.Generator
) -> Piece:
    """Cut, turn, grow, mirror and colour a piece of ``options.crop`` pixels a side.

    All moves are one affine map, so image and truth are each resampled once, and both
    by the same map: linear for the image, nearest for the classes.
    """
    matrix = random_matrix(sample, options, rng)
    image, channels = warped(sample.image_hwc, sample.channels_hw, matrix, options.crop)
    image = recoloured(image, options.colour, rng)
    if rng.random() < options.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5)))
    return Piece(image, channels)


def random_matrix(
    sample: Sample, options: TrainOptions, rng: np.random.Generator
) -> Matrix:
    """A map of 2 x 3 from pixels of the piece to pixels of the sample."""
    factor = float(np.exp(rng.uniform(-1, 1) * np.log(options.scale)))
    angle = np.deg2rad(rng.uniform(-options.rotate, options.rotate))
    mirror = 1.0
    if options.flips:
        angle += rng.integers(4) * np.pi / 2
        mirror = float(rng.choice((-1.0, 1.0)))
    cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    middle = np.full(2, (options.crop - 1) / 2)
    centre = _centre_xy(sample, options.crop / factor, rng)
    return np.hstack([linear, (centre - linear @ middle)[:, None]])


def warped(
    image_hwc: Image, channels_hw: Image, matrix: Matrix, side: int
) -> tuple[Image, Image]:
    """Resample both by the map; beyond the edges both go on mirrored."""
    size, flags = (side, side), cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REFLECT_101
    image = cv2.warpAffine(
        image_hwc, matrix, size, flags=flags | cv2.INTER_LINEAR, borderMode=border
    )
    channels = cv2.warpAffine(
        channels_hw, matrix, size, flags=flags | cv2.INTER_NEAREST, borderMode=border
    )
    return np.asarray(image, np.uint8), np.asarray(channels, np.uint8)


def recoloured(image_hwc: Image, strength: float, rng: np.random.Generator) -> Image:
    """Change brightness, contrast, gamma and the balance of the colours."""
    if not strength:
        return image_hwc
    levels = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.uniform(-strength, strength))
    contrast = 1 + rng.uniform(-strength, strength)
    brightness = rng.uniform(-strength, strength) / 2
    balance = 1 + rng.uniform(-strength, strength, 3) / 3
    table = (levels**gamma - 0.5) * contrast + 0.5 + brightness
    table = np.rint(255 * np.clip(table * balance, 0, 1)).astype(np.uint8)
    return np.asarray(cv2.LUT(image_hwc, table[None]), np.uint8)


def _centre_xy(
    sample: Sample, covered: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Where the piece's centre lies: on an object now and then, else anywhere."""
    height, width = sample.channels_hw.shape
    if rng.random() < FOREGROUND_CROPS:
        flat = sample.channels_hw.reshape(-1)
        # A few tries are cheaper than a list of all pixels of the foreground.
        for place in rng.integers(flat.size, size=64):
            if 0 < flat[place] < IGNORE:
                return np.array([place % width, place // width], np.float64)
    half = covered / 2
    return np.array(
        [
            # Coordinates of warpAffine are of pixel centres: the middle of an image
            # of two pixels is 0.5.
            rng.uniform(min(half, side / 2), max(side - half, side / 2)) - 0.5
            for side in (width, height)
        ]
    )
