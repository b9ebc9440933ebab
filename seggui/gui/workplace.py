"""The project and the image that are open, on the window's thread.

Opening, editing, undoing and saving; slow parts run on lanes and come back here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.history import History
from seggui.errors import Cancelled, SegguiError
from seggui.files.open_document import OpenDocument
from seggui.files.project import Project
from seggui.files.settings import Settings
from seggui.gui.background import Background
from seggui.gui.opening import OpenImage, load_image, open_project
from seggui.gui.saving import Saving

FIRST_CLASS_NAME = "object"

Edit = Callable[[Document], Document]


class Workplace(QObject):
    """A project, the image that is shown, and everything made on it."""

    project_changed = Signal()
    images_changed = Signal()
    image_changed = Signal()
    document_changed = Signal()
    selection_changed = Signal()
    classes_changed = Signal()
    history_changed = Signal()
    busy_changed = Signal()
    saved_changed = Signal()
    recovered = Signal(int)
    """Gestures that were brought back from a journal after a crash."""
    changed_on_disk = Signal(str)
    said = Signal(str, str)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.background = Background(self)
        self.background.bug.connect(self._tell_bug)
        self.saving = Saving(self.background, settings, self)
        self.saving.changed.connect(self.saved_changed)
        self.saving.failed.connect(self._tell_failure)
        self.saving.changed_on_disk.connect(self.changed_on_disk)
        self.project: Project | None = None
        self.image: OpenImage | None = None
        self.opened: OpenDocument | None = None
        self.selected: tuple[str, ...] = ()
        self.hidden: frozenset[str] = frozenset()
        self._class_id = 0
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
        return f"Opening {self._loading}" if self._loading else ""

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
        self._project_shown(project)
        self.working("project", "")
        self.project_changed.emit()
        self.classes_changed.emit()
        self.images_changed.emit()
        for text in project.notes:
            self.say(text, "info")
        if project.read_only:
            self.say(project.read_only, "warning")
        names = [row.name for row in project.images]
        last = self.settings.blob(_last_image_of(project))
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
        self._image_leaving()
        self._close_image()
        self.image, self.opened = None, None
        self.selected, self.hidden = (), frozenset()
        self._loading = ""
        self._all_changed()

    def show_image(self, name: str) -> None:
        """Load an image and what was made on it; the newest wish wins."""
        if self.project is None or name == self._loading:
            return
        if self.image is not None and name == self.image.name:
            # It is here, with its edits: loading it again would bring an older state.
            self._stay()
            return
        project, self._loading = self.project, name
        self._image_leaving()
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
        if opened is self.opened:
            return  # asked for twice; the first answer is on the screen
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
        self.settings.set_blob(_last_image_of(project), image.name)
        self._image_shown(image, opened.document)
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
        self._image_leaving()
        return self.saving.save_now()

    def _close_image(self) -> None:
        self.saving.watch(None)
        if self.opened is not None:
            self.opened.close()

    def _all_changed(self) -> None:
        for signal in (
            self.image_changed,
            self.document_changed,
            self.selection_changed,
            self.history_changed,
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

    def edit(self, label: str, change: Edit) -> None:
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
        self, name: str, label: str, change: Edit, done: Callable[[], None]
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

            def edited(_changed: object) -> None:
                self._refresh_row(name)
                done()

            self.background.start(
                "disk",
                lambda _report: project.edit(name, label, change),
                edited,
                failed,
                on_cancelled=done,
            )

    def undo(self) -> None:
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
        self._refresh_row(self.opened.name)
        ids = {segment.id for segment in self.opened.document.segments}
        if not ids.issuperset(self.selected):
            self.select([i for i in self.selected if i in ids])
        self.document_changed.emit()
        self.history_changed.emit()
        self.saved_changed.emit()

    def _refresh_row(self, name: str) -> None:
        """Bring an image's row of the list up to date."""
        if self.project is None:
            return
        old = {row.name: row for row in self.project.images}.get(name)
        if old is not None and self.project.row(name) != old:
            self.images_changed.emit()

    def discard_recovered(self) -> None:
        """Go back to what was saved before the crash; a copy is kept aside."""
        if self.opened is not None:
            self._apply(lambda opened: opened.discard_recovered())

    def select(self, ids: Sequence[str]) -> None:
        if tuple(ids) != self.selected:
            self.selected = tuple(ids)
            self.selection_changed.emit()

    def toggle_hidden(self, segment_id: str) -> None:
        self.hidden = self.hidden ^ {segment_id}
        self.document_changed.emit()

    # -- classes ------------------------------------------------------------------

    def set_classes(self, classes: Classes) -> None:
        if self.project is None:
            return
        try:
            self.project.set_classes(classes)
        except SegguiError as error:
            self.say(str(error), "error")
        self.classes_changed.emit()

    def choose_class(self, class_id: int) -> None:
        """Give new segments that class from now on."""
        if self.classes.get(class_id) is not None:
            self._class_id = class_id
            self.classes_changed.emit()

    def set_class(self, class_id: int) -> None:
        """Choose the class of new segments; selected ones get it too."""
        self.choose_class(class_id)
        if self.selected and self.classes.get(class_id) is not None:
            chosen = self.selected
            self.edit("Class", lambda d: edits.set_class(d, chosen, class_id))

    def _make_first_class(self, document: Document) -> None:
        unknown = [
            s.class_id for s in document.segments if not self.classes.get(s.class_id)
        ]
        if unknown and not self.classes.rows:
            self.set_classes(Classes().added(FIRST_CLASS_NAME))

    # -- saving ---------------------------------------------------------------------

    def save(self) -> None:
        self.saving.save()

    def _tell_bug(self, sentence: str, _report: str) -> None:
        self.say(sentence, "error")

    def _tell_failure(self, sentence: str) -> None:
        self.say(sentence, "error")

    # -- for whoever adds more to a shown image ---------------------------------------

    def _project_shown(self, project: Project) -> None:
        """A project was opened."""

    def _image_leaving(self) -> None:
        """The shown image is about to be left."""

    def _image_shown(self, image: OpenImage, document: Document) -> None:
        """An image is shown from now on."""

    def rescue(self) -> str:
        """Put the open work on disk before a crash is shown; says what is safe."""
        if self.opened is None or not self.opened.unsaved:
            return "All work is saved."
        try:
            self.opened.sync()
            self.opened.save()
        except SegguiError as error:
            return (
                f"{error} Every change is in the journal and comes back at the start."
            )
        return f"The work on {self.opened.name} was saved."

    def close(self) -> None:
        """Put everything away; called once, when the window is closed."""
        self.background.close()
        self._close_project()


def _last_image_of(project: Project) -> str:
    """Under which name the settings keep the image that was shown last."""
    return f"last image of {project.folder}"
