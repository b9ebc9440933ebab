"""Every gesture on an image, written down at once in lines that check themselves.

A line is eight hex digits, the CRC-32 of the rest, a space, and a JSON object whose
``t`` says what it is::

    journal  which image this belongs to, and the digest of the annotation file at
             its start (empty when there was none); its ``n`` is the first step
    step     step ``n`` was made after step ``after``: its label and what changed
    go       undo or redo: step ``n`` is shown now
    saving   step ``n`` is about to become the annotation file of that digest

Steps form a tree, because a new gesture after an undo starts a branch. Whichever step
the annotation file on disk is, found by its digest, every other step can be reached
from it forwards and backwards. So it does not matter when the program was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path

from seggui.core.document import ImageFacts
from seggui.errors import SaveFailed, Unreadable
from seggui.files.annotations import Json
from seggui.files.atomic import NO_LINK, make_folder, reason_of, write_whole

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What a journal file holds."""

    entries: tuple[Json, ...]
    lines: tuple[bytes, ...]
    """The line of each entry, as in the file."""
    valid_bytes: int
    """How far the file can be trusted."""
    lost_bytes: int
    """What comes after that and is more than one torn line."""


def line_of(entry: Json) -> bytes:
    """Return the line of an entry."""
    body = json.dumps(
        entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")
    ).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def read_journal(path: Path) -> Content:
    """Read as far as the checksums are right; raises ``Unreadable``.

    A last line without its end is what a kill in the middle of a write leaves; it is
    dropped and counts as no loss.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    entries: list[Json] = []
    lines: list[bytes] = []
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1
        entry = _checked(data[at:end]) if end else None
        if entry is None:
            torn = not end or end == len(data)
            lost = 0 if torn else len(data) - at
            return Content(tuple(entries), tuple(lines), at, lost)
        entries.append(entry)
        lines.append(data[at:end])
        at = end
    return Content(tuple(entries), tuple(lines), at, 0)


def header(facts: ImageFacts, base: str, number: int, label: str, when: str) -> Json:
    """The first line of a journal; ``base`` is the annotation file's digest."""
    return {
        "t": "journal",
        "format": FORMAT,
        "image": facts.name,
        "digest": facts.digest,
        "width": facts.width,
        "height": facts.height,
        "base": base,
        "n": number,
        "label": label,
        "when": when,
    }


class JournalFile:
    """A journal open for appending, from any thread."""

    def __init__(self, path: Path, valid_bytes: int, inside: Path) -> None:
        """``inside`` is the project's folder, which has to be there."""
        self._path = path
        self._inside = inside
        self._size = valid_bytes
        self._descriptor = -1
        self._pending: list[bytes] = []
        self._unsynced = False
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        return self._size

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_new(self) -> bool:
        """Whether its first line has yet to be written."""
        return not self._size and not self._pending

    def append(self, *entries: Json) -> None:
        """Write lines and hand them to the system: killing us does not lose them.

        Raises ``SaveFailed``; the lines are kept and go out with the next ones.
        """
        with self._lock:
            self._pending.extend(line_of(entry) for entry in entries)
            data = b"".join(self._pending)
            try:
                make_folder(self._path.parent, inside=self._inside)
                self._open()
                self._write(data)
            except OSError as error:
                self._cut_back()
                raise SaveFailed(
                    self._path,
                    reason_of(error, self._path, len(data)),
                    safe="The change is still open here but not yet safe from a "
                    "crash. Make room or make the folder writable, then go on.",
                ) from error
            self._pending.clear()
            self._size += len(data)
            self._unsynced = True

    def sync(self) -> None:
        """Have the disk confirm what was written; raises ``SaveFailed``.

        ``append`` on another thread does not wait for it.
        """
        with self._lock:
            if not self._unsynced or self._descriptor < 0:
                return
            size = self._size
            try:
                descriptor = os.dup(self._descriptor)
            except OSError as error:
                raise self._unconfirmed(error) from error
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise self._unconfirmed(error) from error
        finally:
            os.close(descriptor)
        with self._lock:
            self._unsynced = self._size != size

    def _unconfirmed(self, error: OSError) -> SaveFailed:
        reason = reason_of(error, self._path, 0)
        return SaveFailed(self._path, reason, safe="Your work is still open; save it.")

    def rewrite(self, lines: list[bytes]) -> None:
        """Replace the whole journal; raises ``SaveFailed`` and keeps the old one."""
        with self._lock:
            data = b"".join([*lines, *self._pending])
            write_whole(self._path, data)
            self._pending.clear()
            self._close()
            self._size = len(data)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _open(self) -> None:
        if self._descriptor >= 0:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(self._path, flags | NO_LINK, 0o666)
        # A torn line at the end would spoil the next one.
        os.ftruncate(self._descriptor, self._size)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _cut_back(self) -> None:
        """Take away what a failed write left; ``_open`` does it again if this fails."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


def _checked(line: bytes) -> Json | None:
    if len(line) < 11 or line[8:9] != b" " or not line.endswith(b"\n"):
        return None
    body = line[9:-1]
    if line[:8] != b"%08x" % zlib.crc32(body):
        return None
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
