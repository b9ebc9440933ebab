"""What models have seen of images, kept on the disk: encodings as packed arrays.

One file is one encoding, named by the image and the model, written as a whole and
checked when it is read: what is damaged, cut short or of another version is removed
and counts as not there. Several processes may use one folder at once. A folder that
cannot be written costs time and a sentence, never a click.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seggui.errors import BadRequest, SaveFailed
from seggui.files.atomic import (
    make_folder,
    remove_litter,
    size_in_words,
    write_whole,
)
from seggui.files.packed_arrays import VERSION, Arrays, packed, unpacked
from seggui.files.settings import Settings, folders

_SUFFIX = ".encoding"
_SPARED_BYTES = 512 * 10**6
"""So much of the disk is left free for other work, such as the annotations."""
_LOOK_AGAIN = 64
"""Writes between two looks at what other processes have put into the folder."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How much lies in the folder."""

    files: int
    nbytes: int


class EncodingFolder:
    """A folder of encodings of bounded size; the one unused for longest goes first.

    ``most_bytes`` is asked before each write, so that a changed setting counts at
    once. Not for use from several threads at once.
    """

    def __init__(self, folder: Path, most_bytes: Callable[[], int]) -> None:
        self.folder = folder
        self.problem = ""
        """A sentence when the last write failed; reading goes on."""
        self._most_bytes = most_bytes
        self._known_bytes = 0
        self._writes = 0

    def get(self, image_key: str, model_digest: str) -> Arrays | None:
        """The arrays that were put there; None when they are not, or not any more."""
        path = self._path(image_key, model_digest)
        try:
            data = _bytes_of(path)
        except OSError:
            return None
        arrays = unpacked(data)
        if arrays is None:
            self.drop(image_key, model_digest)
            return None
        with contextlib.suppress(OSError):
            # A folder that can only be read keeps the times it has.
            os.utime(path)
        return arrays

    def has(self, image_key: str, model_digest: str) -> bool:
        """Whether there is a file for it, without reading that."""
        return self._path(image_key, model_digest).is_file()

    def size(self, image_key: str, model_digest: str) -> int:
        """How many bytes its file takes; 0 when there is none."""
        try:
            return self._path(image_key, model_digest).stat().st_size
        except OSError:
            return 0

    def put(self, image_key: str, model_digest: str, arrays: Arrays) -> bool:
        """Keep arrays of numbers; False, and ``problem`` says why, if that fails."""
        if self._most_bytes() <= 0:
            return False  # turned off by the person, which is no problem
        path = self._path(image_key, model_digest)
        data = packed(arrays)
        try:
            make_folder(self.folder)
            self._make_room(len(data))
            if path.is_symlink():
                # Nobody but a stranger makes one; what it leads to stays as it is.
                self.drop(image_key, model_digest)
            write_whole(path, data, lasting=False)
        except SaveFailed as error:
            self.problem = (
                f"Encodings of images cannot be kept in {self.folder}: {error.reason}. "
                "Clicks work as before, but an image that is opened again may have to "
                "be encoded again. Make room there, or choose a smaller cache in the "
                "settings."
            )
            return False
        self.problem = ""
        self._known_bytes += len(data)
        return True

    def drop(self, image_key: str, model_digest: str) -> None:
        """Remove one that turned out to be of no use."""
        with contextlib.suppress(OSError):
            self._path(image_key, model_digest).unlink()

    def contents(self) -> Contents:
        sizes = [size for _, size, _ in self._files()]
        return Contents(len(sizes), sum(sizes))

    def clear(self) -> Contents:
        """Remove all encodings; returns what went."""
        gone = [size for _, size, path in self._files() if _removed(path)]
        remove_litter(self.folder)
        self._known_bytes = 0
        return Contents(len(gone), sum(gone))

    def room_for(self, nbytes_each: int) -> int:
        """How many encodings of that size fit, with all others gone."""
        return self._limit(self.contents().nbytes) // max(1, nbytes_each)

    def check_room(self, count: int, nbytes_each: int, title: str) -> None:
        """Raise ``BadRequest`` when so many encodings of a model cannot be kept."""
        if self._most_bytes() <= 0:
            raise BadRequest(
                "Nothing can be prepared: encodings are not kept on the disk. Set "
                "“Encodings on disk” in the settings above 0 and try again."
            )
        if nbytes_each <= 0:
            raise BadRequest(
                f"{title} keeps no encodings on the disk, so there is nothing to "
                "prepare. Other models do; choose one of them for clicks."
            )
        fit = self.room_for(nbytes_each)
        if fit < count:
            room = (
                f"room for {fit} encodings of {title} ({size_in_words(nbytes_each)} "
                f"each), not for all {count} images"
                if fit
                else f"no room for an encoding of {title}"
            )
            raise BadRequest(
                f"The cache has {room}. Set “Encodings on disk” in the settings "
                f"higher, or make room on the disk of {self.folder}."
            )

    def _make_room(self, nbytes: int) -> None:
        """Drop the oldest until that many bytes more fit; raises ``SaveFailed``."""
        if self._writes % _LOOK_AGAIN == 0:
            remove_litter(self.folder)
            self._known_bytes = self.contents().nbytes
        self._writes += 1
        limit = self._limit(self._known_bytes)
        if nbytes > limit:
            raise SaveFailed(self.folder, self._why_too_little(nbytes))
        if self._known_bytes + nbytes > limit:
            self._trim(limit - nbytes)

    def _trim(self, most_bytes: int) -> None:
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= most_bytes:
                break
            if _removed(path):
                total -= size
        self._known_bytes = total

    def _limit(self, used_bytes: int) -> int:
        try:
            free_bytes = shutil.disk_usage(self.folder).free
        except OSError:
            return self._most_bytes()
        return max(0, min(self._most_bytes(), used_bytes + free_bytes - _SPARED_BYTES))

    def _why_too_little(self, nbytes: int) -> str:
        if nbytes > self._most_bytes():
            return (
                f"one encoding takes {nbytes / 1e6:.1f} MB, more than the cache may "
                f"({self._most_bytes() / 1e6:.1f} MB)"
            )
        return "the disk is almost full"

    def _files(self) -> list[tuple[int, int, Path]]:
        """When each was used last, its size and its path."""
        found = []
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return []
        for entry in entries:
            if entry.name.endswith(_SUFFIX):
                # Another process may just have removed it.
                with contextlib.suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    found.append((facts.st_mtime_ns, facts.st_size, Path(entry.path)))
        return found

    def _path(self, image_key: str, model_digest: str) -> Path:
        key = f"{image_key}|{model_digest}|{VERSION}".encode()
        return self.folder / f"{hashlib.sha256(key).hexdigest()[:40]}{_SUFFIX}"


def own_folder() -> EncodingFolder:
    """The folder of this user, as large as the settings say."""
    return EncodingFolder(folders()["cache"] / "encodings", _most_bytes_in_settings())


def _most_bytes_in_settings() -> Callable[[], int]:
    """Reads the setting again once in a while: another process may change it."""
    read_at_s, most_bytes = -1e9, 0

    def most() -> int:
        nonlocal read_at_s, most_bytes
        if time.monotonic() - read_at_s > 2.0:
            most_bytes = int(float(Settings.load().value("encoding_cache_gb")) * 1e9)
            read_at_s = time.monotonic()
        return most_bytes

    return most


def _bytes_of(path: Path) -> bytes:
    """What a plain file holds; nothing of links, and of pipes that never end."""
    return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b""


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
