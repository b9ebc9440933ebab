"""A layer and the activation behind it in one pass, where oneDNN computes it.

In two passes what comes out of a wide layer is written, read and written again; and the
linear layers of torch on a processor go through another library, which is slower here.
The calls are those that torch.compile puts in the place of such layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_LINEAR = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_CONVOLUTION = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)


def linear(tokens: Tensor, layer: nn.Linear, *, bent: bool = False) -> Tensor:
    """Through a layer, and through GELU when ``bent``; axes (..., channel)."""
    return _linear(tokens, layer.weight, layer.bias, bent)


def convolved(tokens: Tensor, layer: nn.Conv2d, *, bent: bool = False) -> Tensor:
    """The same through a convolution; axes (batch, y, x, channel)."""
    if layer.kernel_size == layer.stride == (1, 1):
        return _linear(tokens, layer.weight.flatten(1), layer.bias, bent)
    plane = tokens.permute(0, 3, 1, 2)
    if _CONVOLUTION is None or not _fits(tokens):
        out = layer(plane)
        return (functional.gelu(out) if bent else out).permute(0, 2, 3, 1)
    where = (layer.padding, layer.stride, layer.dilation, layer.groups)
    fused: Tensor = _CONVOLUTION(
        plane, layer.weight, layer.bias, *where, _bend(bent), [], "none"
    )
    return fused.permute(0, 2, 3, 1)


def _linear(tokens: Tensor, weight: Tensor, bias: Tensor | None, bent: bool) -> Tensor:
    if _LINEAR is None or not _fits(tokens):
        out = functional.linear(tokens, weight, bias)
        return functional.gelu(out) if bent else out
    fused: Tensor = _LINEAR(tokens, weight, bias, _bend(bent), [], "none")
    return fused


def _bend(bent: bool) -> str:
    return "gelu" if bent else "none"


def _fits(tokens: Tensor) -> bool:
    """Whether oneDNN is there for it; what is to be trained goes the long way."""
    return _ONEDNN and tokens.device.type == "cpu" and not torch.is_grad_enabled()
