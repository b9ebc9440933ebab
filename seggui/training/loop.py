"""The training loop: batch, loss, backward, clip, step; one generator of events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from seggui.core.ports import Report
from seggui.errors import SegguiError
from seggui.jobs.run_state import Event, Wish
from seggui.jobs.train_options import TrainOptions
from seggui.training.checkpoints import Checkpoints
from seggui.training.learner import Learner
from seggui.training.samples import Sample
from seggui.training.task import Scores, Task

CHECKPOINT_EVERY_S = 60.0
LEAST_STEPS_PER_EPOCH = 30
PAUSE_LOOK_S = 0.2


class Diverged(SegguiError):
    """The loss is no number any more."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a training stands; written into each checkpoint."""

    epoch: int = 0
    step_in_epoch: int = 0
    steps: int = 0
    """Since the start."""
    loss_sum: float = 0.0
    """Of the steps of this epoch."""
    elapsed_s: float = 0.0
    best_score: float = -1.0
    best_epoch: int = 0
    epochs_without_better: int = 0


@dataclass(frozen=True, slots=True)
class Training:
    """Everything the loop needs besides the network."""

    task: Task
    training: Sequence[Sample]
    validation: Sequence[Sample]
    options: TrainOptions
    checkpoints: Checkpoints
    wish: Callable[[], Wish]
    report: Report
    checkpoint_every_s: float = CHECKPOINT_EVERY_S

    @property
    def steps_per_epoch(self) -> int:
        if self.options.steps_per_epoch:
            return self.options.steps_per_epoch
        all_images = math.ceil(len(self.training) / self.options.batch_size)
        return max(all_images, LEAST_STEPS_PER_EPOCH)


def fit(training: Training, learner: Learner, position: Position) -> Iterator[Event]:
    """Train in place from ``position`` on; yield events.

    Every step seeds itself by seed, epoch and step, so that a training that was
    stopped anywhere and goes on from its checkpoint does what an uninterrupted one
    does. Raises ``Diverged`` when the loss is not finite; no checkpoint ever holds
    such weights.
    """
    options, task = training.options, training.task
    steps = training.steps_per_epoch
    clock = Clock(position.elapsed_s, options)
    saved_s = time.monotonic()
    while position.epoch < options.epochs:
        order = epoch_order(
            options.seed,
            position.epoch,
            len(training.training),
            steps * options.batch_size,
        )
        learner.network.train()
        while position.step_in_epoch < steps and not clock.out_of_time:
            yield from _pauses(training, clock)
            if training.wish() == "stop":
                save(training, learner, clock.stamped(position))
                yield {"event": "stopped", "step": position.steps}
                return
            places = order[position.step_in_epoch * options.batch_size :][
                : options.batch_size
            ]
            rngs = seeds(
                options.seed, position.epoch, position.step_in_epoch, len(places)
            )
            batch = task.batch([training.training[place] for place in places], rngs)
            rate = rate_at(clock.progress(position.steps, steps), options)
            loss = learner.step(task, batch, rate, options, position.steps)
            if loss is None:
                raise Diverged(_diverged(training, places, position))
            position = replace(
                position,
                step_in_epoch=position.step_in_epoch + 1,
                steps=position.steps + 1,
                loss_sum=position.loss_sum + loss,
            )
            yield {
                "event": "step",
                "step": position.steps,
                "epoch": position.epoch,
                "loss": round(loss, 6),
                "rate": rate,
                **clock.figures(position.steps, steps),
            }
            if time.monotonic() - saved_s > training.checkpoint_every_s:
                save(training, learner, clock.stamped(position))
                saved_s = time.monotonic()
        measured_s = time.monotonic()
        scores = task.validate(learner.average, training.validation, training.report)
        position, event = _end_of_epoch(position, scores)
        if event["best"]:
            keep_best(training, learner, position, scores)
        yield {**event, **clock.figures(position.steps, steps)}
        # Whoever took the event may have drawn previews.
        clock.measuring_s = time.monotonic() - measured_s
        save(training, learner, clock.stamped(position))
        saved_s = time.monotonic()
        if _enough(options, position, clock):
            break
    yield {"event": "finished", "step": position.steps, "epochs": position.epoch}


def rate_at(progress: float, options: TrainOptions) -> float:
    """A linear rise, then half a cosine down to a hundredth, for progress 0 to 1.

    After Loshchilov and Hutter 2017, arXiv:1608.03983.
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < options.warm_up:
        return options.learning_rate * max(progress / options.warm_up, 0.01)
    part = (progress - options.warm_up) / (1 - options.warm_up)
    return options.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)


def epoch_order(seed: int, epoch: int, count: int, length: int) -> list[int]:
    """Places of samples for an epoch: shuffled rounds, each sample once a round."""
    rng = np.random.default_rng((seed, epoch))
    rounds = [rng.permutation(count) for _ in range(math.ceil(length / count))]
    return [int(place) for place in np.concatenate(rounds)[:length]]


def seeds(
    seed: int, epoch: int, step_in_epoch: int, count: int
) -> list[np.random.Generator]:
    """Generators for the pieces of one step; torch is seeded along with them."""
    sequence = np.random.SeedSequence((seed, epoch, step_in_epoch))
    torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))
    return [np.random.default_rng(child) for child in sequence.spawn(count)]


def save(training: Training, learner: Learner, position: Position) -> None:
    """Write the checkpoint that a resume goes on from."""
    if not learner.finite:
        raise Diverged(
            "The weights are not finite any more. They were not saved; "
            "the checkpoints before them are whole."
        )
    training.checkpoints.save_last({**learner.state(), "position": asdict(position)})


def keep_best(
    training: Training, learner: Learner, position: Position, scores: Scores
) -> None:
    if learner.finite:
        training.checkpoints.save_best(
            {
                "network": dict(scores.weights or learner.average.state_dict()),
                "epoch": position.epoch,
                "metrics": dict(scores.metrics),
                "known": dict(scores.known),
            }
        )


def keep_untrained(training: Training, learner: Learner) -> Position:
    """Count what there is before the first step as the best so far.

    For a network that has learnt before: a training then never makes it worse. The
    time that it takes counts.
    """
    began_s = time.monotonic()
    scores = training.task.validate(
        learner.average, training.validation, training.report
    )
    position = Position(best_score=scores.score)
    keep_best(training, learner, position, scores)
    return replace(position, elapsed_s=time.monotonic() - began_s)


def restore(content: Mapping[str, object], learner: Learner) -> Position:
    """Put a checkpoint back; returns where it stands."""
    learner.restore(content)
    return Position(**content["position"])  # type: ignore[arg-type] # ours, checked


class Clock:
    """Time that counts: without pauses, over all sittings of a run."""

    def __init__(self, before_s: float, options: TrainOptions) -> None:
        self._limit_s = options.minutes * 60
        self._epochs = options.epochs
        self._started_s = time.monotonic() - before_s
        self.measuring_s = 0.0
        """How long the last validation and its previews took; the next need it too."""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    @property
    def out_of_time(self) -> bool:
        return 0 < self._limit_s <= self.elapsed_s + self.measuring_s

    def skip(self, seconds: float) -> None:
        self._started_s += seconds

    def stamped(self, position: Position) -> Position:
        return replace(position, elapsed_s=self.elapsed_s)

    def progress(self, steps: int, steps_per_epoch: int) -> float:
        """How much of the training is done, 0 to 1, by steps or by time."""
        by_steps = steps / (self._epochs * steps_per_epoch)
        by_time = self.elapsed_s / self._limit_s if self._limit_s else 0.0
        return min(max(by_steps, by_time), 1.0)

    def figures(self, steps: int, steps_per_epoch: int) -> dict[str, float]:
        done = self.progress(steps, steps_per_epoch)
        elapsed_s = self.elapsed_s
        left_s = elapsed_s * (1 - done) / max(done, 1e-6)
        return {
            "elapsed_s": round(elapsed_s, 3),
            "time_left_s": round(left_s, 1),
            "progress": round(done, 5),
        }


def _pauses(training: Training, clock: Clock) -> Iterator[Event]:
    if training.wish() != "pause":
        return
    paused_s = time.monotonic()
    yield {"event": "paused"}
    while training.wish() == "pause":
        training.report(0, 0, "paused")
        time.sleep(PAUSE_LOOK_S)
    clock.skip(time.monotonic() - paused_s)
    yield {"event": "resumed"}


def _end_of_epoch(
    position: Position, scores: Scores
) -> tuple[Position, dict[str, object]]:
    best = scores.score > position.best_score
    event: dict[str, object] = {
        "event": "epoch",
        "step": position.steps,
        "epoch": position.epoch,
        "loss": position.loss_sum / max(position.step_in_epoch, 1),
        "score": scores.score,
        "best": best,
        **scores.metrics,
    }
    return (
        replace(
            position,
            epoch=position.epoch + 1,
            step_in_epoch=0,
            loss_sum=0.0,
            best_score=scores.score if best else position.best_score,
            best_epoch=position.epoch if best else position.best_epoch,
            epochs_without_better=0 if best else position.epochs_without_better + 1,
        ),
        event,
    )


def _enough(options: TrainOptions, position: Position, clock: Clock) -> bool:
    patience = options.patience
    return clock.out_of_time or 0 < patience <= position.epochs_without_better


def _diverged(training: Training, places: Sequence[int], position: Position) -> str:
    names = ", ".join(sorted({training.training[place].name for place in places}))
    return (
        f"The loss stopped being a number at step {position.steps + 1} "
        f"(epoch {position.epoch + 1}; images {names}). The training stopped and the "
        "best weights so far are kept. Try a lower learning rate."
    )
