"""What tests of the command line share."""

import pytest
from tqdm import tqdm


@pytest.fixture(autouse=True)
def no_monitor(monkeypatch):
    """The progress bar's watching thread would outlive the first test that has one."""
    monkeypatch.setattr(tqdm, "monitor_interval", 0)
