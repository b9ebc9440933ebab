"""Carrying masks from image to image with the memory of SAM 2.1, EdgeTAM and SAM 3.

Ravi et al., "SAM 2: Segment Anything in Images and Videos" (2024), section 4 and
appendix D; Zhou et al., "EdgeTAM" (2025), whose memory is a few latents for each image;
Carion et al., "SAM 3" (2025), whose tracker is that of SAM 2 behind another encoder.
Images that a person gave masks for are remembered beside the last few, and each object
is followed on its own. Direction is nothing but the order of calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from seggui.core.candidate import Followed
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.errors import BadRequest
from seggui.models.devices import choose
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.frame import Frame, frame_of, square_of
from seggui.models.prompted.sam.sam2 import Sam2Heads, Seen, tokens_of
from seggui.models.prompted.sam.sam2_networks import open_network

MOST_TOLD: Final = 4
"""Images with given masks that are remembered for an object: the first, and the last.
The release keeps all of them, and grows with each."""

_NOWHERE: Final = -1024.0
"""The logit of every pixel of an object that is not there."""
_SCALE: Final = 20.0
_OFFSET: Final = -10.0
"""A mask of 0 and 1 as logits, and as what the memory takes in."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What is remembered of an object on one image."""

    step: int
    pointer: Tensor
    """The object in a vector, axes (1, channel)."""
    plane: Tensor | None
    """Where it is, axes (cell, 1, channel); forgotten sooner than the pointer."""
    places: Tensor | None
    """The positions of the cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One object so far."""

    told: tuple[Moment, ...] = ()
    """Where a person said that it is."""
    found: tuple[Moment, ...] = ()
    """Where the model found it, the oldest first."""

    def with_told(self, moment: Moment) -> Trace:
        told = (*self.told, moment)
        if len(told) > MOST_TOLD:
            told = (told[0], *told[-(MOST_TOLD - 1) :])
        return replace(self, told=told)

    def with_found(self, moment: Moment, planes: int, pointers: int) -> Trace:
        """Remember it, and forget what no later image looks back to."""
        first_plane, first_pointer = moment.step - planes, moment.step - pointers
        kept = (m for m in self.found if m.step > first_pointer)
        lighter = (
            m if m.step > first_plane else replace(m, plane=None, places=None)
            for m in kept
        )
        return replace(self, found=(*lighter, moment))


@dataclass(slots=True, eq=False)
class Memory:
    """One pass over images."""

    step: int = 0
    size: tuple[int, int] | None = None
    """Height and width of the images."""
    traces: dict[str, Trace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A mask on the square, before it is remembered."""

    logits: Tensor
    """Axes (1, 1, y, x), over the square."""
    pointer: Tensor
    there: bool
    sure: float = 1.0
    """Of the mask, or of the absence."""


def open_memory(info: ModelInfo, path: Path) -> MemoryModel:
    """Open a released file or a folder of Hugging Face; raises as for prompts.

    Raises ``BadRequest`` for a network that was made for single images.
    """
    opened = open_network(info, path)
    if not opened.remembers:
        raise BadRequest(
            f"{path} holds {info.title} for single images, without the memory that "
            "carries masks on. Use the folder of its video model."
        )
    return MemoryModel(info, Sam2Heads(opened.network, choose()))


class MemoryModel:
    """Follows objects with a memory network."""

    def __init__(self, info: ModelInfo, heads: Sam2Heads) -> None:
        self._info = info
        self._heads = heads
        self._network: Any = heads.network
        self._side = heads.side
        # Masks are taken in with 16 pixels to a cell; the cells of SAM 3 have 14.
        self._taken = 16 * heads.grid
        config: Any = self._network.config
        self._planes = config.num_maskmem - 1
        self._pointers = config.max_object_pointers_in_encoder - 1

    @property
    def info(self) -> ModelInfo:
        return self._info

    def begin(self) -> Memory:
        return Memory()

    @torch.inference_mode()
    def follow(
        self,
        memory: object,
        image_hwc: NDArray[np.uint8],
        known: Mapping[str, Mask],
        report: Report,
    ) -> Mapping[str, Followed]:
        """Take the next image and carry objects onto it; see ``PropagatingModel``."""
        past = _checked(memory, image_hwc, known)
        height, width = image_hwc.shape[:2]
        carried = [name for name in past.traces if name not in known]
        total = 1 + len(known) + len(carried)
        report(0, total, "Looking at the image")
        frame = frame_of(Box(0, 0, width, height), self._side, "stretched")
        heads = self._heads
        square = square_of(image_hwc, frame, "stretched", heads.mean, heads.deviation)
        seen = heads.see(square)
        traces: dict[str, Trace] = {}
        for done, (name, mask) in enumerate(known.items(), start=1):
            report(done, total, "Remembering objects")
            moment = self._remembered(past.step, seen, self._told(seen, mask))
            traces[name] = past.traces.get(name, Trace()).with_told(moment)
        found: dict[str, Followed] = {}
        for done, name in enumerate(carried, start=1 + len(known)):
            report(done, total, "Following objects")
            trace = past.traces[name]
            best, logits_hw = self._found(seen, trace, past.step)
            found[name] = _followed(best, logits_hw, frame, image_hwc)
            moment = self._remembered(past.step, seen, best)
            traces[name] = trace.with_found(moment, self._planes, self._pointers)
        report(total, total, "Following objects")
        # From here on nothing can fail: the memory changes whole or not at all.
        past.traces.update(traces)
        past.step += 1
        past.size = (height, width)
        return found

    # -- masks ----------------------------------------------------------------

    def _told(self, seen: Seen, mask: Mask) -> _Drawn:
        """A given mask stands as it is; the decoder only makes the pointer."""
        pixels = torch.from_numpy(mask.dense().astype(np.float32))[None, None]
        on = _resized(pixels, self._taken)
        most = float(on.max())
        # Of an object thinner than a pixel of the square the most covered remain.
        if self._heads.sharp:
            on = (on >= min(0.5, most or 0.5)).float()
        elif 0 < most < 0.5:
            on = on / most
        on = on.to(self._heads.device)
        sparse, dense = self._prompts(self._network.mask_downsample(on))
        maps = (seen.fine, seen.middle, tokens_of(seen.coarse))
        _, _, tokens, chance = self._heads.masks(maps, sparse, dense, several=False)
        there = not mask.is_empty
        pointer = self._pointer(tokens[:, 0], there and float(chance) > 0)
        return _Drawn(on * _SCALE + _OFFSET, pointer, there)

    def _found(
        self, seen: Seen, trace: Trace, step: int
    ) -> tuple[_Drawn, NDArray[np.float32]]:
        """Look for an object with what is remembered of it; logits on the grid too."""
        sparse, dense = self._prompts(None)
        maps = (seen.fine, seen.middle, self._reminded(seen, trace, step))
        masks, quality, tokens, chance = self._heads.masks(
            maps, sparse, dense, several=True
        )
        best = int(quality[0].argmax())
        logits = masks[:, best].float()
        there = float(chance) > 0
        sure = float(quality[0, best])
        if not there:
            logits = torch.full_like(logits, _NOWHERE)
            sure = float(torch.sigmoid(-chance))
        on_square = functional.interpolate(
            logits[None], size=(self._side, self._side), mode="bilinear"
        )
        pointer = self._pointer(tokens[:, best], there)
        drawing = _Drawn(on_square, pointer, there, min(max(sure, 0.0), 1.0))
        return drawing, logits[0].cpu().numpy()

    def _prompts(self, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """A point that is none, and a mask if there is one."""
        device = self._heads.device
        points = torch.zeros(1, 1, 1, 2, device=device)
        labels = -torch.ones(1, 1, 1, dtype=torch.int32, device=device)
        sparse, dense = self._network.prompt_encoder(points, labels, None, mask)
        return sparse[:, 0], tokens_of(dense)

    # -- memory ---------------------------------------------------------------

    def _pointer(self, token: Tensor, there: bool) -> Tensor:
        pointer: Tensor = self._network.no_object_pointer
        if there:
            pointer = self._network.object_pointer_proj(token)
        return pointer.float()

    def _remembered(self, step: int, seen: Seen, drawn_mask: _Drawn) -> Moment:
        network = self._network
        shares = torch.sigmoid(drawn_mask.logits) * _SCALE + _OFFSET
        with self._heads.computing():
            shares = _resized(shares, self._taken)
            plane, places = network.memory_encoder(seen.coarse, shares)
            absent = network.occlusion_spatial_embedding_parameter
            if absent is not None and not drawn_mask.there:
                plane = plane + absent[..., None, None]
            if hasattr(network, "spatial_perceiver"):
                plane, places = network.spatial_perceiver(plane, places)
                plane = plane.transpose(0, 1)
                places = places.reshape(1, -1, places.shape[-1]).transpose(0, 1)
            else:
                plane = plane.flatten(2).permute(2, 0, 1)
                places = places.flatten(2).permute(2, 0, 1)
        kept = torch.bfloat16 if self._heads.half else torch.float32
        return Moment(step, drawn_mask.pointer, plane.to(kept), places.to(kept))

    def _reminded(self, seen: Seen, trace: Trace, step: int) -> Tensor:
        """The coarse map after it attended to what is remembered, as tokens."""
        network = self._network
        ages = [(0, m) for m in trace.told] + [(step - m.step, m) for m in trace.found]
        near = [(age, m) for age, m in ages if age <= self._planes]
        times = network.memory_temporal_positional_encoding
        planes, places = [], []
        for age, moment in near:
            if moment.plane is not None and moment.places is not None:
                planes.append(moment.plane.float())
                # Given masks are out of time: the last of the table is theirs.
                places.append(moment.places.float() + times[age - 1])
        count = len(planes)
        pointers, apart = self._pointers_of(trace, step)
        more = {}
        if hasattr(network, "spatial_perceiver"):
            more["num_spatial_memory_tokens"] = count
        with self._heads.computing():
            out = network.memory_attention(
                current_vision_features=seen.coarse.flatten(2).permute(2, 0, 1),
                current_vision_position_embeddings=seen.places.flatten(2).permute(
                    2, 0, 1
                ),
                memory=torch.cat([*planes, pointers]),
                memory_posision_embeddings=torch.cat([*places, apart]),
                num_object_pointer_tokens=len(pointers),
                **more,
            )
        coarse: Tensor = out.float().squeeze(1)
        return coarse

    def _pointers_of(self, trace: Trace, step: int) -> tuple[Tensor, Tensor]:
        """Pointers cut into tokens of the memory's width, and how long ago each is."""
        network = self._network
        moments = [*trace.told, *trace.found]
        pointers = torch.cat([m.pointer for m in moments])
        width = int(network.mem_dim)
        pieces = pointers.shape[1] // width
        tokens = pointers.reshape(len(moments) * pieces, 1, width)
        if not network.config.enable_temporal_pos_encoding_for_object_pointers:
            return tokens, torch.zeros_like(tokens)
        ages = [(step - m.step) / self._pointers for m in moments]
        waves = _waves(torch.tensor(ages, device=tokens.device), pointers.shape[1])
        apart = network.temporal_positional_encoding_projection_layer(waves)
        return tokens, apart.repeat_interleave(pieces, dim=0)[:, None]


def _followed(
    found: _Drawn,
    logits_hw: NDArray[np.float32],
    frame: Frame,
    image_hwc: NDArray[np.uint8],
) -> Followed:
    """The mask at the image's own size."""
    height, width = image_hwc.shape[:2]
    if not found.there:
        return Followed(Mask.empty(height, width), found.sure)
    drawing = drawn(Finding(frame, logits_hw, found.sure), None, image_hwc)
    mask = Mask.from_window(height, width, drawing.box, drawing.pixels_hw)
    return Followed(mask, found.sure)


def _resized(plane: Tensor, side: int) -> Tensor:
    """A plane of ``side`` pixels to a side, smoothed where it shrinks."""
    if plane.shape[-2:] == (side, side):
        return plane
    return functional.interpolate(
        plane, size=(side, side), mode="bilinear", antialias=True
    )


def _waves(places: Tensor, width: int) -> Tensor:
    """Places on a line as sines and cosines (Vaswani et al., 2017)."""
    half = width // 2
    turns = torch.arange(half, dtype=torch.float32, device=places.device) // 2
    slower = torch.exp(turns * (2 / half) * -math.log(10_000.0))
    angles = places[:, None] * slower
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _checked(
    memory: object, image_hwc: NDArray[np.uint8], known: Mapping[str, Mask]
) -> Memory:
    if not isinstance(memory, Memory):
        raise TypeError(f"a memory of another model: {type(memory).__name__}")
    if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
        raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
    height, width = image_hwc.shape[:2]
    if memory.size not in (None, (height, width)):
        raise BadRequest(
            f"An image of {width} x {height} pixels does not follow on images of "
            "another size. Carry the masks on within images of one size."
        )
    for mask in known.values():
        if (mask.height, mask.width) != (height, width):
            raise BadRequest("A mask to carry on has another size than its image.")
    return memory
