"""Shorter ways to the same sums in the networks of SAM 2.1 and EdgeTAM."""

from __future__ import annotations

import re
from typing import Any

from timm.utils.model import reparameterize_model
from torch import Tensor, nn
from torch.nn import functional

from seggui.models.prompted.sam.twoway import TwoWayTransformer

# From the names of transformers back to those of the releases.
_BLOCKS = (
    (r"\.o_proj\.", ".out_proj."),
    (r"\.layer_norm(\d)\.", r".norm\1."),
    (r"\.mlp\.proj_in\.", ".mlp.lin1."),
    (r"\.mlp\.proj_out\.", ".mlp.lin2."),
    (r"^layer_norm_final_attn\.", "norm_final_attn."),
)


def quickened(network: Any) -> None:  # noqa: ANN401 - of transformers
    """Change a filled network in place; its answers differ by rounding only."""
    with_short_way(network)
    backbone = network.vision_encoder.backbone
    if hasattr(backbone, "timm_model"):
        # The batch norms of EdgeTAM's encoder go into its convolutions.
        backbone.timm_model = reparameterize_model(backbone.timm_model, inplace=True)
        return
    for block in backbone.blocks:
        block.attn = PooledAttention(block.attn)


def with_short_way(network: Any) -> None:  # noqa: ANN401 - of transformers
    """The same for the mask decoder alone."""
    network.mask_decoder.transformer = ShortWay(network.mask_decoder.transformer)


class ShortWay(nn.Module):
    """The decoder's transformer with the projections on the side of the marks."""

    def __init__(self, transformer: Any) -> None:  # noqa: ANN401 - of transformers
        super().__init__()
        config = transformer.config
        self.inner = TwoWayTransformer(
            config.hidden_size,
            config.mlp_dim,
            config.num_attention_heads,
            config.num_hidden_layers,
        )
        state = {}
        for name, value in transformer.state_dict().items():
            for pattern, new in _BLOCKS:
                name = re.sub(pattern, new, name)
            state[name] = value
        self.inner.load_state_dict(state)
        self.inner.eval().requires_grad_(False)

    def forward(
        self,
        point_embeddings: Tensor,
        image_embeddings: Tensor,
        image_positional_embeddings: Tensor,
        **_: object,
    ) -> tuple[Tensor, Tensor]:
        """Axes (batch, 1, token, channel) and (batch, channel, y, x) in."""
        image = image_embeddings.flatten(2).transpose(1, 2)
        # The positions are those of the square, alike for each prompt.
        places = image_positional_embeddings[:1].flatten(2).transpose(1, 2)
        marks, image = self.inner(point_embeddings.flatten(0, 1), image, places)
        return marks[:, None], image[:, None]


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
