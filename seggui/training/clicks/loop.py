"""The training of the click network: from samples to weights, by the clock."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seggui.models.devices import bfloat16_in_hardware
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.channels import NAMES
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.checkpoints import Checkpoints
from seggui.training.clicks.losses import click_loss, overlap
from seggui.training.clicks.play import Sample
from seggui.training.clicks.players import LEARNT_ENOUGH, Samples

WEIGHTS = "clicknet.safetensors"
INSIDE = NAMES.index("inside the image")
CLASSICAL = [
    NAMES.index(name)
    for name in ("likely by classic", "answer of classic", "colour of the likely")
]
UNAIDED = 0.25
"""Share of samples without the classic model's answer: else the network would lean on
it and learn little of its own."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a training goes."""

    minutes: float
    """Of training in all, over all resumes; the rate falls to nothing until then."""
    batch: int = 8
    rate: float = 1.5e-3
    decay: float = 2e-2
    """Of weights, decoupled (Loshchilov and Hutter, 2019)."""
    warm_up: float = 0.02
    """Share of the time in which the rate rises."""
    small_until: float = 0.62
    """Share of the time in which pictures are learnt from at two thirds of their size:
    more of them in the same time (Howard, 2018; Tan and Le, "EfficientNetV2", 2021)."""
    average: float = 0.998
    """How slowly the averaged weights follow."""
    kept: int = 2500
    """Samples that are learnt from more than once."""
    uses: float = 4.0
    """How often each sample is learnt from, at most on average."""
    most_steps: int = 10**9
    save_every_s: float = 90.0
    follow_every_s: float = 600.0


class Store:
    """The newest samples, drawn from again and again with random flips."""

    def __init__(self, samples: Samples, course: Course, seed: int) -> None:
        self._samples, self._course = samples, course
        self._kept: list[Sample] = []
        self._draw = np.random.default_rng(seed)
        self.taken = self.used = 0

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Bytes of the channels, axes (n, c, y, x), and of the truth, (n, y, x).

        And how many pixels of each object are beyond the picture, axis (n).
        """
        course = self._course
        self.used += course.batch
        # Players that outrun the training wait: others want the processor too.
        most = course.batch + 2
        while most and (sample := self._samples.take(wait=False)) is not None:
            self._add(sample)
            most -= 1
        while (
            self.taken < 4 * course.batch or self.used > course.uses * self.taken
        ) and (sample := self._samples.take(wait=True)) is not None:
            self._add(sample)
        chosen = self._draw.integers(len(self._kept), size=course.batch)
        turned = [self._turned(self._kept[i]) for i in chosen]
        return (
            torch.from_numpy(np.stack([one for one, _ in turned])),
            torch.from_numpy(np.stack([two for _, two in turned])),
            torch.tensor([self._kept[i].beyond for i in chosen]),
        )

    def _add(self, sample: Sample) -> None:
        if len(self._kept) < self._course.kept:
            self._kept.append(sample)
        else:
            self._kept[self.taken % self._course.kept] = sample
        self.taken += 1

    def _turned(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        planes, truth = sample.shown_chw, sample.truth_hw
        if self._draw.random() < 0.5:
            planes, truth = planes[:, :, ::-1], truth[:, ::-1]
        if self._draw.random() < 0.3:
            planes, truth = planes[:, ::-1], truth[::-1]
        if self._draw.random() < 0.3:
            planes, truth = planes.transpose(0, 2, 1), truth.T
        planes = np.array(planes, order="C")
        if self._draw.random() < UNAIDED:
            planes[CLASSICAL] = 0
        return planes, np.ascontiguousarray(truth)


@dataclass(frozen=True, slots=True)
class Step:
    """What happened since the last report."""

    step: int
    minutes: float
    loss: float
    iou: float
    samples: int
    rate: float


class Learner:
    """Network, averaged network and optimiser; resumable."""

    def __init__(self, network: ClickNet, course: Course, device: torch.device) -> None:
        self.course, self.device = course, device
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(
            _groups(self.network, course), course.rate, betas=(0.9, 0.99)
        )
        self.step, self.seconds = 0, 0.0
        self._half = device.type == "cuda" or bfloat16_in_hardware()

    @property
    def share(self) -> float:
        """How much of the course is over, 0 to 1."""
        by_time = self.seconds / 60.0 / self.course.minutes
        return min(1.0, max(by_time, self.step / self.course.most_steps))

    @property
    def rate(self) -> float:
        rise = min(1.0, (self.share + 1e-3) / self.course.warm_up)
        fall = 0.5 * (1.0 + math.cos(math.pi * self.share))
        return self.course.rate * rise * max(fall, 0.005)

    def learn(
        self, planes: Tensor, truth: Tensor, beyond: Tensor
    ) -> tuple[float, float]:
        """One step; returns loss and mean IoU."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        x = planes.to(self.device, non_blocking=True).float().div_(255.0)
        full = truth.to(self.device, non_blocking=True).float().div_(255.0)
        hidden = beyond.to(self.device, torch.float32)
        if self.share < self.course.small_until:
            x, full = smaller(x), smaller_truth(full)
            hidden = hidden * (x.shape[-1] / planes.shape[-1]) ** 2
        x = x.contiguous(memory_format=torch.channels_last)
        wanted = (full > 0.5).float()
        inside = (x[:, INSIDE] > 0.5).float()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            logits, quality = self.network(x)
        loss = click_loss(logits.float(), quality.float(), wanted, inside, hidden)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        self.step += 1
        iou = float(overlap(logits.float(), wanted, inside).mean())
        value = float(loss.detach())
        return value, iou

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the newest ones."""
        keep = min(self.course.average, (1.0 + self.step) / (10.0 + self.step))
        newest = self.network.state_dict()
        for name, value in self.averaged.state_dict().items():
            if value.is_floating_point():
                value.lerp_(newest[name], 1.0 - keep)

    def state(self) -> dict[str, object]:
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, object]) -> None:
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.averaged.load_state_dict(state["averaged"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]
        self.step, self.seconds = int(state["step"]), float(state["seconds"])  # type: ignore[call-overload,arg-type]


def smaller(planes: Tensor) -> Tensor:
    """Two thirds of the size, each pixel the mean of what it covers."""
    side = planes.shape[-1] * 2 // 3
    return functional.interpolate(planes, size=(side, side), mode="area")


def smaller_truth(truth: Tensor) -> Tensor:
    """Truth of 0 to 1, axes (n, y, x), at two thirds; as ``play.most_covered``."""
    covered = smaller(truth[:, None])[:, 0]
    ordered = covered.flatten(1).sort(dim=1, descending=True).values
    areas = covered.sum(dim=(1, 2)).long().clamp(min=1)
    least = ordered.gather(1, areas[:, None] - 1).clamp(1e-3, 0.5)
    return (covered >= least[:, :, None]).float()


def _groups(network: nn.Module, course: Course) -> list[dict[str, object]]:
    """Kernels decay, biases and norms do not."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    rest = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": kernels, "weight_decay": course.decay},
        {"params": rest, "weight_decay": 0.0},
    ]


def train(
    learner: Learner,
    samples: Samples,
    run: Path,
    seed: int,
    follow: Callable[[ClickNet], str] | None = None,
) -> Iterator[Step | str]:
    """Train until the course is over; yields reports and saves into the run folder.

    What waits for samples counts as time of the course too.
    """
    store = Store(samples, learner.course, seed + learner.step)
    checkpoints = Checkpoints(run / "checkpoints")
    sums: list[tuple[float, float]] = []
    began = saved = followed = reported = time.monotonic()
    base = learner.seconds
    while learner.share < 1.0:
        sums.append(learner.learn(*store.batch()))
        now = time.monotonic()
        learner.seconds = base + now - began
        if now - saved > learner.course.save_every_s:
            save(learner, checkpoints, run)
            saved = now
        if now - reported > 20.0:
            mean = np.mean(sums, axis=0)
            yield Step(
                learner.step,
                learner.seconds / 60,
                float(mean[0]),
                float(mean[1]),
                store.taken,
                learner.rate,
            )
            sums.clear()
            reported = now
        if follow is not None and now - followed > learner.course.follow_every_s:
            yield follow(learner.averaged)
            followed = time.monotonic()
    save(learner, checkpoints, run)
    weights.write(run / WEIGHTS, learner.averaged)
    if follow is not None:
        yield follow(learner.averaged)


def save(learner: Learner, checkpoints: Checkpoints, run: Path) -> None:
    """Keep what a resume needs, and the weights for players and people."""
    checkpoints.save_last(learner.state())
    if learner.step >= LEARNT_ENOUGH:
        weights.write(run / WEIGHTS, learner.averaged)
