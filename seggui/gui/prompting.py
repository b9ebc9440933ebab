"""Tools, marks and candidates of the open image, on the window's thread.

What a tool in the hand asks goes to the conversation with a prompted model; what is
accepted becomes an edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.prompt import Prompt
from seggui.core.segment import Segment
from seggui.files.settings import Settings
from seggui.gui.conversation import Conversation
from seggui.gui.editing import Editing
from seggui.gui.engine_link import EngineLink
from seggui.gui.tools.desk import ToolOptions


class Prompting(Editing):
    """The tool in hand and the talk with the prompted model, on top of the edits."""

    candidates_changed = Signal()
    prompt_changed = Signal()
    tool_changed = Signal()
    options_changed = Signal()

    def __init__(
        self,
        link: EngineLink,
        settings: Settings,
        parent: QObject | None = None,
        model_id: str = "",
    ) -> None:
        super().__init__(settings, parent)
        self.link = link
        link.engine_lost.connect(self._tell_failure)
        self.conversation = Conversation(link, self)
        self.conversation.model_id = model_id
        self.conversation.prompt_changed.connect(self.prompt_changed)
        self.conversation.candidates_changed.connect(self.candidates_changed)
        self.conversation.waiting_changed.connect(self.busy_changed)
        self.conversation.failed.connect(self._tell_failure)
        self.tool_id = "point"
        self.options = ToolOptions(brush_px=int(settings.value("brush_size")))
        self._just_accepted = ""

    @property
    def prompt(self) -> Prompt:
        return self.conversation.prompt

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.conversation.candidates

    @property
    def candidate_index(self) -> int:
        return self.conversation.index

    @property
    def candidate(self) -> Candidate | None:
        return self.conversation.candidate

    # -- edits ----------------------------------------------------------------------

    def undo(self) -> None:
        # An unfinished conversation is what a person wants to take back first.
        if self.prompt.empty:
            super().undo()
        else:
            self.drop()

    def set_class(self, class_id: int) -> None:
        # While clicking, and right after accepting, the class is that of the object
        # to come: the one just made keeps what it was given.
        if self.prompt.empty and self.selected != (self._just_accepted,):
            super().set_class(class_id)
        else:
            self.choose_class(class_id)

    def select(self, ids: Sequence[str]) -> None:
        self._just_accepted = ""
        super().select(ids)

    # -- prompts and candidates -----------------------------------------------------

    def ask(self, prompt: Prompt) -> None:
        """Show these marks and ask the prompted model for candidates."""
        if self.read_only:
            self.say(self.why_read_only, "warning")
            return
        target, base = "", None
        chosen = self._correctable(prompt)
        if chosen is not None and self.prompt.empty:
            target, base = chosen.id, chosen.mask
        self.conversation.ask(replace(prompt, previous=None), target, base)

    def _correctable(self, prompt: Prompt) -> Segment | None:
        """The selected segment, when these first marks are about correcting it.

        After accepting, the new segment is selected so that a brush paints into it;
        a positive click then begins the next object, a negative one corrects it.
        """
        if self.document is None or len(self.selected) != 1 or prompt.box is not None:
            return None
        segment = self.document.get(self.selected[0])
        if segment is None or segment.locked:
            return None
        if segment.id == self._just_accepted and prompt.positives:
            return None
        return segment

    def accept(self) -> None:
        """Make the shown candidate a segment, or the new mask of the corrected one."""
        candidate, document = self.candidate, self.document
        if self.conversation.waiting:
            # What is shown answers fewer clicks than were made.
            self.say("The model is still looking. Accept when its mask is shown.")
            return
        if candidate is None or document is None:
            return
        if candidate.mask.is_empty:
            self.say("The candidate is empty; add a click on the object.", "warning")
            return
        target = document.get(self.conversation.target)
        mask, source = candidate.mask, self.conversation.source(self.tool_id)
        if self.options.protect_others:
            for other in document.segments:
                if other is not target:
                    mask = mask.difference(other.mask)
        if mask.is_empty:
            self.say(
                "Other segments cover it all; the Tool panel protects them.", "warning"
            )
            return
        if target is None:
            segment = Segment(mask, self.class_id, source)
            label, kept = "Accepted", segment.id
            document = edits.add_segments(document, [segment])
        else:
            label, kept = "Corrected by clicks", target.id
            document = edits.replace_mask(document, target.id, mask)
        self.conversation.drop()
        self.commit(label, document, [kept])
        self._just_accepted = kept

    def drop(self) -> None:
        """Drop marks and candidates; without any, deselect."""
        if self.prompt.empty and not self.candidates:
            self.select([])
        self.conversation.drop()

    def hover(self, xy: tuple[int, int] | None) -> None:
        """Preview what a click under the resting cursor would bring, where wished."""
        wished = self.settings.value("hover_preview") and self.tool_id == "point"
        here = xy if wished and not self.read_only else None
        middle = None if here is None else (here[0] + 0.5, here[1] + 0.5)
        self.conversation.hover(middle)

    def cycle_candidate(self) -> None:
        self.conversation.cycle()

    def show_candidate(self, index: int) -> None:
        self.conversation.show(index)

    def choose_model(self, model_id: str) -> None:
        """Let that prompted model answer from now on."""
        self.conversation.drop()
        self.conversation.model_id = model_id
        if self.image is not None:
            self.link.encode(self.image.key, model_id)

    # -- tools ----------------------------------------------------------------------

    def set_tool(self, tool_id: str) -> None:
        if tool_id != self.tool_id:
            self.tool_id = tool_id
            self.tool_changed.emit()

    def set_options(self, options: ToolOptions) -> None:
        if options != self.options:
            self.options = options
            self.settings.set("brush_size", options.brush_px)
            self.options_changed.emit()
