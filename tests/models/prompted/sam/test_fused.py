"""A layer in one pass gives what it gives with its activation behind it."""

from types import SimpleNamespace

import pytest
import torch
from first_tiny import network_of, seeded
from torch import nn
from torch.nn import functional

from seggui.models.prompted.sam import fused, tinyvit
from seggui.models.prompted.sam.fused import convolved, linear

LAYERS = {
    "wide": nn.Conv2d(6, 8, 3, 2, 1),
    "each channel alone": nn.Conv2d(6, 6, 3, 1, 1, groups=6),
    "a cell": nn.Conv2d(6, 8, 1, bias=False),
}


@pytest.mark.parametrize("bent", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_a_linear_layer_and_its_activation(bent, there, monkeypatch):
    used = there and fused.available()
    monkeypatch.setattr(fused, "available", lambda: used)
    layer, tokens = seeded(nn.Linear(6, 8)), torch.randn(2, 3, 5, 6)
    with torch.inference_mode():
        out = layer(tokens)
        wished = functional.gelu(out) if bent else out
        assert torch.allclose(linear(tokens, layer, bent=bent), wished, atol=1e-5)


@pytest.mark.parametrize("bent", [True, False])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_convolution_and_its_activation(name, bent, there, monkeypatch):
    used = there and fused.available()
    monkeypatch.setattr(fused, "available", lambda: used)
    layer, tokens = seeded(LAYERS[name]), torch.randn(2, 9, 7, 6)
    with torch.inference_mode():
        out = layer(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        wished = functional.gelu(out) if bent else out
        assert torch.allclose(convolved(tokens, layer, bent=bent), wished, atol=1e-5)


@pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN"
)
def test_this_torch_has_the_calls():
    assert fused.available()


@pytest.mark.parametrize("name", ["_linear_pointwise", "_convolution_pointwise"])
def test_calls_that_are_gone_or_changed_are_not_used(name, monkeypatch):
    def gone(*_):
        raise AttributeError(name)

    def changed(*_):
        raise RuntimeError("expected at most 1 argument")

    def otherwise(tokens, weight, *_):
        return tokens

    for call in (gone, changed, otherwise):
        ops = SimpleNamespace(
            _linear_pointwise=torch.ops.mkldnn._linear_pointwise,
            _convolution_pointwise=torch.ops.mkldnn._convolution_pointwise,
        )
        setattr(ops, name, call)
        monkeypatch.setattr(torch.ops, "mkldnn", ops)
        assert not fused.available.__wrapped__()


@pytest.mark.parametrize("strip", [1, 3, 10_000])
def test_rows_and_tokens_a_few_at_a_time_are_all_of_them(strip, monkeypatch):
    encoder = network_of("tiny").image_encoder.eval()
    square = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = encoder(square)
        encoder.compute_in(torch.float32)
        monkeypatch.setitem(tinyvit.STRIP, "cpu", strip)
        monkeypatch.setitem(tinyvit.FEW, "cpu", strip)
        for one, two in zip(encoder(square), whole, strict=True):
            assert torch.allclose(one, two, atol=1e-4)
