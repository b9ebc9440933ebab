"""A folder of images with its classes and documents; the only door to it."""

from __future__ import annotations

import hashlib
import os
import unicodedata
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal

from seggui.core.classes import Classes
from seggui.core.document import Document, ImageFacts
from seggui.errors import ReadOnly, Unreadable
from seggui.files import image_list, project_file
from seggui.files.annotations import Newer
from seggui.files.atomic import remove_litter, write_whole
from seggui.files.images import (
    LoadedImage,
    file_digest,
    probe_image,
    read_image,
    split_page,
)
from seggui.files.loading import (
    Places,
    open_image,
    read_saved,
    read_state,
    unsaved_work,
)
from seggui.files.lock import CannotLock, Held, ProjectLock
from seggui.files.open_document import OpenDocument
from seggui.files.project_file import ProjectFile

ANNOTATIONS, RUNS = "annotations", "runs"

# File systems allow 255 bytes; endings such as ``.journal.kept-…`` need room.
_LONGEST_NAME_BYTES = 200

RowState = Literal["untouched", "work", "done"]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of the list."""

    name: str
    state: RowState
    segments: int
    reason: str = ""
    """Why it, or what was made on it, cannot be read; empty where nothing is known."""


class Project:
    """An open project. Close it to free its lock, or use it in a ``with`` block.

    Images belong to it by their path inside the folder, with ``/``; further pages of a
    file end in ``#2``, ``#3`` and so on. Methods that change anything raise
    ``ReadOnly`` when ``read_only`` says why. ``read_pixels`` and ``read_document`` may
    be called on any thread; ``load`` and ``edit`` on one other thread than the owner's,
    one after the other, as the window's disk lane does.
    """

    def __init__(self, folder: Path, read_only: str, lock: ProjectLock | None) -> None:
        self.folder = folder
        self.read_only = read_only
        self.notes: tuple[str, ...] = ()
        self._lock = lock
        self._content = ProjectFile()
        self._damage: Unreadable | None = None
        self._rows: dict[str, ImageRow] = {}
        self._opened: weakref.WeakValueDictionary[str, OpenDocument] = (
            weakref.WeakValueDictionary()
        )

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Project:
        """Open a folder of images; raises ``Unreadable``.

        What keeps it from being changed, such as another window that holds it, makes
        it read-only and is no error.
        """
        path = Path(folder).expanduser().absolute()
        _check_folder(path)
        lock, why = (None, "This project was opened for looking only.")
        note = ""
        if not read_only:
            lock, why, note = _locked(path)
        project = cls(path, why, lock)
        try:
            project._read_project_file()
            project.rescan()
        except BaseException:
            project.close()
            raise
        if note:
            project.notes = (*project.notes, note)
        if lock is not None:
            project._clean()
        return project

    @classmethod
    def open_or_refuse(cls, folder: Path | str, *, to_change: bool) -> Project:
        """As ``open``, for a command: it works on the whole project or not at all.

        Raises ``Unreadable`` also for a ``seggui.json`` that cannot be used, and
        ``ReadOnly`` where the project is to be changed and may not be.
        """
        project = cls.open(folder, read_only=not to_change)
        if project._damage is None and not (to_change and project.read_only):
            return project
        project.close()
        if project._damage is None:
            raise ReadOnly(project.read_only)
        damage = project._damage
        safe = "Nothing was changed."
        if not isinstance(damage, Newer):
            safe = f"{safe} Put a good copy in its place first."
        raise Unreadable(damage.path, damage.reason, safe) from damage

    def close(self) -> None:
        """Close the images that are open (without saving them) and free the lock."""
        try:
            for opened in list(self._opened.values()):
                opened.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- classes and settings --------------------------------------------------

    @property
    def classes(self) -> Classes:
        return self._content.classes

    @property
    def settings(self) -> Mapping[str, object]:
        """Settings that belong to the data, as ``seggui.json`` keeps them."""
        return self._content.settings

    def set_classes(self, classes: Classes) -> None:
        """Change the classes, on disk first; raises ``SaveFailed`` or ``ReadOnly``."""
        self._write_project_file(replace(self._content, classes=classes))

    def set_settings(self, settings: Mapping[str, object]) -> None:
        """Change the settings, on disk first; raises ``SaveFailed`` or ``ReadOnly``."""
        self._write_project_file(replace(self._content, settings=dict(settings)))

    # -- images ----------------------------------------------------------------

    @property
    def images(self) -> tuple[ImageRow, ...]:
        """All images in their order, as ``rescan`` and ``row`` last saw them."""
        return tuple(self._rows.values())

    def rescan(self) -> None:
        """Look again which images there are; raises ``Unreadable``."""
        found = image_list.list_images(self.folder)
        old = self._rows
        annotated = self._annotated()
        self._rows = {}
        for name in found.names:
            reason = old[name].reason if name in old else ""
            self._rows[name] = self._row_on_disk(name, reason, annotated)
        notes = list(found.notes)
        if not found.names:
            notes.append(f"There are no images in {self.folder} and its subfolders.")
        self.notes = (*notes, *_twins(found.names))

    def row(self, name: str) -> ImageRow:
        """The row of an image as it is now; raises ``Unreadable`` for no such image."""
        if name not in self._rows:
            raise Unreadable(self.folder / name, "the project has no such image")
        opened = self._opened.get(name)
        old = self._rows[name]
        if opened is not None and not opened.closed and not opened.damaged:
            document = opened.document
            state = _row_state(document.state, len(document.segments))
            row = ImageRow(name, state, len(document.segments), old.reason)
        else:
            row = self._row_on_disk(name, old.reason, None)
        self._rows[name] = row
        return row

    def refresh(self, name: str) -> bool:
        """Look at an image's row again; True when it is another than before."""
        old = self._rows.get(name)
        return old is not None and self.row(name) != old

    def note_unreadable(self, name: str, reason: str) -> None:
        """Remember in the list why an image cannot be read; empty when it can."""
        if name in self._rows:
            self._rows[name] = replace(self._rows[name], reason=reason)

    def path_of(self, name: str) -> Path:
        """The file of an image."""
        return self.folder / split_page(name)[0]

    def annotation_path(self, name: str) -> Path:
        """Where the document of an image is, or would be."""
        return self._places(name).annotation

    @property
    def runs_folder(self) -> Path:
        return self.folder / RUNS

    def read_pixels(self, name: str) -> LoadedImage:
        """Decode an image; raises ``Unreadable``. May be called on any thread."""
        return read_image(self.path_of(name), split_page(name)[1])

    # -- documents -------------------------------------------------------------

    def load(self, name: str, pixels: LoadedImage | None = None) -> OpenDocument:
        """Open an image for work; raises ``Unreadable`` when its file is no image.

        ``pixels`` are what ``read_pixels`` returned, if it was called; without them
        only the header is read. An image that is open already is returned as it is.
        """
        opened = self._opened.get(name)
        if opened is not None and not opened.closed:
            return opened
        try:
            facts = self._facts(name) if pixels is None else pixels.facts(name)
        except Unreadable as error:
            self.note_unreadable(name, error.reason)
            raise
        self.note_unreadable(name, "")
        opening = open_image(facts, self._places(name), self.read_only)
        opened = OpenDocument(opening)
        self._opened[name] = opened
        return opened

    def read_document(self, name: str) -> Document | None:
        """The saved document of an image, None where there is none.

        Raises ``Unreadable``. May be called on any thread.
        """
        return read_saved(self._places(name).annotation)

    def edit(
        self, name: str, label: str, change: Callable[[Document], Document]
    ) -> bool:
        """Make one step on an image that need not be open, and save it.

        Returns False when it changed nothing. An image that is open gets the step
        into its history. Raises ``Unreadable``, ``ReadOnly``, ``SaveFailed`` and what
        ``change`` raises.
        """
        with self._to_change(name) as work:
            done = work.commit(label, change(work.document))
            work.save()
        self.row(name)
        return done

    def check_editable(self, name: str) -> None:
        """Raise ``Unreadable`` or ``ReadOnly`` as ``edit`` will, before long work."""
        with self._to_change(name):
            pass

    def names_with_unsaved_work(self) -> tuple[str, ...]:
        """Images whose journals hold work that never reached their file."""
        there = self._annotated()
        return tuple(
            name
            for name in self._rows
            if f"{_beside(name)}.journal" in there and unsaved_work(self._places(name))
        )

    # -- inside ----------------------------------------------------------------

    @contextmanager
    def _to_change(self, name: str) -> Iterator[OpenDocument]:
        opened = self._opened.get(name)
        was_open = opened is not None and not opened.closed
        work = self.load(name)
        try:
            if work.read_only:
                raise ReadOnly(work.read_only)
            yield work
        finally:
            if not was_open:
                work.close()

    def _facts(self, name: str) -> ImageFacts:
        path, page = self.path_of(name), split_page(name)[1]
        header = probe_image(path, page)
        digest = file_digest(path)
        return ImageFacts(name, header.width, header.height, digest, header.orientation)

    def _places(self, name: str) -> Places:
        start = self.folder / _beside(name)
        return Places(
            start.with_name(f"{start.name}.json"),
            start.with_name(f"{start.name}.journal"),
        )

    def _annotated(self) -> set[str]:
        """Paths of all that lies in ``annotations/``, relative to the project.

        Folders too: one in the place of a file is damage, and is said to be.
        """
        out: set[str] = set()
        for folder, folders, files in os.walk(self.folder / ANNOTATIONS):
            below = Path(folder).relative_to(self.folder).as_posix()
            out.update(f"{below}/{name}" for name in (*folders, *files))
        return out

    def _row_on_disk(
        self, name: str, reason: str, annotated: set[str] | None
    ) -> ImageRow:
        if annotated is not None and f"{_beside(name)}.json" not in annotated:
            return ImageRow(name, "untouched", 0, reason)
        path = self._places(name).annotation
        try:
            found = read_state(path)
        except Unreadable as error:
            return ImageRow(name, "work", 0, reason or f"its segments: {error.reason}")
        if found is None:
            return ImageRow(name, "untouched", 0, reason)
        return ImageRow(name, _row_state(*found), found[1], reason)

    def _read_project_file(self) -> None:
        try:
            self._content = project_file.read_project_file(
                self.folder / project_file.NAME
            )
        except Unreadable as error:
            self._damage = error
            # Before any other reason: without its classes nothing else is of use.
            self.read_only = (
                f"{error} The project is opened read-only and the file stays as it is."
            )

    def _write_project_file(self, content: ProjectFile) -> None:
        if self.read_only:
            raise ReadOnly(self.read_only)
        path = self.folder / project_file.NAME
        write_whole(path, project_file.project_file_bytes(content))
        self._content = content

    def _clean(self) -> None:
        """Remove what killed processes left half-written."""
        remove_litter(self.folder)
        for folder, _, _ in os.walk(self.folder / ANNOTATIONS):
            remove_litter(Path(folder))


def _check_folder(path: Path) -> None:
    try:
        if path.is_dir():
            os.scandir(path).close()
            return
        there = path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not possible"
        raise Unreadable(path, reason) from error
    if there:
        raise Unreadable(path, "it is a file; open the folder it lies in")
    raise Unreadable(path, "there is no such folder")


def _locked(path: Path) -> tuple[ProjectLock | None, str, str]:
    """The lock or None, why the project is read-only, and what else to say."""
    if not os.access(path, os.W_OK):
        return None, (
            f"The folder {path} may not be written to, so nothing can be saved in it. "
            "Copy it to a place of your own to work on it."
        ), ""  # fmt: skip
    try:
        return ProjectLock.take(path), "", ""
    except Held as error:
        return None, (
            f"The project {path} is open elsewhere: {error}. It is opened read-only "
            "here. Close the other one and open it again to work here."
        ), ""  # fmt: skip
    except CannotLock as error:
        return None, "", (
            f"The project {path} cannot be locked ({error}). Make sure that nobody "
            "else works on it at the same time."
        )  # fmt: skip


def _row_state(state: str, segments: int) -> RowState:
    if state == "done":
        return "done"
    return "work" if segments else "untouched"


def _beside(name: str) -> str:
    """Where the files about an image lie in the project, less their endings."""
    above, slash, last = name.rpartition("/")
    return f"{ANNOTATIONS}/{above}{slash}{_short(last)}"


def _short(name: str) -> str:
    """The name for files beside an image's; shortened where endings would not fit."""
    data = os.fsencode(name)
    if len(data) <= _LONGEST_NAME_BYTES:
        return name
    mark = hashlib.sha256(data).hexdigest()[:12]
    start = data[: _LONGEST_NAME_BYTES - 20].decode("utf-8", "ignore")
    return f"{start}~{mark}"


def _twins(names: tuple[str, ...]) -> list[str]:
    """Names that other disks would take for the same."""
    first: dict[str, str] = {}
    notes = []
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        other = first.setdefault(key, name)
        if other != name:
            notes.append(
                f"{other} and {name} differ only in the case or form of letters; "
                "some disks cannot hold both."
            )
    return notes
