"""Previews: what the model says of a click to come, or of a line while it is drawn."""

from __future__ import annotations

import statistics
from collections import deque

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from seggui.core.candidate import Candidate
from seggui.core.parameters import Settings
from seggui.core.prompt import Point, Prompt
from seggui.gui.engine_link import EngineLink
from seggui.jobs.messages import Candidates, Failed

REST_MS = 120
"""How long the cursor rests before the model is asked what is under it."""
QUICK_S = 0.1
"""A model that answers in less than this is asked without being told to."""
_ANSWERS = 5


class Hovering(QObject):
    """One preview at a time; it is never accepted."""

    changed = Signal()

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._ticket = 0
        self._next: tuple[str, str, Prompt] | None = None
        self._newer: tuple[str, str, Prompt] | None = None
        """A longer line, to be asked about when the answer to this one is there."""
        self._took_s: dict[str, deque[float]] = {}
        self.candidates: tuple[Candidate, ...] = ()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)
        link.candidates_ready.connect(self._receive)
        link.failed.connect(self._fail)

    def note(self, model_id: str, elapsed_s: float) -> None:
        """Remember how long the model took for an answer."""
        took = self._took_s.setdefault(model_id, deque(maxlen=_ANSWERS))
        took.append(elapsed_s)

    def is_quick(self, model_id: str) -> bool:
        """Whether the model's last answers came fast enough for a preview.

        The first answer on an image may hold its encoding; the median passes over it.
        """
        took = self._took_s.get(model_id)
        return took is not None and statistics.median(took) < QUICK_S

    def rest_at(
        self, xy: tuple[float, float], key: str, model_id: str, settings: Settings
    ) -> None:
        """Preview a click at that image point, soon."""
        prompt = Prompt((Point(*xy),), settings=settings, preview="best")
        self._next, self._newer = (key, model_id, prompt), None
        self._rest.start()

    def follow(self, key: str, model_id: str, prompt: Prompt) -> None:
        """Preview marks that grow; each answer brings the question of the newest."""
        self._rest.stop()
        if self._ticket:
            self._newer = (key, model_id, prompt)
        else:
            self._next = (key, model_id, prompt)
            self._ask()

    def stop(self) -> None:
        """End the preview."""
        self.hold()
        self._show(())

    def hold(self) -> None:
        """Ask no more; what is shown stays until the preview ends."""
        self._rest.stop()
        self._next = self._newer = None
        if self._ticket:
            self._link.cancel(self._ticket)
            self._ticket = 0

    def _ask(self) -> None:
        if self._next is not None:
            self._ticket = self._link.ask(*self._next)

    @Slot(object)
    def _receive(self, reply: Candidates) -> None:
        if reply.ticket == self._ticket and self._next is not None:
            self._ticket = 0
            self.note(self._next[1], reply.elapsed_s)
            self._show(reply.candidates)
            if self._newer is not None:
                self._next, self._newer = self._newer, None
                self._ask()

    @Slot(object)
    def _fail(self, reply: Failed) -> None:
        if reply.ticket == self._ticket:
            # A preview that cannot be had is no news; a click would say why.
            self._ticket, self._newer = 0, None

    def _show(self, candidates: tuple[Candidate, ...]) -> None:
        if candidates != self.candidates:
            self.candidates = candidates
            self.changed.emit()
