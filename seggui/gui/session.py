"""The one owner of all changing state, on the window's thread.

Widgets show what they are given and call the methods here for what a person wishes.
Slow work goes to lanes and processes; what comes back arrives here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from seggui.core.candidate import Candidate
from seggui.core.document import Document
from seggui.core.everything import EverythingOptions
from seggui.core.predicted import class_finder, with_classes_of, with_prediction
from seggui.core.segment import Segment, told_model
from seggui.errors import SegguiError
from seggui.files.project import Project
from seggui.files.settings import Settings
from seggui.gui.ahead import EncodingAhead
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers
from seggui.gui.encoding import FolderEncoding
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import FolderWork
from seggui.gui.opening import OpenImage
from seggui.gui.predicting import Predicting, mean_of, things_of
from seggui.gui.prompting import Prompting
from seggui.gui.refining import Refining
from seggui.gui.training_link import TrainingLink
from seggui.jobs.batch import BatchResult
from seggui.jobs.train_options import TrainOptions


class Session(Prompting):
    """The open project and image, with tools, prompts, models and recipes."""

    layers_changed = Signal()
    prediction_changed = Signal()

    def __init__(
        self,
        link: EngineLink,
        settings: Settings,
        parent: QObject | None = None,
        model_id: str = "",
    ) -> None:
        super().__init__(link, settings, parent, model_id)
        self.folder_work = FolderWork(self.background, self.edit_image, self)
        self.folder_work.finished.connect(self._folder_work_finished)
        self.folder_work.failed.connect(self._tell_failure)
        link.noted.connect(self._tell_note)
        self.ahead = EncodingAhead(link, self.background, self._encodes_ahead, self)
        self.encoding = FolderEncoding(link, self.background, self.folder_work, self)
        self.encoding.said.connect(self.said)
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

        self.layers: dict[str, LayerStyle] = default_layers()
        self.look = SegmentsLook()
        self.adjustment = Adjustment()
        self.uncertainty_hw: NDArray[np.uint8] | None = None
        """How unsure the last prediction is of each pixel of the shown image."""
        self.uncertainty: dict[str, float] = {}
        """Mean uncertainty of the images that were predicted, 0 to 1."""

    @property
    def busy(self) -> str:
        text = super().busy or self.predicting.doing
        return "Segmenting" if not text and self.conversation.waiting else text

    def _project_shown(self, project: Project) -> None:
        self.uncertainty = _uncertainty_in(project)
        self.training.set_project(project.runs_folder)

    def _project_leaving(self) -> None:
        self.ahead.stop()
        self.encoding.stop()
        self.folder_work.cancel()
        self.predicting.stop()
        self.refining.stop()

    def _image_leaving(self) -> None:
        self.ahead.pause()
        self.conversation.drop()

    def _image_shown(self, image: OpenImage, document: Document) -> None:
        self._just_accepted = ""
        self.uncertainty_hw = None
        self.refining.stop()
        self.predicting.stop()
        facts = document.image
        self.link.open_image(image.key, image.image_hwc)
        self.conversation.show_image(image.key, facts.width, facts.height)
        self._prepare()
        self.encoding.show(image.key)
        self._show_borders(None)
        self._find_borders()
        self.prediction_changed.emit()

    def _close_image(self) -> None:
        if self.image is not None:
            self.link.close_image(self.image.key)
        super()._close_image()

    # -- encodings --------------------------------------------------------------------

    def _prepare(self) -> None:
        """Let the model look at the image, ahead of the first mark."""
        if self.image is not None and self.project is not None:
            model_id = self.conversation.model_id
            self.ahead.show(self.project, self.image.name, self.image.key, model_id)

    def _encodes_ahead(self) -> bool:
        quick = self.model is not None and self.model.classical
        return bool(self.settings.value("encode_ahead")) and not quick

    def encode_folder(self, title: str) -> None:
        """Let the model for clicks look at every image, so that all are ready."""
        if self.project is not None and self.image is not None:
            names = [row.name for row in self.project.images if not row.reason]
            self.encoding.encode(
                self.project, names, self.image.key, self.chosen_model, title
            )

    def _tell_note(self, text: str) -> None:
        self.say(text, "warning")

    # -- full-image models and recipes ----------------------------------------------

    def predict_image(self, model: str, source: str) -> None:
        """Let a full-image model find everything on the shown image."""
        if self.image is not None and not self.read_only:
            things = things_of(self.classes)
            self.predicting.predict(self.image.key, model, source, things)

    def segment_everything(self, options: EverythingOptions) -> None:
        """Let the model for clicks find every object that is not a segment yet."""
        if self.image is None or self.document is None or self.read_only:
            return
        classes = self.classes
        known = tuple(
            segment.mask
            for segment in self.document.accepted
            # Objects may lie on what is only ground, such as grass or a street.
            if (row := classes.get(segment.class_id)) is None or row.thing
        )
        source = told_model(self.chosen_model)
        self.predicting.everything(
            self.image.key, self.chosen_model, source, options, known
        )

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
        text = f"{count} image{'' if count == 1 else 's'} done"
        if result.cancelled:
            text += ", then stopped"
        self.say(f"{text}: {label[:1].lower()}{label[1:]}.", "info")
        # The same sentence, as of an engine that is not tried again, is said once.
        for text in dict.fromkeys(failure.text for failure in result.failures):
            self.say(text, "error")

    def _keep_uncertainty(self, project: Project) -> None:
        if self.uncertainty and not project.read_only:
            kept = {**project.settings, "uncertainty": dict(self.uncertainty)}
            try:
                project.set_settings(kept)
            except SegguiError as error:
                self.say(str(error), "warning")

    # -- layers -------------------------------------------------------------

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
        self.ahead.stop()
        self.encoding.stop()
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
        # Compared as it is: a stranger's number may be too long to be a float.
        if isinstance(value, int | float) and 0 <= value <= 1
    }
