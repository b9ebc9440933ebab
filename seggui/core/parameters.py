"""What a person can set of a model or a tool, as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seggui.errors import BadRequest

Value = bool | int | float | str
Settings = tuple[tuple[str, Value], ...]
"""Names and values that differ from the defaults."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing to set.

    The type of ``default`` is the type of the value: a truth value, a whole number, a
    number or, with ``choices``, one of some words.
    """

    name: str
    title: str
    default: Value
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()
    """Pairs of value and title."""
    unit: str = ""
    hint: str = ""

    def checked(self, value: Value) -> Value:
        """Return ``value`` in the parameter's own type; raises ``BadRequest``."""
        if self.choices:
            return self._checked_choice(value)
        if isinstance(self.default, bool):
            return self._checked_truth(value)
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if not self.low <= number <= self.high:
            raise BadRequest(
                f"'{self.name}' is a number from {self.low:g} to {self.high:g}, "
                f"not '{value}'."
            )
        if isinstance(self.default, int):
            if number != int(number):
                raise BadRequest(f"'{self.name}' is a whole number, not '{value}'.")
            return int(number)
        return number

    def _checked_choice(self, value: Value) -> str:
        words = [word for word, _ in self.choices]
        if value not in words:
            raise BadRequest(
                f"'{self.name}' is one of {', '.join(words)}, not '{value}'."
            )
        return str(value)

    def _checked_truth(self, value: Value) -> bool:
        if isinstance(value, bool):
            return value
        words = {"yes": True, "true": True, "1": True}
        words |= {"no": False, "false": False, "0": False}
        known = words.get(str(value).lower())
        if known is None:
            raise BadRequest(f"'{self.name}' is yes or no, not '{value}'.")
        return known


def values_of(
    parameters: Iterable[Parameter], settings: Settings
) -> Mapping[str, Value]:
    """The value of every parameter by name: what is set, else the default.

    Raises ``BadRequest`` for a name that is no parameter, or a value out of range.
    """
    rows = {row.name: row for row in parameters}
    values: dict[str, Value] = {name: row.default for name, row in rows.items()}
    for name, value in settings:
        if name not in rows:
            known = ", ".join(rows) or "none"
            raise BadRequest(
                f"There is nothing called '{name}' to set here. There are: {known}."
            )
        values[name] = rows[name].checked(value)
    return values
