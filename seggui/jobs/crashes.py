"""What made a process crash, so that it is not tried for ever."""

from __future__ import annotations

from collections import Counter

from seggui.jobs.messages import (
    Ask,
    AskEach,
    Encode,
    Everything,
    Failed,
    Predict,
    Propagate,
    Refine,
    Request,
)

MOST = 3


class Crashes:
    """Counts the crashes in a row on requests of one kind."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: Counter[object] = Counter()

    def add(self, request: Request) -> None:
        self._counts[_kind_of(request)] += 1

    def forgive(self, request: Request) -> None:
        """It was answered."""
        self._counts.pop(_kind_of(request), None)

    def clear(self) -> None:
        self._counts.clear()

    def refusal(self, request: Request) -> Failed | None:
        """The answer to what has crashed too often; None for anything else."""
        if self._counts[_kind_of(request)] < MOST:
            return None
        return Failed(
            request.ticket,
            f"The {self._name} ended {MOST} times in a row on this, so it is "
            "not tried again. Your work is untouched; use another model or recipe, "
            f"or restart the {self._name} to try once more.",
            reason="lost",
        )


def _kind_of(request: Request) -> object:
    """What two requests share that would crash a worker in the same way."""
    key = request.image.key
    match request:
        case Ask() | AskEach():
            return ("ask", key, request.model_id, request.recipe)
        case Everything():
            return ("everything", key, request.model_id)
        case Encode():
            return ("encode", key, request.model_id)
        case Predict():
            return ("predict", key, request.model, request.weights, request.recipe)
        case Refine():
            return ("refine", key, request.recipe)
        case Propagate():
            return ("propagate", key, request.model_id, request.weights)
