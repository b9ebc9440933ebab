"""A network under way lets clicks pass and can be stopped, layer by layer."""

import time

import pytest
import torch

from seggui.errors import Cancelled
from seggui.models.interrupting import interruptible


class Slow(torch.nn.Module):
    """A layer that takes a while; counts how often it ran."""

    ran = 0

    def forward(self, x):
        Slow.ran += 1
        time.sleep(0.012)
        return x


@pytest.fixture
def network():
    Slow.ran = 0
    return torch.nn.Sequential(*[Slow() for _ in range(20)])


def test_a_cancel_is_heard_between_two_layers(network):
    def report(done, total, what):
        assert what == "Encoding"
        if Slow.ran >= 3:
            raise Cancelled

    with pytest.raises(Cancelled), interruptible(report, "Encoding"):
        network(torch.zeros(1))
    assert 3 <= Slow.ran < 20


def test_what_is_answered_in_between_runs_to_its_end_in_its_own_precision(network):
    answers, other = [], torch.nn.Linear(4, 4)

    def report(done, total, what):
        if not answers:
            with interruptible(lambda *_: None, ""):
                answers.append(other(torch.ones(1, 4)).dtype)
                answers.append(network(torch.zeros(1)))

    with (
        interruptible(report, "Encoding"),
        torch.autocast("cpu", dtype=torch.bfloat16),
    ):
        network(torch.zeros(1))
    assert answers[0] == torch.float32
    assert Slow.ran == 40


def test_what_is_opened_in_between_can_be_used_outside_of_inference(network):
    opened = []

    def report(done, total, what):
        with interruptible(lambda *_: None, ""):
            opened.append(torch.zeros(1))

    with interruptible(report, "Encoding"), torch.inference_mode():
        network(torch.zeros(1))
    assert opened
    assert not any(tensor.is_inference() for tensor in opened)


def test_afterwards_networks_run_undisturbed(network):
    def report(done, total, what):
        raise AssertionError

    with interruptible(lambda *_: None, ""):
        pass
    network(torch.zeros(1))
    with pytest.raises(ValueError, match="mine"), interruptible(report, ""):
        raise ValueError("mine")
    network(torch.zeros(1))
    assert Slow.ran == 40
