"""SAM 2.1 and EdgeTAM on single images, as a backbone of the family.

Both have the same prompt encoder and mask decoder and differ in the encoder only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from seggui.core.ports import ModelInfo
from seggui.models.devices import Device, choose, half_precision
from seggui.models.prompted.sam.backbone import Answer, Features, Floats, Marks
from seggui.models.prompted.sam.frame import Fit
from seggui.models.prompted.sam.model import SamModel
from seggui.models.prompted.sam.sam2_decoder import second_decoder
from seggui.models.prompted.sam.sam2_networks import Opened, open_network

MEAN: Final = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION: Final = (0.229 * 255, 0.224 * 255, 0.225 * 255)

_MOST_LOGIT = 32.0
_AT_ONCE = 32
"""Prompts in one batch on an accelerator; on a processor one at a time is faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the encoder sees of a square, from fine to coarse."""

    fine: Tensor
    """A quarter of the square's side, in the cells of the coarse one: axes (1, cell,
    4, 4, channel)."""
    middle: Tensor
    """An eighth of the side, axes (1, cell, 4, channel)."""
    coarse: Tensor
    """A sixteenth of the side, axes (1, channel, y, x); says nothing of memory yet."""
    places: Tensor
    """The positions of the coarse cells, for the memory's attention."""


class Sam2Heads:
    """The encoder and the decoder of one network, called as images need them.

    It takes the network over, whose decoder becomes another.
    """

    mean: Sequence[float] = MEAN
    deviation: Sequence[float] = DEVIATION
    sharp = True
    """Whether each pixel of a given mask is of the object or not, and none in part."""

    def __init__(self, network: Any, device: Device, precision: str = "auto") -> None:  # noqa: ANN401 - of transformers
        self.network = network
        # In the network's place, so that a graphics card holds it once.
        self.decoder = network.mask_decoder = second_decoder(network.mask_decoder)
        self.precision = precision
        self.side = int(network.prompt_encoder.input_image_size)
        self.grid = int(network.prompt_encoder.image_embedding_size[0])
        """Cells along a side of the coarse map."""
        self.move(device)

    def move(self, device: Device) -> None:
        self.device = device.torch
        self.half = half_precision(device, self.precision)
        self.network.to(self.device)
        with torch.inference_mode():
            self._cells = tokens_of(self.network.get_image_wide_positional_embeddings())

    def computing(self) -> AbstractContextManager[None]:
        """Inside it the encoder computes in bfloat16 where that is faster."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    def see(self, square: Tensor) -> Seen:
        with self.computing():
            out = self.network.vision_encoder(square.to(self.device))
        return self.seen(out.fpn_hidden_states, out.fpn_position_encoding[-1])

    def seen(self, maps: Sequence[Tensor], places: Tensor) -> Seen:
        """Of three maps as the encoder gives them, from fine to coarse."""
        with self.computing():
            fine, middle = self.decoder.finer(maps[0], maps[1])
        return Seen(fine.float(), middle.float(), maps[2].float(), places.float())

    def masks(
        self,
        maps: tuple[Tensor, Tensor, Tensor],
        sparse: Tensor,
        dense: Tensor,
        *,
        several: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits, expected IoU, tokens and whether there is an object at all.

        ``maps`` are fine, middle and, as tokens, coarse; ``sparse`` has axes (batch,
        token, channel) and ``dense`` (batch or 1, cell or 1, channel). For the rest see
        ``SecondDecoder.answers``.
        """
        fine, middle, coarse = maps
        return self.decoder.answers(
            sparse, (fine, middle, coarse + dense), self._cells, several=several
        )


def tokens_of(plane: Tensor) -> Tensor:
    """A plane of axes (batch, channel, y, x) as (batch, cell, channel)."""
    return plane.flatten(2).transpose(1, 2)


class Sam2Backbone:
    """SAM 2.1 or EdgeTAM behind the prompts of an image."""

    fit: Fit = "stretched"

    def __init__(self, heads: Sam2Heads, numbers: str) -> None:
        self.heads = heads
        self.mean, self.deviation = heads.mean, heads.deviation
        self._numbers = numbers
        self.side = heads.side
        self.mask_side = 4 * heads.grid

    @property
    def digest(self) -> str:
        return f"{self._numbers}:{'bfloat16' if self.heads.half else 'float32'}:2"

    @property
    def device(self) -> torch.device:
        return self.heads.device

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        width: int = self.heads.network.hidden_dim
        cells = self.heads.grid**2
        return {
            "fine": (1, cells, 4, 4, width // 8),
            "middle": (1, cells, 4, width // 4),
            "coarse": (1, cells, width),
        }

    def move(self, device: torch.device) -> None:
        self.heads.move(Device(device.type, "asked for"))

    @torch.inference_mode()
    def encode(self, square: Tensor) -> Features:
        return self.maps(self.heads.see(square))

    def maps(self, seen: Seen) -> dict[str, Tensor]:
        """What the decoder reads of an image that follows on no other."""
        coarse = tokens_of(seen.coarse) + self.heads.network.no_memory_embedding
        return {
            "fine": seen.fine,
            "middle": seen.middle,
            "coarse": coarse.contiguous(),
        }

    @torch.inference_mode()
    def decode(self, features: Features, marks: Sequence[Marks]) -> Sequence[Answer]:
        names = ("fine", "middle", "coarse")
        maps = tuple(features[name].to(self.device, torch.float32) for name in names)
        answers: dict[int, Answer] = {}
        for places in alike(marks, 1 if self.device.type == "cpu" else _AT_ONCE):
            batch = [marks[place] for place in places]
            sparse, dense = prompted(self.heads.network, batch, self.device)
            masks, quality, _, _ = self.heads.masks(
                (maps[0], maps[1], maps[2]), sparse, dense, several=batch[0].several
            )
            answers |= zip(places, _answers(masks, quality), strict=True)
        return [answers[place] for place in range(len(marks))]


def alike(marks: Sequence[Marks], most: int) -> Iterator[list[int]]:
    """Places of prompts that can be answered in one batch: of the same parts."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, mark in enumerate(marks):
        parts = (
            len(mark.points_xy),
            mark.corners is None,
            mark.logits_hw is None,
            mark.several,
        )
        groups.setdefault(parts, []).append(place)
    for places in groups.values():
        for first in range(0, len(places), most):
            yield places[first : first + most]


def prompted(
    network: Any,  # noqa: ANN401 - of transformers
    batch: Sequence[Marks],
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Prompts of the same parts as the mask decoder reads them: sparse and dense."""
    first = batch[0]
    points = labels = boxes = masks = None
    if len(first.points_xy):
        points = _stacked([mark.points_xy for mark in batch], device)[:, None]
        labels = torch.from_numpy(np.stack([mark.positive for mark in batch]))
        labels = labels.to(device, torch.int32)[:, None]
    if first.corners is not None:
        corners = [np.array(mark.corners, dtype=np.float32) for mark in batch]
        boxes = _stacked(corners, device)[:, None]
    if first.logits_hw is not None:
        grids = [mark.logits_hw for mark in batch if mark.logits_hw is not None]
        masks = _stacked(grids, device)[:, None]
    if points is None and boxes is None:
        # A point that is none, as the release has it.
        points = torch.zeros(len(batch), 1, 1, 2, device=device)
        labels = -torch.ones(len(batch), 1, 1, dtype=torch.int32, device=device)
    # The network counts pixels and adds the half itself.
    sparse, dense = network.prompt_encoder(
        None if points is None else points - 0.5,
        labels,
        None if boxes is None else boxes - 0.5,
        masks,
    )
    # Without a mask it says the same of each cell.
    return sparse[:, 0], tokens_of(dense if masks is not None else dense[:1, :, :1, :1])


def _stacked(arrays: Sequence[Floats], device: torch.device) -> Tensor:
    stacked = np.stack([np.asarray(array, dtype=np.float32) for array in arrays])
    return torch.from_numpy(stacked).to(device)


def _answers(masks: Tensor, quality: Tensor) -> list[Answer]:
    logits = masks.clamp(-_MOST_LOGIT, _MOST_LOGIT).float().cpu().numpy()
    scores = quality.float().cpu().numpy()
    return [Answer(one, score) for one, score in zip(logits, scores, strict=True)]


def open_second(info: ModelInfo, weights: Path) -> SamModel:
    """Open SAM 2.1 or EdgeTAM for prompts on single images.

    Raises ``MissingWeights``, or ``Unreadable`` for a file of another model, a cut or
    a damaged one.
    """
    opened = open_network(info, weights)
    return SamModel(info, backbone_of(opened, choose()))


def backbone_of(
    opened: Opened, device: Device, precision: str = "auto"
) -> Sam2Backbone:
    """A network on a device; ``precision`` is auto, float32 or bfloat16."""
    return Sam2Backbone(Sam2Heads(opened.network, device, precision), opened.digest)
