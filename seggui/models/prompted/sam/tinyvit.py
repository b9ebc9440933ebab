"""The image encoder of MobileSAM and Light HQ-SAM: TinyViT with 5 million parameters.

Wu et al., "TinyViT" (2022); Zhang et al., "Faster Segment Anything" (2023), which ends
it at 1/16 of the side and adds the neck of SAM. Names of parameters are those of the
released files; a batch norm is folded into its convolution once it is loaded. Inside
everything has axes (batch, y, x, channel).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seggui.models.prompted.sam.fused import convolved, linear
from seggui.models.prompted.sam.vit import PlaneNorm

STRIP = {"cpu": 16}
"""Rows of a plane at once between wide layers, so that they stay in the processor's
cache; on other devices all of them."""
FEW = {"cpu": 2048}
"""Tokens at once, for the same reason."""


@dataclass(frozen=True, slots=True)
class TinyShape:
    """Widths, depths, heads and windows of the four stages."""

    widths: tuple[int, int, int, int] = (64, 128, 160, 320)
    depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    heads: tuple[int, int, int, int] = (2, 4, 5, 10)
    windows: tuple[int, int, int, int] = (7, 7, 14, 7)
    side: int = 1024
    out: int = 256

    @property
    def grid(self) -> int:
        """Cells along a side of the features."""
        return self.side // 16


TINY_5M = TinyShape()


class ConvNorm(nn.Module):
    """A convolution and its batch norm, which become one."""

    def __init__(
        self, inner: int, outer: int, size: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(
            inner, outer, size, stride, size // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outer)

    def fold(self) -> None:
        """Put the norm's scale and offset into the convolution."""
        norm = self.bn
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError("a batch norm without statistics")
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        with torch.no_grad():
            self.c.weight.mul_(scale.view(-1, 1, 1, 1))
        self.c.bias = nn.Parameter(norm.bias - norm.running_mean * scale)
        del self.bn

    def forward(self, tokens: Tensor, *, bent: bool = False) -> Tensor:
        """Through the layer, and through GELU when ``bent``."""
        # Unfolded only while somebody looks at the parameters by name.
        if hasattr(self, "bn"):
            plane = self.bn(self.c(tokens.permute(0, 3, 1, 2)))
            out: Tensor = functional.gelu(plane) if bent else plane
            return out.permute(0, 2, 3, 1)
        return convolved(tokens, self.c, bent=bent)


class Stem(nn.Module):
    """From the square to 1/4 of its side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seq = nn.ModuleDict(
            {"0": ConvNorm(3, width // 2, 3, 2), "2": ConvNorm(width // 2, width, 3, 2)}
        )

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.seq["2"](self.seq["0"](tokens, bent=True))
        return out


class Inverted(nn.Module):
    """Wider, looked at in each channel alone, narrow again, added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(width, 4 * width)
        self.conv2 = ConvNorm(4 * width, 4 * width, 3, groups=4 * width)
        self.conv3 = ConvNorm(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        wide = self.conv2(self.conv1(tokens, bent=True), bent=True)
        return functional.gelu(tokens + self.conv3(wide))


class Merging(nn.Module):
    """The way to the next stage, of half the side or the same."""

    def __init__(self, width: int, outer: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = ConvNorm(width, outer)
        self.conv2 = ConvNorm(outer, outer, 3, stride, groups=outer)
        self.conv3 = ConvNorm(outer, outer)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.conv3(self.conv2(self.conv1(tokens, bent=True), bent=True))
        return out


class WindowAttention(nn.Module):
    """Attention within windows, with a learnt bias for each distance."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))

    def forward(self, tokens: Tensor) -> Tensor:
        batch, rows, columns, width = tokens.shape
        side, depth = self.window, width // self.heads
        down, across = -(-rows // side), -(-columns // side)
        # The filling is zero before the norm, so that it is the norm's bias behind it.
        filling = (0, 0, 0, across * side - columns, 0, down * side - rows)
        full = self.norm(functional.pad(tokens, filling))
        windows = full.view(batch, down, side, across, side, width).transpose(2, 3)
        qkv = linear(windows.reshape(-1, side * side, width), self.qkv)
        split = qkv.view(-1, side * side, self.heads, 3, depth).permute(3, 0, 2, 1, 4)
        query, key, value = split.unbind(0)
        seen = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=self._biases()[None]
        )
        out = linear(seen.transpose(1, 2).reshape(-1, side * side, width), self.proj)
        out = out.view(batch, down, across, side, side, width).transpose(2, 3)
        out = out.reshape(batch, down * side, across * side, width)
        return out[:, :rows, :columns]

    def _biases(self) -> Tensor:
        """Axes (head, token, token): by how far apart in rows and columns."""
        side = self.window
        place = torch.arange(side * side, device=self.attention_biases.device)
        rows, columns = place // side, place % side
        down = (rows[:, None] - rows[None, :]).abs()
        across = (columns[:, None] - columns[None, :]).abs()
        return self.attention_biases[:, down * side + across]


class TokenMlp(nn.Module):
    """Two layers for each token on its own, the norm before them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return linear(linear(self.norm(tokens), self.fc1, bent=True), self.fc2)


class WindowBlock(nn.Module):
    """Attention in windows, a look at the neighbours, two layers."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.attn = WindowAttention(width, heads, window)
        self.local_conv = ConvNorm(width, width, 3, groups=width)
        self.mlp = TokenMlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.local_conv(tokens + self.attn(tokens))
        few = FEW.get(tokens.device.type, tokens.numel())
        parts = torch.split(tokens.flatten(0, 2), few)
        return torch.cat([part + self.mlp(part) for part in parts]).view(tokens.shape)


class Stage(nn.Module):
    """Blocks of one width, and the way to the next."""

    def __init__(self, blocks: list[nn.Module], onward: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        if onward is not None:
            self.downsample = onward

    def forward(self, tokens: Tensor) -> Tensor:
        for block in self.blocks:
            wide = isinstance(block, Inverted)
            tokens = in_strips(block, tokens) if wide else block(tokens)
        if isinstance(onward := getattr(self, "downsample", None), Merging):
            tokens = in_strips(onward, tokens, onward.stride)
        return tokens


def in_strips(step: nn.Module, tokens: Tensor, shrink: int = 1) -> Tensor:
    """A step that sees one row beside each of its own, a few rows at a time.

    It makes a row out of ``shrink`` of them, which divides their number.
    """
    rows = tokens.shape[1] // shrink
    few = STRIP.get(tokens.device.type, rows)
    out = []
    for top in range(0, rows, few):
        end = min(top + few, rows)
        first, last = max(0, top - 1), min(rows, end + 1)
        seen = step(tokens[:, first * shrink : last * shrink])
        out.append(seen[:, top - first : end - first])
    return torch.cat(out, dim=1)


class TinyVitEncoder(nn.Module):
    """From a square of axes (batch, channel, y, x) to features of 1/16 of its side."""

    def __init__(self, shape: TinyShape) -> None:
        super().__init__()
        self.shape = shape
        self.precision = torch.float32
        widths = shape.widths
        self.patch_embed = Stem(widths[0])
        # The last way keeps the side: MobileSAM wants features of 1/16.
        onward = [
            Merging(widths[i], widths[i + 1], stride)
            for i, stride in enumerate((2, 2, 1))
        ]
        self.layers = nn.ModuleList(
            Stage(self._blocks(stage), onward[stage] if stage < 3 else None)
            for stage in range(4)
        )
        self.neck = nn.Sequential(
            nn.Conv2d(widths[3], shape.out, 1, bias=False),
            PlaneNorm(shape.out),
            nn.Conv2d(shape.out, shape.out, 3, padding=1, bias=False),
            PlaneNorm(shape.out),
        )

    def _blocks(self, stage: int) -> list[nn.Module]:
        shape = self.shape
        width, count = shape.widths[stage], shape.depths[stage]
        if stage == 0:
            return [Inverted(width) for _ in range(count)]
        heads, window = shape.heads[stage], shape.windows[stage]
        return [WindowBlock(width, heads, window) for _ in range(count)]

    @property
    def early_width(self) -> int:
        """Channels of the early features."""
        return self.shape.widths[2]

    def compute_in(self, _precision: torch.dtype) -> None:
        """Fold the batch norms. Numbers stay in full: rounded, its masks are others."""
        for part in self.modules():
            if isinstance(part, ConvNorm) and hasattr(part, "bn"):
                part.fold()
        self.to(memory_format=torch.channels_last)

    def forward(self, square: Tensor) -> tuple[Tensor, Tensor]:
        """The features, and those after the second stage."""
        tokens = square.permute(0, 2, 3, 1).contiguous()
        tokens = in_strips(self.patch_embed, tokens, 4)
        early = tokens
        for index, stage in enumerate(self.layers):
            tokens = stage(tokens)
            if index == 1:
                early = tokens
        out: Tensor = self.neck(tokens.permute(0, 3, 1, 2))
        return out, early.permute(0, 3, 1, 2)
