"""What the training panel shows of a run; plain values made from its folder."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtGui import QImage


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the list."""

    name: str
    state: str
    """preparing, running, paused, stopped, finished, failed or lost."""
    model: str = ""
    score: str = ""
    registered: bool = False
    """Whether its model can be used to predict."""

    @property
    def going(self) -> bool:
        return self.state in ("preparing", "running", "paused")

    @property
    def resumable(self) -> bool:
        return self.state in ("stopped", "lost", "failed")


@dataclass(frozen=True, slots=True)
class Curves:
    """Numbers over the steps of a run; each is a pair of lists, steps and values."""

    loss: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    rate: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    scores: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    """By title: mIoU, Dice, mask AP; measured on the validation images."""


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A validation image: itself, the truth and the prediction side by side."""

    name: str
    picture: QImage


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything shown of one run."""

    row: RunRow
    progress: float = 0.0
    """0 to 1."""
    left_s: float | None = None
    line: str = ""
    """Where it stands, in words."""
    curves: Curves = field(default_factory=Curves)
    previews: tuple[Preview, ...] = ()
    problem: str = ""
    """Why it failed."""
    notes: tuple[str, ...] = ()
    """What the training has to say, in sentences."""
    gained: bool = True
    """False when nothing is better than what the training began with."""
