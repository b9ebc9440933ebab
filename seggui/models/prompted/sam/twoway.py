"""Marks and image attend to each other: the transformer of SAM's mask decoder.

Kirillov et al., "Segment Anything" (2023), appendix A. There are a few tokens of marks
and thousands of the image, so what the attention projects is moved to the side of the
marks: q · (W k) is (Wᵀ q) · k, and a weighted sum of W v is W times the weighted sum.
For up to ``FEW`` tokens that saves more than half of all products, and it is the same
sum in another order. Names of parameters are those of the released files.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from seggui.models.prompted.sam.vit import Mlp

FEW = 16
"""Tokens up to which the short way is shorter."""


class Attention(nn.Module):
    """The four projections of an attention with ``heads`` heads."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Everything projected; axes (batch, token, channel)."""
        queries = self._heads(self.q_proj(query))
        keys = self._heads(self.k_proj(key))
        values = self._heads(self.v_proj(value))
        depth = queries.shape[-1]
        scores = (queries * depth**-0.5) @ keys.transpose(-2, -1)
        seen = scores.softmax(-1) @ values
        out: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return out

    def marks_to_image(self, marks: Tensor, placed: Tensor, image: Tensor) -> Tensor:
        """What the marks take from the image; ``placed`` is it with its positions."""
        batch, count, _ = marks.shape
        if count > FEW:
            return self.forward(marks, placed, image)
        queries = self._heads(self.q_proj(marks))
        depth = queries.shape[-1]
        # A bias of the keys adds the same to all scores of a token: it drops out.
        turned = (queries * depth**-0.5) @ self._by_head(self.k_proj.weight)
        scores = turned.flatten(1, 2) @ placed.transpose(1, 2)
        mixed = scores.softmax(-1) @ image
        mixed = mixed.view(batch, self.heads, count, -1)
        values = mixed @ self._by_head(self.v_proj.weight).transpose(1, 2)
        seen = values.transpose(1, 2).flatten(2) + self.v_proj.bias
        out: Tensor = self.out_proj(seen)
        return out

    def image_to_marks(
        self, image: Tensor, placed: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        """The image, and what it takes from the marks added to it."""
        batch, count, _ = keys.shape
        if count > FEW:
            return image + self.forward(placed, keys, values)
        keys = self._heads(self.k_proj(keys))
        keys = keys * keys.shape[-1] ** -0.5
        turned = keys @ self._by_head(self.q_proj.weight)
        offset = keys @ self.q_proj.bias.view(self.heads, -1, 1)
        scores = turned.flatten(1, 2) @ placed.transpose(1, 2)
        scores = scores.view(batch, self.heads, count, -1) + offset
        weights = scores.softmax(2).flatten(1, 2)
        given = self._heads(self.v_proj(values))
        width = self.out_proj.out_features
        outward = self.out_proj.weight.view(width, self.heads, -1).permute(1, 2, 0)
        # The weights of a head sum to one, so each head brings its part of the bias.
        given = (given @ outward).flatten(1, 2) + self.out_proj.bias / self.heads
        return torch.baddbmm(image, weights.transpose(1, 2), given)

    def _heads(self, tokens: Tensor) -> Tensor:
        """Axes (batch, head, token, depth)."""
        batch, count, inner = tokens.shape
        shape = (batch, count, self.heads, inner // self.heads)
        return tokens.view(shape).transpose(1, 2)

    def _by_head(self, weight: Tensor) -> Tensor:
        """A projection's weight, axes (head, depth, channel)."""
        return weight.view(self.heads, -1, weight.shape[1])


class TwoWayBlock(nn.Module):
    """Marks to marks, marks to image, each mark alone, image to marks."""

    def __init__(self, width: int, inner: int, heads: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(width, width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = Attention(width, width // 2, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, inner, nn.ReLU())
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = Attention(width, width // 2, heads)

    def forward(
        self, marks: Tensor, image: Tensor, asked: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``asked`` are the marks as they came, ``places`` the image's positions."""
        if self.first:
            marks = self.norm1(self.self_attn(marks, marks, marks))
        else:
            with_places = marks + asked
            seen = self.self_attn(with_places, with_places, marks)
            marks = self.norm1(marks + seen)
        placed = image + places
        across = self.cross_attn_token_to_image
        marks = self.norm2(marks + across.marks_to_image(marks + asked, placed, image))
        marks = self.norm3(marks + self.mlp(marks))
        back = self.cross_attn_image_to_token
        image = back.image_to_marks(image, placed, marks + asked, marks)
        return marks, self.norm4(image)


class TwoWayTransformer(nn.Module):
    """Two blocks, and a last look of the marks at the image."""

    def __init__(
        self, width: int, inner: int = 2048, heads: int = 8, depth: int = 2
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(width, inner, heads, first=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = Attention(width, width // 2, heads)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(
        self, asked: Tensor, image: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Axes (batch, token, channel); ``places`` is for a batch of 1."""
        marks = asked
        for layer in self.layers:
            marks, image = layer(marks, image, asked, places)
        last = self.final_attn_token_to_image
        seen = last.marks_to_image(marks + asked, image + places, image)
        marks = self.norm_final_attn(marks + seen)
        return marks, image


class Head(nn.Module):
    """A few linear layers with ReLU between them."""

    def __init__(self, width: int, inner: int, out: int, depth: int = 3) -> None:
        super().__init__()
        sizes = [width, *[inner] * (depth - 1), out]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, tokens: Tensor) -> Tensor:
        for index, layer in enumerate(self.layers):
            tokens = layer(tokens if index == 0 else torch.relu(tokens))
        return tokens
