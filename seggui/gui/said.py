"""What was said to a prompted model about an object, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass

from seggui.core.candidate import Candidate
from seggui.core.prompt import Prompt


@dataclass(slots=True, eq=False)
class Turn:
    """What was said once, and what came back: one step of undo."""

    prompts: tuple[Prompt, ...]
    """The marks as they are shown."""
    asked: tuple[Prompt, ...]
    """With the mask to correct."""
    model_id: str
    carried: tuple[Candidate, ...] = ()
    """Answers to the first of several prompts, from the turn before."""
    candidates: tuple[Candidate, ...] = ()
    answered: bool = False
    index: int = 0
    """Which of the candidates was shown last."""


class Said:
    """The turns of one conversation; those that were taken back can be said again."""

    def __init__(self) -> None:
        self._said: list[Turn] = []
        self._undone: list[Turn] = []

    @property
    def newest(self) -> Turn | None:
        return self._said[-1] if self._said else None

    @property
    def can_say_again(self) -> bool:
        return bool(self._undone)

    def say(self, turn: Turn) -> None:
        self._said.append(turn)
        self._undone = []

    def take_back(self) -> Turn | None:
        """Take the newest back and return the one before it; the first one stays."""
        if len(self._said) < 2:
            return None
        self._undone.append(self._said.pop())
        return self._said[-1]

    def say_again(self) -> Turn:
        """Return the turn that was taken back last; it is the newest again."""
        self._said.append(self._undone.pop())
        return self._said[-1]


def place_of(granularity: str, candidates: tuple[Candidate, ...]) -> int:
    """Where the first of that kind is; the first of all where there is none."""
    kinds = [candidate.granularity for candidate in candidates]
    return kinds.index(granularity) if granularity in kinds else 0
