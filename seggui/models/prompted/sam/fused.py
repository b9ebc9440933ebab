"""A layer and the activation behind it in one pass, where oneDNN computes it.

In two passes what comes out of a wide layer is written, read and written again; and the
linear layers of torch on a processor go through another library, which is slower here.
The calls are those that torch.compile puts in the place of such layers. They are
private, so they are tried once before they are used.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional


def linear(tokens: Tensor, layer: nn.Linear, *, bent: bool = False) -> Tensor:
    """Through a layer, and through GELU when ``bent``; axes (..., channel)."""
    if _fits(tokens):
        return _linear(tokens, layer.weight, layer.bias, bent)
    out = functional.linear(tokens, layer.weight, layer.bias)
    return functional.gelu(out) if bent else out


def convolved(tokens: Tensor, layer: nn.Conv2d, *, bent: bool = False) -> Tensor:
    """The same through a convolution; axes (batch, y, x, channel)."""
    plane = tokens.permute(0, 3, 1, 2)
    if _fits(tokens):
        if layer.kernel_size == layer.stride == (1, 1):
            return _linear(tokens, layer.weight.flatten(1), layer.bias, bent)
        return _convolution(plane, layer, bent).permute(0, 2, 3, 1)
    out = layer(plane)
    return (functional.gelu(out) if bent else out).permute(0, 2, 3, 1)


def _fits(tokens: Tensor) -> bool:
    """Whether oneDNN is there for it; what is to be trained goes the long way."""
    on_processor = tokens.device.type == "cpu" and tokens.dtype == torch.float32
    return on_processor and not torch.is_grad_enabled() and available()


@cache
def available() -> bool:
    """Whether this torch has the calls, and they say what its layers say."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)
        layer, tokens = nn.Conv2d(8, 8, 3, 2, 1, groups=8), torch.randn(1, 8, 8, 8)
        flat = nn.Linear(8, 8)
        wished = functional.gelu(layer(tokens)), functional.gelu(flat(tokens))
        try:
            said = (
                _convolution(tokens, layer, bent=True),
                _linear(tokens, flat.weight, flat.bias, bent=True),
            )
            pairs = zip(said, wished, strict=True)
            return all(torch.allclose(one, two, atol=1e-4) for one, two in pairs)
        except (AttributeError, RuntimeError):
            return False


def _linear(tokens: Tensor, weight: Tensor, bias: Tensor | None, bent: bool) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(
        tokens, weight, bias, _bend(bent), [], "none"
    )
    return out


def _convolution(plane: Tensor, layer: nn.Conv2d, bent: bool) -> Tensor:
    """Axes (batch, channel, y, x)."""
    where = (layer.padding, layer.stride, layer.dilation, layer.groups)
    out: Tensor = torch.ops.mkldnn._convolution_pointwise(
        plane, layer.weight, layer.bias, *where, _bend(bent), [], "none"
    )
    return out


def _bend(bent: bool) -> str:
    return "gelu" if bent else "none"
