"""The conversation with a prompted model about one object.

Marks go out with a ticket; candidates that come back for the newest ticket are shown.
Nothing here touches the document: that is what accepting is for.
"""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.core.segment import Source
from seggui.errors import SegguiError
from seggui.gui.engine_link import EngineLink
from seggui.jobs.messages import Candidates, Failed

HOVER_MS = 120
"""How long the cursor rests before the model is asked what is under it."""


class Conversation(QObject):
    """The prompt, the candidates it brought, and which of them is shown."""

    prompt_changed = Signal()
    candidates_changed = Signal()
    waiting_changed = Signal()
    failed = Signal(str)

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._key = ""
        self._size = (0, 0)
        self._ticket = 0
        self._began_s = 0.0
        self._asked: Prompt | None = None
        """What was asked last, with the mask it corrects."""
        self._base: Mask | None = None
        self.hovered: Candidate | None = None
        """What a click under the resting cursor would bring; never accepted."""
        self._hover_xy: tuple[float, float] | None = None
        self._hover_ticket = 0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(HOVER_MS)
        self._rest.timeout.connect(self._ask_hovered)
        self.model_id = ""
        self.prompt = Prompt()
        self.candidates: tuple[Candidate, ...] = ()
        self.index = 0
        self.target = ""
        """Id of the segment that is being corrected; empty for a new one."""
        link.candidates_ready.connect(self._receive)
        link.failed.connect(self._fail)

    @property
    def candidate(self) -> Candidate | None:
        """The candidate that is shown."""
        return self.candidates[self.index] if self.candidates else None

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return self._ticket != 0

    def show_image(self, key: str, width: int, height: int) -> None:
        """Talk about another image from now on."""
        self.drop()
        self._key, self._size = key, (width, height)

    def ask(self, prompt: Prompt, target: str = "", base: Mask | None = None) -> None:
        """Show these marks and ask for candidates.

        ``target`` and ``base`` are the segment to correct and its mask; they count
        for the first marks of a conversation, later ones refine what came back.
        """
        if prompt.empty or not self._key:
            self.drop()
            return
        self.hover(None)
        if self.prompt.empty:
            self._began_s = time.monotonic()
            self.target = target
            self._base = base
        previous = self._mask_before(prompt)
        self.prompt = prompt
        self.prompt_changed.emit()
        try:
            checked = prompt.checked(*self._size)
        except SegguiError as error:
            self.failed.emit(str(error))
            return
        checked = replace(checked, previous=previous)
        self._asked = checked
        self._ticket = self._link.ask(self._key, self.model_id, checked)
        self.waiting_changed.emit()

    def _mask_before(self, prompt: Prompt) -> Mask | None:
        """The mask that these marks correct.

        A mark more goes on from the candidate that is shown, whichever of them that
        is; a mark moved or removed begins again from where the conversation began.
        """
        shown, points = self.candidate, self.prompt.points
        more = (
            len(prompt.points) > len(points) and prompt.points[: len(points)] == points
        )
        if shown is not None and not self.waiting and more and points:
            return shown.mask
        return self._base

    def hover(self, xy: tuple[float, float] | None) -> None:
        """Preview a click at that image point soon; None ends the preview."""
        if xy is not None and self.prompt.empty and self._key:
            self._hover_xy = xy
            self._rest.start()
            return
        self._rest.stop()
        self._hover_xy = None
        if self._hover_ticket:
            self._link.cancel(self._hover_ticket)
            self._hover_ticket = 0
        self._show_hovered(None)

    def _ask_hovered(self) -> None:
        if self._hover_xy is not None and self.prompt.empty:
            prompt = Prompt((Point(*self._hover_xy),))
            self._hover_ticket = self._link.ask(self._key, self.model_id, prompt)

    def _show_hovered(self, candidate: Candidate | None) -> None:
        if candidate is not self.hovered:
            self.hovered = candidate
            self.candidates_changed.emit()

    def drop(self) -> None:
        """End the conversation; the document stays as it is."""
        self.hover(None)
        if self._ticket:
            self._link.cancel(self._ticket)
        had = not self.prompt.empty or bool(self.candidates)
        self._ticket = 0
        self._asked = None
        self._base = None
        self.prompt, self.candidates = Prompt(), ()
        self.index, self.target = 0, ""
        if had:
            self.prompt_changed.emit()
            self.candidates_changed.emit()
            self.waiting_changed.emit()

    def cycle(self, step: int = 1) -> None:
        """Show the next of the candidates."""
        if len(self.candidates) > 1:
            self.show(self.index + step)

    def show(self, index: int) -> None:
        """Show that candidate; the numbers go round."""
        self.index = index % len(self.candidates)
        self.candidates_changed.emit()

    def source(self, tool: str) -> Source:
        """Where the shown candidate comes from, for the segment it becomes."""
        shown = self.candidate
        return Source(
            tool=tool,
            model=self.model_id,
            prompts=() if self._asked is None else (self._asked.as_json(),),
            seconds=round(time.monotonic() - self._began_s, 2),
            score=None if shown is None else round(float(shown.score), 4),
        )

    @Slot(object)
    def _receive(self, reply: Candidates) -> None:
        if reply.ticket == self._hover_ticket:
            self._hover_ticket = 0
            self._show_hovered(reply.candidates[0] if reply.candidates else None)
            return
        if reply.ticket != self._ticket:
            return
        self._ticket = 0
        shown = self.candidate.granularity if self.candidate else ""
        self.candidates = reply.candidates
        # Whoever chose a part keeps getting parts while correcting it.
        kinds = [candidate.granularity for candidate in reply.candidates]
        self.index = kinds.index(shown) if shown in kinds else 0
        self.candidates_changed.emit()
        self.waiting_changed.emit()

    @Slot(object)
    def _fail(self, reply: Failed) -> None:
        if reply.ticket == self._hover_ticket:
            # A preview that cannot be had is no news; a click would say why.
            self._hover_ticket = 0
        elif reply.ticket == self._ticket:
            self._ticket = 0
            self.waiting_changed.emit()
            self.failed.emit(reply.text)
