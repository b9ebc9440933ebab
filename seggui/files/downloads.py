"""Fetches one file: goes on where it was cut off, waits out stalls, believes nobody.

The bytes go into a part file beside the place of the whole one; who calls decides by
the digest whether they are the right ones. A small note beside the part says which
release of the file it belongs to, so that a resumed download is never glued together
from two releases (RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from seggui.core.ports import Report
from seggui.errors import SaveFailed
from seggui.files.atomic import NO_LINK, reason_of, write_whole
from seggui.files.network import Network, reason_for_error, reason_for_status
from seggui.files.stream import Stream

_TELL_EVERY_S = 0.1
_SPARE_BYTES = 64_000_000
"""What a download leaves free on the disk for everybody else."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_PAGE = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
_KEPT = "What has arrived is kept. Free some room and try again."


class DownloadFailed(Exception):
    """A file could not be fetched; the text is a reason without a full stop."""


class _Interrupted(Exception):
    """The connection failed; asking again may go on from here."""


class _Unreachable(_Interrupted):
    """No connection came about."""


class _Missing(Exception):
    """The address does not have the file; another one may."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch."""

    url: str
    size_bytes: int | None
    digest_known: bool
    """Whether a wrong file would be noticed at the end."""
    what: str
    """What progress is reported as."""


@dataclass(slots=True)
class _Answer:
    """What the head of an answer promised."""

    start: int
    total: int
    """0 when the server does not say."""


def fetch(wanted: Wanted, part: Path, report: Report, network: Network) -> None:
    """Fill the part file with all bytes of the file.

    Raises ``DownloadFailed`` with the reason, ``SaveFailed`` when the disk refuses,
    ``BadRequest`` for an unsafe address, and what ``report`` raises, soon after it is
    called; except for the wrong file, what arrived stays for the next time.
    """
    addresses = network.addresses(wanted.url)
    _drop_strange(part)
    reason = ""
    for url in addresses:
        try:
            _fetch_from(url, wanted, part, report, network)
            return
        except _Missing as error:
            reason = f"{error} at {urlsplit(url).hostname}"
    raise DownloadFailed(reason)


def note_of(part: Path) -> Path:
    """Beside a part file: which release of the file it is of."""
    return part.with_name(f"{part.name}.json")


def drop(part: Path) -> None:
    """Forget what has arrived."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


def _drop_strange(part: Path) -> None:
    """A link would lead the bytes into another file, and a pipe never take them."""
    for path in (part, note_of(part)):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            try:
                path.unlink()
            except OSError as error:
                raise SaveFailed(path, reason_of(error, path, 0), _KEPT) from error


def _fetch_from(
    url: str, wanted: Wanted, part: Path, report: Report, network: Network
) -> None:
    start = most = _size(part)
    failures = 0
    while True:
        if wanted.size_bytes and _size(part) == wanted.size_bytes:
            return
        try:
            _Attempt(url, wanted, part, report, network).run()
            return
        except _Interrupted as error:
            failures = 1 if _size(part) > most else failures + 1
            most = max(most, _size(part))
            offline = isinstance(error, _Unreachable) and most == start
            if offline or failures >= network.tries:
                raise DownloadFailed(str(error)) from error
        _pause(network.pause_s * 2 ** (failures - 1), wanted, part, report)


def _pause(seconds: float, wanted: Wanted, part: Path, report: Report) -> None:
    """Wait for the network, and notice that nobody waits for the file any more."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        report(_size(part), wanted.size_bytes or 0, wanted.what)
        time.sleep(min(left, _TELL_EVERY_S))


class _Attempt:
    """One connection, from the request to its last byte."""

    def __init__(
        self, url: str, wanted: Wanted, part: Path, report: Report, network: Network
    ) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or url
        self._wanted = wanted
        self._part = part
        self._report = report
        self._network = network
        self._told_s = 0.0

    def run(self) -> None:
        have, validator = self._resumable()
        request = self._network.request(self._url)
        if have:
            request.add_header("Range", f"bytes={have}-")
            if validator:
                request.add_header("If-Range", validator)
        self._check_room((self._wanted.size_bytes or 0) - have)
        self._tell(have, self._wanted.size_bytes or 0, always=True)
        with Stream(self._network, request) as stream:
            answer = self._read_head(self._await(stream, have), have)
            self._check_room(answer.total - answer.start)
            self._write_body(stream, answer)

    def _resumable(self) -> tuple[int, str]:
        """How many bytes to go on from, and the release they are of if known."""
        have = _size(self._part)
        if not have:
            return 0, ""
        validator = _read_note(note_of(self._part), self._url)
        size = self._wanted.size_bytes
        if (size and have > size) or not (validator or self._wanted.digest_known):
            drop(self._part)
            return 0, ""
        return have, validator

    def _await(self, stream: Stream, have: int) -> HTTPResponse:
        """Wait for the head of the answer."""
        item = self._next(stream, have, self._wanted.size_bytes or 0)
        assert isinstance(item, HTTPResponse)
        return item

    def _next(self, stream: Stream, done: int, total: int) -> HTTPResponse | bytes:
        """The next thing that arrives; looks up often enough to be cancelled."""
        while True:
            try:
                item = stream.items.get(timeout=_TELL_EVERY_S)
            except queue.Empty:
                self._tell(done, total)
                continue
            if isinstance(item, urllib.error.HTTPError):
                self._refused(item)
            if isinstance(item, OSError | HTTPException):
                self._broke_off(item)
            return item

    def _broke_off(self, error: OSError | HTTPException) -> NoReturn:
        met = self._network.met_first(self._url)
        reason = reason_for_error(error, self._host, met)
        if isinstance(error, InvalidURL):
            raise DownloadFailed(reason) from error
        if not isinstance(error, urllib.error.URLError):
            raise _Interrupted(reason) from error
        if isinstance(error.reason, str | ssl.SSLCertVerificationError):
            raise DownloadFailed(reason) from error  # the same the next time
        raise _Unreachable(reason) from error

    def _refused(self, error: urllib.error.HTTPError) -> NoReturn:
        status = error.code
        error.close()
        reason = reason_for_status(status)
        if status == 416:
            drop(self._part)
            raise _Interrupted(reason) from error
        if status == 429 or status >= 500:
            raise _Interrupted(reason) from error
        if status in (404, 410):
            raise _Missing(reason) from error
        raise DownloadFailed(reason) from error

    def _read_head(self, answer: HTTPResponse, have: int) -> _Answer:
        """Compare what is offered with what was asked for."""
        headers = answer.headers
        if headers.get_content_type() == "text/html":
            raise DownloadFailed(_page_from(self._host))
        length = _whole_number(headers.get("Content-Length"))
        start, total = 0, length
        if answer.status == 206:
            start, total = self._range(headers, have)
        elif have:
            drop(self._part)  # the server starts anew, as it has another release
        size = self._wanted.size_bytes
        if size and total and total != size:
            raise DownloadFailed(
                f"{self._host} offers another file: {total:,} bytes, not {size:,}"
            )
        self._write_note(headers)
        return _Answer(start, total or size or 0)

    def _range(self, headers: Message, have: int) -> tuple[int, int]:
        match = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        before = _read_note(note_of(self._part), self._url)
        now = _validator(headers)
        other = bool(before and now) and before != now
        if match is None or int(match[1]) != have or other:
            drop(self._part)
            raise _Interrupted("the server sent another part than it was asked for")
        return have, 0 if match[3] == "*" else int(match[3])

    def _write_note(self, headers: Message) -> None:
        note = {"url": self._url, "validator": _validator(headers)}
        write_whole(note_of(self._part), json.dumps(note).encode("ascii"))

    def _write_body(self, stream: Stream, answer: _Answer) -> None:
        done, total = answer.start, answer.total
        flags = os.O_WRONLY | os.O_CREAT | NO_LINK | getattr(os, "O_BINARY", 0)
        with self._told_as_save_failed(total - done):
            descriptor = os.open(self._part, flags, 0o666)
        try:
            os.ftruncate(descriptor, done)
            os.lseek(descriptor, done, os.SEEK_SET)
            while block := self._next(stream, done, total):
                assert isinstance(block, bytes)
                if not done and _PAGE.match(block):
                    raise DownloadFailed(_page_from(self._host))
                if total and done + len(block) > total:
                    raise self._too_long(total)
                with self._told_as_save_failed(total - done):
                    _write(descriptor, block)
                done += len(block)
                self._tell(done, total)
            with self._told_as_save_failed(0):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if done < total:
            raise _Interrupted(f"only {done:,} of {total:,} bytes arrived")
        self._tell(done, total, always=True)

    def _too_long(self, total: int) -> DownloadFailed:
        drop(self._part)
        return DownloadFailed(f"{self._host} sends more than the {total:,} bytes")

    def _tell(self, done: int, total: int, *, always: bool = False) -> None:
        now = time.monotonic()
        if always or now - self._told_s >= _TELL_EVERY_S:
            self._told_s = now
            self._report(done, total, self._wanted.what)

    def _check_room(self, needed: int) -> None:
        with self._told_as_save_failed(needed):
            free = shutil.disk_usage(self._part.parent).free
        if needed > 0 and needed + _SPARE_BYTES > free:
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise SaveFailed(self._part, reason_of(full, self._part, needed), _KEPT)

    @contextlib.contextmanager
    def _told_as_save_failed(self, needed: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = reason_of(error, self._part, needed)
            raise SaveFailed(self._part, reason, _KEPT) from error


def _page_from(host: str) -> str:
    return (
        f"{host} sent a web page instead of the file, as for a login or a blocked "
        "address"
    )


def _write(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except OSError:
        return 0


def _whole_number(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 0


def _validator(headers: Message) -> str:
    """What names the release of a file; a weak tag does not (RFC 9110, 13.1.5)."""
    tag = str(headers.get("ETag") or "")
    if tag and not tag.startswith("W/"):
        return tag
    return str(headers.get("Last-Modified") or "")


def _read_note(path: Path, url: str) -> str:
    try:
        note = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    if not isinstance(note, dict) or note.get("url") != url:
        return ""
    return str(note.get("validator") or "")
