"""The shorter ways give the same sums."""

import copy

import numpy as np
import pytest
import torch
from first_tiny import CPU
from sam2_tiny import NETWORKS, SIDE, backbone_of, network_of

from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.sam2 import Sam2Backbone, Sam2Heads
from seggui.models.prompted.sam.sam2_quick import PooledAttention, ShortWay, quickened

rng = np.random.default_rng(0)


def marks(count, *, box=False, mask=False):
    return Marks(
        rng.uniform(0, SIDE, (count, 2)).astype(np.float32),
        rng.random(count) < 0.5,
        (10.0, 20.0, 90.0, 100.0) if box else None,
        rng.normal(0, 4, (SIDE // 4, SIDE // 4)).astype(np.float32) if mask else None,
        several=count == 1,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_quickened_network_answers_the_same(name):
    plain = backbone_of(name)
    network = network_of(name)
    quickened(network)
    quick = Sam2Backbone(Sam2Heads(network, CPU, "float32"), "quick")
    square = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    one, two = plain.encode(square), quick.encode(square)
    for key, value in one.items():
        size = value.abs().max()
        assert (value - two[key]).abs().max() < 1e-4 * size
    asked = [marks(1), marks(3, box=True), marks(30), marks(0, box=True, mask=True)]
    answers = zip(plain.decode(one, asked), quick.decode(one, asked), strict=True)
    for exact, short in answers:
        span = np.ptp(exact.logits_nhw)
        assert np.abs(exact.logits_nhw - short.logits_nhw).max() < 1e-4 * span
        assert np.allclose(exact.quality, short.quality, atol=1e-5)


def test_each_way_is_really_taken():
    network = network_of("sam2.1-tiny")
    before = copy.deepcopy(network)
    quickened(network)
    assert isinstance(network.mask_decoder.transformer, ShortWay)
    blocks = network.vision_encoder.backbone.blocks
    assert all(isinstance(block.attn, PooledAttention) for block in blocks)
    assert any(block.attn.stride for block in blocks)
    old = {n for n in before.state_dict() if ".blocks." in n}
    assert old == {n for n in network.state_dict() if ".blocks." in n}


def test_edgetam_has_no_norms_left_in_its_encoder():
    network = network_of("edgetam")
    quickened(network)
    layers = network.vision_encoder.backbone.modules()
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in layers)
