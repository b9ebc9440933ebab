"""A prompted model around any network of the SAM family.

The whole image is encoded once. Where the object turns out to be small, a part of the
image around it is encoded too and asked again, and its answer stands in the full image.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Logits, granularities
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import values_of
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Prompt
from seggui.errors import BadRequest, SegguiError
from seggui.models.devices import out_of_memory
from seggui.models.prompted.honouring import honoured
from seggui.models.prompted.sam.backbone import Backbone
from seggui.models.prompted.sam.corrected import kept_elsewhere
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.frame import frame_of, square_of
from seggui.models.prompted.sam.looks import Encoding, Look, closer_box, cut_short
from seggui.models.prompted.sam.marking import (
    marked_extent,
    marks_of,
    own_logits,
)

Result = TypeVar("Result")
MOST_LOOKS = 2
"""Times that one prompt may make the network look closer."""
AT_ONCE = 16
"""Prompts between two reports of how far it is."""

_LOG = logging.getLogger(__name__)


class SamModel:
    """Points and boxes to masks with a network of the SAM family."""

    def __init__(self, info: ModelInfo, backbone: Backbone) -> None:
        self._info = info
        self._backbone = backbone

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def digest(self) -> str:
        return self._backbone.digest

    # -- encoding -------------------------------------------------------------

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> Encoding:
        """Look at the whole image; closer looks are taken when asked for."""
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
            raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
        whole = Box(0, 0, image_hwc.shape[1], image_hwc.shape[0])
        look = self._look(image_hwc, whole, report)
        report(1, 1, "Encoding the image")
        return Encoding(image_hwc, look)

    def pack(self, encoding: object) -> Mapping[str, NDArray[Any]]:
        """The look at the whole image; closer ones are not kept."""
        features = self._checked(encoding).whole.features
        return {
            name: value.to("cpu", torch.float16).numpy()
            for name, value in features.items()
        }

    def unpack(
        self, arrays: Mapping[str, NDArray[Any]], image_hwc: NDArray[np.uint8]
    ) -> Encoding:
        """The encoding again; raises ``ValueError`` for arrays that are none."""
        shapes = self._backbone.shapes
        if {name: value.shape for name, value in arrays.items()} != dict(shapes):
            raise ValueError(f"no encoding of {self._info.title}")
        features = {
            name: torch.from_numpy(np.array(value, dtype=np.float16))
            for name, value in arrays.items()
        }
        if not all(bool(torch.isfinite(value).all()) for value in features.values()):
            raise ValueError("an encoding with numbers that are none")
        backbone = self._backbone
        whole = Box(0, 0, image_hwc.shape[1], image_hwc.shape[0])
        frame = frame_of(whole, backbone.side, backbone.fit)
        return Encoding(image_hwc, Look(frame, features))

    def _look(self, image_hwc: NDArray[np.uint8], box: Box, report: Report) -> Look:
        backbone = self._backbone
        report(0, 1, "Encoding the image")
        frame = frame_of(box, backbone.side, backbone.fit)
        square = square_of(
            image_hwc, frame, backbone.fit, backbone.mean, backbone.deviation
        )
        features = self._computed(lambda: backbone.encode(square), report)
        return Look(frame, features)

    def _closer(self, encoding: Encoding, box: Box, report: Report) -> Look:
        look = encoding.closer.get(box)
        if look is None:
            look = self._look(encoding.image_hwc, box, report)
        encoding.remember(look)
        return look

    # -- decoding -------------------------------------------------------------

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        """Return candidates, the best first; each honours every click."""
        return self.decode_many(encoding, (prompt,), report)[0]

    def decode_many(
        self, encoding: object, prompts: Sequence[Prompt], report: Report
    ) -> tuple[tuple[Candidate, ...], ...]:
        """Return for each prompt its candidates; the network sees several at once."""
        known = self._checked(encoding)
        asked = [self._sensible(prompt, known) for prompt in prompts]
        answers: list[tuple[Candidate, ...]] = []
        for start in range(0, len(asked), AT_ONCE):
            report(start, len(asked), "Asking the network")
            some = asked[start : start + AT_ONCE]
            found = self._asked(known.whole, some, report)
            for prompt, findings in zip(some, found, strict=True):
                if self._zooms(prompt):
                    findings = self._zoomed(known, prompt, findings, report)
                answers.append(self._candidates(known, prompt, findings))
        return tuple(answers)

    def _checked(self, encoding: object) -> Encoding:
        if not isinstance(encoding, Encoding):
            raise TypeError(f"an encoding of another model: {type(encoding).__name__}")
        return encoding

    def _sensible(self, prompt: Prompt, encoding: Encoding) -> Prompt:
        prompt = prompt.checked(encoding.width, encoding.height)
        if not prompt.points and prompt.box is None:
            raise BadRequest(
                f"{self._info.title} reads points and boxes. Click on the object or "
                "draw a box."
            )
        if prompt.previous is None and prompt.box is None and not prompt.positives:
            raise BadRequest(
                "There is nothing to take away from yet. Click on the object first."
            )
        return prompt

    def _zooms(self, prompt: Prompt) -> bool:
        return bool(values_of(self._info.parameters, prompt.settings).get("zoom", True))

    def _asked(
        self, look: Look, prompts: Sequence[Prompt], report: Report
    ) -> list[list[Finding]]:
        backbone, frame = self._backbone, look.frame
        marks = [
            marks_of(prompt, frame, backbone.mask_side, self._info.id)
            for prompt in prompts
        ]
        answers = self._computed(lambda: backbone.decode(look.features, marks), report)
        found = []
        for answer in answers:
            if not (np.isfinite(answer.logits_nhw).all()):
                raise SegguiError(
                    f"{self._info.title} answered with numbers that are none, so its "
                    "weights are damaged or the image is beyond it. Your work is "
                    "untouched. Download the weights again or use another model."
                )
            rows = zip(answer.logits_nhw, answer.quality, strict=True)
            found.append([Finding(frame, one, float(q)) for one, q in rows])
        return found

    def _zoomed(
        self,
        encoding: Encoding,
        prompt: Prompt,
        findings: list[Finding],
        report: Report,
    ) -> list[Finding]:
        """Ask again on a closer look while the object is small in the one so far."""
        height, width = encoding.height, encoding.width
        last: Box | None = None
        for _ in range(MOST_LOOKS):
            extent = _extent(prompt, findings)
            if extent.empty:
                break
            box = closer_box(extent, width, height, self._backbone.side)
            if box is None or (last is not None and box.width >= last.width):
                break
            report(0, 1, "Looking closer")
            look = self._closer(encoding, box, report)
            closer = self._asked(look, (prompt,), report)[0]
            whole = [f for f in closer if not _cut_short(f, prompt, width, height)]
            if not whole:
                break
            # What is larger than the closer look is still worth offering.
            larger = [f for f in findings if _cut_short(f, prompt, width, height, box)]
            findings = (whole + larger)[: self._info.candidates]
            last = box
        return findings

    def _candidates(
        self, encoding: Encoding, prompt: Prompt, findings: list[Finding]
    ) -> tuple[Candidate, ...]:
        made = [self._candidate(encoding, prompt, finding) for finding in findings]
        made.sort(key=lambda candidate: -candidate.score)
        kinds = granularities([candidate.mask for candidate in made])
        return tuple(
            replace(candidate, granularity=kind)
            for candidate, kind in zip(made, kinds, strict=True)
        )

    def _candidate(
        self, encoding: Encoding, prompt: Prompt, finding: Finding
    ) -> Candidate:
        positives = prompt.positives
        inside = prompt.box
        if inside is not None and not all(inside.contains(p.x, p.y) for p in positives):
            inside = None
        drawing = drawn(finding, inside, encoding.image_hwc)
        mask = Mask.from_window(
            encoding.height, encoding.width, drawing.box, drawing.pixels_hw
        )
        logits: Logits | None = Logits(
            finding.frame.cover, finding.logits_hw.astype(np.float16), self._info.id
        )
        probability = drawing.probability
        foreign = prompt.previous is not None and prompt.box is None
        if foreign and own_logits(prompt, self._info.id) is None:
            assert prompt.previous is not None
            mask = kept_elsewhere(mask, prompt.previous, prompt.points)
            # Both would describe another mask than this one.
            logits = probability = None
        return Candidate(
            honoured(mask, prompt),
            float(np.clip(np.nan_to_num(finding.quality), 0.0, 1.0)),
            probability=probability,
            logits=logits,
            stability=finding.stability(),
        )

    # -- where it computes ----------------------------------------------------

    def _computed(self, work: Callable[[], Result], report: Report) -> Result:
        """Do it; on the processor when the device has not enough memory."""
        try:
            return work()
        except (RuntimeError, MemoryError) as error:
            if self._backbone.device.type == "cpu" or not out_of_memory(error):
                raise
        # Outside the except block: the traceback would hold what is to be freed.
        name = self._backbone.device.type
        self._backbone.move(torch.device("cpu"))
        if name == "cuda":
            torch.cuda.empty_cache()
        told = (
            f"Not enough memory on the graphics card: {self._info.title} goes on on "
            "the processor, more slowly"
        )
        _LOG.info(told)
        report(0, 1, told)
        return work()


def _extent(prompt: Prompt, findings: list[Finding]) -> Box:
    """How large the object is, by the marks or by the best answer so far."""
    marked = marked_extent(prompt)
    if marked is not None:
        return marked
    best = max(findings, key=lambda finding: finding.quality)
    return _part_of(best, prompt)


def _part_of(finding: Finding, prompt: Prompt) -> Box:
    first = prompt.positives[0] if prompt.positives else None
    if first is None:
        return finding.extent(None, None)
    return finding.extent(first.x, first.y)


def _cut_short(
    finding: Finding, prompt: Prompt, width: int, height: int, look: Box | None = None
) -> bool:
    """Whether an answer goes on where a look ends."""
    part = _part_of(finding, prompt)
    return cut_short(part, look or finding.frame.box, width, height)
