"""One thread: more only fight over the cores."""

import pytest
import torch
from tests_pairs import Pairs


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def pairs(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    return Pairs(root)
