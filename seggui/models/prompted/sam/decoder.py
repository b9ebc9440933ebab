"""SAM's mask decoder, and that of HQ-SAM, on tokens all the way.

Kirillov et al., "Segment Anything" (2023), appendix A; Ke et al., "Segment Anything in
High Quality" (2023). A transposed convolution of 2 x 2 with stride 2 is a linear layer
whose outputs are the four pixels of a cell, so no plane is ever turned round. Names of
parameters are those of the released files.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from seggui.models.prompted.sam.twoway import Head, TwoWayTransformer
from seggui.models.prompted.sam.vit import PlaneNorm


def doubled(
    tokens: Tensor, layer: nn.ConvTranspose2d, onto: Tensor | None = None
) -> Tensor:
    """Four pixels for each token: (…, channel) becomes (…, 4, channel).

    The four are those of a cell in reading order. ``onto`` is added in place of the
    bias, which must be part of it.
    """
    inner, outer = layer.weight.shape[:2]
    weight = layer.weight.permute(0, 2, 3, 1).reshape(inner, 4 * outer)
    if layer.bias is None:
        raise ValueError("a transposed convolution without a bias")
    out = (tokens @ weight).view(*tokens.shape[:-1], 4, outer)
    return out.add_(layer.bias if onto is None else onto)


def normed(tokens: Tensor, norm: PlaneNorm) -> Tensor:
    """The plane norm where the channels come last."""
    return functional.layer_norm(
        tokens, norm.weight.shape, norm.weight, norm.bias, 1e-6
    )


def laid_out(pixels: Tensor, grid: int) -> Tensor:
    """Two doublings as a plane: (b, grid², 4, 4, c) becomes (b, c, 4 grid, 4 grid)."""
    batch, channels = pixels.shape[0], pixels.shape[-1]
    plane = pixels.view(batch, grid, grid, 2, 2, 2, 2, channels)
    plane = plane.permute(0, 7, 1, 3, 5, 2, 4, 6)
    return plane.reshape(batch, channels, 4 * grid, 4 * grid)


def in_cells(plane: Tensor, doublings: int) -> Tensor:
    """The other way: a plane finer than the grid as tokens of (…, 4, channel)."""
    batch, channels, side, _ = plane.shape
    split = [side >> doublings, *[2] * doublings]
    parts = plane.reshape(batch, channels, *split, *split)
    rows = range(2, 2 + len(split))
    pairs = [axis for row in rows for axis in (row, row + len(split))]
    tokens = parts.permute(0, *pairs, 1)
    return tokens.reshape(batch, split[0] ** 2, *[4] * doublings, channels)


class MaskDecoder(nn.Module):
    """From marks and image to logits of masks and the IoU expected of them."""

    def __init__(
        self, width: int, inner: int = 2048, heads: int = 8, depth: int = 2
    ) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(width, inner, heads, depth)
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(4, width)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(width, width // 4, 2, 2),
            PlaneNorm(width // 4),
            nn.GELU(),
            nn.ConvTranspose2d(width // 4, width // 8, 2, 2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            Head(width, width, width // 8) for _ in range(4)
        )
        self.iou_prediction_head = Head(width, width, 4)

    def forward(
        self, asked: Tensor, image: Tensor, places: Tensor, wanted: slice
    ) -> tuple[Tensor, Tensor]:
        """The masks ``wanted`` of the four, and the IoU expected of all of them.

        They are the one for clear prompts, then whole, part, sub-part. Axes (batch,
        token, channel) in; (batch, mask, y, x) and (batch, 4) out.
        """
        marks, image = self._transformed(self._own_tokens(), asked, image, places)
        masks = self._masks(marks[:, 1:], self._pixels(image), wanted)
        return masks, self.iou_prediction_head(marks[:, 0])

    def _own_tokens(self) -> Tensor:
        return torch.cat([self.iou_token.weight, self.mask_tokens.weight])

    def _transformed(
        self, own: Tensor, asked: Tensor, image: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The tokens of marks and of the image after the transformer."""
        tokens = torch.cat([own.expand(len(asked), -1, -1), asked], dim=1)
        image = image.expand(len(asked), -1, -1)
        out: tuple[Tensor, Tensor] = self.transformer(tokens, image, places)
        return out

    def _pixels(
        self, image: Tensor, finer: tuple[Tensor | None, Tensor | None] = (None, None)
    ) -> Tensor:
        """The image at a quarter of a cell: axes (batch, cell, 4, 4, channel).

        ``finer`` are maps of half and of a quarter of a cell to add on the way, with
        the biases of the two layers.
        """
        first, norm, _, second, _ = self.output_upscaling
        assert isinstance(first, nn.ConvTranspose2d)
        assert isinstance(second, nn.ConvTranspose2d)
        assert isinstance(norm, PlaneNorm)
        pixels = functional.gelu(normed(doubled(image, first, finer[0]), norm))
        return functional.gelu(doubled(pixels, second, finer[1]))

    def _masks(self, marks: Tensor, pixels: Tensor, wanted: slice) -> Tensor:
        """Logits of the masks ``wanted``; ``marks`` begin with the masks' tokens."""
        heads = self.output_hypernetworks_mlps
        looks = [heads[i](marks[:, i]) for i in range(4)[wanted]]
        # One after the other: a product with three columns takes longer than three.
        flat = pixels.flatten(1, 3)
        scores = torch.stack([flat @ look[:, :, None] for look in looks], dim=1)
        cells = scores.view(-1, *pixels.shape[1:-1], 1)
        planes = laid_out(cells, math.isqrt(pixels.shape[1]))
        return planes.view(len(marks), len(looks), *planes.shape[2:])


class HqMaskDecoder(MaskDecoder):
    """Adds a token whose mask is drawn on finer features and corrects the best one."""

    def __init__(
        self, width: int, early: int, inner: int = 2048, heads: int = 8
    ) -> None:
        super().__init__(width, inner, heads)
        self.hf_token = nn.Embedding(1, width)
        self.hf_mlp = Head(width, width, width // 8)
        self.compress_vit_feat = nn.Sequential(
            nn.ConvTranspose2d(early, width, 2, 2),
            PlaneNorm(width),
            nn.GELU(),
            nn.ConvTranspose2d(width, width // 8, 2, 2),
        )
        self.embedding_encoder = nn.Sequential(
            nn.ConvTranspose2d(width, width // 4, 2, 2),
            PlaneNorm(width // 4),
            nn.GELU(),
            nn.ConvTranspose2d(width // 4, width // 8, 2, 2),
        )
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(width // 8, width // 4, 3, 1, 1),
            PlaneNorm(width // 4),
            nn.GELU(),
            nn.Conv2d(width // 4, width // 8, 3, 1, 1),
        )

    def fine(self, image: Tensor, early: Tensor) -> Tensor:
        """What the finer mask is drawn on, the same for all prompts: planes."""
        out: Tensor = self.embedding_encoder(image) + self.compress_vit_feat(early)
        return out

    def with_fine(
        self,
        asked: Tensor,
        image: Tensor,
        places: Tensor,
        fine: Tensor,
        wanted: slice,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As ``forward``, and the logits of the correction, axes (batch, y, x)."""
        own = torch.cat([self._own_tokens(), self.hf_token.weight])
        marks, image = self._transformed(own, asked, image, places)
        pixels = self._pixels(image)
        look = self.hf_mlp(marks[:, 5])
        planes = self.embedding_maskfeature(laid_out(pixels, fine.shape[-1] // 4))
        correction = torch.einsum("bcyx,bc->byx", planes + fine, look)
        quality = self.iou_prediction_head(marks[:, 0])
        return self._masks(marks[:, 1:], pixels, wanted), quality, correction
