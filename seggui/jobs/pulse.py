"""Whether a process that owes answers still shows signs of life."""

from __future__ import annotations

import time
from collections.abc import Callable

ASK_S, SILENT_S = 4.0, 10.0


class Pulse:
    """Asks a silent process whether it is there, and tells when it does not answer.

    A worker answers on a thread of its own, however busy it is; one that is stopped,
    or swapped out, or stuck in C code that lets no thread run, does not.
    """

    def __init__(
        self,
        ask: Callable[[], None],
        tell: Callable[[bool], None],
        silent_s: float = SILENT_S,
    ) -> None:
        """``tell`` is called with True when it falls silent, False when it is back."""
        self._ask = ask
        self._tell = tell
        self._silent_s = silent_s
        self._ask_s = min(ASK_S, silent_s / 2)
        self._heard_s: float | None = None
        """When it was last heard while it owed an answer; None while it owes none."""
        self._asked = False
        self._silent = False

    def heard(self) -> None:
        """It said something."""
        self._heard_s = time.monotonic()
        self._asked = False
        if self._silent:
            self._silent = False
            self._tell(False)

    def check(self, *, owes: bool) -> float | None:
        """Ask or tell when it is time; returns when to check again, in seconds."""
        if not owes:
            self._heard_s, self._asked = None, False
            return None
        now_s = time.monotonic()
        if self._heard_s is None:
            self._heard_s = now_s
        passed_s = now_s - self._heard_s
        if passed_s >= self._ask_s and not self._asked:
            self._asked = True
            self._ask()
        if passed_s >= self._silent_s and not self._silent:
            self._silent = True
            self._tell(True)
        if self._silent:
            return None
        return (self._silent_s if self._asked else self._ask_s) - passed_s
