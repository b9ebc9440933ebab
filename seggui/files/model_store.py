"""Released weights in the model folder: find them, fetch them after asking, check."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from seggui.core.ports import Report, WeightsFile, unwatched
from seggui.errors import BadRequest, MissingWeights, SaveFailed, Unreadable
from seggui.files import digests
from seggui.files.atomic import make_folder, reason_of, size_in_words
from seggui.files.downloads import DownloadFailed, Wanted, drop, fetch
from seggui.files.lock import CannotLock, Held, ProjectLock
from seggui.files.network import Network
from seggui.files.settings import folders

State = Literal["there", "partly downloaded", "missing", "damaged"]

_LOOK_AGAIN_S = 0.2
_NOT_BEGUN = "Nothing was downloaded. SEGGUI_MODELS may name another model folder."


# -- what is there ------------------------------------------------------------


def models_folder() -> Path:
    """Where weights are kept: ``SEGGUI_MODELS``, or below the user's cache."""
    return folders()["models"]


def place_of(weights: WeightsFile) -> Path:
    """Where the file belongs; raises ``BadRequest`` for a name that leads elsewhere."""
    parts = PurePosixPath(weights.name).parts
    if not 1 <= len(parts) <= 2 or any(
        part in ("..", "/") or Path(part).name != part for part in parts
    ):
        raise BadRequest(f"A weights file cannot be called {weights.name!r}.")
    return models_folder().joinpath(*parts)


def folder_of(weights: WeightsFile) -> Path | None:
    """The folder of Hugging Face that somebody put there instead of the file."""
    if not weights.folder or place_of(weights).exists():
        return None
    folder = models_folder() / weights.folder
    return folder if (folder / "config.json").is_file() else None


def state_of(weights: WeightsFile) -> State:
    """What is in the model folder, judged without reading whole files."""
    if folder_of(weights) is not None:
        return "there"
    states = [_state_of_file(file) for file in weights.files]
    if all(state == "there" for state in states):
        return "there"
    if "damaged" in states:
        return "damaged"
    some = any(state != "missing" for state in states)
    return "partly downloaded" if some else "missing"


def is_there(weights: WeightsFile) -> bool:
    """Whether all files are in the model folder and none is known to be damaged."""
    return state_of(weights) == "there"


def find(weights: WeightsFile, given: Path | None = None) -> Path:
    """The file or folder that was given, or the one in the model folder.

    A file of the model folder is checked when it is new or has changed. Raises
    ``MissingWeights`` with a sentence that says where to get it, ``Unreadable`` for a
    damaged one.
    """
    if given is not None:
        if given.is_file() or (given / "config.json").is_file():
            return given
        if given.is_dir():
            raise MissingWeights(
                f"The folder {given} holds no config.json, so it is no model of "
                "Hugging Face. Name the weights file itself."
            )
        raise MissingWeights(f"There is no weights file {given}.")
    if (folder := folder_of(weights)) is not None:
        return folder
    if state_of(weights) in ("missing", "partly downloaded"):
        raise MissingWeights(missing_text(weights))
    for file in weights.files:
        place = place_of(file)
        if _state_of_file(file) == "damaged" or not digests.is_fresh(place):
            verify(place, file)
    return place_of(weights)


def marks_of_change(weights: WeightsFile) -> tuple[tuple[int, int], ...]:
    """Of each file when it was changed, in ns, and its size; what is gone has none.

    They differ when the weights were replaced or removed, and cost no reading.
    """
    folder = folder_of(weights)
    if folder is not None:
        paths = sorted(folder.iterdir())
    else:
        paths = [place_of(file) for file in weights.files]
    return tuple(mark for path in paths for mark in mark_of_change(path))


def mark_of_change(path: Path) -> tuple[tuple[int, int], ...]:
    """When a file was changed, in ns, and its size; nothing when it is not there."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return ((facts.st_mtime_ns, facts.st_size),)


def missing_text(weights: WeightsFile) -> str:
    """What is missing, how large it is, where to get it and where to put it."""
    return (
        f"The weights {_named(weights)} are not on this machine. Download them in the "
        f"models panel or with seggui models download, or {_by_hand(weights)}."
    )


def verify(path: Path, weights: WeightsFile, report: Report = unwatched) -> None:
    """Raise ``Unreadable`` unless the file is the one that its source states.

    Where no digest is stated, it must be the file whose digest was written down first.
    """
    again = "Download it again."
    if path.is_dir():
        raise Unreadable(path, "it is a folder", "Move it away and download the file.")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed", again) from error
    if weights.size_bytes is not None and size != weights.size_bytes:
        told = f"it has {size:,} bytes, not {weights.size_bytes:,}"
        raise Unreadable(path, told, again)
    sha256, md5 = digests.digests_of(path, report)
    wrong = _mismatch(weights, sha256, md5, digests.recorded(path))
    if wrong and not weights.sha256:
        raise Unreadable(path, wrong, again)  # what was written down first stays
    digests.record(path, sha256)  # also of a damaged one, which is then known
    if wrong:
        raise Unreadable(path, wrong, again)


def verify_all(weights: WeightsFile, report: Report = unwatched) -> Path:
    """Check every file in the model folder; returns the place of the main one.

    Raises ``MissingWeights``, ``Unreadable``, and ``BadRequest`` for a folder that was
    put there by hand.
    """
    _refuse_folder(weights, "so there is nothing to compare it with")
    if state_of(weights) == "missing":
        raise MissingWeights(missing_text(weights))
    for file in weights.files:
        verify(place_of(file), file, report)
    return place_of(weights)


# -- fetching -----------------------------------------------------------------


def download(
    weights: WeightsFile, report: Report, network: Network | None = None
) -> Path:
    """Fetch the files into the model folder; call it only after asking the user.

    A download that was cut off goes on where it ended. Only a file of the stated size
    and digest gets the real name. Raises ``MissingWeights`` when it cannot be had,
    ``SaveFailed``, ``BadRequest``, and what ``report`` raises.
    """
    network = network or Network.chosen()
    for file in weights.files:
        place = place_of(file)
        _make_place(place)
        with _alone(file, place, report):
            if not _is_whole(file, place, report):
                _fetch_whole(file, place, report, network)
    return place_of(weights)


def remove(weights: WeightsFile) -> None:
    """Delete the files and what a download left; raises ``SaveFailed``.

    Raises ``BadRequest`` for a folder that was put there by hand.
    """
    _refuse_folder(weights, "so delete it yourself")
    for file in weights.files:
        place = place_of(file)
        for path in (place, digests.record_of(place)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise SaveFailed(path, reason_of(error, path, 0)) from error
        try:
            drop(_part_of(place))
        except OSError as error:
            part = _part_of(place)
            raise SaveFailed(part, reason_of(error, part, 0)) from error
        if place.parent != models_folder():
            with contextlib.suppress(OSError):  # somebody keeps other files there
                place.parent.rmdir()


def _refuse_folder(weights: WeightsFile, why: str) -> None:
    folder = folder_of(weights)
    if folder is not None:
        raise BadRequest(f"{folder} was put there by hand, {why}.")


# -- one file -----------------------------------------------------------------


def _part_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.part")


def _state_of_file(weights: WeightsFile) -> State:
    place = place_of(weights)
    try:
        size = place.stat().st_size
    except OSError:
        return "partly downloaded" if _part_of(place).exists() else "missing"
    if not place.is_file() or not size:
        return "damaged"
    if weights.size_bytes is not None and size != weights.size_bytes:
        return "damaged"
    known = digests.recorded(place) if digests.is_fresh(place) else ""
    if known and not known.startswith(weights.sha256.lower()):
        return "damaged"
    return "there"


def _mismatch(weights: WeightsFile, sha256: str, md5: str, first: str) -> str:
    """What is wrong with the content; empty when nothing is.

    ``first`` is the SHA-256 that was written down for the file before.
    """
    if weights.sha256:
        right = sha256.startswith(weights.sha256.lower())
        return "" if right else "its content is not what is stated (SHA-256 differs)"
    if weights.md5 and md5 != weights.md5.lower():
        return "its content is not what is stated (MD5 differs)"
    if first and first != sha256:
        return "its content is not that of the first download (SHA-256 differs)"
    return ""


def _make_place(place: Path) -> None:
    make_folder(place.parent)
    if place.is_dir():
        error = OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise SaveFailed(place, reason_of(error, place, 0), _NOT_BEGUN)


@contextlib.contextmanager
def _alone(file: WeightsFile, place: Path, report: Report) -> Iterator[None]:
    """Wait until no other process fetches the file, and keep others waiting."""
    name = f".{place.name}.lock"
    while True:
        try:
            lock = ProjectLock.take(place.parent, name)
            break
        except CannotLock as error:
            raise SaveFailed(place, str(error), _NOT_BEGUN) from error
        except Held:
            part = _part_of(place)
            done = part.stat().st_size if part.exists() else 0
            what = f"Another window downloads {place.name}"
            report(done, file.size_bytes or 0, what)
            time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.release()


def _is_whole(file: WeightsFile, place: Path, report: Report) -> bool:
    if _state_of_file(file) != "there":
        return False
    try:
        verify(place, file, report)
    except Unreadable:
        return False  # fetched again, and replaced when that is done
    return True


def _fetch_whole(
    file: WeightsFile, place: Path, report: Report, network: Network
) -> None:
    part = _part_of(place)
    what = f"Downloading {place.name}"
    wanted = Wanted(file.url, file.size_bytes, bool(file.sha256 or file.md5), what)
    resumed = part.exists()
    while True:
        try:
            fetch(wanted, part, report, network)
            sha256 = _checked(file, place, part, report)
            break
        except DownloadFailed as error:
            raise MissingWeights(_failed_text(file, str(error), network)) from error
        except Unreadable as error:
            drop(part)  # going on from wrong bytes would never end
            if not resumed:
                text = _failed_text(file, error.reason, network)
                raise MissingWeights(text) from error
            resumed = False  # glued from two files perhaps: once more from the start
    try:
        part.replace(place)
    except OSError as error:
        raise SaveFailed(place, reason_of(error, place, 0)) from error
    drop(part)  # its note
    digests.record(place, sha256)


def _checked(file: WeightsFile, place: Path, part: Path, report: Report) -> str:
    """The SHA-256 of a part that is whole; raises ``Unreadable``."""
    sha256, md5 = digests.digests_of(part, report)
    wrong = _mismatch(file, sha256, md5, digests.recorded(place))
    if wrong:
        raise Unreadable(part, wrong)
    return sha256


# -- texts --------------------------------------------------------------------


def size_text(weights: WeightsFile) -> str:
    """How large all files are together, in words."""
    size = weights.total_bytes
    if size is not None:
        return size_in_words(size)
    if weights.about_bytes:
        return f"about {size_in_words(weights.about_bytes)}".replace(".0 ", " ")
    return "size not stated"


def digest_text(weights: WeightsFile) -> str:
    """By which digest a file is checked, in words."""
    if weights.sha256:
        part = "" if len(weights.sha256) == 64 else " (first digits)"
        return f"SHA-256 {weights.sha256}{part}"
    written = digests.recorded(place_of(weights))
    first = f"SHA-256 {written} written down at the first download"
    if weights.md5:
        return f"MD5 {weights.md5}, {first}" if written else f"MD5 {weights.md5}"
    return first if written else "none is stated; written down at the first download"


def _named(weights: WeightsFile) -> str:
    return f"{weights.name} ({size_text(weights)})"


def _by_hand(weights: WeightsFile) -> str:
    """Where to get the files and where to put them, as a clause."""
    place = place_of(weights)
    if weights.access:
        names = ", ".join(place_of(file).name for file in weights.files)
        return (
            f"ask for access at {weights.access} and set HF_TOKEN, or get {names} "
            f"there and put them into {place.parent}"
        )
    return f"get {weights.url} and save it as {place}"


def _failed_text(file: WeightsFile, reason: str, network: Network) -> str:
    part = _part_of(place_of(file))
    kept = "Nothing was kept; try again later"
    if part.exists():
        kept = "What has arrived is kept; try again to go on from there"
    mirror = " The mirror is set in the settings or by SEGGUI_MIRROR."
    return (
        f"Could not download {_named(file)} from {file.url}: {reason}. {kept}, or "
        f"{_by_hand(file)}.{mirror if network.mirror else ''}"
    )
