"""Instance models: every object of a whole image with mask, class and score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights
from torchvision.models.detection.roi_heads import paste_masks_in_image

from seggui.core.candidate import Instance, Prediction
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.models.full_image import (
    PredictOptions,
    checked_image,
    tensor_of,
    too_large,
)
from seggui.models.instance.networks import build_released
from seggui.models.tiling import TileFindings, Tiling, merged
from seggui.models.weights import load_exactly, read_state

THRESHOLD = 0.5
"""Mask pixels count from that probability on."""


class InstanceModel:
    """A detection network, its classes and how images go into it."""

    def __init__(
        self,
        info: ModelInfo,
        network: nn.Module,
        classes: tuple[str, ...],
        options: PredictOptions,
    ) -> None:
        """``classes`` are the labels of the network by name, the background first."""
        self._info = info
        self._classes = classes
        self._smallest_score = options.smallest_score
        self._tile = options.tile
        self._device = options.chosen_device.torch
        self._network = network.to(self._device).eval()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def predict(self, image_hwc: NDArray[np.uint8], report: Report) -> Prediction:
        """Return the objects on an RGB image of any size, best scores first.

        Without tiles the network sees the image shrunk to the size it was trained
        with; with tiles it sees each tile so.
        """
        image_hwc = checked_image(image_hwc)
        height, width = image_hwc.shape[:2]
        side = self._tile or max(height, width)
        tiling = Tiling(side, side // 4 if self._tile else 0)
        boxes = tiling.boxes(height, width)
        try:
            found = []
            for number, box in enumerate(boxes):
                report(number, len(boxes), "tiles")
                found.append(TileFindings(box, self._in_tile(image_hwc, box)))
        except (RuntimeError, MemoryError) as error:
            problem = too_large(error)
            if problem is None:
                raise
        else:
            report(len(boxes), len(boxes), "tiles")
            instances = merged(found)
            return Prediction(
                height,
                width,
                self._classes,
                instances=instances,
                uncertainty_hw=uncertainty(instances, height, width),
            )
        # Raised outside the except block: the traceback would hold the tensors.
        raise problem

    def _in_tile(self, image_hwc: NDArray[np.uint8], box: Box) -> list[Instance]:
        height, width = image_hwc.shape[:2]
        tile = image_hwc[box.slices]
        return [
            Instance(
                Mask.from_window(height, width, window.moved(box.x0, box.y0), pixels),
                self._classes[label],
                score,
            )
            for window, pixels, label, score in objects(
                self._network, tile, self._device, self._smallest_score
            )
        ]


Found = tuple[Box, NDArray[np.bool_], int, float]


@torch.inference_mode()
def objects(
    network: nn.Module,
    image_hwc: NDArray[np.uint8],
    device: torch.device,
    smallest_score: float,
) -> list[Found]:
    """Return window, pixels in it, label and score of each object."""
    height, width = image_hwc.shape[:2]
    image = tensor_of(image_hwc).to(device).permute(2, 0, 1).float() / 255
    with _UnpastedMasks(network):
        found: Mapping[str, Tensor] = network([image])[0]
    out: list[Found] = []
    for mask, box, label, score in zip(
        found["masks"].cpu(),
        found["boxes"].cpu(),
        found["labels"].tolist(),
        found["scores"].tolist(),
        strict=True,
    ):
        if score < smallest_score:
            continue
        window, pixels = _pasted(mask, box, height, width)
        if pixels.any():
            out.append((window, pixels, int(label), float(score)))
    return out


class _UnpastedMasks:
    """Keep a Mask R-CNN from making every mask as large as the image.

    Pasted by torchvision, 100 objects on 24 megapixels take 10 GB; pasted one by one
    into their own boxes they take next to nothing. Boxes still come in pixels of
    the image.
    """

    def __init__(self, network: nn.Module) -> None:
        self._transform = getattr(network, "transform")  # noqa: B009 - untyped
        self._original = self._transform.postprocess

    def __enter__(self) -> None:
        def boxes_only(
            result: list[dict[str, Tensor]],
            image_shapes: list[tuple[int, int]],
            original_sizes: list[tuple[int, int]],
        ) -> list[dict[str, Tensor]]:
            masks = [one.pop("masks") for one in result]
            result = self._original(result, image_shapes, original_sizes)
            for one, mask in zip(result, masks, strict=True):
                one["masks"] = mask
            return result

        self._transform.postprocess = boxes_only

    def __exit__(self, *_: object) -> None:
        del self._transform.postprocess


def _pasted(
    mask_1hw: Tensor, box_xyxy: Tensor, height: int, width: int
) -> tuple[Box, NDArray[np.bool_]]:
    """Bring a mask of 28 x 28 to the size of its box in the image."""
    x0, y0, x1, y1 = box_xyxy.tolist()
    # torchvision pads a mask by one of its own pixels on each side.
    margin = int(max(x1 - x0, y1 - y0) / mask_1hw.shape[-1]) + 2
    window = Box(int(x0), int(y0), int(x1) + 1, int(y1) + 1).grown(margin)
    window = window.clipped(width, height)
    shifted = box_xyxy - torch.tensor([window.x0, window.y0] * 2, dtype=torch.float32)
    pasted = paste_masks_in_image(
        mask_1hw[None], shifted[None], (window.height, window.width), padding=1
    )
    return window, np.asarray(pasted[0, 0].numpy() >= THRESHOLD, bool)


def uncertainty(
    instances: tuple[Instance, ...], height: int, width: int
) -> NDArray[np.uint8]:
    """How doubtful the best object at each pixel is: 255 at a score of a half."""
    out = np.zeros((height, width), np.uint8)
    for instance in sorted(instances, key=lambda one: one.score):
        box = instance.mask.bbox
        doubt = round(255 * (1 - abs(2 * min(max(instance.score, 0.0), 1.0) - 1)))
        out[box.slices][instance.mask.window(box)] = doubt
    return out


def released_classes() -> tuple[str, ...]:
    """The names of torchvision's released labels, the background first."""
    names = MaskRCNN_ResNet50_FPN_Weights.DEFAULT.meta["categories"]
    return ("background", *names[1:])


def open_released(
    info: ModelInfo, weights: Path, options: PredictOptions
) -> InstanceModel:
    """Open torchvision's Mask R-CNN with its released weights.

    Raises ``MissingWeights`` or ``Unreadable``.
    """
    network = build_released()
    load_exactly(network, read_state(weights), weights, info.title)
    return InstanceModel(info, network, released_classes(), options)
