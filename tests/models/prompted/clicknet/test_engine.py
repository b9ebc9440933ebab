import numpy as np
import pytest
import torch

from seggui.models.prompted.clicknet.channels import NAMES, SIDE
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.network import ClickNet


@pytest.fixture
def planes():
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (len(NAMES), SIDE, SIDE), dtype=np.uint8)


def test_the_engine_answers_like_the_network_it_took_over(planes):
    torch.manual_seed(0)
    network = ClickNet().eval()
    with torch.inference_mode():
        logits, quality = network(torch.from_numpy(planes)[None].float() / 255)
        wanted = torch.sigmoid(logits[0]).numpy()
    likely, expected = Engine(network)(planes)
    assert likely.shape == (SIDE, SIDE)
    assert np.abs(likely - wanted).max() < 0.05
    assert expected == pytest.approx(float(torch.sigmoid(quality)[0]), abs=0.05)


def test_other_models_keep_the_threads_they_had(planes):
    engine, before = Engine(ClickNet().eval()), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        engine(planes)
        assert torch.get_num_threads() == 3
        with pytest.raises(RuntimeError):
            engine(planes[:2])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
