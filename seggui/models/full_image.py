"""What full-image models have in common: how they are asked and how images go in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seggui.errors import BadRequest
from seggui.models.devices import Device, choose, out_of_memory

# Of the ImageNet photographs; written down here because asking the libraries for them
# contacts a server.
MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)

MULTIPLE = 32
"""Networks halve an image five times."""


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """How to run a full-image model."""

    device: str = "auto"
    tile: int = 0
    """Side of the tiles in pixels; 0 lets the model choose."""
    smallest_score: float = 0.5
    """Objects below that score are left out."""

    def __post_init__(self) -> None:
        if self.tile and not 64 <= self.tile <= 8192:
            raise BadRequest(f"A tile has 64 to 8192 pixels a side, not {self.tile}.")
        if not 0 <= self.smallest_score <= 1:
            raise BadRequest(
                f"The smallest score is between 0 and 1, not {self.smallest_score}."
            )

    @property
    def chosen_device(self) -> Device:
        return choose(self.device)


def checked_image(image_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image as RGB of axes (y, x, 3); raises ``BadRequest``."""
    if image_hwc.dtype != np.uint8:
        raise BadRequest(f"Images have 8 bits per channel here, not {image_hwc.dtype}.")
    if image_hwc.ndim == 2:
        image_hwc = image_hwc[..., None]
    if image_hwc.ndim != 3 or image_hwc.shape[2] not in (1, 3) or 0 in image_hwc.shape:
        raise BadRequest(
            f"An image of the shape {image_hwc.shape} makes no sense here."
        )
    if image_hwc.shape[2] == 1:
        image_hwc = np.repeat(image_hwc, 3, axis=2)
    return image_hwc


def shrunk(image_hwc: NDArray[np.uint8], longest_side: int) -> NDArray[np.uint8]:
    """Return the image, no side longer than that; 0 keeps its size."""
    height, width = image_hwc.shape[:2]
    size = shrunk_size(height, width, longest_side)
    if size == (height, width):
        return image_hwc
    small = cv2.resize(image_hwc, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def shrunk_size(height: int, width: int, longest_side: int) -> tuple[int, int]:
    """The height and width of an image shrunk to that longest side."""
    longest = max(height, width)
    if not longest_side or longest <= longest_side:
        return height, width
    factor = longest_side / longest
    return max(1, round(height * factor)), max(1, round(width * factor))


def tensor_of(array: NDArray[np.uint8]) -> Tensor:
    """A tensor of the array; shares its memory only where that may be written to."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def as_batch(images_nhwc: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return normalised images as floats of axes (n, c, y, x), channels last."""
    batch = tensor_of(images_nhwc).to(device)
    mean = torch.tensor(MEAN_RGB, device=device)
    std = torch.tensor(STD_RGB, device=device)
    # The permuted view of (n, y, x, c) memory is what torch calls channels last.
    return ((batch.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def padded(image_hwc: NDArray[np.uint8], multiple: int = MULTIPLE) -> NDArray[np.uint8]:
    """Return the image mirrored at right and bottom up to a multiple of pixels."""
    height, width = image_hwc.shape[:2]
    bottom, right = -height % multiple, -width % multiple
    if not bottom and not right:
        return image_hwc
    out = cv2.copyMakeBorder(image_hwc, 0, bottom, 0, right, cv2.BORDER_REFLECT_101)
    return np.asarray(out, np.uint8)


def too_large(error: BaseException) -> BadRequest | None:
    """The sentence for an error of memory; None for any other error."""
    if not out_of_memory(error):
        return None
    return BadRequest(
        "There is not enough memory to run this model on this image. "
        "Use smaller tiles (--tile), a smaller image, or the device cpu."
    )
