"""One image being worked on: its history, its journal and its file, kept in step."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from seggui.core.change import difference
from seggui.core.document import Document, ImageFacts
from seggui.core.history import History
from seggui.errors import ReadOnly, SaveFailed, SegguiError
from seggui.files.annotations import Json, document_bytes
from seggui.files.atomic import make_folder, reason_of, write_whole
from seggui.files.changes import change_json
from seggui.files.images import digest_of
from seggui.files.journal import JournalFile, header, line_of, read_journal

MOST_JOURNAL_BYTES = 16 * 2**20
"""Above this, a save drops the oldest steps from the journal."""


class ChangedOnDisk(SegguiError):
    """Another program changed the annotation file since it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Another program changed {path} since it was opened. Nothing was "
            "overwritten and your work is still open. Keep yours (theirs is put aside) "
            "or take theirs (yours stays in the journal)."
        )
        self.path = path


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """All that ``Project.load`` found out about an image."""

    facts: ImageFacts
    annotation_path: Path
    journal_path: Path
    history: History
    numbers: tuple[int, ...]
    """Of each step of the history, in the journal."""
    file_digest: str
    """Of the annotation file as we last read or wrote it; empty without a file."""
    journal_bytes: int
    """How far the journal can be trusted; 0 when a new one has to begin."""
    next_number: int = 1
    read_only: str = ""
    damaged: bool = False
    recovered: int = 0
    notes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class AnnotationFile:
    """The annotation file as we last left it. Saves take turns with its lock."""

    path: Path
    digest: str
    inside: Path
    """The project's folder, which has to be there."""
    tried: str = ""
    """Of what we wrote last, also where the disk did not confirm it."""
    newest: int = 0
    """Serial number of the newest save that wrote it; older ones come too late."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True, eq=False)
class SaveJob:
    """A document on its way to the disk; ``run`` may be called on any thread."""

    document: Document
    number: int
    serial: int
    file: AnnotationFile
    journal: JournalFile
    overwrite: bool

    def run(self) -> str:
        """Write it, unless a newer save already did, and return the file's digest.

        Raises ``SaveFailed`` or ``ChangedOnDisk``.
        """
        data = document_bytes(self.document)
        with self.file.lock:
            if self.serial >= self.file.newest:
                self._write(data)
            return self.file.digest

    def _write(self, data: bytes) -> None:
        path, digest = self.file.path, digest_of(data)
        ours = {self.file.digest, self.file.tried}
        _check_unchanged(path, ours, overwrite=self.overwrite)
        make_folder(path.parent, inside=self.file.inside)
        # First the journal learns which step the file is about to be: a kill between
        # the two leaves a file that an earlier line of the journal knows.
        if not self.journal.is_new:
            self.journal.append({"t": "saving", "n": self.number, "sha": digest})
            self.journal.sync()
        self.file.tried = digest
        write_whole(path, data)
        self.file.digest, self.file.newest = digest, self.serial


class OpenDocument:
    """The document of one image, with undo that survives restarts and crashes.

    ``commit``, ``undo``, ``redo`` and ``go_to`` change what is shown and write a line
    to the journal before they return; call ``sync`` at most a second later. When the
    journal cannot be written they raise ``SaveFailed`` *after* the change has been
    made: it is in memory, its line goes out with the next one. ``save`` writes the
    annotation file; ``unsaved`` says whether that file shows what is shown here.

    Gestures that a crash kept from the file are shown already when the image opens:
    ``recovered`` counts them and ``discard_recovered`` goes back to the file, with the
    journal put aside. All methods belong to the thread that opened the image; a save
    can be split over threads: ``begin_save`` here, ``SaveJob.run`` anywhere, then
    ``saved`` here with what it returned.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._history = opening.history
        self._numbers = list(opening.numbers)
        self._next = opening.next_number
        inside = opening.annotation_path.parents[opening.facts.name.count("/") + 1]
        self._file = AnnotationFile(
            opening.annotation_path, opening.file_digest, inside
        )
        self._serial = 0
        self._noted = 0
        self._journal = JournalFile(opening.journal_path, opening.journal_bytes, inside)
        self.name = opening.facts.name
        self.facts = opening.facts
        self.read_only = opening.read_only
        self.notes = opening.notes
        self.recovered = opening.recovered
        self.closed = False

    @property
    def history(self) -> History:
        """To be read only; a step committed to it directly would miss the journal."""
        return self._history

    @property
    def document(self) -> Document:
        return self._history.document

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo and not self.read_only

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo and not self.read_only

    @property
    def damaged(self) -> bool:
        """Whether its file cannot be used and ``start_anew`` may be offered."""
        return self._opening.damaged

    @property
    def unsaved(self) -> bool:
        return self._history.unsaved

    # -- editing ---------------------------------------------------------------

    def commit(self, label: str, document: Document) -> bool:
        """Add a step; False when the document is the one shown already.

        Raises ``ReadOnly`` (nothing happened) or ``SaveFailed`` (see the class).
        """
        self._check_writable()
        before, parent = self.document, self._number
        if not self._history.commit(label, document):
            return False
        number, self._next = self._next, self._next + 1
        place = self._numbers.index(parent)
        self._numbers = [*self._numbers[: place + 1], number]
        self._numbers = self._numbers[-len(self._history.steps) :]
        step = self._history.steps[-1]
        change = change_json(difference(before, document))
        self._write(
            {
                "t": "step",
                "n": number,
                "after": parent,
                "label": label,
                "when": step.when,
                "change": change,
            },
            first=parent,
        )
        return True

    def undo(self) -> Document:
        return self.go_to(self._history.at - 1)

    def redo(self) -> Document:
        return self.go_to(self._history.at + 1)

    def go_to(self, index: int) -> Document:
        """Show a step of the history; raises as ``commit`` does."""
        self._check_writable()
        before = self._history.at
        document = self._history.go_to(index)
        if self._history.at != before:
            self._write({"t": "go", "n": self._number}, first=self._numbers[before])
        return document

    def discard_recovered(self) -> None:
        """Go back to what the file on disk holds; the journal is put aside."""
        self._check_writable()
        saved = self._history.saved
        if saved is None or not self.recovered:
            return
        self._outdate_saves()
        self._journal.sync()
        self._journal.close()
        put_aside(self._opening.journal_path)
        self._begin_again(saved, "Opened without the recovered work")

    def start_anew(self) -> None:
        """Give up a damaged annotation file for an empty document.

        The damaged bytes are put aside. Raises ``SaveFailed``, and ``ReadOnly`` where
        the file is not damaged.
        """
        if not self._opening.damaged:
            raise ReadOnly(f"The segments of {self.name} are not damaged.")
        self._outdate_saves()
        put_aside(self._opening.annotation_path)
        put_aside(self._opening.journal_path)
        self.read_only = ""
        self._file = AnnotationFile(
            self._opening.annotation_path, "", self._file.inside
        )
        self._opening = replace(self._opening, damaged=False)
        self._begin_again(Document(self.facts), "Started anew")

    # -- keeping ---------------------------------------------------------------

    def sync(self) -> None:
        """Have the disk confirm the journal; raises ``SaveFailed``. Any thread."""
        self._journal.sync()

    def save(self, *, overwrite: bool = False) -> None:
        """Write the annotation file if it does not show what is shown here.

        Raises ``SaveFailed``, ``ReadOnly`` or ``ChangedOnDisk``; with ``overwrite``,
        what another program wrote is put aside instead.
        """
        if self.unsaved:
            job = self.begin_save(overwrite=overwrite)
            self.saved(job, job.run())

    def begin_save(self, *, overwrite: bool = False) -> SaveJob:
        """Take what is shown for saving; raises ``ReadOnly``."""
        self._check_writable()
        self._serial += 1
        return SaveJob(
            self.document,
            self._number,
            self._serial,
            self._file,
            self._journal,
            overwrite,
        )

    def saved(self, job: SaveJob, digest: str) -> None:
        """Take note that a job's ``run`` came to its end and returned that."""
        if job.serial < self._noted:
            return
        self._noted = job.serial
        self._history.mark_saved(job.document)
        self.recovered = 0
        # A save that runs now is about to write its own line into the journal.
        long = self._journal.size_bytes > MOST_JOURNAL_BYTES
        if long and self._file.lock.acquire(blocking=False):
            try:
                if self._file.newest == job.serial:
                    # A journal that stays long is whole all the same.
                    with contextlib.suppress(SegguiError):
                        self._compact(job, digest)
            finally:
                self._file.lock.release()

    def close(self) -> None:
        """Sync and close the journal; does not save."""
        if not self.closed:
            self.closed = True
            try:
                self._journal.sync()
            finally:
                self._journal.close()

    # -- inside ----------------------------------------------------------------

    @property
    def _number(self) -> int:
        return self._numbers[self._history.at]

    def _check_writable(self) -> None:
        if self.read_only:
            raise ReadOnly(self.read_only)

    def _write(self, entry: Json, first: int) -> None:
        """Append to the journal; ``first`` is the step it begins with if it is new."""
        lines = [entry]
        if self._journal.is_new:
            step = self._history.steps[self._numbers.index(first)]
            base = self._file.digest
            lines.insert(0, header(self.facts, base, first, step.label, step.when))
        self._journal.append(*lines)

    def _outdate_saves(self) -> None:
        """Saves that were begun before now are of a history that will be gone."""
        with self._file.lock:
            self._serial += 1
            self._file.newest = self._noted = self._serial

    def _begin_again(self, document: Document, label: str) -> None:
        self._history = History(document, label=label)
        self._numbers, self._next = [0], 1
        self._journal = JournalFile(self._opening.journal_path, 0, self._file.inside)
        self.recovered = 0

    def _compact(self, job: SaveJob, digest: str) -> None:
        """Keep the newest steps of the line, half the allowed size of them.

        Needs the saved step among them; otherwise the journal stays as it is until
        the next save.
        """
        if job.number not in self._numbers:
            return
        content = read_journal(self._journal.path)
        steps = {
            entry["n"]: line
            for entry, line in zip(content.entries, content.lines, strict=True)
            if entry["t"] == "step"
        }
        size, index = 0, len(self._numbers) - 1
        last = self._numbers.index(job.number)
        while index > 0 and self._numbers[index] in steps:
            size += len(steps[self._numbers[index]])
            if size > MOST_JOURNAL_BYTES // 2 and index <= min(last, self._history.at):
                break
            index -= 1
        if index > min(last, self._history.at):
            return
        number, step = self._numbers[index], self._history.steps[index]
        # No digest is the base: the saved step is found by its own line.
        begin = header(self.facts, "none", number, step.label, step.when)
        saving = {"t": "saving", "n": job.number, "sha": digest}
        go = {"t": "go", "n": self._number}
        kept = [steps[n] for n in self._numbers[index + 1 :]]
        self._journal.rewrite([line_of(begin), *kept, line_of(saving), line_of(go)])


def put_aside(path: Path) -> Path | None:
    """Rename a file so that nothing overwrites it; None when there is none.

    Raises ``SaveFailed``.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for attempt in range(1000):
        ending = f"-{attempt}" if attempt else ""
        kept = path.with_name(f"{path.name}.kept-{stamp}{ending}")
        if kept.exists():
            continue
        try:
            path.rename(kept)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SaveFailed(path, reason_of(error, path, 0)) from error
        return kept
    raise SaveFailed(path, "too many copies of it are put aside already")


def _check_unchanged(path: Path, ours: set[str], *, overwrite: bool) -> None:
    # By content: times can be equal, jump, or change without the file.
    try:
        digest = digest_of(path.read_bytes())
    except FileNotFoundError:
        return  # nothing of anybody's would be overwritten
    except OSError as error:
        raise SaveFailed(path, reason_of(error, path, 0)) from error
    if digest in ours:
        return
    if not overwrite:
        raise ChangedOnDisk(path)
    put_aside(path)
