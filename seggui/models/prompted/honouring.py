"""What a model offers brought in line with the marks, whatever it thinks of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest


def checked(prompt: Prompt, width: int, height: int, who: str) -> Prompt:
    """The prompt cut to the image; raises ``BadRequest`` for what asks for nothing.

    ``who`` is a model that reads points and a box, as the beginning of a sentence.
    """
    prompt = prompt.checked(width, height)
    if not prompt.points and prompt.box is None:
        raise BadRequest(
            f"{who} does not read text. Click on the object or draw a box."
        )
    if prompt.previous is None and prompt.box is None and not prompt.positives:
        raise BadRequest(
            "There is nothing to take away from yet. Click on the object first."
        )
    return prompt


def limit_of(prompt: Prompt) -> Box | None:
    """The box, unless a click on the object lies outside it."""
    box = prompt.box
    if box is None or all(box.contains(p.x, p.y) for p in prompt.positives):
        return box
    return None


def cut_to(mask: Mask, box: Box) -> Mask:
    """The mask without what lies outside a box."""
    return Mask.from_window(mask.height, mask.width, box, mask.window(box))


def with_points(mask: Mask, points: Iterable[Point]) -> Mask:
    """Let each click have at least its own pixel; of clicks on one the last counts."""
    for point in points:
        if mask.contains(point.x, point.y) != point.positive:
            x, y = int(point.x), int(point.y)
            pixel = Box(x, y, x + 1, y + 1)
            mask = mask.with_window(pixel, np.array([[point.positive]]))
    return mask


def honoured(mask: Mask, prompt: Prompt) -> Mask:
    """Keep to the box, and let each click have its pixel."""
    box = limit_of(prompt)
    return with_points(mask if box is None else cut_to(mask, box), prompt.points)
