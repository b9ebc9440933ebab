"""Fine-tuning the click network on the objects of a folder, in the training loop.

The weights that come with the program know objects in general; some minutes of games
on a person's own segments teach them what is an object here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from seggui.models.prompted.clicknet.channels import NAMES
from seggui.models.prompted.clicknet.model import WEIGHTS, ClickNetModel
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.clicks.follow import Quality, boards_of, quality_of
from seggui.training.clicks.losses import click_loss
from seggui.training.clicks.play import Answer, Board, board_of, game
from seggui.training.clicks.play import Sample as State
from seggui.training.clicks.players import answer_of
from seggui.training.clicks.scenes import LEAST_PIXELS, Bools, ClickScene
from seggui.training.previews import side_by_side
from seggui.training.samples import IGNORE, Sample
from seggui.training.task import Scores

BOARDS = 32
"""Objects that a validation plays on, at most."""
TRIES = 12
"""Windows that are cut for one batch before it must do with fewer states."""
SHOWN = 20
"""Objects on a preview, at most."""
INSIDE = NAMES.index("inside the image")


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
        self._size = options.batch_size
        self._device = device.torch
        self._half = half
        self._network: nn.Module | None = None
        self._boards: list[Board] = []
        self._before: Quality | None = None

    def build(self) -> nn.Module:
        """The network as it came with the program; it goes on learning from there."""
        self._network = built_in().to(self._device)
        return self._network

    def batch(
        self, samples: Sequence[Sample], rngs: Sequence[np.random.Generator]
    ) -> Batch:
        """States of games that the network as it is now plays on these samples."""
        assert self._network is not None
        answer = _answer_of(self._network)
        states: list[State] = []
        for turn in range(TRIES):
            place = turn % len(samples)
            states += _states(samples[place], answer, rngs[place])
            if len(states) >= self._size:
                break
        if not states:
            raise _useless(samples)
        chosen = [states[at] for at in rngs[0].permutation(len(states))[: self._size]]
        planes, truth = _flipped(
            np.stack([state.shown_chw for state in chosen]),
            np.stack([state.truth_hw for state in chosen]),
            rngs[0],
        )
        return Batch(
            torch.from_numpy(planes).to(self._device).float().div_(255.0),
            (torch.from_numpy(truth).to(self._device) > 127).float(),
        )

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
            untrained = built_in().to(self._device)
            self._before = quality_of(self._boards, _answer_of(untrained))
        report(1, 2, "clicking on objects")
        now, before = quality_of(self._boards, _answer_of(network)), self._before
        assert before is not None
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


def _states(
    sample: Sample, answer: Answer, draw: np.random.Generator
) -> Iterator[State]:
    """What one game on one of the sample's objects goes through."""
    objects = objects_of(sample)
    if not objects:
        return
    scene = ClickScene(sample.image_hwc, objects)
    board = board_of(scene, int(draw.integers(len(objects))), draw)
    if board is not None:
        # A board is dear and a game is cheap: two games of each.
        yield from game(board, answer, draw)
        yield from game(board, answer, draw)


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


def _flipped(
    planes: NDArray[np.uint8], truth: NDArray[np.uint8], draw: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Mirror each state at random, with its truth."""
    for at in range(len(planes)):
        if draw.random() < 0.5:
            planes[at], truth[at] = planes[at, :, :, ::-1], truth[at, :, ::-1]
        if draw.random() < 0.5:
            planes[at], truth[at] = planes[at, :, ::-1], truth[at, ::-1]
    return planes, truth


def _keep_statistics(network: nn.Module) -> None:
    """Some hundred steps on few images say little of means and variances."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()


def _answer_of(network: nn.Module) -> Answer:
    return answer_of(_copied(network))


def _copied(network: nn.Module) -> ClickNet:
    """A copy on the processor to answer with; the network itself goes on learning."""
    copied = ClickNet()
    copied.load_state_dict(network.state_dict())
    return copied.eval()
