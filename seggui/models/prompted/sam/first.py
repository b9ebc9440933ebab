"""SAM of the first generation as a backbone: ViT or TinyViT, plain or HQ decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from seggui.models.devices import Device, half_precision
from seggui.models.prompted.sam.backbone import Answer, Features, Marks
from seggui.models.prompted.sam.decoder import HqMaskDecoder, MaskDecoder
from seggui.models.prompted.sam.frame import Fit
from seggui.models.prompted.sam.prompts import PromptEncoder
from seggui.models.prompted.sam.tinyvit import TinyShape, TinyVitEncoder
from seggui.models.prompted.sam.vit import VitEncoder, VitShape

MEAN = (123.675, 116.28, 103.53)
DEVIATION = (58.395, 57.12, 57.375)
AT_ONCE = {"cpu": 4}
"""Prompts decoded together; more of them are slower on a processor."""
MOST_AT_ONCE = 64
MOST_TOKENS = 1024
"""Tokens of prompts decoded together: their attention is what takes memory."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which of the networks it is."""

    encoder: VitShape | TinyShape
    hq: bool = False
    inner: int = 2048
    """Width of the decoder's two layers for each token."""
    heads: int = 8


class FirstNetwork(nn.Module):
    """The three parts under the names of the released files."""

    image_encoder: VitEncoder | TinyVitEncoder
    mask_decoder: MaskDecoder | HqMaskDecoder

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        shape = variant.encoder
        if isinstance(shape, TinyShape):
            self.image_encoder = TinyVitEncoder(shape)
        else:
            self.image_encoder = VitEncoder(shape)
        self.prompt_encoder = PromptEncoder(shape.out, shape.grid, shape.side)
        rest = (variant.inner, variant.heads)
        if variant.hq:
            early = self.image_encoder.early_width
            self.mask_decoder = HqMaskDecoder(shape.out, early, *rest)
        else:
            self.mask_decoder = MaskDecoder(shape.out, *rest)


class FirstBackbone:
    """A loaded network on a device; the encoder may compute in half precision."""

    fit: Fit = "padded"
    mean: Sequence[float] = MEAN
    deviation: Sequence[float] = DEVIATION

    def __init__(
        self,
        network: FirstNetwork,
        device: Device,
        digest: str,
        precision: str = "auto",
    ) -> None:
        self._network = network.eval().requires_grad_(False)
        self._digest = digest
        self._device = device.torch
        half = half_precision(device, precision)
        network.image_encoder.compute_in(torch.bfloat16 if half else torch.float32)
        network.to(self._device)
        shape = network.image_encoder.shape
        self._width = shape.out
        self._grid = shape.grid
        self.side = shape.side
        self.mask_side = 4 * shape.grid
        self._places: Tensor | None = None

    @property
    def digest(self) -> str:
        precision = str(self._network.image_encoder.precision).removeprefix("torch.")
        return f"{self._digest}:{precision}:1"

    @property
    def device(self) -> torch.device:
        return self._device

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        side = self.mask_side
        out: dict[str, tuple[int, ...]] = {"image": (1, self._grid**2, self._width)}
        if isinstance(self._network.mask_decoder, HqMaskDecoder):
            out["fine"] = (1, self._width // 8, side, side)
        return out

    def move(self, device: torch.device) -> None:
        self._network.to(device)
        self._device = device
        self._places = None

    @torch.inference_mode()
    def encode(self, square: Tensor) -> Features:
        features, early = self._network.image_encoder(square.to(self._device))
        out = {"image": features.flatten(2).transpose(1, 2).contiguous()}
        decoder = self._network.mask_decoder
        if isinstance(decoder, HqMaskDecoder):
            out["fine"] = decoder.fine(features, early.to(features.dtype))
        return out

    @torch.inference_mode()
    def decode(self, features: Features, marks: Sequence[Marks]) -> Sequence[Answer]:
        if self._places is None:
            self._places = self._network.prompt_encoder.places()
        answers: list[Answer | None] = [None] * len(marks)
        tokens = [self._network.prompt_encoder.tokens(mark) for mark in marks]
        kinds = [(len(t), m.several) for t, m in zip(tokens, marks, strict=True)]
        for some in self._batches(kinds):
            asked = torch.stack([tokens[i] for i in some])
            group = [marks[i] for i in some]
            found = self._decoded(features, group, asked, self._places)
            for index, answer in zip(some, found, strict=True):
                answers[index] = answer
        return [answer for answer in answers if answer is not None]

    def _batches(self, kinds: Sequence[tuple[int, bool]]) -> list[list[int]]:
        """Prompts of as many tokens each and as many masks, a few at a time."""
        most = AT_ONCE.get(self._device.type, MOST_AT_ONCE)
        batches: list[list[int]] = []
        for kind in sorted(set(kinds)):
            alike = [i for i, own in enumerate(kinds) if own == kind]
            few = max(1, min(most, MOST_TOKENS // (kind[0] + 6)))
            batches += [alike[i : i + few] for i in range(0, len(alike), few)]
        return batches

    def _decoded(
        self, features: Features, marks: Sequence[Marks], asked: Tensor, places: Tensor
    ) -> list[Answer]:
        decoder = self._network.mask_decoder
        wanted = slice(1, 4) if marks[0].several else slice(0, 1)
        image = features["image"].to(self._device, torch.float32)
        image = image + self._network.prompt_encoder.masks(marks)
        corrections: Sequence[Tensor | None] = [None] * len(marks)
        if isinstance(decoder, HqMaskDecoder):
            fine = features["fine"].to(self._device, torch.float32)
            masks, quality, found = decoder.with_fine(
                asked, image, places, fine, wanted
            )
            corrections = list(found)
        else:
            masks, quality = decoder(asked, image, places, wanted)
        rows = zip(masks, quality[:, wanted], corrections, strict=True)
        return [_answer(*row) for row in rows]


def _answer(masks: Tensor, quality: Tensor, correction: Tensor | None) -> Answer:
    logits = masks.float().cpu().numpy()
    expected = quality.float().cpu().numpy()
    if correction is not None:
        # The finer mask corrects the one that the network thinks best.
        best = int(np.argmax(expected))
        logits = logits.copy()
        logits[best] += correction.float().cpu().numpy()
    return Answer(np.ascontiguousarray(logits), expected)
