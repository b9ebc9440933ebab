"""Asking a prompted model in the marks that it reads.

A person may draw what a model was never made for: a scribble for a model of points, a
lasso for a model of boxes. Such marks are turned into ones that it reads and that mean
the same; text and examples cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.ports import DecodesMany, ModelInfo, PromptedModel, Report
from seggui.core.prompt import Part, Point, Prompt, Scribble
from seggui.errors import BadRequest
from seggui.models.prompted.drawings import (
    box_around,
    kept_within,
    limit_around,
    points_inside,
)
from seggui.models.prompted.rows import PROMPTED

MOST_LINE_POINTS = 8
"""Points that stand for one scribble; more of them slow a model and say no more."""
_WORDS: dict[Part, str] = {
    "points": "points",
    "box": "boxes",
    "scribbles": "scribbles",
    "rough": "rough drawings",
    "text": "text",
    "exemplars": "examples",
}


def answer(
    model: PromptedModel, encoding: object, prompt: Prompt, report: Report
) -> tuple[Candidate, ...]:
    """Ask in the marks that the model reads; raises ``BadRequest`` if none say it."""
    found = model.decode(encoding, readable(prompt, model.info), report)
    return _kept(prompt, model.info, found)


def answer_each(
    model: PromptedModel, encoding: object, prompts: Sequence[Prompt], report: Report
) -> tuple[tuple[Candidate, ...], ...]:
    """Ask about several objects; for each prompt its candidates, in their order.

    Raises ``BadRequest`` for a prompt that makes no sense, before any is answered.
    """
    asked = [readable(prompt, model.info) for prompt in prompts]
    if isinstance(model, DecodesMany):
        found = model.decode_many(encoding, asked, report)
        pairs = zip(prompts, found, strict=True)
        return tuple(_kept(prompt, model.info, each) for prompt, each in pairs)
    answers = []
    for place, prompt in enumerate(asked):

        def within(_done: int, _total: int, _what: str, place: int = place) -> None:
            report(place, len(asked), f"Object {place + 1} of {len(asked)}")

        within(0, 0, "")
        here = model.decode(encoding, prompt, within)
        answers.append(_kept(prompts[place], model.info, here))
    return tuple(answers)


def readable(prompt: Prompt, info: ModelInfo) -> Prompt:
    """The prompt in the marks that a model reads.

    Raises ``BadRequest`` for marks that have no likeness among those.
    """
    if "scribbles" in prompt.parts - info.reads and "points" in info.reads:
        lines = [_points_along(line) for line in prompt.scribbles]
        points = tuple(point for line in lines for point in line)
        prompt = replace(prompt, points=prompt.points + points, scribbles=())
    if "points" in prompt.parts - info.reads and "scribbles" in info.reads:
        dots = tuple(Scribble(((p.x, p.y),), 3.0, p.positive) for p in prompt.points)
        prompt = replace(prompt, points=(), scribbles=prompt.scribbles + dots)
    if "rough" in prompt.parts - info.reads:
        prompt = _drawing_as_marks(prompt, info)
    left = prompt.parts - info.reads
    if left:
        unread = " and ".join(sorted(_WORDS[part] for part in left))
        read = ", ".join(sorted(_WORDS[part] for part in info.reads))
        able = [row.info.title for row in PROMPTED if left <= row.info.reads]
        raise BadRequest(
            f"{info.title} does not read {unread}; it reads {read}."
            + (f" {' and '.join(able)} can." if able else "")
        )
    return prompt


def _points_along(line: Scribble) -> tuple[Point, ...]:
    """A few points, evenly spaced along the line."""
    corners = np.array(line.points_xy, dtype=np.float64).reshape(-1, 2)
    steps = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    spacing = max(3.0 * line.width_px, 12.0)
    count = int(np.clip(along[-1] // spacing + 1, 1, MOST_LINE_POINTS))
    # In the middle of equal parts: the very ends of a line slip off the object most.
    places = (np.arange(count) + 0.5) / count * along[-1]
    xs, ys = (np.interp(places, along, corners[:, axis]) for axis in (0, 1))
    return tuple(
        Point(float(x), float(y), line.positive) for x, y in zip(xs, ys, strict=True)
    )


def _drawing_as_marks(prompt: Prompt, info: ModelInfo) -> Prompt:
    """A drawing as the box a little around it and points well inside it."""
    rough = prompt.rough
    assert rough is not None
    box, points = prompt.box, prompt.points
    if box is None and "box" in info.reads:
        box = box_around(rough)
    if not prompt.positives and "points" in info.reads:
        points = (*points_inside(rough), *points)
    return replace(prompt, rough=None, box=box, points=points)


def _kept(
    prompt: Prompt, info: ModelInfo, candidates: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    """What a drawing says that the model did not read: the object lies within it.

    A mark on the object outside the drawing says that the drawing is wrong.
    """
    if prompt.rough is None or "rough" in info.reads:
        return candidates
    limit = limit_around(prompt.rough)
    marks = [(point.x, point.y) for point in prompt.positives]
    for line in prompt.scribbles:
        marks += line.points_xy if line.positive else ()
    if all(limit.contains(x, y) for x, y in marks):
        return tuple(kept_within(candidate, limit) for candidate in candidates)
    return candidates
