"""Released weights in the model folder: find them, fetch them after asking, verify."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from seggui.core.ports import Report, WeightsFile
from seggui.errors import BadRequest, MissingWeights, SaveFailed, Unreadable
from seggui.files.atomic import make_folder, reason_of, size_in_words
from seggui.files.settings import folders

_BLOCK_BYTES = 1 << 20
_PATIENCE_S = 30.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def models_folder() -> Path:
    """Where weights are kept: ``SEGGUI_MODELS``, or below the user's cache."""
    return folders()["models"]


def is_there(weights: WeightsFile) -> bool:
    """Whether the file is in the model folder, at its full size."""
    path = _place(weights)
    if not path.is_file():
        return False
    size = weights.size_bytes
    return size is None or path.stat().st_size == size


def find(weights: WeightsFile, given: Path | None = None) -> Path:
    """The file that was given, or the one in the model folder.

    Raises ``MissingWeights`` with a sentence that says where to get it.
    """
    if given is not None:
        if given.is_file():
            return given
        raise MissingWeights(f"There is no weights file {given}.")
    if is_there(weights):
        return _place(weights)
    raise MissingWeights(missing_text(weights))


def missing_text(weights: WeightsFile) -> str:
    """What is missing, how large it is, where to get it and where to put it."""
    size = weights.size_bytes
    how_large = f" ({size_in_words(size)})" if size else ""
    return (
        f"The weights {weights.name}{how_large} are not on this machine. Download them "
        f"in the models panel or with seggui models download, or get {weights.url} and "
        f"put it into {models_folder()}."
    )


def verify(path: Path, weights: WeightsFile) -> None:
    """Raise ``Unreadable`` unless the file is the one its publisher states."""
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    if weights.size_bytes is not None and size != weights.size_bytes:
        told = f"it has {size:,} bytes, not {weights.size_bytes:,}"
        raise Unreadable(path, told, "Remove it and download it again.")
    if not digest.hexdigest().startswith(weights.sha256.lower()):
        told = "its content is not what its publisher states (SHA-256 differs)"
        raise Unreadable(path, told, "Remove it and download it again.")


def download(weights: WeightsFile, report: Report) -> Path:
    """Fetch the file into the model folder; call it only after asking the user.

    A download that was cut off goes on where it ended. Only a file of the stated size
    and SHA-256 gets the real name. Raises ``MissingWeights`` when the network fails,
    ``Unreadable`` for the wrong content, ``SaveFailed``, and what ``report`` raises.
    """
    place = _place(weights)
    if is_there(weights):
        verify(place, weights)
        return place
    _check_address(weights.url)
    make_folder(place.parent)
    part = place.with_name(f"{place.name}.part")
    _fetch(weights, part, report)
    try:
        verify(part, weights)
    except Unreadable:
        part.unlink(missing_ok=True)  # going on from wrong bytes would never end
        raise
    try:
        part.replace(place)
    except OSError as error:
        raise SaveFailed(place, reason_of(error, place, 0)) from error
    return place


def remove(weights: WeightsFile) -> None:
    """Delete the file and what a download left; raises ``SaveFailed``."""
    place = _place(weights)
    for path in (place, place.with_name(f"{place.name}.part")):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SaveFailed(path, reason_of(error, path, 0)) from error


def stored() -> tuple[Path, ...]:
    """All whole files in the model folder."""
    try:
        paths = sorted(models_folder().iterdir())
    except OSError:
        return ()
    return tuple(p for p in paths if p.is_file() and p.suffix != ".part")


def _place(weights: WeightsFile) -> Path:
    if Path(weights.name).name != weights.name:
        raise BadRequest(f"A weights file cannot be called {weights.name!r}.")
    return models_folder() / weights.name


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise BadRequest(f"Weights are only fetched over https, not from {url}.")


def _fetch(weights: WeightsFile, part: Path, report: Report) -> None:
    have = part.stat().st_size if part.exists() else 0
    total = weights.size_bytes or 0
    if total and have >= total:
        return
    request = urllib.request.Request(weights.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            _check_address(answer.url)  # redirects must be as safe as the start
            if answer.status != 206:
                have = 0
            length = int(answer.headers.get("Content-Length") or 0)
            total = total or have + length
            # A complete answer of the wrong size is another file, not a cut one.
            promised = have + length if length else total
            done = have
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT, 0o666)
            try:
                os.ftruncate(descriptor, have)
                os.lseek(descriptor, have, os.SEEK_SET)
                while block := answer.read(_BLOCK_BYTES):
                    _write(descriptor, block, part, total - done)
                    done += len(block)
                    report(done, total, f"Downloading {weights.name}")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except (urllib.error.URLError, HTTPException, TimeoutError, OSError) as error:
        reason = str(getattr(error, "reason", None) or error)
        raise _cut_off(weights, reason) from error
    if done < promised:
        raise _cut_off(weights, f"only {done:,} of {promised:,} bytes arrived")


def _cut_off(weights: WeightsFile, reason: str) -> MissingWeights:
    return MissingWeights(
        f"Could not download {weights.name} from {weights.url}: {reason}. What has "
        "arrived is kept; try again to go on from there."
    )


def _write(descriptor: int, block: bytes, part: Path, missing_bytes: int) -> None:
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError as error:
        raise SaveFailed(part, reason_of(error, part, missing_bytes)) from error
