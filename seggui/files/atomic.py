"""The one writer of the program: a file is replaced as a whole or not at all.

Write beside, flush, fsync, rename, fsync the folder. What was there before stays
whole until the new bytes are on the disk; only then does "saved" become true.
A name that is a symbolic link keeps being one and its target is replaced. A file
with several hard links is split from the others, which keep the old bytes: that is
what snapshots made of hard links need.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from seggui.errors import SaveFailed

_LITTER = re.compile(r"\.seggui-(\d+)-[0-9a-f]{8}\.tmp")
_STALE_AFTER_S = 24 * 3600.0

# Virus scanners and cloud folders hold a file open for a moment on Windows.
_WINDOWS_BUSY = frozenset({5, 32, 33})
_WINDOWS_PATIENCE_S = 2.5

# File systems that cannot sync a folder say so with one of these.
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For files that are cut or written in place: a link in a folder from somebody else
must not lead to a file outside it."""

_WHY = {
    errno.EDQUOT if hasattr(errno, "EDQUOT") else -1: "your disk quota is used up",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "the folder may not be written to",
    errno.EPERM: "the system does not permit it",
    errno.ENOENT: "its folder is not there any more",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.EISDIR: "there is a folder of that name",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EIO: "the disk reported an error",
    errno.EFBIG: "the file is larger than this disk allows",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ELOOP: "its links lead in a circle",
    errno.EILSEQ: "the name cannot be written on this disk",
    errno.ESTALE if hasattr(errno, "ESTALE") else -2: "the network drive is gone",
}


def write_whole(path: Path | str, data: bytes, *, lasting: bool = True) -> None:
    """Replace the file at ``path``, or make it, with those bytes.

    Its folder must exist. Returns when the bytes are on the disk; raises
    ``SaveFailed`` otherwise, and the old file is unchanged. With ``lasting`` off it
    returns sooner, and a power cut may leave a damaged file: for what carries a
    checksum and can be made again.
    """
    with _replacing(Path(path), len(data), lasting=lasting) as descriptor:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def make_folder(path: Path | str, *, inside: Path | None = None) -> None:
    """Make a folder and those above it where they are missing.

    Raises ``SaveFailed``, also when ``inside`` is given and gone: a folder that was
    moved away must not come back as a second one.
    """
    folder = Path(path)
    if inside is not None and not inside.is_dir():
        raise SaveFailed(folder, f"the folder {inside} is not there any more")
    missing = []
    above = folder
    while not above.exists() and above != above.parent:
        missing.append(above)
        above = above.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            _sync_folder(made.parent)
    except (OSError, ValueError) as error:
        raise SaveFailed(folder, reason_of(error, folder, 0)) from error


def remove_litter(folder: Path) -> int:
    """Remove what killed processes left half-written in a folder; return how many.

    Only names that this module makes are touched, and none of a process that still
    runs, unless it is a day old.
    """
    removed = 0
    try:
        paths = list(folder.iterdir())
    except OSError:
        return 0
    for path in paths:
        match = _LITTER.fullmatch(path.name)
        if match is None:
            continue
        try:
            fresh = time.time() - path.stat().st_mtime < _STALE_AFTER_S
            if not (fresh and process_runs(int(match[1]))):
                path.unlink()
                removed += 1
        except OSError:
            # Somebody else removed it, or it may not be removed: it harms nothing.
            continue
    return removed


def is_litter(name: str) -> bool:
    """Whether a file name is one of our unfinished writes."""
    return _LITTER.fullmatch(name) is not None


def process_runs(pid: int) -> bool:
    """Whether a process of that id runs on this machine."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return _process_runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def reason_of(error: Exception, path: Path, needed_bytes: int) -> str:
    """Say in words why writing ``path`` failed."""
    if isinstance(error, ValueError):
        return "the name cannot be written on this disk"
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC:
        return f"the disk is full{_space(path, needed_bytes)}"
    if number in _WHY:
        return _WHY[number]
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def size_in_words(size_bytes: int) -> str:
    """Bytes as people read them: ``2.1 MB``."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    size = size_bytes / 1000.0
    for unit in ("kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000.0
    return f"{size:.1f} TB"


def _space(path: Path, needed_bytes: int) -> str:
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    free_words = f"{size_in_words(free)} free"
    if not needed_bytes:
        return f" ({free_words})"
    return f" ({size_in_words(needed_bytes)} needed, {free_words})"


@contextlib.contextmanager
def _replacing(path: Path, needed_bytes: int, *, lasting: bool = True) -> Iterator[int]:
    """Give the descriptor of a new file that takes the place of ``path`` at the end."""
    with _told_as_save_failed(path, needed_bytes):
        target = Path(os.path.realpath(path))
        mode = _mode_of(target, path)
        name = f".seggui-{os.getpid()}-{secrets.token_hex(4)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        # 0o666 is what a new file gets, less the user's umask.
        descriptor = os.open(target.parent / name, flags, 0o666)
    temporary: Path | None = target.parent / name
    try:
        with _told_as_save_failed(path, needed_bytes):
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            yield descriptor
            if lasting:
                os.fsync(descriptor)
            closing, descriptor = descriptor, -1
            os.close(closing)
            _replace(target.parent / name, target)
            temporary = None
    finally:
        _clean_up(descriptor, temporary)
    if not lasting:
        return
    try:
        _sync_folder(target.parent)
    except OSError as error:
        raise SaveFailed(
            path,
            reason_of(error, path, needed_bytes),
            safe="The new file is in place, but the disk did not confirm that it will "
            "survive a power cut. Your work is still open; save again.",
        ) from error


@contextlib.contextmanager
def _told_as_save_failed(path: Path, needed_bytes: int) -> Iterator[None]:
    """Turn the system's errors into ``SaveFailed``."""
    try:
        yield
    except (OSError, ValueError) as error:  # a NUL or a lone surrogate in the name
        raise SaveFailed(path, reason_of(error, path, needed_bytes)) from error


def _mode_of(target: Path, path: Path) -> int | None:
    """The permission bits to keep; None for a new file."""
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise SaveFailed(path, "there is a folder of that name")
    if not stat.S_ISREG(found.st_mode):
        # A file in its place would be the end of a device such as /dev/null.
        raise SaveFailed(path, "it is a device or a pipe and no regular file")
    if not found.st_mode & 0o222:
        raise SaveFailed(path, "the file is marked as read-only")
    return stat.S_IMODE(found.st_mode)


def _replace(temporary: Path, target: Path) -> None:
    until = time.monotonic() + _WINDOWS_PATIENCE_S
    while True:
        try:
            temporary.replace(target)
            return
        except OSError as error:
            busy = getattr(error, "winerror", None) in _WINDOWS_BUSY
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # Windows has no way to sync a folder, and does not need one.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _clean_up(descriptor: int, temporary: Path | None) -> None:
    # A failure here must not hide the failure that led here.
    if descriptor >= 0:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    if temporary is not None:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _process_runs_on_windows(pid: int) -> bool:
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - absent elsewhere
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE
