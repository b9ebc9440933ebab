"""Training semantic models: pieces in, the class of each pixel out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seggui.core.ports import Report
from seggui.jobs.train_options import TrainOptions
from seggui.models.devices import Device
from seggui.models.full_image import as_batch
from seggui.models.semantic.model import DEFAULT_TILE, probabilities
from seggui.models.semantic.networks import build, logits_of
from seggui.models.tiling import Tiling, blended_rows
from seggui.training.augment import random_piece
from seggui.training.losses import class_weights, loss_of
from seggui.training.previews import side_by_side
from seggui.training.samples import IGNORE, Sample
from seggui.training.task import Scores


@dataclass(frozen=True, slots=True)
class Batch:
    images_nchw: Tensor
    truth_nhw: Tensor


class SemanticTask:
    """Learns the class of each pixel."""

    def __init__(
        self,
        options: TrainOptions,
        classes: tuple[str, ...],
        training: Sequence[Sample],
        device: Device,
        *,
        half: bool,
    ) -> None:
        self._options = options
        self._classes = classes
        self._device = device.torch
        self._half = half
        self._loss = loss_of(options.loss)
        self._weights = torch.ones(len(classes))
        if options.class_weights == "auto":
            counts = pixels_by_class(training, len(classes))
            self._weights = class_weights(torch.from_numpy(counts))
        self._weights = self._weights.to(self._device)

    def build(self) -> nn.Module:
        options = self._options
        network = build(options.model, options.encoder, len(self._classes))
        network.to(memory_format=torch.channels_last)
        return network.to(self._device)

    def batch(
        self, samples: Sequence[Sample], rngs: Sequence[np.random.Generator]
    ) -> Batch:
        pieces = [
            random_piece(sample, self._options, rng)
            for sample, rng in zip(samples, rngs, strict=True)
        ]
        images = as_batch(np.stack([p.image_hwc for p in pieces]), self._device)
        truth = torch.from_numpy(np.stack([p.channels_hw for p in pieces]))
        return Batch(images, truth.to(self._device).long())

    def loss(self, network: nn.Module, batch: object) -> Tensor:
        assert isinstance(batch, Batch)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            logits = logits_of(network, batch.images_nchw)
        return self._loss(logits.float(), batch.truth_nhw, self._weights)

    def validate(
        self, network: nn.Module, samples: Sequence[Sample], report: Report
    ) -> Scores:
        """Measure on whole images; IoU and Dice over all their pixels together."""
        size = len(self._classes)
        confusion = np.zeros((size, size), np.int64)
        losses = []
        for number, sample in enumerate(samples):
            report(number, len(samples), "measuring")
            chances = self._chances(network, sample)
            truth = sample.channels_hw
            losses.append(self._loss_of_image(chances, truth))
            confusion += confusion_of(truth, chances.argmax(0), size)
        report(len(samples), len(samples), "measuring")
        return scores_of(confusion, self._classes, float(np.mean(losses)))

    def overlay(self, network: nn.Module, sample: Sample) -> NDArray[np.uint8]:
        prediction = self._chances(network, sample).argmax(0)
        return side_by_side(sample.image_hwc, sample.channels_hw, prediction)

    def _chances(self, network: nn.Module, sample: Sample) -> NDArray[np.float32]:
        tiling = Tiling(DEFAULT_TILE, DEFAULT_TILE // 8)

        def tile(image_hwc: NDArray[np.uint8]) -> NDArray[np.float32]:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
                return probabilities(network, image_hwc, self._device)

        rows = blended_rows(sample.image_hwc, tiling, tile, _silent)
        return np.concatenate([band for _, band in rows], axis=1)

    @torch.inference_mode()
    def _loss_of_image(
        self, chances_chw: NDArray[np.float32], truth_hw: NDArray[np.uint8]
    ) -> float:
        # Softmax of logarithms of probabilities gives those probabilities again.
        logits = torch.from_numpy(chances_chw).clamp(min=1e-7).log()[None]
        truth = torch.from_numpy(truth_hw).long()[None]
        return float(self._loss(logits, truth, self._weights.cpu()))


def pixels_by_class(samples: Sequence[Sample], size: int) -> NDArray[np.int64]:
    """How many labelled pixels each channel has."""
    counts = np.zeros(256, np.int64)
    for index in range(len(samples)):
        counts += np.bincount(samples[index].channels_hw.reshape(-1), minlength=256)
    return counts[:size]


def confusion_of(
    truth_hw: NDArray[np.uint8], prediction_hw: NDArray[np.integer], size: int
) -> NDArray[np.int64]:
    """Count pixels by class; rows are the truth, columns the prediction."""
    labelled = truth_hw != IGNORE
    pairs = truth_hw[labelled].astype(np.int64) * size + prediction_hw[labelled]
    return np.bincount(pairs, minlength=size * size).reshape(size, size)


def scores_of(
    confusion: NDArray[np.int64], classes: tuple[str, ...], loss: float
) -> Scores:
    """Mean IoU over all classes that are there, and Dice without the background."""
    right = np.diag(confusion).astype(np.float64)
    truth, found = confusion.sum(1), confusion.sum(0)
    there = truth + found > 0
    union = np.maximum(truth + found - right, 1)
    iou = np.where(there, right / union, np.nan)
    dice = np.where(there, 2 * right / np.maximum(truth + found, 1), np.nan)
    objects = dice[1:][there[1:]]
    miou = float(np.nanmean(iou)) if there.any() else 0.0
    return Scores(
        miou,
        {
            "validation_loss": loss,
            "miou": miou,
            "dice": float(objects.mean()) if objects.size else 0.0,
            "pixel_accuracy": float(right.sum() / max(confusion.sum(), 1)),
            "iou_by_class": {
                name: float(value)
                for name, value, is_there in zip(classes, iou, there, strict=True)
                if is_there
            },
        },
    )


def _silent(done: int, total: int, what: str) -> None:
    """The tiles of one image are not worth a report."""
