"""Points, boxes and masks as what SAM's mask decoder reads.

Kirillov et al., "Segment Anything" (2023), appendix A; positions by random Fourier
features (Tancik et al., 2020). Names of parameters are those of the released files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.vit import PlaneNorm


class Positions(nn.Module):
    """Where something is, as ``width`` sines and cosines."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer(
            "positional_encoding_gaussian_matrix", torch.randn(2, width // 2)
        )

    def forward(self, places: Tensor) -> Tensor:
        """``places``: axes (…, xy), from 0 to 1 along the sides of the square."""
        turns = (2 * places - 1) @ self.positional_encoding_gaussian_matrix
        turns = 2 * math.pi * turns
        return torch.cat([turns.sin(), turns.cos()], dim=-1)


class PromptEncoder(nn.Module):
    """From marks to tokens, and from a mask to something to add to the image."""

    def __init__(self, width: int, grid: int, side: int, inner: int = 16) -> None:
        super().__init__()
        self.grid, self.side, self.width = grid, side, width
        self.pe_layer = Positions(width)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, width) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, width)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, inner // 4, 2, 2),
            PlaneNorm(inner // 4),
            nn.GELU(),
            nn.Conv2d(inner // 4, inner, 2, 2),
            PlaneNorm(inner),
            nn.GELU(),
            nn.Conv2d(inner, width, 1),
        )
        self.no_mask_embed = nn.Embedding(1, width)

    def tokens(self, marks: Marks) -> Tensor:
        """The points in their order and then the box, axes (token, channel)."""
        places = list(map(tuple, marks.points_xy.tolist()))
        kinds = [int(positive) for positive in marks.positive]
        ends = marks.corners
        if ends is not None:
            places += [(ends[0], ends[1]), (ends[2], ends[3])]
            kinds += [2, 3]
        device = self.not_a_point_embed.weight.device
        where = np.array(places, dtype=np.float32).reshape(-1, 2) / self.side
        learnt = torch.cat(list(self.point_embeddings.parameters()))
        out: Tensor = self.pe_layer(torch.from_numpy(where).to(device))
        out = out + learnt[torch.tensor(kinds, dtype=torch.long, device=device)]
        if len(marks.points_xy) and ends is None:
            # Points without a box end with a token that is none.
            out = torch.cat([out, self.not_a_point_embed.weight])
        return out

    def masks(self, marks: Sequence[Marks]) -> Tensor:
        """What the masks to correct add to the image: (batch, token or 1, channel)."""
        device = self.no_mask_embed.weight.device
        if all(mark.logits_hw is None for mark in marks):
            return self.no_mask_embed.weight[None]
        out = []
        for mark in marks:
            if mark.logits_hw is None:
                out.append(self.no_mask_embed.weight.expand(self.grid**2, -1))
            else:
                plane = torch.from_numpy(mark.logits_hw).to(device)[None, None]
                small = self.mask_downscaling(plane)
                out.append(small[0].flatten(1).transpose(0, 1))
        return torch.stack(out)

    def places(self) -> Tensor:
        """The positions of the image's tokens, axes (token, channel)."""
        device = self.no_mask_embed.weight.device
        middles = (torch.arange(self.grid, device=device) + 0.5) / self.grid
        rows, columns = torch.meshgrid(middles, middles, indexing="ij")
        out: Tensor = self.pe_layer(torch.stack([columns, rows], dim=-1).flatten(0, 1))
        return out
