"""Clicking through the whole model as a person does, and what its network is shown.

Which windows are looked at, what stands in them of the mask so far, where the next
click falls: all that follows from the model itself. To learn from the very states that
use brings forth is what Ross, Gordon and Bagnell, "A Reduction of Imitation Learning
and Structured Prediction to No-Regret Online Learning" (2011) call for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.metrics.clicks import next_click
from seggui.metrics.masks import iou
from seggui.models.prompted.clicknet.channels import NAMES, Bytes
from seggui.models.prompted.clicknet.crops import scale_of
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.looking import HABITS, Habits, Sight
from seggui.models.prompted.clicknet.model import ClickNetModel
from seggui.models.prompted.pool import Floats, Scene
from seggui.training.clicks.follow import ENOUGH, Quality, quality
from seggui.training.clicks.play import (
    Random,
    Sample,
    beyond,
    most_covered,
    near_middle,
    padded,
    scaled,
)
from seggui.training.clicks.scenes import Bools, ClickScene

SO_FAR = NAMES.index("mask so far")
CLICKS = 6
"""Clicks on an object at most when a network is measured."""


class Watched(Sight):
    """An image whose windows that are looked at are noted."""

    def __init__(self, scene: ClickScene, habits: Habits = HABITS) -> None:
        super().__init__(scene.image_hwc, habits=habits)
        self.objects = tuple(Mask.from_dense(mask) for mask in scene.objects)
        self.looked: list[Box] = []

    def on(self, box: Box) -> Scene:
        self.looked.append(box)
        return super().on(box)


@dataclass(frozen=True, slots=True, eq=False)
class Click:
    """One click of a game: what came of it, and the looks that it took."""

    iou: float
    states: tuple[Sample, ...]


class Clicker:
    """A network in the model that people use, with a note of what it is shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._model = ClickNetModel(engine=self._noted)
        self._shown: list[Bytes] = []

    def _noted(self, bytes_chw: Bytes) -> tuple[Floats, float]:
        self._shown.append(bytes_chw)
        return self._engine(bytes_chw)

    def game(
        self, sight: Watched, which: int, clicks: int, draw: Random | None = None
    ) -> Iterator[Click]:
        """Click on an object; with ``draw`` not always in the very middle of errors."""
        truth = sight.objects[which].dense()
        points: tuple[Point, ...] = ()
        before = truth & False
        last: Candidate | None = None
        while len(points) < clicks and not (before == truth).all():
            point = next_click(truth, before, points)
            if draw is not None:
                point = near_middle(truth, before, point, draw)
            points = (*points, point)
            self._shown.clear()
            sight.looked.clear()
            prompt = Prompt(points)
            if last is not None:
                prompt = Prompt(points, previous=last.mask, logits=last.logits)
            last = self._model.decode(sight, prompt, unwatched)[0]
            score = iou(truth, before)
            # Of a line that is followed, only the first window is a first look.
            first = not before.any()
            states = tuple(
                Sample(
                    bytes_chw,
                    _cut(truth, box),
                    len(points),
                    score,
                    beyond(truth, box)
                    if first and not bytes_chw[SO_FAR].any()
                    else 0.0,
                )
                for box, bytes_chw in zip(sight.looked, self._shown, strict=True)
            )
            before = last.mask.dense()
            yield Click(iou(truth, before), states)


def _cut(truth_hw: Bools, box: Box) -> Bytes:
    """What of the truth lies in a window, at the scale at which it is looked at."""
    scale = scale_of(box)
    to = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    part = truth_hw[box.slices].astype(np.uint8) * np.uint8(255)
    return padded(most_covered(scaled(part, to)))


def measured(
    engine: Engine, sights: Sequence[Watched], habits: Habits = HABITS
) -> Quality:
    """Click on all objects of some images until they are found."""
    clicker, runs = Clicker(engine), []
    for sight in sights:
        sight.habits = habits
        for which in range(len(sight.objects)):
            ious: list[float] = []
            for click in clicker.game(sight, which, CLICKS):
                ious.append(click.iou)
                if click.iou >= ENOUGH:
                    break
            runs.append(ious)
    return quality(runs, CLICKS)
