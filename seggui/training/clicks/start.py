"""From an order to a trained click network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from seggui.errors import BadRequest
from seggui.models import devices
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.checkpoints import Checkpoints
from seggui.training.clicks.follow import boards_of, quality_of
from seggui.training.clicks.loop import WEIGHTS, Course, Learner, Step
from seggui.training.clicks.loop import train as learn
from seggui.training.clicks.players import Players, answer_of
from seggui.training.clicks.sources import FreeData, held_out_scenes


@dataclass(frozen=True, slots=True)
class Order:
    """What ``seggui train-clicks`` was asked to do."""

    data: Path
    out: Path
    minutes: float
    batch: int
    rate: float
    players: int
    seed: int
    device: str
    threads: int
    resume: bool
    weights: Path | None = None
    """Where to start from; None begins with random weights."""


def train(order: Order) -> Iterator[str]:
    """Train and yield lines of progress.

    Raises ``BadRequest`` for an order that cannot be followed, ``MissingWeights`` or
    ``Unreadable`` for weights to start from.
    """
    torch.set_num_threads(order.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(order.seed)
    device = devices.choose(order.device).torch
    course = Course(order.minutes, order.batch, order.rate)
    network = weights.read(order.weights) if order.weights else ClickNet()
    learner = Learner(network.train(), course, device)
    checkpoints = Checkpoints(order.out / "checkpoints")
    if order.resume:
        found = checkpoints.load_last()
        if found is None:
            raise BadRequest(f"There is no training to resume in {order.out}.")
        learner.restore(dict(found.content))
        yield f"going on from step {learner.step}"
    elif (order.out / WEIGHTS).exists():
        raise BadRequest(
            f"{order.out} holds a training already. Go on with it (--resume) or name "
            "another folder."
        )
    make = FreeData(order.data)
    make.check()
    boards = boards_of(held_out_scenes(order.data, 9, 1))
    if boards:
        yield f"classic on what is held out: {quality_of(boards, None)}"

    def follow(network: ClickNet) -> str:
        on_processor = ClickNet()
        on_processor.load_state_dict(network.state_dict())
        return f"held out: {quality_of(boards, answer_of(on_processor))}"

    seed = order.seed + learner.step
    with Players(make, order.out / WEIGHTS, order.players, seed) as players:
        watched = follow if boards else None
        for event in learn(learner, players, order.out, order.seed, watched):
            yield _line(event)


def _line(event: Step | str) -> str:
    if isinstance(event, str):
        return event
    return (
        f"{event.minutes:6.1f} min, step {event.step}: loss {event.loss:.4f}, "
        f"IoU {event.iou:.3f}, {event.samples} samples, rate {event.rate:.1e}"
    )
