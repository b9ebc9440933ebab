"""Asking a prompted model in the marks that it reads.

A person may draw what a model was never made for: a scribble for a model of points, a
lasso for a model of boxes. Such marks are turned into ones that it reads and that mean
the same; text and examples cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.ports import DecodesMany, ModelInfo, PromptedModel, Report
from seggui.core.prompt import Part, Point, Prompt, Scribble
from seggui.errors import BadRequest

MOST_LINE_POINTS = 8
"""Points that stand for one scribble; more of them slow a model and say no more."""
_INSIDE_SIDE = 512
"""Pixels along the longer side at which the middle of a drawing is looked for."""
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
    return model.decode(encoding, readable(prompt, model.info), report)


def answer_each(
    model: PromptedModel, encoding: object, prompts: Sequence[Prompt], report: Report
) -> tuple[tuple[Candidate, ...], ...]:
    """Ask about several objects; for each prompt its candidates, in their order.

    Raises ``BadRequest`` for a prompt that makes no sense, before any is answered.
    """
    asked = [readable(prompt, model.info) for prompt in prompts]
    if isinstance(model, DecodesMany):
        return model.decode_many(encoding, asked, report)
    answers = []
    for place, prompt in enumerate(asked):

        def within(_done: int, _total: int, _what: str, place: int = place) -> None:
            report(place, len(asked), f"Object {place + 1} of {len(asked)}")

        within(0, 0, "")
        answers.append(model.decode(encoding, prompt, within))
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
        raise BadRequest(f"{info.title} does not read {unread}; it reads {read}.")
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
    """A drawing as the mask to correct, the box around it and a point inside it."""
    rough = prompt.rough
    assert rough is not None
    previous = prompt.previous if prompt.previous is not None else rough
    box, points = prompt.box, prompt.points
    if box is None and "box" in info.reads:
        box = rough.bbox
    if not prompt.positives and "points" in info.reads:
        points = (deepest(rough), *points)
    return replace(prompt, rough=None, previous=previous, box=box, points=points)


def deepest(mask: Mask) -> Point:
    """The point of a mask that is farthest from its edge."""
    box = mask.bbox
    pixels = mask.window(box).astype(np.uint8)
    scale = min(1.0, _INSIDE_SIDE / max(pixels.shape))
    size = [max(1, round(side * scale)) for side in (box.width, box.height)]
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    if not small.any():
        row, column = np.argwhere(pixels)[0]
        return Point(box.x0 + float(column) + 0.5, box.y0 + float(row) + 0.5)
    depths = cv2.distanceTransform(np.pad(small, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depths)), depths.shape)
    x = box.x0 + (float(column) + 0.5) * box.width / size[0]
    y = box.y0 + (float(row) + 0.5) * box.height / size[1]
    return Point(x, y)
