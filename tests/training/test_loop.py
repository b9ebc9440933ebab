import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from torch import nn

from seggui.jobs.train_options import TrainOptions
from seggui.training.checkpoints import Checkpoints
from seggui.training.learner import Learner
from seggui.training.loop import (
    Clock,
    Diverged,
    Position,
    Training,
    epoch_order,
    fit,
    keep_best,
    keep_untrained,
    rate_at,
    restore,
    save,
)
from seggui.training.samples import Sample
from seggui.training.task import Scores

OPTIONS = TrainOptions(
    epochs=3, steps_per_epoch=4, batch_size=2, learning_rate=0.05, threads=1
)


class Dots:
    """A task on tiny samples; dropout makes torch's own randomness matter."""

    def __init__(self, scores=()):
        self.scores = list(scores)
        self.batches = []
        self.poison_at = None

    def build(self):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Conv2d(4, 1, 1),
        )

    def batch(self, samples, rngs):
        self.batches.append([sample.name for sample in samples])
        noise = [
            rng.normal(size=sample.image_hwc.shape)
            for sample, rng in zip(samples, rngs, strict=True)
        ]
        images = np.stack(
            [s.image_hwc + n for s, n in zip(samples, noise, strict=True)]
        )
        return torch.from_numpy(images).float().permute(0, 3, 1, 2) / 255

    def loss(self, network, batch):
        loss = (network(batch) - 1).square().mean()
        if self.poison_at == len(self.batches):
            loss = loss * math.nan
        return loss

    def validate(self, network, samples, report):
        report(1, 1, "measuring")
        score = self.scores.pop(0) if self.scores else 0.5
        return Scores(score, {"miou": score})

    def overlay(self, network, sample):
        raise AssertionError("the loop draws nothing")


def samples(count=5):
    rng = np.random.default_rng(0)
    return [
        Sample(
            f"s{i}",
            rng.integers(0, 255, (8, 8, 3)).astype(np.uint8),
            np.zeros((8, 8), np.uint8),
        )
        for i in range(count)
    ]


@dataclass
class Ride:
    """A training with what it needs, and how far it shall go."""

    folder: object
    options: TrainOptions = OPTIONS
    task: Dots = field(default_factory=Dots)
    stop_after: int = -1
    checkpoint_every_s: float = 1e9

    def __post_init__(self):
        self.looks = 0
        self.training = Training(
            self.task,
            samples(),
            samples(1),
            self.options,
            Checkpoints(self.folder),
            self.wish,
            lambda *_: None,
            self.checkpoint_every_s,
        )
        self.learner = Learner.of(self.task.build(), self.options)

    def wish(self):
        return "stop" if len(self.task.batches) == self.stop_after else "run"

    def go(self, *, resume=False):
        position = Position()
        if resume:
            loaded = self.training.checkpoints.load_last()
            position = restore(loaded.content, self.learner)
        return list(fit(self.training, self.learner, position))

    def state(self):
        moments = self.learner.optimiser.state_dict()["state"]
        return [
            *self.learner.network.state_dict().values(),
            *self.learner.average.state_dict().values(),
            *(value for row in moments.values() for value in row.values()),
        ]


def same(one, other):
    return len(one) == len(other) and all(
        torch.equal(a, b) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
@pytest.mark.parametrize("stop_after", [1, 3, 4, 5, 8, 11])
def test_a_stopped_training_resumes_to_the_same_bits(tmp_path, optimizer, stop_after):
    options = replace(OPTIONS, optimizer=optimizer)
    whole = Ride(tmp_path / "whole", options)
    whole.go()
    first = Ride(tmp_path / "parts", options, stop_after=stop_after)
    assert first.go()[-1]["event"] == "stopped"
    torch.manual_seed(999)  # another process has another random state
    second = Ride(tmp_path / "parts", options)
    events = second.go(resume=True)
    assert events[-1]["event"] == "finished"
    assert same(whole.state(), second.state())
    assert first.task.batches + second.task.batches == whole.task.batches


def test_resuming_many_times_in_a_row_changes_nothing(tmp_path):
    whole = Ride(tmp_path / "whole")
    events = whole.go()
    torch.manual_seed(5)
    ride = Ride(tmp_path / "parts", stop_after=1)
    ride.go()
    for _ in range(20):
        ride = Ride(tmp_path / "parts", stop_after=1)
        last = ride.go(resume=True)
        if last[-1]["event"] == "finished":
            break
    assert same(whole.state(), ride.state())
    means = [e["loss"] for e in events if e["event"] == "epoch"]
    assert [e["loss"] for e in last if e["event"] == "epoch"] == means[-1:]


def test_another_seed_learns_something_else(tmp_path):
    one, other = Ride(tmp_path / "a"), Ride(tmp_path / "b", replace(OPTIONS, seed=1))
    one.go(), other.go()
    assert not same(one.state(), other.state())


@pytest.mark.parametrize("step", [1, 4, 6, 12])
def test_a_loss_that_is_no_number_stops_and_names_the_images(tmp_path, step):
    ride = Ride(tmp_path, checkpoint_every_s=0.0)
    ride.task.poison_at = step
    with pytest.raises(Diverged, match=rf"at step {step} .*images s\d"):
        ride.go()
    assert all(torch.isfinite(value.float()).all() for value in ride.state())
    loaded = ride.training.checkpoints.load_last()
    if step > 1:
        assert loaded.content["position"]["steps"] == step - 1
    else:
        assert loaded is None


def test_weights_that_are_no_numbers_are_never_written(tmp_path):
    ride = Ride(tmp_path, checkpoint_every_s=0.0)
    ride.go()
    before = ride.training.checkpoints.load_last().content
    with torch.no_grad():
        next(iter(ride.learner.network.parameters()))[0] = math.inf
    with pytest.raises(Diverged, match="not saved"):
        save(ride.training, ride.learner, Position(steps=99))
    keep_best(ride.training, ride.learner, Position(epoch=99), Scores(1.0, {}))
    after = ride.training.checkpoints.load_last().content
    assert after["position"] == before["position"]
    assert ride.training.checkpoints.load_best()["epoch"] != 99


def test_patience_ends_a_training_that_gets_no_better(tmp_path):
    options = replace(OPTIONS, epochs=50, patience=2)
    ride = Ride(tmp_path, options, Dots([0.1, 0.5, 0.4, 0.5, 0.9]))
    events = ride.go()
    assert [e["score"] for e in events if e["event"] == "epoch"] == [0.1, 0.5, 0.4, 0.5]
    assert ride.training.checkpoints.load_best()["metrics"] == {"miou": 0.5}


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path):
    ride = Ride(tmp_path, task=Dots([0.2, 0.9, 0.3]))
    events = ride.go()
    assert [e["best"] for e in events if e["event"] == "epoch"] == [True, True, False]
    assert ride.training.checkpoints.load_best()["epoch"] == 2


def test_a_pause_waits_and_goes_on(tmp_path, monkeypatch):
    ride = Ride(tmp_path)
    wishes = iter(["pause", "pause", "pause", "run"])
    monkeypatch.setattr("seggui.training.loop.PAUSE_LOOK_S", 0.01)
    training = replace(ride.training, wish=lambda: next(wishes, "run"))
    kinds = [e["event"] for e in fit(training, ride.learner, Position())]
    assert kinds[:3] == ["paused", "resumed", "step"]
    assert kinds[-1] == "finished"


def test_a_stop_while_paused_ends_it(tmp_path, monkeypatch):
    ride = Ride(tmp_path)
    monkeypatch.setattr("seggui.training.loop.PAUSE_LOOK_S", 0.01)
    wishes = iter(["pause", "pause", "stop"])
    training = replace(ride.training, wish=lambda: next(wishes, "stop"))
    kinds = [e["event"] for e in fit(training, ride.learner, Position())]
    assert kinds == ["paused", "resumed", "stopped"]


def test_the_rate_rises_then_falls_to_a_hundredth():
    options = TrainOptions(learning_rate=1.0, warm_up=0.1)
    rates = [rate_at(progress, options) for progress in np.linspace(0, 1, 101)]
    assert rates[10] == pytest.approx(1.0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)


def test_without_warm_up_the_rate_starts_at_its_highest():
    assert rate_at(0.0, TrainOptions(learning_rate=1.0, warm_up=0.0)) == 1.0


def test_every_sample_comes_once_in_a_round():
    order = epoch_order(0, 3, 5, 12)
    assert sorted(order[:5]) == sorted(order[5:10]) == list(range(5))
    assert len(order) == 12
    assert order != epoch_order(0, 4, 5, 12)


def test_time_counts_over_all_sittings():
    clock = Clock(50.0, TrainOptions(minutes=1.0))
    assert clock.progress(0, 10) == pytest.approx(50 / 60, abs=0.01)
    assert not clock.out_of_time
    clock.measuring_s = 11.0
    assert clock.out_of_time
    clock.skip(100.0)
    assert not clock.out_of_time


def test_measuring_and_previews_count_as_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("seggui.training.loop.time.monotonic", lambda: now[0])
    timed = Dots()
    plain = timed.validate

    def slow(*asked):
        now[0] += 20.0
        return plain(*asked)

    timed.validate = slow
    ride = Ride(tmp_path, replace(OPTIONS, minutes=1.0), timed)
    position = keep_untrained(ride.training, ride.learner)
    assert position.elapsed_s == 20.0
    epochs = 0
    for event in fit(ride.training, ride.learner, position):
        if event["event"] == "epoch":
            epochs += 1
            now[0] += 15.0  # somebody draws previews
    # 20 s before, 35 s for the first epoch; there is no time for another 35.
    assert epochs == 1


def test_time_left_is_what_the_progress_says():
    clock = Clock(30.0, TrainOptions(epochs=4))
    assert clock.figures(10, 10)["time_left_s"] == pytest.approx(90, abs=1)
