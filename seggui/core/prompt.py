"""What the user asks of a prompted model about one object."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import BadRequest

MOST_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """A click at image coordinates; ``positive`` clicks lie on the object."""

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Points, a box, text and a previous mask, all about one object.

    ``points`` are in the order they were made. ``previous`` is the mask to correct:
    of the last candidate, or of the selected segment, whatever made it.
    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    text: str = ""
    previous: Mask | None = None

    @property
    def empty(self) -> bool:
        return not self.points and self.box is None and not self.text

    @property
    def positives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if p.positive)

    @property
    def negatives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if not p.positive)

    def checked(self, width: int, height: int) -> Prompt:
        """Return the prompt with its box cut to the image.

        Raises ``BadRequest`` for an empty prompt, a point outside the image, a box
        of no area or far too many points.
        """
        if self.empty:
            raise BadRequest("The prompt holds no point, box or text.")
        if len(self.points) > MOST_POINTS:
            raise BadRequest(
                f"The prompt holds {len(self.points)} points; "
                f"{MOST_POINTS} are the most."
            )
        for point in self.points:
            inside = 0 <= point.x < width and 0 <= point.y < height
            if not (math.isfinite(point.x) and math.isfinite(point.y) and inside):
                raise BadRequest(
                    f"The point ({point.x:g}, {point.y:g}) lies outside the image "
                    f"of {width} x {height} pixels."
                )
        box = self.box
        if box is not None:
            box = box.clipped(width, height)
            if box.empty:
                raise BadRequest("The box has no area inside the image.")
        previous = self.previous
        if previous is not None and (previous.width, previous.height) != (
            width,
            height,
        ):
            raise BadRequest("The previous mask has another size than the image.")
        return Prompt(self.points, box, self.text, previous)

    def as_json(self) -> Mapping[str, object]:
        """The prompt as plain values, for the provenance of a segment."""
        out: dict[str, object] = {}
        if self.points:
            out["points"] = [
                [round(p.x, 2), round(p.y, 2), int(p.positive)] for p in self.points
            ]
        if self.box is not None:
            out["box"] = [self.box.x0, self.box.y0, self.box.x1, self.box.y1]
        if self.text:
            out["text"] = self.text
        if self.previous is not None:
            out["previous"] = True
        return out
