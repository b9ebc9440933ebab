"""The conversation with a prompted model about one object, or about several at once.

Marks go out with a ticket; candidates that come back for the newest ticket are shown.
Nothing here touches the document: that is what accepting is for.
"""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from seggui.core.candidate import LEVEL, Candidate, Logits, thresholded
from seggui.core.mask import Mask
from seggui.core.parameters import Settings
from seggui.core.prompt import Prompt
from seggui.core.segment import Source, told_model
from seggui.errors import SegguiError
from seggui.gui.engine_link import EngineLink
from seggui.gui.hovering import Hovering
from seggui.gui.said import Said, Turn, place_of
from seggui.jobs.messages import Answers, Candidates, Failed


class Conversation(QObject):
    """The marks, the candidates they brought, and which of them is shown."""

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
        self._turns = Said()
        self._base: Mask | None = None
        self._drawing = False
        self._level_mask: tuple[Candidate, float, Candidate] | None = None
        self.hovering = Hovering(link, self)
        self.hovering.changed.connect(self.candidates_changed)
        self.model_id = ""
        """Who is asked next."""
        self.settings: Settings = ()
        """What was set of that model."""
        self.candidates: tuple[Candidate, ...] = ()
        self.index = 0
        self.level = LEVEL
        """From which probability on a pixel belongs to the object."""
        self.target = ""
        """Id of the segment that is being corrected; empty for a new one."""
        link.candidates_ready.connect(self._receive)
        link.answers_ready.connect(self._receive_each)
        link.failed.connect(self._fail)

    # -- what is said and shown -------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether there are marks."""
        return self._turns.newest is not None

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The marks; several prompts are about an object each."""
        turn = self._turns.newest
        return () if turn is None else turn.prompts

    @property
    def prompt(self) -> Prompt:
        """The marks on the one object; several cannot be gone on with."""
        return self.prompts[0] if len(self.prompts) == 1 else Prompt()

    @property
    def marks(self) -> int:
        return sum(prompt.count for prompt in self.prompts)

    @property
    def each(self) -> bool:
        """Whether the candidates are objects of their own, all of them wanted."""
        prompt = self.prompt
        return len(self.prompts) > 1 or bool(prompt.text or prompt.exemplars)

    @property
    def candidate(self) -> Candidate | None:
        """The candidate that is shown, at the level that is set."""
        if not self.candidates:
            return None
        offered = self.candidates[self.index]
        known = self._level_mask
        if known is None or known[0] is not offered or known[1] != self.level:
            known = (offered, self.level, thresholded(offered, self.level))
            self._level_mask = known
        return known[2]

    @property
    def shown(self) -> tuple[Candidate, ...]:
        """What the canvas shows: what is offered, or a preview in its place."""
        previewed = self.hovering.candidates
        if not previewed:
            return self.offered
        kind = self.candidate.granularity if self.candidate else ""
        return (previewed[place_of(kind, previewed)],)

    @property
    def offered(self) -> tuple[Candidate, ...]:
        """What accepting takes."""
        if self.each:
            return tuple(thresholded(one, self.level) for one in self.candidates)
        return () if self.candidate is None else (self.candidate,)

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return self._ticket != 0

    def show_image(self, key: str, width: int, height: int) -> None:
        """Talk about another image from now on."""
        self.drop()
        self._key, self._size = key, (width, height)

    # -- speaking ---------------------------------------------------------------

    def ask(self, prompt: Prompt, target: str = "", base: Mask | None = None) -> None:
        """Show these marks and ask for candidates.

        ``target`` and ``base`` are the segment to correct and its mask; they count
        for the first marks of a conversation, later ones refine what came back.
        """
        self._say((prompt,), target, base)

    def ask_each(self, prompts: tuple[Prompt, ...]) -> None:
        """Ask for an object for each of these prompts."""
        self._say(prompts, "", None)

    def ask_again(self) -> None:
        """Ask the same once more: something was set anew."""
        turn = self._turns.newest
        if turn is not None:
            turn.model_id = self.model_id
            turn.asked = tuple(self._with_settings(p) for p in turn.asked)
            turn.carried = ()
            self._send(turn)

    def take_back(self) -> None:
        """Take the last marks back; what the ones before brought is shown again."""
        turn = self._turns.take_back()
        if turn is None:
            self.drop()
        else:
            self._show_turn(turn)

    @property
    def can_say_again(self) -> bool:
        return self._turns.can_say_again

    def say_again(self) -> None:
        """Bring the marks back that were taken back last."""
        self._show_turn(self._turns.say_again())

    def hover(self, xy: tuple[float, float] | None) -> None:
        """Preview a click at that image point soon; None ends the preview."""
        if self._drawing or self.waiting:
            return  # what is shown belongs to marks of more weight
        if xy is not None and not self.open and self._key:
            self.hovering.rest_at(xy, self._key, self.model_id, self.settings)
        else:
            self.hovering.stop()

    def follow(self, prompt: Prompt | None, base: Mask | None = None) -> None:
        """Preview these marks while they are drawn; None ends the preview.

        After ``ask`` the preview stays until the answer takes its place.
        """
        if self.waiting:
            return
        self._drawing = prompt is not None and bool(self._key)
        if prompt is None or not self._key:
            self.hovering.stop()
            return
        if not self.open:
            self._base = base
        asked = self._asked((prompt.checked(*self._size),))[0]
        kind = self.candidate.granularity if self.candidate else "best"
        asked = replace(asked, preview=kind)
        self.hovering.follow(self._key, self.model_id, asked)

    def drop(self) -> None:
        """End the conversation; the document stays as it is."""
        self._drawing = False
        self.hovering.stop()
        if self._ticket:
            self._link.cancel(self._ticket)
        had = self.open or bool(self.candidates)
        self._ticket = 0
        self._base = None
        self._turns, self.candidates = Said(), ()
        self.index, self.target, self.level = 0, "", LEVEL
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
        if self._turns.newest is not None:
            self._turns.newest.index = self.index
        self.candidates_changed.emit()

    def set_level(self, level: float) -> None:
        """Show the pixels that are more likely than this, 0 to 1."""
        if level != self.level:
            self.level = level
            self.candidates_changed.emit()

    def source(self, tool: str, at: int = 0) -> Source:
        """Where an offered candidate comes from, for the segment it becomes."""
        turn = self._turns.newest
        offered = self.offered
        shown = offered[at] if at < len(offered) else None
        asked = turn.asked if turn else ()
        mine = asked[at : at + 1] if len(asked) > 1 else asked
        return Source(
            tool=tool,
            model=told_model(turn.model_id if turn else self.model_id),
            prompts=tuple(prompt.as_json() for prompt in mine),
            seconds=round(time.monotonic() - self._began_s, 2),
            score=None if shown is None else round(float(shown.score), 4),
        )

    # -- inside -----------------------------------------------------------------

    def _say(self, prompts: tuple[Prompt, ...], target: str, base: Mask | None) -> None:
        prompts = tuple(prompt for prompt in prompts if not prompt.empty)
        if not prompts or not self._key:
            self.drop()
            return
        self._drawing = False
        self.hovering.hold()
        try:
            checked = tuple(prompt.checked(*self._size) for prompt in prompts)
        except SegguiError as error:
            self.hovering.stop()
            self.failed.emit(str(error))
            return
        if not self.open:
            self._began_s = time.monotonic()
            self.target, self._base = target, base
        asked, carried = self._asked(checked), self._carried(prompts)
        turn = Turn(prompts, asked, self.model_id, carried)
        self._turns.say(turn)
        self.prompt_changed.emit()
        self._send(turn)

    def _asked(self, prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
        """The prompts with all that the model is to know."""
        previous, logits = self._known_before(prompts)
        return tuple(
            replace(self._with_settings(prompt), previous=previous, logits=logits)
            for prompt in prompts
        )

    def _with_settings(self, prompt: Prompt) -> Prompt:
        return replace(prompt, settings=self.settings)

    def _known_before(
        self, prompts: tuple[Prompt, ...]
    ) -> tuple[Mask | None, Logits | None]:
        """The mask that these marks correct, and what the model knew of it.

        A mark more goes on from the candidate that is shown, whichever of them that
        is; a mark moved or removed begins again from where the conversation began.
        """
        if len(prompts) > 1:
            return None, None
        shown, before = self.candidate, self.prompt
        if shown is None or self.waiting or before.empty or self.each:
            return self._base, None
        if not prompts[0].adds_to(before):
            return self._base, None
        known = shown.logits
        # At another level the person knows better than the model.
        own = known is not None and known.model_id == self.model_id
        return shown.mask, known if own and self.level == LEVEL else None

    def _carried(self, prompts: tuple[Prompt, ...]) -> tuple[Candidate, ...]:
        """What is known already of the first of several prompts."""
        if len(prompts) < 2 or self.waiting or not self.candidates:
            return ()
        before = self.prompts
        if not before or prompts[: len(before)] != before:
            return ()
        return self.candidates if self.each else (self.candidates[self.index],)

    def _send(self, turn: Turn) -> None:
        if self._ticket:
            self._link.cancel(self._ticket)
        turn.answered = False
        if len(turn.asked) > 1:
            asked = turn.asked[len(turn.carried) :]
            self._ticket = self._link.ask_each(self._key, turn.model_id, asked)
        else:
            self._ticket = self._link.ask(self._key, turn.model_id, turn.asked[0])
        self.waiting_changed.emit()

    def _show_turn(self, turn: Turn) -> None:
        if self._ticket:
            self._link.cancel(self._ticket)
            self._ticket = 0
        self.prompt_changed.emit()
        if turn.answered:
            self._show_answer(turn)
        else:
            self._send(turn)

    def _show_answer(self, turn: Turn) -> None:
        self.candidates, self.index = turn.candidates, turn.index
        self.hovering.stop()
        self.candidates_changed.emit()
        self.waiting_changed.emit()

    def _offered_before(
        self, turn: Turn, candidates: tuple[Candidate, ...]
    ) -> tuple[Candidate, ...]:
        """What goes on being offered when the new marks changed nothing.

        A model sees nothing but the mask then, and has no other meanings to offer.
        """
        shown, previous = self.candidate, turn.asked[0].previous
        if shown is None or shown.mask is not previous or len(candidates) != 1:
            return ()
        if self.each or not candidates[0].mask.same_pixels(shown.mask):
            return ()
        return tuple(
            one
            for one in self.candidates
            if turn.prompts[0].agrees_with(thresholded(one, self.level).mask)
        )

    def _take(self, candidates: tuple[Candidate, ...], elapsed_s: float) -> None:
        self._ticket, turn = 0, self._turns.newest
        if turn is None:
            return
        # Whoever chose a part keeps getting parts while correcting it.
        shown = self.candidate.granularity if self.candidate else ""
        offered = self._offered_before(turn, candidates) or candidates
        turn.candidates, turn.answered = turn.carried + offered, True
        turn.index = place_of(shown, turn.candidates)
        self.hovering.note(turn.model_id, elapsed_s)
        self._show_answer(turn)

    @Slot(object)
    def _receive(self, reply: Candidates) -> None:
        if reply.ticket == self._ticket:
            self._take(reply.candidates, reply.elapsed_s)

    @Slot(object)
    def _receive_each(self, reply: Answers) -> None:
        if reply.ticket == self._ticket:
            # In the place of each prompt its answer, also where there is none.
            nothing = Candidate(Mask.empty(self._size[1], self._size[0]), 0.0)
            best = tuple(found[0] if found else nothing for found in reply.answers)
            self._take(best, reply.elapsed_s / max(1, len(reply.answers)))

    @Slot(object)
    def _fail(self, reply: Failed) -> None:
        if reply.ticket == self._ticket:
            self._ticket = 0
            self.hovering.stop()
            self.waiting_changed.emit()
            self.failed.emit(reply.text)
