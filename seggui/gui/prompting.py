"""Tools, marks and candidates of the open image, on the window's thread.

What a tool in the hand asks goes to the conversation with a prompted model; what is
accepted becomes an edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.parameters import Value
from seggui.core.ports import ModelInfo
from seggui.core.prompt import Part, Prompt
from seggui.core.segment import Segment
from seggui.files.settings import Settings
from seggui.gui.conversation import Conversation
from seggui.gui.editing import Editing
from seggui.gui.engine_link import EngineLink
from seggui.gui.model_settings import ModelSettings
from seggui.gui.tool_memory import remember_options, remembered_options
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.tools.gaps import without_gaps
from seggui.gui.tools.table import ToolRow, tool_row
from seggui.jobs.messages import Encoded

_AGAIN_MS = 120
"""How long a slider rests before the model is asked with its new value."""


class Prompting(Editing):
    """The tool in hand and the talk with the prompted model, on top of the edits."""

    candidates_changed = Signal()
    prompt_changed = Signal()
    tool_changed = Signal()
    options_changed = Signal()
    model_changed = Signal()
    """Another model answers, or something of it was set."""
    borders_changed = Signal()

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
        self.chosen_model = model_id
        """Id of the model for clicks; tools may bring a classical one of their own."""
        self.models: Mapping[str, ModelInfo] = {}
        """The prompted models at hand, by their ids."""
        self.model_settings = ModelSettings(settings)
        self.borders: Mask | None = None
        """Where the regions meet that the model in hand works with."""
        self._looking = 0
        link.encoded.connect(self._take_borders)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._ask_again)
        self.tool_id = "point"
        self.options = remembered_options(settings)
        self._just_accepted = ""

    @property
    def prompt(self) -> Prompt:
        return self.conversation.prompt

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        return self.conversation.prompts

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.conversation.candidates

    @property
    def candidate_index(self) -> int:
        return self.conversation.index

    @property
    def candidate(self) -> Candidate | None:
        return self.conversation.candidate

    @property
    def image_hwc(self) -> NDArray[np.uint8] | None:
        return None if self.image is None else self.image.image_hwc

    @property
    def tool(self) -> ToolRow:
        """The row of the tool in hand."""
        return tool_row(self.tool_id)

    def close(self) -> None:
        self._again.stop()
        super().close()

    # -- edits ----------------------------------------------------------------------

    def undo(self) -> None:
        # An unfinished conversation is what a person wants to take back first.
        if self.conversation.open:
            self.conversation.take_back()
        else:
            super().undo()

    def redo(self) -> None:
        if self.conversation.can_say_again:
            self.conversation.say_again()
        elif not self.conversation.open:
            super().redo()

    def take_back(self) -> None:
        """Take the last mark back."""
        self.conversation.take_back()

    def set_class(self, class_id: int) -> None:
        # While clicking, and right after accepting, the class is that of the object
        # to come: the one just made keeps what it was given.
        if not self.conversation.open and self.selected != (self._just_accepted,):
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
        settled = prompt.settled()
        if settled is not prompt:
            self.say("Two clicks lay on one pixel; the later one counts.")
        target, base = "", None
        chosen = self._correctable(settled)
        if chosen is not None and not self.conversation.open:
            target, base = chosen.id, chosen.mask
        self.conversation.ask(replace(settled, previous=None), target, base)

    def follow(self, prompt: Prompt | None) -> None:
        """Preview marks while they are drawn, where the tool takes known regions."""
        if prompt is None or not self.tool.borders or self.read_only:
            self.conversation.follow(None)
        else:
            chosen = self._correctable(prompt)
            base = None if chosen is None else chosen.mask
            self.conversation.follow(prompt, base)

    def ask_each(self, prompts: Sequence[Prompt]) -> None:
        """Ask for several objects, one for each of the prompts."""
        if self.read_only:
            self.say(self.why_read_only, "warning")
        else:
            self.conversation.ask_each(tuple(prompts))

    def ask_for(self, text: str) -> None:
        """Ask for every object of a kind; no text ends the search."""
        self.ask(Prompt(text=text, exemplars=self.prompt.exemplars))

    def _correctable(self, prompt: Prompt) -> Segment | None:
        """The selected segment, when these first marks are about correcting it.

        After accepting, the new segment is selected so that a brush paints into it;
        a positive click then begins the next object, a negative one corrects it.
        """
        if self.document is None or len(self.selected) != 1:
            return None
        if not prompt.parts <= {"points", "scribbles"}:
            return None
        segment = self.document.get(self.selected[0])
        if segment is None or segment.locked:
            return None
        adds = prompt.positives or any(line.positive for line in prompt.scribbles)
        if segment.id == self._just_accepted and adds:
            return None
        return segment

    def accept(self) -> None:
        """Make what is shown segments, or the new mask of the corrected one."""
        document, talk = self.document, self.conversation
        if talk.waiting:
            # What is shown answers fewer clicks than were made.
            self.say("The model is still looking. Accept when its mask is shown.")
            return
        if not talk.candidates or document is None:
            return
        before, target = document, document.get(talk.target)
        masks = self._free_masks(document, target)
        if target is None:
            new = [
                Segment(mask, self.class_id, talk.source(self.tool_id, at))
                for at, mask in enumerate(masks)
                if not mask.is_empty
            ]
            label, kept = "Accepted", [segment.id for segment in new]
            if len(new) > 1:
                label = f"Accepted {len(new)} objects"
            document = edits.add_segments(document, new)
        else:
            label, kept = "Corrected by clicks", [target.id]
            if not masks[0].is_empty:
                document = edits.replace_mask(document, target.id, masks[0])
        if all(mask.is_empty for mask in masks):
            self._say_why_empty()
            return
        talk.drop()
        if self.options.fill_gaps:
            document = without_gaps(before, document, kept)
        self.commit(label, document, kept)
        self._just_accepted = kept[0] if len(kept) == 1 else ""

    def _free_masks(self, document: Document, target: Segment | None) -> list[Mask]:
        """The shown masks, without what other segments keep for themselves."""
        masks = [candidate.mask for candidate in self.conversation.offered]
        if self.options.protect_others:
            for other in document.segments:
                if other is not target:
                    masks = [mask.difference(other.mask) for mask in masks]
        return masks

    def _say_why_empty(self) -> None:
        if all(candidate.mask.is_empty for candidate in self.conversation.offered):
            self.say("The candidate is empty; add a click on the object.", "warning")
        else:
            self.say(
                "Other segments cover it all; the Tool panel protects them.", "warning"
            )

    def drop(self) -> None:
        """Drop marks and candidates; without any, deselect."""
        if not self.conversation.open and not self.candidates:
            self.select([])
        self.conversation.drop()

    def hover(self, xy: tuple[int, int] | None) -> None:
        """Preview what a click under the resting cursor would bring, where wished."""
        here = xy if self._previews and not self.read_only else None
        middle = None if here is None else (here[0] + 0.5, here[1] + 0.5)
        self.conversation.hover(middle)

    @property
    def _previews(self) -> bool:
        wished = self.settings.value("preview")
        if wished == "off" or not self.tool.hovers:
            return False
        talk = self.conversation
        return wished == "on" or talk.hovering.is_quick(talk.model_id)

    def cycle_candidate(self, step: int = 1) -> None:
        self.conversation.cycle(step)

    def show_candidate(self, index: int) -> None:
        self.conversation.show(index)

    def set_level(self, level: float) -> None:
        """Show the pixels that are more likely than this, 0 to 1."""
        if self.candidates:
            self.conversation.set_level(min(max(level, 0.02), 0.98))

    def step_level(self, by: float) -> None:
        self.set_level(round(self.conversation.level + by, 2))

    # -- models -----------------------------------------------------------------------

    def know_models(self, infos: Iterable[ModelInfo]) -> None:
        """Say which models there are."""
        self.models = {info.id: info for info in infos if info.kind == "prompted"}
        self._use_model()

    @property
    def model(self) -> ModelInfo | None:
        """Who answers what the tool in hand asks; None when nothing is known of it."""
        return self.models.get(self.conversation.model_id)

    def why_not(self, part: Part) -> str:
        """Why the chosen model cannot be asked with such marks; empty when it can."""
        info = self.models.get(self.chosen_model)
        if info is None or part in info.reads:
            return ""
        what = "look for words" if part == "text" else "look for examples"
        able = [m.title for m in self.models.values() if part in m.reads]
        if not able:
            return f"{info.title} does not {what}, and no other model here does."
        return (
            f"{info.title} does not {what}. A model that does can be chosen in the "
            f"Models panel: {', '.join(able)}."
        )

    def choose_model(self, model_id: str) -> None:
        """Let that prompted model answer from now on."""
        self.conversation.drop()
        self.chosen_model = model_id
        self._use_model()

    def set_parameter(self, name: str, value: Value) -> None:
        """Set something of the model in hand; what is shown is asked again, soon."""
        info = self.model
        if info is not None:
            self.model_settings.set(info, name, value)
            self._settings_changed(info)

    def reset_parameters(self) -> None:
        """Set everything of the model in hand back to its defaults."""
        info = self.model
        if info is not None:
            self.model_settings.reset(info)
            self._settings_changed(info)

    def _settings_changed(self, info: ModelInfo) -> None:
        self.conversation.settings = self.model_settings.of(info)
        self._again.start()
        self.model_changed.emit()

    def _ask_again(self) -> None:
        self._find_borders()
        self.conversation.ask_again()

    def _use_model(self) -> None:
        """Talk with the model of the tool in hand, else with the chosen one."""
        talk = self.conversation
        model_id = self.tool.model or self.chosen_model
        other, talk.model_id = talk.model_id != model_id, model_id
        info = self.model
        talk.settings = () if info is None else self.model_settings.of(info)
        if other:
            talk.hover(None)
            self._prepare()
        self._find_borders()
        self.model_changed.emit()

    def _prepare(self) -> None:
        """Let the model look at the image, ahead of the first mark."""
        if self.image is not None:
            self.link.encode(self.image.key, self.conversation.model_id)

    def _find_borders(self) -> None:
        """Ask for the borders of the regions that the tool in hand takes."""
        talk, self._looking = self.conversation, 0
        if self.image is not None and self.tool.borders:
            encode = self.link.encode
            self._looking = encode(self.image.key, talk.model_id, talk.settings)
        else:
            self._show_borders(None)

    def _take_borders(self, reply: Encoded) -> None:
        if reply.ticket == self._looking:
            self._show_borders(reply.borders)

    def _show_borders(self, borders: Mask | None) -> None:
        if borders is not self.borders:
            self.borders = borders
            self.borders_changed.emit()

    # -- tools ----------------------------------------------------------------------

    def set_tool(self, tool_id: str) -> None:
        if tool_id != self.tool_id:
            self.tool_id = tool_id
            self._use_model()
            self.tool_changed.emit()

    def set_options(self, options: ToolOptions) -> None:
        if options != self.options:
            self.options = options
            remember_options(self.settings, options)
            self.options_changed.emit()
