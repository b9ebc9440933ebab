"""The one owner of all changing state, on the window's thread.

Widgets show what they are given and call the methods here for what a person wishes.
Slow work goes to lanes and processes; what comes back arrives here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.history import History
from seggui.core.prompt import Prompt
from seggui.core.segment import Segment
from seggui.errors import Cancelled, SegguiError
from seggui.files.open_document import OpenDocument
from seggui.files.project import Project
from seggui.files.settings import Settings
from seggui.gui.background import Background
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers
from seggui.gui.conversation import Conversation
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import FolderWork
from seggui.gui.opening import OpenImage, load_image, open_project
from seggui.gui.predicting import (
    Predicting,
    class_finder,
    mean_of,
    with_classes_of,
    with_prediction,
)
from seggui.gui.refining import Refining
from seggui.gui.saving import Saving
from seggui.gui.tools.desk import ToolOptions
from seggui.jobs.batch import BatchResult

FIRST_CLASS_NAME = "object"

_Edit = Callable[[Document], Document]


class Session(QObject):
    """A project, the image that is shown, and everything made on it."""

    project_changed = Signal()
    images_changed = Signal()
    image_changed = Signal()
    document_changed = Signal()
    selection_changed = Signal()
    candidates_changed = Signal()
    prompt_changed = Signal()
    classes_changed = Signal()
    tool_changed = Signal()
    options_changed = Signal()
    layers_changed = Signal()
    prediction_changed = Signal()
    history_changed = Signal()
    busy_changed = Signal()
    saved_changed = Signal()
    recovered = Signal(int)
    """Gestures that were brought back from a journal after a crash."""
    changed_on_disk = Signal(str)
    said = Signal(str, str)

    def __init__(
        self,
        link: EngineLink,
        settings: Settings,
        parent: QObject | None = None,
        model_id: str = "",
    ) -> None:
        super().__init__(parent)
        self.link = link
        self.settings = settings
        self.background = Background(self)
        self.background.bug.connect(lambda text, _report: self.say(text, "error"))
        self.conversation = Conversation(link, self)
        self.conversation.model_id = model_id
        self.conversation.prompt_changed.connect(self.prompt_changed)
        self.conversation.candidates_changed.connect(self.candidates_changed)
        self.conversation.waiting_changed.connect(self.busy_changed)
        self.conversation.failed.connect(lambda text: self.say(text, "error"))
        link.engine_lost.connect(lambda text: self.say(text, "error"))
        self.folder_work = FolderWork(self.background, self.edit_image, self)
        self.folder_work.finished.connect(self._folder_work_finished)
        self.folder_work.failed.connect(lambda text: self.say(text, "error"))
        self.refining = Refining(link, self.folder_work, self)
        self.refining.said.connect(self.said)
        self.refining.edit_wished.connect(self.edit)
        self.predicting = Predicting(link, self.folder_work, self)
        self.predicting.said.connect(self.said)
        self.predicting.classes_needed.connect(self._add_classes)
        self.predicting.predicted.connect(self._predicted)
        self.predicting.uncertainty_known.connect(self._note_uncertainty)
        self.predicting.running_changed.connect(self.busy_changed)
        self.saving = Saving(self.background, settings, self)
        self.saving.changed.connect(self.saved_changed)
        self.saving.failed.connect(lambda text: self.say(text, "error"))
        self.saving.changed_on_disk.connect(self.changed_on_disk)

        self.project: Project | None = None
        self.image: OpenImage | None = None
        self.opened: OpenDocument | None = None
        self.selected: tuple[str, ...] = ()
        self.hidden: frozenset[str] = frozenset()
        self.tool_id = "point"
        brush_px = int(settings.value("brush_size"))
        self.options = ToolOptions(brush_px=brush_px)
        self.layers: dict[str, LayerStyle] = default_layers()
        self.look = SegmentsLook()
        self.adjustment = Adjustment()
        self.uncertainty_hw: NDArray[np.uint8] | None = None
        """How unsure the last prediction is of each pixel of the shown image."""
        self.uncertainty: dict[str, float] = {}
        """Mean uncertainty of the images that were predicted, 0 to 1."""
        self._class_id = 0
        self._just_accepted = ""
        self._loading = ""
        self._opening_folder = False
        self._working: dict[str, str] = {}

    # -- what is shown ----------------------------------------------------------

    @property
    def document(self) -> Document | None:
        return self.opened.document if self.opened else None

    @property
    def history(self) -> History | None:
        return self.opened.history if self.opened else None

    @property
    def classes(self) -> Classes:
        return self.project.classes if self.project else Classes()

    @property
    def class_id(self) -> int:
        """The class new segments get."""
        if self.classes.get(self._class_id) is not None:
            return self._class_id
        return self.classes.rows[0].id if self.classes.rows else 1

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
    def why_read_only(self) -> str:
        """The sentence that says why nothing can be changed; empty when it can."""
        if self.project is not None and self.project.read_only:
            return self.project.read_only
        return self.opened.read_only if self.opened else ""

    @property
    def read_only(self) -> bool:
        return bool(self.why_read_only)

    @property
    def can_undo(self) -> bool:
        return bool(self.opened and self.opened.can_undo)

    @property
    def can_redo(self) -> bool:
        return bool(self.opened and self.opened.can_redo)

    @property
    def saved(self) -> bool:
        """Whether all that is shown is on disk."""
        return not (self.opened and self.opened.unsaved) and not self.saving.under_way

    @property
    def busy(self) -> str:
        """What runs, in a few words; empty when nothing does."""
        if self._working:
            return next(reversed(self._working.values()))
        if self._loading:
            return f"Opening {self._loading}"
        if self.predicting.running:
            return "Predicting"
        return "Segmenting" if self.conversation.waiting else ""

    def working(self, what: str, text: str) -> None:
        """Say under the name ``what`` that something runs; no text ends it."""
        if text:
            self._working[what] = text
        else:
            self._working.pop(what, None)
        self.busy_changed.emit()

    def say(self, text: str, level: str = "info") -> None:
        """Show a sentence to the person; level is info, warning or error."""
        self.said.emit(text, level)

    # -- project and images -------------------------------------------------------

    def open_folder(self, path: Path | str, show: str = "") -> None:
        """Open a folder of images, or the folder of one image and show it."""
        if self._opening_folder or not self.leave_image():
            return
        self._opening_folder = True
        self.working("project", f"Opening {Path(path).name}")
        # One program holds one project: its lock is given back before the next.
        same = self.project and Path(path).resolve() == self.project.folder.resolve()
        if same:
            self._close_project()
        self.background.start(
            "disk",
            lambda _report: open_project(Path(path), show),
            self._project_opened,
            self._project_failed,
        )

    def _project_opened(self, result: tuple[Project, str]) -> None:
        project, show = result
        self._opening_folder = False
        self._close_project()
        self.project = project
        self.settings.remember(project.folder)
        self._class_id = 0
        self.uncertainty = _uncertainty_in(project)
        self.working("project", "")
        self.project_changed.emit()
        self.classes_changed.emit()
        self.images_changed.emit()
        for text in project.notes:
            self.say(text, "info")
        if project.read_only:
            self.say(project.read_only, "warning")
        names = [row.name for row in project.images]
        last = str(project.settings.get("last_image", ""))
        first = next((name for name in (show, last) if name in names), "")
        if names:
            self.show_image(first or names[0])
        else:
            self._show_nothing()

    def _project_failed(self, error: SegguiError) -> None:
        self._opening_folder = False
        self.working("project", "")
        self.say(str(error), "error")

    def _close_project(self) -> None:
        if self.project is not None:
            self._show_nothing()
            self.project.close()
            self.project = None

    def _show_nothing(self) -> None:
        self.conversation.drop()
        self._close_image()
        self.image, self.opened = None, None
        self.selected, self.hidden = (), frozenset()
        self._loading = ""
        self._all_changed()

    def show_image(self, name: str) -> None:
        """Load an image and what was made on it; the newest wish wins."""
        if self.project is None:
            return
        project, self._loading = self.project, name
        self.conversation.drop()
        self.busy_changed.emit()

        def load() -> None:
            self.background.start(
                "disk",
                lambda _report: self._load_if_wanted(project, name),
                lambda loaded: self._image_loaded(project, *loaded),
                lambda error: self._image_failed(project, name, error),
            )

        # What cannot be saved is not left: it stays on the screen.
        self.saving.save(then=load, otherwise=self._stay)

    def _load_if_wanted(
        self, project: Project, name: str
    ) -> tuple[OpenImage, OpenDocument]:
        if name != self._loading:
            raise Cancelled  # a newer wish is waiting behind this one
        return load_image(project, name)

    def _stay(self) -> None:
        self._loading = ""
        self.busy_changed.emit()

    def _image_loaded(
        self, project: Project, image: OpenImage, opened: OpenDocument
    ) -> None:
        wanted = project is self.project and image.name == self._loading
        if not wanted:
            opened.close()
            return
        # An edit made while the image was loading is saved before it goes.
        if not self.saving.save_now():
            opened.close()
            self._stay()
            return
        self._close_image()
        self._loading = ""
        self.image, self.opened = image, opened
        self.saving.watch(opened)
        self.selected, self.hidden = (), frozenset()
        self._just_accepted = ""
        self.uncertainty_hw = None
        self.refining.stop()
        self.predicting.stop()
        facts = opened.document.image
        self.link.open_image(image.key, image.image_hwc)
        self.conversation.show_image(image.key, facts.width, facts.height)
        self.link.encode(image.key, self.conversation.model_id)
        self._all_changed()
        for text in (*image.notes, *opened.notes):
            self.say(text, "info")
        if opened.recovered:
            self.recovered.emit(opened.recovered)

    def _image_failed(self, project: Project, name: str, error: SegguiError) -> None:
        if project is self.project and name == self._loading:
            self._loading = ""
            project.note_unreadable(name, str(error))
            self._show_nothing()
            self.images_changed.emit()
            self.say(str(error), "error")

    def leave_image(self) -> bool:
        """Save before the image is left; False when its work cannot be put away."""
        self.conversation.drop()
        return self.saving.save_now()

    def _close_image(self) -> None:
        self.saving.watch(None)
        if self.opened is not None:
            self.opened.close()
        if self.image is not None:
            self.link.close_image(self.image.key)

    def _all_changed(self) -> None:
        for signal in (
            self.image_changed,
            self.document_changed,
            self.selection_changed,
            self.history_changed,
            self.prediction_changed,
            self.saved_changed,
            self.busy_changed,
        ):
            signal.emit()

    def step_image(self, step: int) -> None:
        """Show the image ``step`` places further in the list."""
        if self.project is None:
            return
        names = [row.name for row in self.project.images]
        shown = self._loading or (self.image.name if self.image else "")
        if shown in names:
            at = names.index(shown) + step
            if 0 <= at < len(names):
                self.show_image(names[at])
        elif names:
            self.show_image(names[0])

    def next_image(self) -> None:
        self.step_image(1)

    def previous_image(self) -> None:
        self.step_image(-1)

    def mark_done(self, done: bool) -> None:
        """Mark the image as done; without segments it then counts as background."""
        if self.document is not None:
            label = "Marked as done" if done else "Opened again"
            self.commit(
                label, edits.set_state(self.document, "done" if done else "open")
            )

    # -- edits --------------------------------------------------------------------

    def commit(
        self, label: str, document: Document, select: Sequence[str] | None = None
    ) -> None:
        """Make this the document, as one undo step."""
        if self.opened is None:
            return
        if self.read_only:
            self.say(self.why_read_only, "warning")
            return
        self._make_first_class(document)
        self._apply(lambda opened: opened.commit(label, document))
        if select is not None:
            self.select(select)

    def edit(self, label: str, change: _Edit) -> None:
        """Commit what ``change`` makes of the document; its refusal is shown."""
        if self.document is None:
            return
        try:
            document = change(self.document)
        except SegguiError as error:
            self.say(str(error), "warning")
            return
        self.commit(label, document)

    def edit_image(
        self, name: str, label: str, change: _Edit, done: Callable[[], None]
    ) -> None:
        """Edit any image of the project as one saved, undoable step; then call back.

        An image that is shown is edited as if by hand; another one on the disk lane,
        where it cannot meet the loading of the same image.
        """
        if self.project is None:
            done()
        elif name == self._loading:
            QTimer.singleShot(50, lambda: self.edit_image(name, label, change, done))
        elif self.image is not None and name == self.image.name:
            self.edit(label, change)
            done()
        else:
            project = self.project

            def failed(error: SegguiError) -> None:
                self.say(str(error), "error")
                done()

            self.background.start(
                "disk",
                lambda _report: project.edit(name, label, change),
                lambda _changed: done(),
                failed,
                on_cancelled=done,
            )

    def undo(self) -> None:
        # An unfinished conversation is what a person wants to take back first.
        if not self.prompt.empty:
            self.drop()
            return
        self._apply(lambda opened: opened.undo())

    def redo(self) -> None:
        self._apply(lambda opened: opened.redo())

    def go_to_step(self, index: int) -> None:
        self._apply(lambda opened: opened.go_to(index))

    def _apply(self, change: Callable[[OpenDocument], object]) -> None:
        if self.opened is None:
            return
        try:
            change(self.opened)
        except SegguiError as error:
            # The edit is in memory; its journal line follows with the next one.
            self.say(str(error), "error")
        self.saving.edited()
        ids = {segment.id for segment in self.opened.document.segments}
        if not ids.issuperset(self.selected):
            self.select([i for i in self.selected if i in ids])
        self.document_changed.emit()
        self.history_changed.emit()
        self.saved_changed.emit()

    def discard_recovered(self) -> None:
        """Go back to what was saved before the crash; a copy is kept aside."""
        if self.opened is not None:
            self._apply(lambda opened: opened.discard_recovered())

    def select(self, ids: Sequence[str]) -> None:
        self._just_accepted = ""
        if tuple(ids) != self.selected:
            self.selected = tuple(ids)
            self.selection_changed.emit()

    def toggle_hidden(self, segment_id: str) -> None:
        self.hidden = self.hidden ^ {segment_id}
        self.document_changed.emit()

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
            self.say("Other segments cover all of the candidate.", "warning")
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
            self.predicting.predict(self.image.key, model, source)

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
            self.saving.save(
                lambda: self.refining.apply_to_folder(project, names, recipe)
            )
        else:
            chosen = self.document.accepted if scope == "image" else self._chosen()
            self.refining.apply(self.image.key, chosen, recipe)

    def _chosen(self) -> tuple[Segment, ...]:
        if self.document is None:
            return ()
        return tuple(s for s in self.document.segments if s.id in self.selected)

    def _add_classes(self, names: Sequence[str]) -> None:
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
            self._note_uncertainty(self.image.name, mean_of(uncertainty_hw))
        self.prediction_changed.emit()
        if not candidates:
            self.say(f"{source} found nothing on this image.")
        class_of = class_finder(self.classes)
        self.edit(
            f"Predicted by {source}",
            lambda document: with_prediction(document, candidates, class_of, source),
        )

    def _note_uncertainty(self, name: str, value: float) -> None:
        self.uncertainty[name] = round(value, 5)

    def _folder_work_finished(self, label: str, result: BatchResult) -> None:
        if self.project is not None:
            self._keep_uncertainty(self.project)
            self.images_changed.emit()
        text = f"{label}: {result.done} image{'' if result.done == 1 else 's'} done"
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

    # -- classes, tools, layers -------------------------------------------------------

    def set_classes(self, classes: Classes) -> None:
        if self.project is None:
            return
        try:
            self.project.set_classes(classes)
        except SegguiError as error:
            self.say(str(error), "error")
        self.classes_changed.emit()

    def set_class(self, class_id: int) -> None:
        """Choose the class of new segments; selected ones get it too."""
        if self.classes.get(class_id) is None:
            return
        self._class_id = class_id
        self.classes_changed.emit()
        if self.selected and self.prompt.empty:
            chosen = self.selected
            self.edit("Class", lambda d: edits.set_class(d, chosen, class_id))

    def _make_first_class(self, document: Document) -> None:
        unknown = [
            s.class_id for s in document.segments if not self.classes.get(s.class_id)
        ]
        if unknown and not self.classes.rows:
            self.set_classes(Classes().added(FIRST_CLASS_NAME))

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

    # -- saving ---------------------------------------------------------------------

    def save(self) -> None:
        self.saving.save()

    def close(self) -> None:
        """Put everything away; called once, when the window is closed."""
        self.folder_work.cancel()
        self.background.close()
        self._close_project()
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
