"""Fine-tuning the click network on the objects of a folder, in the training loop.

The weights that come with the program know objects in general; some minutes of games
on a person's own segments teach them what is an object here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seggui.core.ports import Report, unwatched
from seggui.core.prompt import Prompt
from seggui.files.resources import resource_path
from seggui.jobs.train_options import TrainOptions
from seggui.metrics.clicks import next_click
from seggui.models.devices import Device
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.looking import HABITS, Habits
from seggui.models.prompted.clicknet.model import WEIGHTS, ClickNetModel
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.models.runs import habits_from, known_beside
from seggui.models.weights import load_matching, read_state
from seggui.training.clicks.follow import Quality
from seggui.training.clicks.in_use import Watched, measured
from seggui.training.clicks.loop import INSIDE, smaller, smaller_truth
from seggui.training.clicks.losses import click_loss
from seggui.training.clicks.objects import (
    habits_of,
    objects_in,
    objects_of,
    sizes_in,
    useless,
)
from seggui.training.clicks.practice import Practice, copied, halfway, same
from seggui.training.clicks.scenes import ClickScene
from seggui.training.previews import side_by_side
from seggui.training.samples import Sample
from seggui.training.task import Scores

MEASURED, MOST_SIGHTS = 20, 8
"""Objects that a validation clicks on, and images that they are on, at most."""
SMALL_SHARE = 0.6
"""Share of the steps at two thirds of the size, which cost less than half as much."""
SHOWN, LINES_SHOWN = 6, 1
"""Objects on a preview, at most; and lines, each of which takes seconds to follow."""


@dataclass(frozen=True, slots=True)
class Batch:
    planes_nchw: Tensor
    truth_nhw: Tensor
    beyond_n: Tensor
    """Pixels of each object that are outside the picture."""


def built_in() -> ClickNet:
    """The network that comes with the program; raises ``Unreadable``."""
    return weights.read(resource_path(*WEIGHTS))


class ClickTask:
    """Learns to answer clicks on objects like those of the samples."""

    def __init__(
        self,
        options: TrainOptions,
        learnt: Sequence[Sample],
        device: Device,
        *,
        half: bool,
    ) -> None:
        self._options = options
        self._device = device.torch
        self._half = half
        self._network: nn.Module | None = None
        self._practice: Practice | None = None
        known = known_beside(options.weights)
        self._start = habits_from(known, Path(options.weights).parent)
        self._habits = habits_of(sizes_in(learnt), self._start)
        self._sights: list[Watched] = []
        self._before: Quality | None = None

    def build(self) -> nn.Module:
        """The network as it came with the program; it goes on learning from there."""
        network = self._untrained().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)
        return self._network

    def batch(
        self, samples: Sequence[Sample], rngs: Sequence[np.random.Generator]
    ) -> Batch:
        """States of games that the network plays on these samples and others before."""
        assert self._network is not None
        if self._practice is None:
            seed = int(rngs[0].integers(2**31))
            self._practice = Practice(
                self._network, self._habits, self._options.batch_size, seed
            )
        planes, truth, beyond = self._practice.batch(samples)
        planes = planes.contiguous(memory_format=torch.channels_last)
        planes = planes.to(self._device).float().div_(255.0)
        truth = truth.to(self._device).float().div_(255.0)
        if rngs[0].random() < SMALL_SHARE:
            beyond = beyond * (2 / 3) ** 2
            planes, truth = smaller(planes), smaller_truth(truth)
        return Batch(planes, truth, beyond.to(self._device, torch.float32))

    def loss(self, network: nn.Module, batch: object) -> Tensor:
        assert isinstance(batch, Batch)
        _keep_statistics(network)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            logits, quality = network(batch.planes_nchw)
        return click_loss(
            logits.float(),
            quality.float(),
            batch.truth_nhw,
            batch.planes_nchw[:, INSIDE],
            batch.beyond_n,
        )

    def validate(
        self, network: nn.Module, samples: Sequence[Sample], report: Report
    ) -> Scores:
        """Click on objects of these samples, before the training and now.

        What went too far may be good halfway.
        """
        report(0, 2, "clicking on objects")
        if not self._sights:
            self._sights = _sights(samples)
            if not self._sights:
                raise useless(samples)
        untrained = self._untrained()
        if self._before is None:
            engine = Engine(copied(untrained))
            self._before = measured(engine, self._sights, self._start)
        before = self._before
        report(1, 2, "clicking on objects")
        best, habits = network, self._habits
        now = measured(Engine(copied(network)), self._sights, habits)
        if now.mean < before.mean:
            if same(network, untrained):
                now, habits = before, self._start
            else:
                half = halfway(untrained, network)
                then = measured(Engine(copied(half)), self._sights, habits)
                if then.mean > now.mean:
                    best, now = half, then
        report(2, 2, "clicking on objects")
        return Scores(
            now.mean,
            {
                "iou_1_click": now.iou1,
                "iou_3_clicks": now.iou3,
                "iou_5_clicks": now.iou5,
                "noc85": now.noc85,
                "noc85_before": before.noc85,
                "iou_1_click_before": before.iou1,
            },
            _known(habits) if habits != HABITS else {},
            None if best is network else best.state_dict(),
        )

    def _untrained(self) -> ClickNet:
        network = built_in()
        if self._options.weights:
            path = Path(self._options.weights)
            load_matching(network, read_state(path), path)
        return network

    def overlay(self, network: nn.Module, sample: Sample) -> NDArray[np.uint8]:
        """The largest objects in colours, and what one click on each brings."""
        most = LINES_SHOWN if self._habits.line_width else SHOWN
        objects = sorted(objects_of(sample), key=np.count_nonzero, reverse=True)[:most]
        truth = np.zeros(sample.channels_hw.shape, np.int32)
        found = np.zeros_like(truth)
        model = ClickNetModel(copied(network), habits=self._habits)
        encoding = model.encode(sample.image_hwc, unwatched)
        for number, mask_hw in enumerate(objects, start=1):
            truth[mask_hw] = number
            click = next_click(mask_hw, np.zeros_like(mask_hw))
            best = model.decode(encoding, Prompt((click,)), unwatched)[0]
            found[best.mask.dense()] = number
        return side_by_side(sample.image_hwc, truth, found)


def _known(habits: Habits) -> dict[str, float]:
    return {name: one for name, one in asdict(habits).items() if math.isfinite(one)}


def _sights(samples: Sequence[Sample]) -> list[Watched]:
    """Images and objects of theirs to measure on, spread evenly over the samples."""
    count = min(len(samples), MOST_SIGHTS)
    most = max(1, MEASURED // count)
    sights: list[Watched] = []
    for number in range(count):
        sample = samples[number * len(samples) // count]
        objects = objects_in(sample)
        chosen = objects.numbers[:: max(1, len(objects.numbers) // most)][:most]
        if chosen:
            masks = tuple(objects.mask(one) for one in chosen)
            sights.append(Watched(ClickScene(sample.image_hwc, masks)))
    return sights


def _keep_statistics(network: nn.Module) -> None:
    """Some hundred steps on few images say little of means and variances."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
