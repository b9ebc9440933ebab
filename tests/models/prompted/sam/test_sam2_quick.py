"""The shorter ways give the same sums."""

import copy

import numpy as np
import pytest
import torch
from first_tiny import CPU
from sam2_tiny import NETWORKS, SIDE, backbone_of, network_of

from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.sam2 import Sam2Backbone, Sam2Heads, tokens_of
from seggui.models.prompted.sam.sam2_quick import PooledAttention, quickened

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


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("several", "steady"),
    # All, none and some of the single masks give way to the best of three.
    [(True, 0.98), (False, 0.98), (False, 0.5), (False, 0.92)],
)
@pytest.mark.parametrize("count", [1, 30])
def test_the_decoder_answers_as_that_of_transformers(name, several, steady, count):
    network = network_of(name)
    theirs = network.mask_decoder
    theirs.config.dynamic_multimask_stability_thresh = steady
    theirs.dynamic_multimask_stability_thresh = steady
    heads = Sam2Heads(network, CPU, "float32")
    grid, width = heads.grid, network.hidden_dim
    generator = torch.Generator().manual_seed(count)
    planes = [
        torch.randn(1, width, side, side, generator=generator)
        for side in (4 * grid, 2 * grid, grid)
    ]
    sparse = torch.randn(2, 1, count, width, generator=generator)
    dense = torch.randn(2, width, grid, grid, generator=generator)
    with torch.inference_mode():
        wished = theirs(
            image_embeddings=planes[2].expand(2, -1, -1, -1),
            image_positional_embeddings=(
                network.get_image_wide_positional_embeddings().expand(2, -1, -1, -1)
            ),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
            high_resolution_features=[
                theirs.conv_s0(planes[0]).expand(2, -1, -1, -1),
                theirs.conv_s1(planes[1]).expand(2, -1, -1, -1),
            ],
        )
        seen = heads.seen(planes, planes[2])
        maps = (seen.fine, seen.middle, tokens_of(seen.coarse))
        found = heads.masks(maps, sparse[:, 0], tokens_of(dense), several=several)
    for one, two in zip(wished, found, strict=True):
        assert torch.allclose(one[:, 0], two, atol=1e-4 * float(one.abs().max()))


def test_a_network_holds_its_decoder_once():
    network = network_of("sam2.1-tiny")
    theirs = network.mask_decoder
    heads = Sam2Heads(network, CPU, "float32")
    held = [part for part in network.modules() if part in (theirs, heads.decoder)]
    assert held == [heads.decoder]
