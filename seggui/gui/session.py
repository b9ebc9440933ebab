"""The one owner of all changing state, on the window's thread.

Widgets show what they are given and call the methods here for what a person wishes.
Slow work goes to lanes and processes; what comes back arrives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.document import Document
from seggui.core.predicted import class_finder, with_classes_of, with_prediction
from seggui.core.prompt import Prompt
from seggui.core.segment import Segment
from seggui.errors import SegguiError
from seggui.files.project import Project
from seggui.files.settings import Settings
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers
from seggui.gui.conversation import Conversation
from seggui.gui.editing import Editing
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import FolderWork
from seggui.gui.opening import OpenImage
from seggui.gui.predicting import Predicting, mean_of, things_of
from seggui.gui.refining import Refining
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.training_link import TrainingLink
from seggui.jobs.batch import BatchResult
from seggui.jobs.train_options import TrainOptions


class Session(Editing):
    """The open project and image, with tools, prompts, models and recipes."""

    candidates_changed = Signal()
    prompt_changed = Signal()
    tool_changed = Signal()
    options_changed = Signal()
    layers_changed = Signal()
    prediction_changed = Signal()

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
        self.folder_work = FolderWork(self.background, self.edit_image, self)
        self.folder_work.finished.connect(self._folder_work_finished)
        self.folder_work.failed.connect(self._tell_failure)
        self.refining = Refining(link, self.folder_work, self)
        self.refining.said.connect(self.said)
        self.refining.edit_wished.connect(self.edit)
        self.predicting = Predicting(link, self.folder_work, self)
        self.predicting.said.connect(self.said)
        self.predicting.classes_needed.connect(self._add_classes)
        self.predicting.predicted.connect(self._predicted)
        self.predicting.uncertainty_known.connect(self._note_uncertainty)
        self.predicting.running_changed.connect(self.busy_changed)

        self.training = TrainingLink(self)
        self.training.said.connect(self.said)

        self.tool_id = "point"
        self.options = ToolOptions(brush_px=int(settings.value("brush_size")))
        self.layers: dict[str, LayerStyle] = default_layers()
        self.look = SegmentsLook()
        self.adjustment = Adjustment()
        self.uncertainty_hw: NDArray[np.uint8] | None = None
        """How unsure the last prediction is of each pixel of the shown image."""
        self.uncertainty: dict[str, float] = {}
        """Mean uncertainty of the images that were predicted, 0 to 1."""
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

    @property
    def busy(self) -> str:
        text = super().busy
        if not text and self.predicting.running:
            return "Predicting"
        return "Segmenting" if not text and self.conversation.waiting else text

    def _project_shown(self, project: Project) -> None:
        self.uncertainty = _uncertainty_in(project)
        self.training.set_project(project.runs_folder)

    def _project_leaving(self) -> None:
        self.folder_work.cancel()
        self.predicting.stop()
        self.refining.stop()

    def _image_leaving(self) -> None:
        self.conversation.drop()

    def _image_shown(self, image: OpenImage, document: Document) -> None:
        self._just_accepted = ""
        self.uncertainty_hw = None
        self.refining.stop()
        self.predicting.stop()
        facts = document.image
        self.link.open_image(image.key, image.image_hwc)
        self.conversation.show_image(image.key, facts.width, facts.height)
        self.link.encode(image.key, self.conversation.model_id)
        self.prediction_changed.emit()

    def _close_image(self) -> None:
        if self.image is not None:
            self.link.close_image(self.image.key)
        super()._close_image()

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

    # -- full-image models and recipes ----------------------------------------------

    def predict_image(self, model: str, source: str) -> None:
        """Let a full-image model find everything on the shown image."""
        if self.image is not None and not self.read_only:
            things = things_of(self.classes)
            self.predicting.predict(self.image.key, model, source, things)

    def predict_folder(self, names: Sequence[str], model: str, source: str) -> None:
        """Let a full-image model label these images, as candidates to review."""
        if self.project is not None and not self.read_only:
            self.predicting.predict_folder(self.project, names, model, source)

    def preview_recipe(self, recipe: str) -> None:
        """Show what the recipe makes of the selected segments; "" ends it."""
        key = self.image.key if self.image else ""
        self.refining.show(key, self._chosen(), recipe)

    def apply_recipe(self, recipe: str, scope: str) -> None:
        """Apply a recipe to ``segment`` (the selected), ``image`` or ``folder``."""
        if self.project is None or self.document is None or self.image is None:
            return
        if self.read_only:
            self.say(self.why_read_only, "warning")
        elif scope == "folder":
            # The other images are read from disk: this one must be there too.
            project = self.project
            names = [row.name for row in project.images if row.state != "untouched"]
            self.saving.save(lambda: self._refine_folder(project, names, recipe))
        else:
            chosen = self.document.accepted if scope == "image" else self._chosen()
            self.refining.apply(self.image.key, chosen, recipe)

    def _refine_folder(
        self, project: Project, names: Sequence[str], recipe: str
    ) -> None:
        if project is self.project:
            self.refining.apply_to_folder(project, names, recipe)

    def train(self, options: TrainOptions) -> None:
        """Save, then train on the project as it is on disk."""
        if self.project is None:
            return
        project = self.project
        self.saving.save(lambda: self._start_training(project, options))

    def _start_training(self, project: Project, options: TrainOptions) -> None:
        if project is self.project:
            self.training.start(project.folder, options)

    def _chosen(self) -> tuple[Segment, ...]:
        if self.document is None:
            return ()
        return tuple(s for s in self.document.segments if s.id in self.selected)

    def _add_classes(self, project: Project | None, names: Sequence[str]) -> None:
        if project is not None and project is not self.project:
            return
        classes = with_classes_of(self.classes, names)
        if classes != self.classes:
            self.set_classes(classes)

    def _predicted(
        self,
        source: str,
        candidates: Sequence[Candidate],
        uncertainty_hw: NDArray[np.uint8] | None,
    ) -> None:
        self.uncertainty_hw = uncertainty_hw
        if uncertainty_hw is not None and self.image is not None:
            doubt = mean_of(uncertainty_hw)
            self._note_uncertainty(self.project, self.image.name, doubt)
        self.prediction_changed.emit()
        if not candidates:
            self.say(f"{source} found nothing on this image.")
        class_of = class_finder(self.classes)
        self.edit(
            f"Predicted by {source}",
            lambda document: with_prediction(document, candidates, class_of, source),
        )

    def _note_uncertainty(
        self, project: Project | None, name: str, value: float
    ) -> None:
        # What comes late may be of a folder that is not open any more.
        if project is self.project:
            self.uncertainty[name] = round(value, 5)

    def _folder_work_finished(self, label: str, result: BatchResult) -> None:
        if self.project is not None:
            self._keep_uncertainty(self.project)
            self.images_changed.emit()
        count = len(result.done)
        text = f"{label}: {count} image{'' if count == 1 else 's'} done"
        if result.cancelled:
            text += ", then stopped"
        self.say(f"{text}.", "info")
        for failure in result.failures:
            self.say(failure.text, "error")

    def _keep_uncertainty(self, project: Project) -> None:
        if self.uncertainty and not project.read_only:
            kept = {**project.settings, "uncertainty": dict(self.uncertainty)}
            try:
                project.set_settings(kept)
            except SegguiError as error:
                self.say(str(error), "warning")

    # -- tools and layers -------------------------------------------------------------

    def set_tool(self, tool_id: str) -> None:
        if tool_id != self.tool_id:
            self.tool_id = tool_id
            self.tool_changed.emit()

    def set_options(self, options: ToolOptions) -> None:
        if options != self.options:
            self.options = options
            self.settings.set("brush_size", options.brush_px)
            self.options_changed.emit()

    def set_layer(self, layer_id: str, style: LayerStyle) -> None:
        self.layers = {**self.layers, layer_id: style}
        self.layers_changed.emit()

    def set_look(self, look: SegmentsLook) -> None:
        self.look = look
        self.layers_changed.emit()

    def set_adjustment(self, adjustment: Adjustment) -> None:
        self.adjustment = adjustment
        self.layers_changed.emit()

    def close(self) -> None:
        self.training.close()
        self.folder_work.cancel()
        super().close()
        self.link.close()


def _uncertainty_in(project: Project) -> dict[str, float]:
    """What earlier predictions left in the project, where it still makes sense."""
    stored = project.settings.get("uncertainty")
    if not isinstance(stored, dict):
        return {}
    return {
        str(name): float(value)
        for name, value in stored.items()
        if isinstance(value, int | float)
    }
