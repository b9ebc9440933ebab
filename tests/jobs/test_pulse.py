"""When a silent process is asked, and when it is told."""

import pytest

from seggui.jobs import pulse
from seggui.jobs.pulse import Pulse


class Time:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(pulse, "time", time)
    return time


@pytest.fixture
def happened():
    return []


@pytest.fixture
def it(happened, time):
    return Pulse(lambda: happened.append("asked"), happened.append, silent_s=10)


def test_who_owes_nothing_may_be_silent_for_ever(it, time, happened):
    assert it.check(owes=False) is None
    time.now += 1000
    assert it.check(owes=False) is None
    assert it.check(owes=True) == 4
    assert happened == []


def test_it_is_asked_once_then_told_once(it, time, happened):
    it.check(owes=True)
    time.now += 4
    assert it.check(owes=True) == 6
    time.now += 3
    assert it.check(owes=True) == 3
    assert happened == ["asked"]
    time.now += 3
    assert it.check(owes=True) is None
    time.now += 30
    assert it.check(owes=True) is None
    assert happened == ["asked", True]


def test_any_word_of_it_begins_anew_and_ends_what_was_told(it, time, happened):
    it.check(owes=True)
    time.now += 10
    it.check(owes=True)
    it.heard()
    assert happened == ["asked", True, False]
    assert it.check(owes=True) == 4
    time.now += 4
    it.check(owes=True)
    it.heard()
    assert happened == ["asked", True, False, "asked"]
