"""Training instance models: whole images in, objects with masks out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seggui.core.ports import Report
from seggui.jobs.train_options import TrainOptions
from seggui.models.devices import Device
from seggui.models.full_image import tensor_of
from seggui.models.instance.model import Found, objects
from seggui.models.instance.networks import build
from seggui.training.augment import recoloured
from seggui.training.instance_scores import Truths, average_precision
from seggui.training.previews import side_by_side
from seggui.training.samples import Sample, resized
from seggui.training.task import Scores

T = TypeVar("T", bound=np.generic)

LEAST_SCORE = 0.05
"""Objects below it do not enter the average precision, as torchvision has it."""
SHOWN_SCORE = 0.5
LEAST_SIDE = 2
"""Objects thinner than that many pixels teach nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    images_chw: list[Tensor]
    targets: list[dict[str, Tensor]]


def refusal(sample: Sample) -> str:
    """Why a sample is of no use here; empty when it is."""
    if sample.instances_hw is not None:
        return ""
    return "has classes only and does not tell objects apart (no mask in instances)"


class InstanceTask:
    """Learns objects: box, class and mask of each."""

    def __init__(
        self, options: TrainOptions, classes: tuple[str, ...], device: Device
    ) -> None:
        self._options = options
        self._classes = classes
        self._device = device.torch

    def build(self) -> nn.Module:
        network: nn.Module = build(
            self._options.encoder,
            len(self._classes),
            longest_side=self._options.longest_side or 1024,
        )
        return network.to(self._device)

    def batch(
        self, samples: Sequence[Sample], rngs: Sequence[np.random.Generator]
    ) -> Batch:
        changed = [
            random_view(sample, self._options, rng)
            for sample, rng in zip(samples, rngs, strict=True)
        ]
        return Batch(
            [as_image(sample.image_hwc, self._device) for sample in changed],
            [target_of(sample, self._device) for sample in changed],
        )

    def loss(self, network: nn.Module, batch: object) -> Tensor:
        assert isinstance(batch, Batch)
        losses: Mapping[str, Tensor] = network(batch.images_chw, batch.targets)
        return torch.stack(list(losses.values())).sum()

    def validate(
        self, network: nn.Module, samples: Sequence[Sample], report: Report
    ) -> Scores:
        """Measure mask AP as COCO does, on whole images at their training size."""
        truths, found = [], []
        for number, sample in enumerate(samples):
            report(number, len(samples), "measuring")
            truths.append(Truths.of(sample))
            found.append(self._objects(network, sample, LEAST_SCORE))
        report(len(samples), len(samples), "measuring")
        metrics = average_precision(truths, found, self._classes)
        score = metrics["mask_ap"]
        assert isinstance(score, float)
        return Scores(score, metrics)

    def overlay(self, network: nn.Module, sample: Sample) -> NDArray[np.uint8]:
        """Each object in a colour of its own."""
        found = np.zeros(sample.channels_hw.shape, np.int32)
        shown = self._objects(network, sample, SHOWN_SCORE)
        for number, (box, pixels, _, _) in enumerate(reversed(shown), start=1):
            found[box.slices][pixels] = number
        truth = sample.instances_hw
        assert truth is not None
        return side_by_side(
            sample.image_hwc, colour_numbers(truth), colour_numbers(found)
        )

    def _objects(
        self, network: nn.Module, sample: Sample, least_score: float
    ) -> list[Found]:
        return objects(network, sample.image_hwc, self._device, least_score)


def random_view(
    sample: Sample, options: TrainOptions, rng: np.random.Generator
) -> Sample:
    """Mirror, turn by quarters, shrink and colour a sample at random."""
    assert sample.instances_hw is not None
    image, instances = sample.image_hwc, sample.instances_hw
    channels = sample.channels_hw
    if options.flips:
        turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
        image = _turned(image, turns, mirror=mirror)
        channels = _turned(channels, turns, mirror=mirror)
        instances = _turned(instances, turns, mirror=mirror)
    factor = float(np.exp(-rng.uniform(0, 1) * np.log(options.scale)))
    longest = max(1, round(max(channels.shape) * factor))
    image = recoloured(np.ascontiguousarray(image), options.colour, rng)
    if rng.random() < options.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5)))
    view = Sample(
        sample.name,
        image,
        np.ascontiguousarray(channels),
        np.ascontiguousarray(instances),
        sample.labels,
    )
    small = resized(view, longest)
    # The network grows every image to its own size again, so a smaller image must
    # stay small inside a canvas of the old size to be seen smaller.
    return _on_canvas(small, channels.shape, rng)


def _turned(array: NDArray[T], turns: int, *, mirror: bool) -> NDArray[T]:
    return np.rot90(array[:, ::-1] if mirror else array, turns)


def _on_canvas(
    sample: Sample, size: tuple[int, ...], rng: np.random.Generator
) -> Sample:
    height, width = sample.channels_hw.shape
    if (height, width) == size:
        return sample
    assert sample.instances_hw is not None
    top = int(rng.integers(size[0] - height + 1))
    left = int(rng.integers(size[1] - width + 1))
    place = (slice(top, top + height), slice(left, left + width))
    image = np.full((*size, 3), 128, np.uint8)
    channels, instances = np.zeros(size, np.uint8), np.zeros(size, np.int32)
    image[place], channels[place] = sample.image_hwc, sample.channels_hw
    instances[place] = sample.instances_hw
    return Sample(sample.name, image, channels, instances, sample.labels)


def colour_numbers(objects_hw: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers of objects brought into the range of colours, 0 staying 0."""
    return np.where(objects_hw > 0, (objects_hw - 1) % 30 + 1, 0).astype(np.int32)


def as_image(image_hwc: NDArray[np.uint8], device: torch.device) -> Tensor:
    return tensor_of(image_hwc).to(device).permute(2, 0, 1).float() / 255


def target_of(sample: Sample, device: torch.device) -> dict[str, Tensor]:
    """Boxes (n, 4), labels (n) and masks (n, y, x) of the objects on a sample."""
    assert sample.instances_hw is not None
    size = sample.instances_hw.shape
    boxes, labels, masks = [], [], []
    for number in np.unique(sample.instances_hw):
        if number == 0:
            continue
        mask = sample.instances_hw == number
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        if min(box[2] - box[0], box[3] - box[1]) < LEAST_SIDE:
            continue
        boxes.append(box)
        labels.append(sample.labels[int(number)])
        masks.append(mask)
    stacked = np.stack(masks) if masks else np.zeros((0, *size), bool)
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32, device=device).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64, device=device),
        "masks": torch.from_numpy(stacked.astype(np.uint8)).to(device),
    }
