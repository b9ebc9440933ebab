"""Recipes: refinement steps in order, written as one line of text.

A recipe's text is its steps with commas between them; a step is its id and its
numbers with colons between them, ``crf:iterations=10:sxy=60,largest,fill:200``.
Numbers without a name count in the order of the step's table; what is not said is
the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Probability
from seggui.core.mask import Mask
from seggui.core.ports import Report, unwatched
from seggui.errors import BadRequest
from seggui.refine.steps import STEPS, Parameter, Step, step_named

__all__ = ["BUILT_IN", "STEPS", "Recipe", "RecipeStep", "parse"]

BUILT_IN: Mapping[str, str] = {
    "Clean up": "drop:50,fill:200",
    "One part without holes": "largest,fill:1000000000",
    "Smooth outline": "drop:20,fill:50,smooth:3",
    "Sharp edges (CRF)": "crf,drop:50,fill:100",
    "One mask for each part": "drop:20,split",
}
"""Recipes that are always there, by their names."""


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """A step of the table with all its numbers."""

    id: str
    values: Mapping[str, float] = field(default_factory=dict)
    """By parameter name; what is missing gets its default when the step is made."""

    def __post_init__(self) -> None:
        step = self.step
        for name, value in self.values.items():
            _check(step, _parameter(step, name), value)
        complete = {**step.defaults, **self.values}
        object.__setattr__(self, "values", MappingProxyType(complete))

    # MappingProxyType cannot be pickled; recipes travel between processes as dicts.
    def __reduce__(self) -> tuple[object, ...]:
        return (RecipeStep, (self.id, dict(self.values)))

    @property
    def step(self) -> Step:
        return step_named(self.id)

    def text(self) -> str:
        """The shortest text that reads back as this step."""
        step = self.step
        said = [
            f"{row.name}={row.text_of(self.values[row.name])}"
            for row in step.parameters
            if self.values[row.name] != row.default
        ]
        if len(step.parameters) == 1:
            only = step.parameters[0]
            said = [only.text_of(self.values[only.name])] if said else []
        return ":".join((self.id, *said))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Steps in the order they run."""

    steps: tuple[RecipeStep, ...] = ()

    def text(self) -> str:
        """The recipe as one line; ``parse`` reads it back."""
        return ",".join(step.text() for step in self.steps)

    @property
    def needs_image(self) -> bool:
        return any(step.step.needs_image for step in self.steps)

    @property
    def splits(self) -> bool:
        """Whether several masks may come out of one."""
        return any(step.step.splits for step in self.steps)

    def apply(
        self, mask: Mask, image_hwc: NDArray[np.uint8], report: Report = unwatched
    ) -> tuple[Mask, ...]:
        """Run the steps over a mask of an RGB image, axes (y, x, 3).

        Returns what is left of it: several masks after a split, none when no pixel
        remains, and the very same mask when nothing changed.
        """
        return self._run(mask, image_hwc, None, report)

    def apply_candidate(
        self,
        candidate: Candidate,
        image_hwc: NDArray[np.uint8],
        report: Report = unwatched,
    ) -> tuple[Candidate, ...]:
        """Run the steps over a candidate; score, class and granularity stay.

        A CRF that comes first starts from the probabilities. Later steps, and a CRF
        behind another step, only see the mask.
        """
        masks = self._run(candidate.mask, image_hwc, candidate.probability, report)
        if masks and masks[0] is candidate.mask:
            return (candidate,)
        return tuple(replace(candidate, mask=mask) for mask in masks)

    def _run(
        self,
        mask: Mask,
        image_hwc: NDArray[np.uint8],
        probability: Probability | None,
        report: Report,
    ) -> tuple[Mask, ...]:
        # The table of functions loads OpenCV and SciPy, which nobody needs who only
        # reads or writes recipes.
        from seggui.refine.running import run_steps

        steps = [(row.step, row.values) for row in self.steps]
        return run_steps(steps, mask, image_hwc, probability, report)


def parse(text: str) -> Recipe:
    """Read a recipe; raises ``BadRequest`` naming the step and what it allows."""
    parts = [part.strip() for part in text.split(",")]
    if parts == [""]:
        return Recipe()
    if "" in parts:
        raise BadRequest(
            f"The recipe '{text}' has a comma with no step beside it. "
            f"The steps are {', '.join(step.id for step in STEPS)}."
        )
    return Recipe(tuple(_parse_step(part) for part in parts))


def _parse_step(text: str) -> RecipeStep:
    step_id, *numbers = (part.strip() for part in text.split(":"))
    step = step_named(step_id)
    values: dict[str, float] = {}
    for place, number in enumerate(numbers):
        name, equals, value = (part.strip() for part in number.partition("="))
        if equals:
            row = _parameter(step, name)
        else:
            row, value = _parameter_at(step, place, values), name
        if row.name in values:
            raise BadRequest(f"The step '{step.id}' is given '{row.name}' twice.")
        values[row.name] = _number(step, row, value)
    return RecipeStep(step.id, values)


def _parameter_at(step: Step, place: int, values: Mapping[str, float]) -> Parameter:
    if place != len(values) or place >= len(step.parameters):
        raise BadRequest(f"The step '{step.id}' has too many numbers. {_takes(step)}")
    row = step.parameters[place]
    before = [other.name for other in step.parameters[:place]]
    if list(values) != before:
        raise BadRequest(
            f"In the step '{step.id}' a number without a name follows one with a "
            f"name; write {row.name}= before it."
        )
    return row


def _parameter(step: Step, name: str) -> Parameter:
    row = step.index.get(name)
    if row is None:
        raise BadRequest(f"The step '{step.id}' has no '{name}'. {_takes(step)}")
    return row


def _takes(step: Step) -> str:
    if not step.parameters:
        return "It takes no numbers."
    rows = (f"{row.name} ({row.range_text})" for row in step.parameters)
    return f"It takes {', '.join(rows)}."


def _number(step: Step, row: Parameter, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _not_allowed(step, row, text) from None
    return value


def _check(step: Step, row: Parameter, value: float) -> None:
    fits = math.isfinite(value) and row.smallest <= value <= row.largest
    if not fits or (row.whole and not float(value).is_integer()):
        raise _not_allowed(step, row, f"{value:g}")


def _not_allowed(step: Step, row: Parameter, text: str) -> BadRequest:
    return BadRequest(
        f"In the step '{step.id}', {row.name} must be {row.range_text}, not '{text}'."
    )
