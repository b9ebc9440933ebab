"""Semantic models: the probability of each class at each pixel of a whole image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models import segmentation as tv

from seggui.core.candidate import Prediction
from seggui.core.ports import ModelInfo, Report
from seggui.models.full_image import (
    PredictOptions,
    as_batch,
    checked_image,
    padded,
    shrunk,
    too_large,
)
from seggui.models.semantic.networks import RELEASED_ENCODERS, build, logits_of
from seggui.models.tiling import Tiling, blended_rows
from seggui.models.weights import load_exactly, read_state

DEFAULT_TILE = 1024
RELEASED_LONGEST_SIDE = 780
"""torchvision's own preparation is a shorter side of 520, 780 at the ratio 3:2."""


class SemanticModel:
    """A network, its classes and how images go into it."""

    def __init__(
        self,
        info: ModelInfo,
        network: nn.Module,
        classes: tuple[str, ...],
        options: PredictOptions,
        *,
        longest_side: int = 0,
    ) -> None:
        """``classes`` are the channels by name, the background first."""
        self._info = info
        self._classes = classes
        self._longest_side = longest_side
        side = options.tile or DEFAULT_TILE
        self._tiling = Tiling(side, side // 8)
        self._device = options.chosen_device.torch
        network.to(memory_format=torch.channels_last)
        self._network = network.to(self._device).eval()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def predict(self, image_hwc: NDArray[np.uint8], report: Report) -> Prediction:
        """Return the probabilities of every class on an RGB image of any size."""
        image_hwc = checked_image(image_hwc)
        height, width = image_hwc.shape[:2]
        small_hwc = shrunk(image_hwc, self._longest_side)
        try:
            small = self._probabilities(small_hwc, report)
        except (RuntimeError, MemoryError) as error:
            problem = too_large(error)
            if problem is None:
                raise
        else:
            probabilities = _resized(small, height, width)
            return Prediction(
                height,
                width,
                self._classes,
                probabilities_chw=probabilities,
                uncertainty_hw=uncertainty(probabilities),
            )
        # Raised outside the except block: the traceback would hold the tensors.
        raise problem

    def _probabilities(
        self, image_hwc: NDArray[np.uint8], report: Report
    ) -> NDArray[np.float16]:
        height, width = image_hwc.shape[:2]
        out = np.empty((len(self._classes), height, width), np.float16)
        rows = blended_rows(
            image_hwc,
            self._tiling,
            lambda tile: probabilities(self._network, tile, self._device),
            report,
        )
        for top, band in rows:
            out[:, top : top + band.shape[1]] = band
        return out


@torch.inference_mode()
def probabilities(
    network: nn.Module, image_hwc: NDArray[np.uint8], device: torch.device
) -> NDArray[np.float32]:
    """Return softmax probabilities of axes (class, y, x) for an image of any size."""
    height, width = image_hwc.shape[:2]
    batch = as_batch(padded(image_hwc)[None], device)
    chw = logits_of(network, batch)[0, :, :height, :width].float().softmax(0)
    return np.asarray(chw.cpu().numpy(), np.float32)


def uncertainty(probabilities_chw: NDArray[np.float16]) -> NDArray[np.uint8]:
    """How close the two best classes are: 0 is certain, 255 is a coin toss."""
    channels, height, width = probabilities_chw.shape
    out = np.zeros((height, width), np.uint8)
    if channels < 2:
        return out
    for top in range(0, height, 256):  # bands, to hold little in memory
        band = probabilities_chw[:, top : top + 256].astype(np.float32)
        best = np.partition(band, channels - 2, axis=0)
        margin = np.clip(best[-1] - best[-2], 0, 1)
        out[top : top + 256] = np.rint(255 * (1 - margin))
    return out


def _resized(
    values_chw: NDArray[np.float16], height: int, width: int
) -> NDArray[np.float16]:
    channels, old_height, old_width = values_chw.shape
    if (old_height, old_width) == (height, width):
        return values_chw
    out = np.empty((channels, height, width), np.float16)
    for channel in range(channels):
        out[channel] = cv2.resize(
            values_chw[channel].astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
    return out


def released_classes(model: str) -> tuple[str, ...]:
    """The class names of torchvision's released weights, the background first."""
    names: dict[str, Callable[[], list[str]]] = {
        "fcn": lambda: tv.FCN_ResNet50_Weights.DEFAULT.meta["categories"],
        "deeplabv3": lambda: tv.DeepLabV3_ResNet50_Weights.DEFAULT.meta["categories"],
        "lraspp": lambda: tv.LRASPP_MobileNet_V3_Large_Weights.DEFAULT.meta[
            "categories"
        ],
    }
    return ("background", *names[model]()[1:])


def open_released(
    info: ModelInfo, weights: Path, options: PredictOptions
) -> SemanticModel:
    """Open one of torchvision's models with its released weights.

    Raises ``MissingWeights`` or ``Unreadable``.
    """
    classes = released_classes(info.id)
    encoder = RELEASED_ENCODERS[info.id]
    network = build(info.id, encoder, len(classes), auxiliary=info.id != "lraspp")
    load_exactly(network, read_state(weights), weights, info.title)
    return SemanticModel(
        info, network, classes, options, longest_side=RELEASED_LONGEST_SIDE
    )
