"""The click network: a small U-Net of residual blocks (Ronneberger et al., 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from seggui.models.prompted.clicknet.channels import LIKELY, NAMES

WIDTHS = (32, 48, 96, 128, 192)
"""Channels at strides 2, 4, 8, 16 and 32."""
DEPTHS = (1, 1, 2, 2, 2)
"""Residual blocks at each stride."""
FULL_WIDTH = 12
"""Channels at full resolution."""
SIGNS = 5
"""What an answer tells of its own quality."""


class Block(nn.Module):
    """Two 3x3 convolutions and a way around them (He et al., 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.one_norm = nn.BatchNorm2d(width)
        self.two = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.two_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.one_norm(self.one(x)), inplace=True)
        return functional.relu(x + self.two_norm(self.two(inner)), inplace=True)


def _step(inner: int, outer: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    )


class ClickNet(nn.Module):
    """From the channels of ``channels.NAMES`` to the object, pixel by pixel."""

    def __init__(
        self,
        inputs: int = len(NAMES),
        widths: tuple[int, ...] = WIDTHS,
        depths: tuple[int, ...] = DEPTHS,
    ) -> None:
        super().__init__()
        before = (inputs, *widths[:-1])
        self.downs = nn.ModuleList(
            _step(inner, outer, 5 if level == 0 else 3, 2)
            for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.ups = nn.ModuleList(
            nn.Conv2d(widths[level + 1], widths[level], 1)
            for level in range(len(widths) - 1)
        )
        self.joins = nn.ModuleList(Block(width) for width in widths[:-1])
        self.narrow = nn.Conv2d(widths[0], FULL_WIDTH, 1)
        self.full = _step(FULL_WIDTH + inputs, FULL_WIDTH, 3, 1)
        self.last = nn.Conv2d(FULL_WIDTH, 1, 3, padding=1)
        self.quality = nn.Sequential(
            nn.Linear(widths[-1] + widths[0] + SIGNS, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, x_nchw: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, axes (n, y, x), and the logit of the expected IoU, axis (n).

        ``x_nchw`` is 0 to 1, sides multiples of 32.
        """
        seen: list[Tensor] = []
        y = x_nchw
        for down, stage in zip(self.downs, self.stages, strict=True):
            y = stage(down(y))
            seen.append(y)
        deepest = y.mean(dim=(2, 3))
        for level in reversed(range(len(self.ups))):
            up = functional.interpolate(self.ups[level](y), scale_factor=2.0)
            y = self.joins[level](seen[level] + up)
        fine = functional.interpolate(
            self.narrow(y), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        logits = self.last(self.full(torch.cat([fine, x_nchw], dim=1)))
        weight = torch.sigmoid(functional.avg_pool2d(logits.detach(), 2))
        inside = (y * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 1.0)
        likely = torch.sigmoid(logits.detach().float())
        signs = _signs(likely, x_nchw[:, LIKELY, None].float()).to(y.dtype)
        known = torch.cat([deepest.detach(), inside.detach(), signs], dim=1)
        return logits[:, 0], self.quality(known)[:, 0]


def _signs(likely: Tensor, classic: Tensor) -> Tensor:
    """How large, steady and sure an answer is and how like another, axes (n, sign)."""
    planes = (1, 2, 3)
    some = (likely > 0.35).float()
    area = some.mean(planes) + 1e-4
    size = (likely > 0.5).float().mean(planes)
    steady = (likely > 0.65).float().mean(planes) / area
    sure = 2.0 * ((likely - 0.5).abs() * some).mean(planes) / area
    alike = torch.minimum(likely, classic).mean(planes)
    alike = alike / (torch.maximum(likely, classic).mean(planes) + 1e-4)
    return torch.stack([size, torch.log(size + 1e-3) / 3.0, steady, sure, alike], 1)
