"""The click network as a prompted model; its weights come with the program."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Logits, Probability, granularities
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Point, Prompt
from seggui.files.resources import resource_path
from seggui.models.prompted.changes import applied
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.channels import Asked, Bytes
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.following import close_look, followed
from seggui.models.prompted.clicknet.looking import (
    HABITS,
    Answer,
    Habits,
    Seen,
    Sight,
    closer,
    focused,
    fresh_window,
    look,
)
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.models.prompted.clicknet.painting import painted
from seggui.models.prompted.clicknet.pieces import untouched, without_crumbs
from seggui.models.prompted.corrections import CLEARLY
from seggui.models.prompted.honouring import (
    checked,
    cut_to,
    honoured,
    limit_of,
    with_points,
)
from seggui.models.prompted.pool import Bools, Floats
from seggui.models.prompted.rows import info_of
from seggui.models.prompted.scenes import LOOKING, STEPS

WEIGHTS = ("models", "clicknet.safetensors")
INFO = info_of("clicknet")
MOST_STEPS = 12
"""Clicks that each get a look of their own; of more, the rest share one."""
GOES_ON = (
    "This line is long and was followed for a part of its way. "
    "Click on it where it goes on."
)


class ClickNetModel:
    """Segments from points and boxes with a small network."""

    def __init__(
        self,
        network: ClickNet | None = None,
        info: ModelInfo = INFO,
        habits: Habits = HABITS,
        engine: Answer | None = None,
    ) -> None:
        """Answer with a network; by default with the one that comes with the program.

        An ``engine`` answers in its place; ``habits`` are those of the objects that
        it was taught on. Raises ``Unreadable`` for weights that are damaged or not
        finite.
        """
        self._info, self._habits = info, habits
        self._engine = engine or Engine(
            network or weights.read(resource_path(*WEIGHTS))
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> Sight:
        """Look at the whole image from afar; windows are looked at when asked for."""
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
            raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
        sight = Sight(image_hwc, report, self._habits)
        report(STEPS, STEPS, LOOKING)
        return sight

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        """Return up to three candidates; each honours every click."""
        if not isinstance(encoding, Sight):
            raise TypeError(f"an encoding of another model: {type(encoding).__name__}")
        prompt = checked(prompt, encoding.width, encoding.height, "The click network")
        work = self._work_through(encoding, prompt, report)
        if work.seen is None:
            return (self._agreed(encoding, work, prompt),)
        return _candidates(work, prompt)

    def _work_through(self, sight: Sight, prompt: Prompt, report: Report) -> Work:
        """Follow the clicks that the mask so far contradicts, in their order."""
        mask, box = prompt.previous or Mask.empty(sight.height, sight.width), prompt.box
        if box is not None:
            mask = cut_to(mask, box)
        known = prompt.logits
        if known is not None and known.model_id != self._info.id:
            known = None
        work = Work(mask, mask, known)
        if box is not None and (mask.is_empty or not prompt.points):
            report(0, len(prompt.points) + 1, "looking into the box")
            nothing = Mask.empty(sight.height, sight.width)
            work = self._looked(sight, Asked(nothing, (), box), None, report)
        for clicks in _turns(prompt.points):
            if _all_honoured(work.mask, clicks):
                continue
            report(len(clicks), len(prompt.points) + 1, "following the clicks")
            asked = Asked(work.mask, clicks, box)
            work = self._looked(sight, asked, work.known, report)
        return work

    def _agreed(self, sight: Sight, work: Work, prompt: Prompt) -> Candidate:
        """The mask that no mark contradicts, and how good the network thinks it is."""
        asked = Asked(work.mask, prompt.points, prompt.box)
        quality = focused(sight, asked, self._engine).quality
        mask = honoured(work.mask, prompt)
        return Candidate(mask, float(np.clip(quality, 0.0, 1.0)), logits=work.known)

    def _looked(
        self, sight: Sight, asked: Asked, known: Logits | None, report: Report
    ) -> Work:
        if sight.habits.line_width and asked.points and asked.box is None:
            return self._followed(sight, asked, report)
        seen = focused(sight, asked, self._engine)
        window = fresh_window(sight, asked, seen) if known is not None else None
        if window is not None:
            return self._afresh(sight, asked, window)
        return self._drawn(sight, asked, without_crumbs(seen, asked), known)

    def _followed(self, sight: Sight, asked: Asked, report: Report) -> Work:
        def answer(bytes_chw: Bytes) -> tuple[Floats, float]:
            # A long line takes seconds, and whoever clicks again does not wait.
            report(0, 0, "following the line")
            return self._engine(bytes_chw)

        first = close_look(sight, asked, sight.habits.line_width, answer)
        pieces = followed(sight, asked, first, answer)
        values = pieces.box, pieces.values(pieces.box)
        mask = with_points(pieces.mask, asked.points)
        note = GOES_ON if pieces.goes_on else ""
        return Work(mask, asked.mask, None, first, values, note)

    def _afresh(self, sight: Sight, asked: Asked, window: Box) -> Work:
        """Forget the answer so far and follow all clicks in a window."""
        mask = Mask.empty(sight.height, sight.width)
        positives = [point for point in asked.points if point.positive]
        negatives = [point for point in asked.points if not point.positive]
        clicks = tuple(positives + negatives)
        work = Work(mask, mask, None)
        for turn in _turns(clicks):
            if _all_honoured(work.mask, turn):
                continue
            now = Asked(work.mask, turn)
            seen = without_crumbs(look(sight, now, window, self._engine), now)
            work = self._drawn(sight, now, seen, work.known)
        return work

    def _drawn(
        self, sight: Sight, asked: Asked, seen: Seen, known: Logits | None
    ) -> Work:
        close = closer(sight, asked, seen, self._engine)
        box, values = painted(sight.scenes.image_hwc, seen, close)
        new = np.zeros((seen.box.height, seen.box.width), dtype=bool)
        part = box.moved(-seen.box.x0, -seen.box.y0)
        new[part.slices] = values > 0.5
        others = untouched(seen, asked, known)
        stays = _enlarged(others, seen.box)
        if stays is not None:
            new[stays] = asked.mask.window(seen.box)[stays]
            within = stays[part.slices]
            values[within] = new[part.slices][within]
        mask = with_points(asked.mask.with_window(seen.box, new), asked.points)
        return Work(
            mask, asked.mask, _said(seen, others, self._info.id), seen, (box, values)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A mask and how it came about."""

    mask: Mask
    before: Mask
    known: Logits | None
    """What the network said; not of pieces that it was not to touch."""
    seen: Seen | None = None
    values: tuple[Box, Floats] | None = None
    """How likely the pixels of a part of the image are; the rest is not."""
    note: str = ""


def _said(seen: Seen, others_hw: Bools, model_id: str) -> Logits:
    likely = np.clip(np.where(others_hw, 0.0, seen.likely_hw), 1e-4, 1.0 - 1e-4)
    odds = np.log(likely / (1.0 - likely))
    return Logits(seen.box, odds.astype(np.float16), model_id)


def _enlarged(part_hw: Bools, box: Box) -> Bools | None:
    """Some pixels of a scene as pixels of its window; None when there are none."""
    if not part_hw.any():
        return None
    size = (box.width, box.height)
    large = cv2.resize(part_hw.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large > 0)


def _turns(points: tuple[Point, ...]) -> list[tuple[Point, ...]]:
    """The points up to each of the first, then all of them at once."""
    steps = list(range(1, min(len(points), MOST_STEPS) + 1))
    if len(points) > MOST_STEPS:
        steps.append(len(points))
    return [points[:step] for step in steps]


def _all_honoured(mask: Mask, clicks: tuple[Point, ...]) -> bool:
    """Whether the newest click asks for nothing new."""
    newest = clicks[-1]
    return mask.contains(newest.x, newest.y) == newest.positive


def _candidates(work: Work, prompt: Prompt) -> tuple[Candidate, ...]:
    assert work.seen is not None
    best = honoured(work.mask, prompt)
    score = float(np.clip(work.seen.quality, 0.0, 1.0))
    found = [(best, score), *_others(work, prompt)]
    kinds = granularities([mask for mask, _ in found])
    return tuple(
        Candidate(
            mask,
            min(value, score),
            kinds[index],
            None,
            _probability(work, mask, limit_of(prompt)) if index == 0 else None,
            work.known if index == 0 else None,
            note=work.note if index == 0 else "",
        )
        for index, (mask, value) in enumerate(found)
    )


def _others(work: Work, prompt: Prompt) -> list[tuple[Mask, float]]:
    """Clearly smaller and larger meanings of a first click, as classic sees them."""
    if work.seen is None or not work.before.is_empty:
        return []
    choice = work.seen.choice
    ours = float(np.count_nonzero(work.seen.mask_hw))
    area = choice.pool.members @ choice.scene.leaves.sizes
    out = []
    for fits in (area < ours / CLEARLY, area > ours * CLEARLY):
        if fits.any():
            which = int(np.argmax(np.where(fits, choice.scores, -np.inf)))
            mask = honoured(applied(choice, which, work.before), prompt)
            out.append((mask, float(np.clip(choice.expected[which], 0.0, 1.0))))
    return sorted(out, key=lambda one: -one[1])


def _probability(work: Work, mask: Mask, limit: Box | None) -> Probability:
    """For the threshold and the uncertainty; elsewhere the mask is as sure as it is."""
    assert work.values is not None
    part, values = work.values
    box = part.union(mask.bbox)
    out = mask.window(box).view(np.uint8) * np.uint8(255)
    if not part.empty:
        inner = part.moved(-box.x0, -box.y0)
        out[inner.slices] = np.round(values * 255.0).astype(np.uint8)
    if limit is None:
        return Probability(box, out)
    kept = box.intersection(limit)
    inside = kept.moved(-box.x0, -box.y0)
    return Probability(kept, np.ascontiguousarray(out[inside.slices]))
