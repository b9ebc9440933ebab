"""What the user asks of a prompted model about one object."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from seggui.core.candidate import Logits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import Settings
from seggui.errors import BadRequest

MOST_POINTS = 1000
MOST_LINE_POINTS = 100_000
MOST_LINES = 1000
MOST_EXEMPLARS = 1000
MOST_TEXT = 1000
MOST_TOLD_POINTS = 1000
"""Corners of lines that the provenance of a segment keeps: files must not swell."""

Part = Literal["points", "box", "scribbles", "rough", "text", "exemplars"]
"""What a prompt may be made of; a model says which of them it reads."""


@dataclass(frozen=True, slots=True)
class Point:
    """A click at image coordinates; ``positive`` clicks lie on the object."""

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Scribble:
    """A line drawn by hand; ``positive`` lines lie on the object."""

    points_xy: tuple[tuple[float, float], ...]
    """The corners of the line in image pixels, in the order they were drawn."""
    width_px: float = 3.0
    positive: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Marks of all kinds, all about one object.

    ``points`` are in the order they were made. ``previous`` is the mask to correct:
    of the last candidate, or of the selected segment, whatever made it.
    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    text: str = ""
    previous: Mask | None = None
    scribbles: tuple[Scribble, ...] = ()
    rough: Mask | None = None
    """Roughly where the object is: a lasso around it, or broad strokes over it."""
    exemplars: tuple[Box, ...] = ()
    """Boxes around objects of the wanted kind: more like these."""
    logits: Logits | None = None
    """What the model knew of ``previous``, if the model made it."""
    settings: Settings = ()
    """Values of the model's own parameters that differ from the defaults."""
    preview: str = ""
    """For a preview, the granularity of the one candidate that is shown: a model may
    leave out the others, and all but the best where it offers none of that kind."""

    @property
    def empty(self) -> bool:
        return not self.parts

    @property
    def parts(self) -> frozenset[Part]:
        """The kinds of marks that there are."""
        there: dict[Part, bool] = {
            "points": bool(self.points),
            "box": self.box is not None,
            "scribbles": bool(self.scribbles),
            "rough": self.rough is not None,
            "text": bool(self.text),
            "exemplars": bool(self.exemplars),
        }
        return frozenset(part for part, is_there in there.items() if is_there)

    @property
    def positives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if p.positive)

    @property
    def negatives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if not p.positive)

    @property
    def count(self) -> int:
        """How many marks there are."""
        ones = (self.box is not None, self.rough is not None, bool(self.text))
        many = (self.points, self.scribbles, self.exemplars)
        return sum(ones) + sum(len(marks) for marks in many)

    def adds_to(self, before: Prompt) -> bool:
        """Whether this is ``before`` with marks more, none of them moved or gone."""
        lists = (
            (self.points, before.points),
            (self.scribbles, before.scribbles),
            (self.exemplars, before.exemplars),
        )
        ones = (
            (self.box, before.box),
            (self.rough, before.rough),
            (self.text or None, before.text or None),
        )
        return (
            self.count > before.count
            and all(now[: len(then)] == then for now, then in lists)
            and all(then is None or now == then for now, then in ones)
        )

    def agrees_with(self, mask: Mask) -> bool:
        """Whether no point and no line asks for a change of the mask."""
        places = [(point.x, point.y, point.positive) for point in self.points]
        for line in self.scribbles:
            places += [(x, y, line.positive) for x, y in line.points_xy]
        return all(mask.contains(x, y) == positive for x, y, positive in places)

    def settled(self) -> Prompt:
        """Of several points on one pixel only the last: people change their mind."""
        places = [(math.floor(point.x), math.floor(point.y)) for point in self.points]
        last = {place: at for at, place in enumerate(places)}
        if len(last) == len(places):
            return self
        kept = sorted(last.values())
        return replace(self, points=tuple(self.points[at] for at in kept))

    def checked(self, width: int, height: int) -> Prompt:
        """Return the prompt with its boxes and lines cut to the image.

        A previous mask of no pixels is none: there is nothing of it to correct.
        Raises ``BadRequest`` for an empty prompt, a point outside the image, a box of
        no area or far too many points.
        """
        if self.empty:
            raise BadRequest("The prompt holds no point, box, line or text.")
        for count, most, what in (
            (len(self.points), MOST_POINTS, "points"),
            (len(self.exemplars), MOST_EXEMPLARS, "examples"),
            (len(self.scribbles), MOST_LINES, "scribbles"),
            (len(self.text), MOST_TEXT, "letters of text"),
        ):
            if count > most:
                raise BadRequest(
                    f"The prompt holds {count} {what}; {most} are the most."
                )
        for point in self.points:
            inside = 0 <= point.x < width and 0 <= point.y < height
            if not (math.isfinite(point.x) and math.isfinite(point.y) and inside):
                raise BadRequest(
                    f"The point ({point.x:g}, {point.y:g}) lies outside the image "
                    f"of {width} x {height} pixels."
                )
        for mask, what in ((self.previous, "previous mask"), (self.rough, "drawing")):
            if mask is not None and (mask.width, mask.height) != (width, height):
                raise BadRequest(f"The {what} has another size than the image.")
        if self.rough is not None and self.rough.is_empty:
            raise BadRequest("The drawing holds no pixel of the image.")
        blank = self.previous is not None and self.previous.is_empty
        return replace(
            self,
            previous=None if blank else self.previous,
            logits=None if blank else self.logits,
            box=None if self.box is None else _cut_box(self.box, width, height),
            exemplars=tuple(_cut_box(box, width, height) for box in self.exemplars),
            scribbles=_cut_lines(self.scribbles, width, height),
        )

    def as_json(self) -> Mapping[str, object]:
        """The prompt as plain values, for the provenance of a segment.

        Of very long lines it keeps corners at even steps, and both ends.
        """
        out: dict[str, object] = {}
        if self.points:
            out["points"] = [
                [round(p.x, 2), round(p.y, 2), int(p.positive)] for p in self.points
            ]
        if self.box is not None:
            out["box"] = _corners(self.box)
        if self.text:
            out["text"] = self.text
        if self.scribbles:
            of = sum(len(line.points_xy) for line in self.scribbles)
            out["scribbles"] = [
                {
                    "points": [[round(x, 1), round(y, 1)] for x, y in _told(line, of)],
                    "width": line.width_px,
                    "positive": line.positive,
                }
                for line in self.scribbles
            ]
        if self.rough is not None:
            out["rough"] = _corners(self.rough.bbox)
        if self.exemplars:
            out["exemplars"] = [_corners(box) for box in self.exemplars]
        if self.settings:
            out["settings"] = dict(self.settings)
        if self.previous is not None:
            out["previous"] = True
        return out


def _told(line: Scribble, of: int) -> tuple[tuple[float, float], ...]:
    """The corners of one of several lines of ``of`` corners that are kept."""
    corners = line.points_xy
    step = math.ceil(of / MOST_TOLD_POINTS)
    if step <= 1 or len(corners) <= 2:
        return corners
    return (*corners[:-1:step], corners[-1])


def _corners(box: Box) -> list[int]:
    return [box.x0, box.y0, box.x1, box.y1]


def _cut_box(box: Box, width: int, height: int) -> Box:
    cut = box.clipped(width, height)
    if cut.empty:
        raise BadRequest("The box has no area inside the image.")
    return cut


def _cut_lines(
    lines: tuple[Scribble, ...], width: int, height: int
) -> tuple[Scribble, ...]:
    """Keep of each line the corners that lie on the image, or nothing of it."""
    if sum(len(line.points_xy) for line in lines) > MOST_LINE_POINTS:
        raise BadRequest(
            "The scribbles are too long. Clear them and draw shorter ones."
        )
    cut = []
    for line in lines:
        if not all(math.isfinite(x) and math.isfinite(y) for x, y in line.points_xy):
            raise BadRequest("A scribble has corners that are no numbers.")
        if not (math.isfinite(line.width_px) and line.width_px > 0):
            raise BadRequest(f"A scribble cannot be {line.width_px:g} pixels wide.")
        inside = tuple(
            (x, y) for x, y in line.points_xy if 0 <= x < width and 0 <= y < height
        )
        if inside:
            cut.append(replace(line, points_xy=inside))
    if lines and not cut:
        raise BadRequest("The scribble lies outside the image.")
    return tuple(cut)
