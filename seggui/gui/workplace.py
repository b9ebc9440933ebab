"""The project and the image that are open, on the window's thread.

Opening, leaving and saving; slow parts run on lanes and come back here.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

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


class Workplace(QObject):
    """A project, the image that is shown, and everything made on it.

    What changes them is in ``Editing``.
    """

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
    damaged = Signal(str)
    """The image's annotation file cannot be read; the sentence says what is safe."""
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
        self._next_folder: tuple[Path | str, str] | None = None
        self._noted: set[str] = set()
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
        if self._opening_folder:
            self._next_folder = (path, show)
            return
        if not self.leave_image():
            return
        self._opening_folder = True
        self.working("project", f"Opening {Path(path).name}")
        # Its own lock would make the same folder read-only.
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
        if self._open_next_folder():
            project.close()
            return
        # Edits made while the folder was opening are saved before they go.
        if not self.leave_image():
            project.close()
            self.working("project", "")
            return
        self._close_project()
        self.project = project
        self.settings.remember(project.folder)
        self._class_id = 0
        self._project_shown(project)
        self.working("project", "")
        self._tell_project()
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

    def _open_next_folder(self) -> bool:
        """Open the folder that was wished for while another was opening, if any."""
        if self._next_folder is None:
            return False
        (path, show), self._next_folder = self._next_folder, None
        self.open_folder(path, show)
        return True

    def _project_failed(self, error: SegguiError) -> None:
        self._opening_folder = False
        self.working("project", "")
        self.say(str(error), "error")
        if self._open_next_folder():
            return
        if self.project is None:
            self._tell_project()

    def _close_project(self) -> None:
        if self.project is not None:
            self._project_leaving()
            self._show_nothing()
            self.project.close()
            self.project = None

    def _tell_project(self) -> None:
        for signal in (self.project_changed, self.classes_changed, self.images_changed):
            signal.emit()

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
            self.images_changed.emit()
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
        if image.notes and image.name not in self._noted:
            self._noted.add(image.name)
            self.say(f"{image.name}: {'; '.join(image.notes)}.", "info")
        for text in opened.notes:
            if not (opened.damaged and text == opened.read_only):
                self.say(text, "info")
        if opened.recovered:
            self.recovered.emit(opened.recovered)
        if opened.damaged:
            self.damaged.emit(opened.read_only)

    def _image_failed(self, project: Project, name: str, error: SegguiError) -> None:
        if project is not self.project or name != self._loading:
            return
        project.note_unreadable(name, str(error))
        if self.saving.save_now():
            self._show_nothing()
        else:
            self._stay()
        self.images_changed.emit()
        self.say(str(error), "error")

    def note_unreadable(self, project: Project, name: str, why: str) -> None:
        """Name an image in the list that somebody else could not read."""
        if project is self.project:
            project.note_unreadable(name, why)
            self.images_changed.emit()

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

    def _project_leaving(self) -> None:
        """The open project is about to be closed."""

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
