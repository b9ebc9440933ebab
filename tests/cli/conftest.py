"""What tests of the command line share."""

import signal

import pytest
from tiny_trainings import TINY, folder_of_pairs
from tqdm import tqdm

from seggui.cli.dispatch import run


@pytest.fixture(autouse=True)
def no_monitor(monkeypatch):
    """The progress bar's watching thread would outlive the first test that has one."""
    monkeypatch.setattr(tqdm, "monitor_interval", 0)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    folder = folder_of_pairs(root / "data")
    before = _signals()
    try:
        assert run(["train", str(folder), *TINY, "--out", str(root / "run")]) == 0
    finally:
        _put_back(before)
    return folder, root / "run"


@pytest.fixture
def own_signals():
    before = _signals()
    yield
    _put_back(before)


def _signals():
    return {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }


def _put_back(handlers):
    for number, handler in handlers.items():
        signal.signal(number, handler)
