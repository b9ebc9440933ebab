"""The built-in prompted model: classical methods, no weights, no torch.

A click is answered in three steps: propose regions around it (``pool``), judge them by
what is measured along their edges and inside (``judge``), and settle the edge of the
best one on the pixels (``edges``). Later clicks change the mask so far by one region
each and leave everything else as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, granularities
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Point, Prompt
from seggui.models.prompted.changes import applied, probability
from seggui.models.prompted.corrections import (
    Choice,
    choose,
    choose_in_box,
    choose_on,
    covered,
    share_of_leaves,
)
from seggui.models.prompted.drawings import deepest
from seggui.models.prompted.honouring import checked, cut_to, honoured
from seggui.models.prompted.rows import info_of
from seggui.models.prompted.scenes import LOOKING, STEPS, Scenes

INFO = info_of("classic")
MOST_STEPS = 30
"""Clicks that each get a region; more are met with a dot each."""


class ClassicModel:
    """Segments from points and boxes with classical methods."""

    @property
    def info(self) -> ModelInfo:
        return INFO

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> Scenes:
        """Look at the whole image from afar; closer looks are taken when asked for."""
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
            raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
        scenes = Scenes(image_hwc, report)
        report(STEPS, STEPS, LOOKING)
        return scenes

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        """Return up to three candidates; each honours every click."""
        if not isinstance(encoding, Scenes):
            raise TypeError(f"an encoding of another model: {type(encoding).__name__}")
        prompt = checked(prompt, encoding.width, encoding.height, "The classic model")
        work = _work_through(encoding, prompt, report)
        if work.choice is None:
            mask = honoured(work.before, prompt)
            return (Candidate(mask, _agreement(encoding, mask, prompt)),)
        return _candidates(work.before, work.choice, prompt)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The last change that the prompt asks for, and the mask before it."""

    before: Mask
    choice: Choice | None


def _work_through(scenes: Scenes, prompt: Prompt, report: Report) -> _Work:
    """Follow the clicks that the mask so far contradicts, in their order."""
    mask, choice = prompt.previous or Mask.empty(scenes.height, scenes.width), None
    box = prompt.box
    if box is not None:
        mask = cut_to(mask, box)
        if mask.is_empty or not prompt.points:
            report(0, len(prompt.points) + 1, "looking into the box")
            mask = Mask.empty(scenes.height, scenes.width)
            choice = choose_in_box(scenes, box)
    before, steps = mask, 0
    for index, point in enumerate(prompt.points):
        now = mask if choice is None else applied(choice, choice.best, before)
        if now.contains(point.x, point.y) == point.positive:
            continue
        if steps == MOST_STEPS:
            break
        report(index, len(prompt.points), "following the clicks")
        steps += 1
        mask = before = now
        choice = choose(scenes, before, point, prompt.points, _limit(box, point))
    return _Work(before, choice)


def _limit(box: Box | None, point: Point) -> Box | None:
    """The box, unless the click itself lies outside it."""
    return box if box is not None and box.contains(point.x, point.y) else None


def _agreement(scenes: Scenes, mask: Mask, prompt: Prompt) -> float:
    """The IoU to expect of a mask that no mark contradicts, 0 to 1."""
    if mask.is_empty:
        return 0.0
    first = prompt.positives[0] if prompt.positives else deepest(mask)
    nothing = Mask.empty(scenes.height, scenes.width)
    choice = choose_on(scenes.whole, nothing, first, prompt.points, None)
    scene, members = choice.scene, choice.pool.members.astype(np.float32)
    inside = share_of_leaves(scene, covered(scene, mask)) * scene.leaves.sizes
    common = members @ inside
    union = members @ scene.leaves.sizes + inside.sum() - common
    return float(np.clip((common / union) @ choice.chances, 0.0, 1.0))


def _candidates(before: Mask, choice: Choice, prompt: Prompt) -> tuple[Candidate, ...]:
    which = [choice.best, *choice.others()]
    masks = [honoured(applied(choice, one, before), prompt) for one in which]
    kinds = granularities(masks)
    return tuple(
        Candidate(
            mask,
            float(np.clip(choice.expected[one], 0.0, 1.0)),
            kinds[index],
            None,
            probability(choice, mask) if index == 0 else None,
        )
        for index, (one, mask) in enumerate(zip(which, masks, strict=True))
    )
