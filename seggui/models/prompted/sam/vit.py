"""The image encoder of SAM: a plain vision transformer with windows.

Li et al., "Exploring Plain Vision Transformer Backbones for Object Detection" (2022),
with the decomposed relative positions of Li et al., "MViTv2" (2022), as Kirillov et al.
describe it in "Segment Anything" (2023). Names of parameters are those of the released
files. Attention is computed a few hundred rows at a time, so that its scores stay in
the processor's cache, and only where there are tokens: of the filling around the
windows only the keys and values matter, and these are the biases.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

ROWS = 256
"""Rows of attention at once on a processor; faster than all at once by 4 to 7."""


@dataclass(frozen=True, slots=True)
class VitShape:
    """The numbers that tell the encoders apart."""

    width: int
    depth: int
    heads: int
    everywhere: tuple[int, ...]
    """Blocks that attend to the whole square; the others to windows."""
    side: int = 1024
    patch: int = 16
    window: int = 14
    out: int = 256

    @property
    def grid(self) -> int:
        """Tokens along a side of the square."""
        return self.side // self.patch


VIT_B = VitShape(768, 12, 12, (2, 5, 8, 11))
VIT_L = VitShape(1024, 24, 16, (5, 11, 17, 23))
VIT_H = VitShape(1280, 32, 16, (7, 15, 23, 31))


class PlaneNorm(nn.Module):
    """Layer norm over the channels of a plane, axes (batch, channel, y, x)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, plane: Tensor) -> Tensor:
        last = plane.permute(0, 2, 3, 1)
        normed = functional.layer_norm(
            last, self.weight.shape, self.weight, self.bias, 1e-6
        )
        return normed.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Self-attention over a grid of tokens, of whole width or in windows."""

    def __init__(self, shape: VitShape, window: int) -> None:
        super().__init__()
        self.heads = shape.heads
        self.window = window
        depth = shape.width // shape.heads
        reach = 2 * (window or shape.grid) - 1
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.proj = nn.Linear(shape.width, shape.width)
        self.rel_pos_h = nn.Parameter(torch.zeros(reach, depth))
        self.rel_pos_w = nn.Parameter(torch.zeros(reach, depth))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens of axes (batch, y, x, channel)."""
        batch, rows, columns, width = tokens.shape
        depth = width // self.heads
        side = self.window or rows
        down, across = -(-rows // side), -(-columns // side)
        qkv = self.qkv(tokens)
        if (down * side, across * side) != (rows, columns):
            full = self.qkv.bias.to(qkv.dtype).expand(
                batch, down * side, across * side, 3 * width
            )
            full = full.clone()
            full[:, :rows, :columns] = qkv
            qkv = full
        split = qkv.view(batch, down, side, across, side, 3, self.heads, depth)
        # One slice for each window and head: (3, slices, side * side, depth).
        split = split.permute(5, 0, 1, 3, 6, 2, 4, 7)
        query, key, value = split.reshape(3, -1, side * side, depth).unbind(0)
        seen = self._attended(query, key, value, side)
        seen = seen.view(batch, down, across, self.heads, side, side, depth)
        seen = seen.permute(0, 1, 4, 2, 5, 3, 6)
        seen = seen.reshape(batch, down * side, across * side, width)
        out: Tensor = self.proj(seen[:, :rows, :columns])
        return out

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, side: int) -> Tensor:
        """What each token takes from the others; axes (slice, token, depth)."""
        slices, tokens, depth = query.shape
        down, across = self._biases(query, side)
        out = torch.empty_like(query)
        turned = (key * depth**-0.5).transpose(1, 2).contiguous()
        if tokens <= ROWS:
            # Windows: a few whole slices at once.
            few, many = max(1, ROWS * 12 // tokens), tokens
        else:
            few, many = 1, ROWS
        if query.device.type != "cpu":
            few, many = max(1, self.heads), tokens
        for first in range(0, slices, few):
            some = slice(first, first + few)
            for row in range(0, tokens, many):
                part = slice(row, row + many)
                scores = torch.bmm(query[some, part], turned[some])
                grid = scores.view(*scores.shape[:2], side, side)
                grid += down[some, part, :, None]
                grid += across[some, part, None, :]
                out[some, part] = torch.bmm(scores.softmax(-1), value[some])
        return out

    def _biases(self, query: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """What the distance adds to each score: axes (slice, token, row or column)."""
        slices, tokens, depth = query.shape
        grid = query.view(slices, side, side, depth)
        steps = torch.arange(side, device=query.device)
        apart = steps[:, None] - steps[None, :] + side - 1
        tall = self.rel_pos_h[apart].to(query.dtype).transpose(1, 2)
        wide = self.rel_pos_w[apart].to(query.dtype).transpose(1, 2)
        down = torch.matmul(grid, tall)
        across = torch.matmul(grid.transpose(1, 2), wide).transpose(1, 2)
        shape = (slices, tokens, side)
        return down.reshape(shape), across.reshape(shape)


class Mlp(nn.Module):
    """Two layers for each token on its own."""

    def __init__(self, width: int, inner: int, activation: nn.Module) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, inner)
        self.lin2 = nn.Linear(inner, width)
        self.act = activation

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.lin2(self.act(self.lin1(tokens)))
        return out


class Block(nn.Module):
    """One layer of the transformer."""

    def __init__(self, shape: VitShape, window: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width, eps=1e-6)
        self.attn = Attention(shape, window)
        self.norm2 = nn.LayerNorm(shape.width, eps=1e-6)
        self.mlp = Mlp(shape.width, 4 * shape.width, nn.GELU())

    def forward(self, tokens: Tensor, precision: torch.dtype) -> Tensor:
        # The sum of all layers is kept in full; only what is added may be rounded.
        tokens = tokens + self.attn(self.norm1(tokens).to(precision))
        out: Tensor = tokens + self.mlp(self.norm2(tokens).to(precision))
        return out


class PatchEmbed(nn.Module):
    """Squares of the image as tokens."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, shape.width, shape.patch, shape.patch)

    def forward(self, square: Tensor) -> Tensor:
        out: Tensor = self.proj(square)
        return out.permute(0, 2, 3, 1)


class VitEncoder(nn.Module):
    """From a square of axes (batch, channel, y, x) to features of 1/16 of its side."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.shape = shape
        self.precision = torch.float32
        self.patch_embed = PatchEmbed(shape)
        self.pos_embed = nn.Parameter(
            torch.zeros(1, shape.grid, shape.grid, shape.width)
        )
        self.blocks = nn.ModuleList(
            Block(shape, 0 if i in shape.everywhere else shape.window)
            for i in range(shape.depth)
        )
        self.neck = nn.Sequential(
            nn.Conv2d(shape.width, shape.out, 1, bias=False),
            PlaneNorm(shape.out),
            nn.Conv2d(shape.out, shape.out, 3, padding=1, bias=False),
            PlaneNorm(shape.out),
        )

    @property
    def early_width(self) -> int:
        """Channels of the early features."""
        return self.shape.width

    def compute_in(self, precision: torch.dtype) -> None:
        """Round the large layers once; norms and sums stay as they are."""
        self.precision = precision
        for block in self.blocks:
            for layer in block.modules():
                if isinstance(layer, nn.Linear):
                    layer.to(precision)

    def forward(self, square: Tensor) -> tuple[Tensor, Tensor]:
        """The features, and those after the first block that sees everything."""
        tokens = self.patch_embed(square) + self.pos_embed
        early = tokens
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, self.precision)
            if index == self.shape.everywhere[0]:
                early = tokens
        out: Tensor = self.neck(tokens.permute(0, 3, 1, 2))
        return out, early.permute(0, 3, 1, 2)
