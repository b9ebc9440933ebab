"""SAM 3: points and boxes as SAM 2, and everything that words or examples mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seggui.core.candidate import Candidate, Logits
from seggui.core.mask import Mask
from seggui.core.parameters import values_of
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Prompt
from seggui.errors import BadRequest
from seggui.models.devices import Device, choose
from seggui.models.prompted.sam.backbone import Features
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.looks import Encoding, Look
from seggui.models.prompted.sam.model import SamModel
from seggui.models.prompted.sam.sam2 import Sam2Backbone
from seggui.models.prompted.sam.sam2_networks import Opened
from seggui.models.prompted.sam.sam3_networks import Concepts, Sam3Heads, open_network


def open_third(info: ModelInfo, weights: Path) -> Sam3Model:
    """Open SAM 3 for prompts on single images; raises as ``open_network``."""
    return model_of(info, open_network(info, weights), choose())


def model_of(
    info: ModelInfo, opened: Opened, device: Device, precision: str = "auto"
) -> Sam3Model:
    """A network on a device; ``precision`` is auto, float32 or bfloat16."""
    heads = Sam3Heads(opened.network, device, precision)
    concepts = Concepts(heads, opened.path, info.title)
    return Sam3Model(info, Sam3Backbone(heads, opened.digest), concepts)


class Sam3Backbone(Sam2Backbone):
    """The tracker behind points and boxes; what the encoder saw is kept for words."""

    def __init__(self, heads: Sam3Heads, numbers: str) -> None:
        super().__init__(heads, numbers)
        self._encoder = heads

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        grid = self._encoder.grid
        backbone = self._encoder.whole.detector_model.vision_encoder.backbone
        width = int(backbone.config.hidden_size)
        return {**super().shapes, "trunk": (1, width, grid, grid)}

    @torch.inference_mode()
    def encode(self, square: Tensor) -> Features:
        trunk = self._encoder.trunk(square)
        return {**self.maps(self._encoder.tracked(trunk)), "trunk": trunk}


class Sam3Model(SamModel):
    """Reads words and examples too; they bring every object that they mean."""

    def __init__(
        self, info: ModelInfo, backbone: Sam3Backbone, concepts: Concepts
    ) -> None:
        super().__init__(info, backbone)
        self._concepts = concepts

    def decode_many(
        self, encoding: object, prompts: Sequence[Prompt], report: Report
    ) -> tuple[tuple[Candidate, ...], ...]:
        """Return for each prompt its candidates.

        Raises ``BadRequest`` when there is nothing of what words or examples mean.
        """
        known = self._checked(encoding)
        plain = [p for p in prompts if not (p.text or p.exemplars)]
        answers = iter(super().decode_many(known, plain, report) if plain else ())
        return tuple(
            self._meant(known, prompt, report)
            if prompt.text or prompt.exemplars
            else next(answers)
            for prompt in prompts
        )

    def _meant(
        self, encoding: Encoding, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        prompt = prompt.checked(encoding.width, encoding.height)
        report(0, 1, "Looking for everything alike")
        look = encoding.whole
        boxes = self._shares(look, prompt)
        masks, sure = self._computed(
            lambda: self._concepts.find(look.features["trunk"], prompt.text, boxes),
            report,
        )
        limit = values_of(self._info.parameters, prompt.settings).get("sureness", 0.5)
        scores = sure.cpu().numpy()
        best = np.argsort(-scores, kind="stable")
        kept = [int(i) for i in best if scores[i] > float(limit)]
        found = [
            self._instance(look, encoding, prompt, masks[i], float(scores[i]))
            for i in kept
        ]
        chosen = [c for c in found if not c.mask.is_empty and _wanted(c.mask, prompt)]
        report(1, 1, "Looking for everything alike")
        if not chosen:
            what = f"'{prompt.text}'" if prompt.text else "anything like the examples"
            raise BadRequest(
                f"{self._info.title} does not see {what} here. Use another word, lower "
                "the sureness, or click on an object."
            )
        return tuple(chosen[: self._info.candidates])

    def _shares(self, look: Look, prompt: Prompt) -> list[list[float]]:
        """The examples as shares of the square's side."""
        shares = []
        for box in prompt.exemplars:
            ends = np.array([(box.x0, box.y0), (box.x1, box.y1)], dtype=np.float32)
            shares.append((look.frame.on_square(ends) / look.frame.side).ravel())
        return [share.tolist() for share in shares]

    def _instance(
        self,
        look: Look,
        encoding: Encoding,
        prompt: Prompt,
        logits_hw: Tensor,
        score: float,
    ) -> Candidate:
        finding = Finding(look.frame, logits_hw.cpu().numpy(), score)
        drawing = drawn(finding, None, encoding.image_hwc)
        return Candidate(
            Mask.from_window(
                encoding.height, encoding.width, drawing.box, drawing.pixels_hw
            ),
            min(max(score, 0.0), 1.0),
            class_name=prompt.text or None,
            probability=drawing.probability,
            logits=Logits(
                look.frame.cover, finding.logits_hw.astype(np.float16), self._info.id
            ),
            stability=finding.stability(),
        )


def _wanted(mask: Mask, prompt: Prompt) -> bool:
    """Whether points and a box beside the words choose this one of the objects."""
    box = prompt.box
    if box is not None and mask.bbox.intersection(box).area * 2 < mask.bbox.area:
        return False
    return all(
        mask.contains(int(point.x), int(point.y)) == point.positive
        for point in prompt.points
    )
