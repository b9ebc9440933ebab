"""One window at a time may change a project, or fetch a file.

The lock is one of the operating system's on an open file, so it is free again the
moment its holder ends, however it ends. The file's content only says who holds it.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import os
import socket
import sys
from pathlib import Path

from seggui.core.segment import now_iso
from seggui.files.atomic import NO_LINK

NAME = ".seggui-lock"

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})


class Held(Exception):
    """Somebody else holds the lock; the text says who."""


class CannotLock(Exception):
    """No lock can be made here; the text says why."""


class ProjectLock:
    """The exclusive lock of a folder or of something in it, until ``release``."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    @classmethod
    def take(cls, folder: Path, name: str = NAME) -> ProjectLock:
        """Take the lock of that file name; raises ``Held`` or ``CannotLock``."""
        path = folder / name
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | NO_LINK
        while True:
            try:
                descriptor = os.open(path, flags, 0o666)
            except OSError as error:
                raise CannotLock(error.strerror or "the disk failed") from error
            try:
                _lock(descriptor)
                if _is_still(path, descriptor):
                    _say_who(descriptor)
                    return cls(descriptor, path)
            except OSError as error:
                told = _holder(descriptor)
                os.close(descriptor)
                if error.errno in _HELD:
                    raise Held(told) from error
                raise CannotLock(error.strerror or "the disk failed") from error
            # The last holder removed the file between our two calls: once more.
            os.close(descriptor)

    def release(self) -> None:
        """Free it and remove its file; may be called twice."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        # Removed while it is still ours, so that nobody's file but ours goes.
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _say_who(descriptor: int) -> None:
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "user": _user(),
        "since": now_iso(),
    }
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(holder).encode("ascii"))


def _holder(descriptor: int) -> str:
    """Who holds it, in words."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        holder = json.loads(os.read(descriptor, 4096))
        return (
            f"{holder['user']} on {holder['host']} "
            f"(process {holder['pid']}, since {holder['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another window"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Far behind the content, which others may still read.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
