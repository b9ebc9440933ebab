"""Shorter ways to the same sums in the encoders of SAM 2.1 and EdgeTAM."""

from __future__ import annotations

from typing import Any

from timm.utils.model import reparameterize_model
from torch import Tensor, nn
from torch.nn import functional


def quickened(network: Any) -> None:  # noqa: ANN401 - of transformers
    """Change a filled network in place; its answers differ by rounding only."""
    backbone = network.vision_encoder.backbone
    if hasattr(backbone, "timm_model"):
        # The batch norms of EdgeTAM's encoder go into its convolutions.
        backbone.timm_model = reparameterize_model(backbone.timm_model, inplace=True)
        return
    for block in backbone.blocks:
        block.attn = PooledAttention(block.attn)


class PooledAttention(nn.Module):
    """Hiera's attention over windows, whose queries may be pooled (Ryali et al., 2023).

    Shares the weights of the one it replaces, which also computes scores that nobody
    reads.
    """

    def __init__(self, attention: Any) -> None:  # noqa: ANN401 - of transformers
        super().__init__()
        self.qkv: nn.Linear = attention.qkv
        self.proj: nn.Linear = attention.proj
        self.heads = int(attention.num_attention_heads)
        self.stride = attention.query_stride

    def forward(self, hidden_states: Tensor, **_: object) -> Tensor:
        """Tokens of axes (window, y, x, channel)."""
        batch, rows, columns, _width = hidden_states.shape
        qkv = self.qkv(hidden_states).view(batch, rows * columns, 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        if self.stride:
            # Heads are channels of the pooling, and then again heads.
            plane = query.transpose(2, 3).reshape(batch, -1, rows, columns)
            pooled = functional.max_pool2d(plane, self.stride, self.stride)
            rows, columns = pooled.shape[-2:]
            query = pooled.view(batch, self.heads, -1, rows * columns).transpose(2, 3)
        seen = functional.scaled_dot_product_attention(query, key, value)
        seen = seen.transpose(1, 2).reshape(batch, rows, columns, -1)
        out: Tensor = self.proj(seen)
        return out
