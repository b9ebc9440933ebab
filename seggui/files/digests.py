"""Digests of large files, written down beside them so that each is taken once.

``NAME.sha256`` beside a file is in the format of ``sha256sum``. It counts as long as
both have the same time of change, which is set so when the digest is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from seggui.core.ports import Report, unwatched
from seggui.errors import SegguiError, Unreadable
from seggui.files.atomic import write_whole

_BLOCK_BYTES = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64}) [ *].+\n?")


def digests_of(path: Path, report: Report = unwatched) -> tuple[str, str]:
    """The SHA-256 and the MD5 of a file, as hex digits; raises ``Unreadable``."""
    sha256 = hashlib.sha256()
    md5 = hashlib.md5(usedforsecurity=False)
    try:
        total = path.stat().st_size
        with path.open("rb") as stream:
            done = 0
            while block := stream.read(_BLOCK_BYTES):
                sha256.update(block)
                md5.update(block)
                done += len(block)
                report(done, total, f"Checking {path.name}")
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    return sha256.hexdigest(), md5.hexdigest()


def record_of(path: Path) -> Path:
    """Where the digest of a file is written down."""
    return path.with_name(f"{path.name}.sha256")


def recorded(path: Path) -> str:
    """The digest that was written down for the file, fresh or not; may be empty."""
    try:
        match = _LINE.fullmatch(record_of(path).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return match[1] if match else ""


def is_fresh(path: Path) -> bool:
    """Whether the file is unchanged since its digest was written down."""
    try:
        return record_of(path).stat().st_mtime_ns == path.stat().st_mtime_ns
    except OSError:
        return False


def record(path: Path, sha256: str) -> None:
    """Write the digest down; where that cannot be done it is taken again next time."""
    with contextlib.suppress(SegguiError, OSError):
        if record_of(path).is_symlink():
            record_of(path).unlink()  # not ours; what it leads to stays as it is
        write_whole(record_of(path), f"{sha256}  {path.name}\n".encode())
        changed_ns = path.stat().st_mtime_ns
        os.utime(record_of(path), ns=(changed_ns, changed_ns))
