"""Fine-tuning the click network on the objects of a folder, in the training loop.

The weights that come with the program know objects in general; some minutes of games
on a person's own segments teach them what is an object here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seggui.core.ports import Report, unwatched
from seggui.core.prompt import Prompt
from seggui.errors import BadRequest
from seggui.files.resources import resource_path
from seggui.jobs.train_options import TrainOptions
from seggui.metrics.clicks import next_click
from seggui.models.devices import Device
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.model import WEIGHTS, ClickNetModel
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.models.weights import load_matching, read_state
from seggui.training.clicks.follow import Quality, boards_of, quality_of
from seggui.training.clicks.loop import INSIDE, Course, Store, smaller, smaller_truth
from seggui.training.clicks.losses import click_loss
from seggui.training.clicks.play import Answer, Board, board_of, game
from seggui.training.clicks.play import Sample as State
from seggui.training.clicks.players import Here
from seggui.training.clicks.scenes import LEAST_PIXELS, Bools, ClickScene
from seggui.training.previews import side_by_side
from seggui.training.samples import IGNORE, Sample
from seggui.training.task import Scores

BOARDS = 32
"""Objects that a validation plays on, at most."""
TRIES = 50
"""Windows that are cut in vain before the images are called useless."""
KEPT_BOARDS, GAMES = 48, 5
"""Boards that are kept, and games on each: a board is dear and a game is cheap."""
KEPT_STATES, USES = 400, 4.0
"""States that are learnt from more than once, and how often on average."""
FRESH_EVERY = 60
"""Games that one copy of the network plays before a newer one takes over."""
SMALL_SHARE = 0.6
"""Share of the steps at two thirds of the size, which cost less than half as much."""
SHOWN = 6
"""Objects on a preview, at most."""


@dataclass(frozen=True, slots=True)
class Batch:
    planes_nchw: Tensor
    truth_nhw: Tensor


def built_in() -> ClickNet:
    """The network that comes with the program; raises ``Unreadable``."""
    return weights.read(resource_path(*WEIGHTS))


class ClickTask:
    """Learns to answer clicks on objects like those of the samples."""

    def __init__(self, options: TrainOptions, device: Device, *, half: bool) -> None:
        self._options = options
        self._device = device.torch
        self._half = half
        self._network: nn.Module | None = None
        self._practice: Practice | None = None
        self._boards: list[Board] = []
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
            self._practice = Practice(self._network, self._options.batch_size, seed)
        planes, truth = self._practice.batch(samples)
        planes = planes.contiguous(memory_format=torch.channels_last)
        planes = planes.to(self._device).float().div_(255.0)
        truth = truth.to(self._device).float().div_(255.0)
        if rngs[0].random() < SMALL_SHARE:
            planes, truth = smaller(planes), smaller_truth(truth)
        return Batch(planes, truth)

    def loss(self, network: nn.Module, batch: object) -> Tensor:
        assert isinstance(batch, Batch)
        _keep_statistics(network)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            logits, quality = network(batch.planes_nchw)
        inside = batch.planes_nchw[:, INSIDE]
        return click_loss(logits.float(), quality.float(), batch.truth_nhw, inside)

    def validate(
        self, network: nn.Module, samples: Sequence[Sample], report: Report
    ) -> Scores:
        """Click on objects of these samples, before the training and now."""
        report(0, 2, "clicking on objects")
        if not self._boards:
            self._boards = _boards(samples)
            if not self._boards:
                raise _useless(samples)
        now = quality_of(self._boards, _answer_of(network))
        report(1, 2, "clicking on objects")
        before = self._before = self._before or self._quality_before(network, now)
        report(2, 2, "clicking on objects")
        return Scores(
            fmean((now.iou1, now.iou3, now.iou5)),
            {
                "iou_1_click": now.iou1,
                "iou_3_clicks": now.iou3,
                "iou_5_clicks": now.iou5,
                "noc85": now.noc85,
                "noc85_before": before.noc85,
                "iou_1_click_before": before.iou1,
            },
        )

    def _quality_before(self, network: nn.Module, now: Quality) -> Quality:
        untrained = self._untrained()
        if _same(network, untrained):
            return now
        return quality_of(self._boards, _answer_of(untrained))

    def _untrained(self) -> ClickNet:
        network = built_in()
        if self._options.weights:
            path = Path(self._options.weights)
            load_matching(network, read_state(path), path)
        return network

    def overlay(self, network: nn.Module, sample: Sample) -> NDArray[np.uint8]:
        """Objects in colours of their own, and what one click on each brings."""
        objects = objects_of(sample)[:SHOWN]
        truth = np.zeros(sample.channels_hw.shape, np.int32)
        found = np.zeros_like(truth)
        model = ClickNetModel(_copied(network))
        encoding = model.encode(sample.image_hwc, unwatched)
        for number, mask_hw in enumerate(objects, start=1):
            truth[mask_hw] = number
            click = next_click(mask_hw, np.zeros_like(mask_hw))
            best = model.decode(encoding, Prompt((click,)), unwatched)[0]
            found[best.mask.dense()] = number
        return side_by_side(sample.image_hwc, truth, found)


def refusal(sample: Sample) -> str:
    """Why a sample is of no use here; empty when it is."""
    if objects_of(sample):
        return ""
    return f"holds no object of at least {LEAST_PIXELS} pixels to click on"


def _useless(samples: Sequence[Sample]) -> BadRequest:
    names = ", ".join(sorted({sample.name for sample in samples}))
    return BadRequest(
        f"The objects on {names} fill their images or are too small to be clicked on. "
        "Nothing can be learnt or checked with them; leave these images out."
    )


def objects_of(sample: Sample) -> tuple[Bools, ...]:
    """The objects of a sample that can be clicked on.

    Where only classes are known, each connected piece of a class is one.
    """
    if sample.instances_hw is not None:
        numbers, counts = np.unique(sample.instances_hw, return_counts=True)
        return tuple(
            sample.instances_hw == number
            for number, count in zip(numbers, counts, strict=True)
            if number and count >= LEAST_PIXELS
        )
    found: list[Bools] = []
    for channel in np.unique(sample.channels_hw):
        if channel in (0, IGNORE):
            continue
        inside = (sample.channels_hw == channel).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
        areas = stats[:, cv2.CC_STAT_AREA]
        found += [
            labels == number
            for number in range(1, len(areas))
            if areas[number] >= LEAST_PIXELS
        ]
    return tuple(found)


class Practice:
    """Games on the objects of samples, learnt from again and again."""

    def __init__(self, network: nn.Module, batch: int, seed: int) -> None:
        self._network = network
        self._draw = np.random.default_rng(seed)
        self._samples: Sequence[Sample] = ()
        self._kept: deque[Board] = deque(maxlen=KEPT_BOARDS)
        course = Course(0.0, batch, kept=KEPT_STATES, uses=USES)
        self._store = Store(Here(self._games()), course, seed)

    def batch(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
        """Bytes of channels and truth; new boards are cut from these samples."""
        self._samples = samples
        return self._store.batch()

    def _games(self) -> Iterator[State]:
        played = 0
        while True:
            if played % FRESH_EVERY == 0:
                answer = _answer_of(self._network)
            yield from game(self._board(), answer, self._draw)
            played += 1

    def _board(self) -> Board:
        """A new board, or one of those that were played on before."""
        draw = self._draw
        if not self._kept or draw.random() < 1.0 / GAMES:
            self._kept.append(self._new_board())
        return self._kept[int(draw.integers(len(self._kept)))]

    def _new_board(self) -> Board:
        draw = self._draw
        for _ in range(TRIES):
            sample = self._samples[int(draw.integers(len(self._samples)))]
            objects = objects_of(sample)
            if not objects:
                continue
            scene = ClickScene(sample.image_hwc, objects, alike=True)
            board = board_of(scene, int(draw.integers(len(objects))), draw)
            if board is not None:
                return board
        raise _useless(self._samples)


def _boards(samples: Sequence[Sample]) -> list[Board]:
    """Boards of objects spread evenly over the samples."""
    most = max(1, BOARDS // max(1, len(samples)))
    scenes = []
    for number in range(min(len(samples), BOARDS)):
        sample = samples[number * len(samples) // min(len(samples), BOARDS)]
        objects = objects_of(sample)
        step = max(1, len(objects) // most)
        if objects:
            scenes.append(ClickScene(sample.image_hwc, objects[::step][:most]))
    return boards_of(scenes)


def _keep_statistics(network: nn.Module) -> None:
    """Some hundred steps on few images say little of means and variances."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()


def _same(one: nn.Module, two: nn.Module) -> bool:
    ours, theirs = one.state_dict(), two.state_dict()
    return all(torch.equal(ours[name].cpu(), theirs[name].cpu()) for name in ours)


def _answer_of(network: nn.Module) -> Answer:
    engine = Engine(_copied(network))
    return lambda bytes_chw: engine(bytes_chw)[0]


def _copied(network: nn.Module) -> ClickNet:
    """A copy on the processor to answer with; the network itself goes on learning."""
    copied = ClickNet()
    copied.load_state_dict(network.state_dict())
    return copied.eval()
