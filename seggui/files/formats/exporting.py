"""Exports: what would be lost, and a folder that is whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.ports import Report
from seggui.errors import BadRequest, SaveFailed, Unreadable
from seggui.files.atomic import make_folder, reason_of, write_whole
from seggui.files.formats.json_text import json_file, read_json
from seggui.files.formats.losses import Tally
from seggui.files.formats.values import ExportItem, ExportReport, Format
from seggui.files.project import Project

_WRITERS = 8
LIST = ".seggui-export.json"
"""What an export wrote, with digests: how the next one knows the folder is ours."""


def items_of(project: Project) -> list[ExportItem]:
    """The images of a project that were worked on, their documents not yet read."""

    def load(name: str) -> Document:
        try:
            document = project.read_document(name)
        except Unreadable as error:
            # Data without some of its images must not pass for all of it.
            safe = "Nothing was exported. Put a good copy in its place first."
            raise Unreadable(error.path, error.reason, safe) from error
        if document is None:
            raise Unreadable(project.annotation_path(name), "it is not there any more")
        return document

    return [
        ExportItem(row.name, partial(load, row.name))
        for row in project.images
        if row.state != "untouched"
    ]


def check_outside(out: Path, project: Project) -> None:
    """Raise ``BadRequest`` where an export would be taken for the project's images."""
    # Unlike Path.resolve it bears links that lead in a circle.
    place = Path(os.path.realpath(out))
    if place.is_relative_to(project.folder.resolve()):
        raise BadRequest(
            f"{out} lies inside the project, where exported masks would be taken for "
            "images. Choose a folder outside it."
        )


def losses_of(
    form: Format, items: Sequence[ExportItem], classes: Classes, report: Report
) -> tuple[str, ...]:
    """Say what the format will lose of these images; writes nothing."""
    tally = Tally(form.holds, classes)
    for done, item in enumerate(items):
        report(done, len(items), item.name)
        tally.add(item.load())
    return tally.sentences()


def export(
    form: Format,
    items: Sequence[ExportItem],
    classes: Classes,
    out: Path,
    report: Report,
) -> ExportReport:
    """Write all images in a format into ``out``, or nothing.

    An ``out`` that holds anything but an unchanged earlier export is refused.
    Raises ``BadRequest`` or ``SaveFailed``.
    """
    out = out.expanduser().absolute()
    earlier = _earlier_files(out)
    make_folder(out.parent)
    stage = out.parent / f".{out.name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    tally = Tally(form.holds, classes)
    try:
        make_folder(stage)
        watched = [_watched(item, tally) for item in items]
        with _Files(stage) as files:
            written = form.write(watched, classes, files.put, report)
        listing = {"format": form.id, "files": files.digests}
        text = json.dumps(listing, ensure_ascii=False, indent=1)
        write_whole(stage / LIST, json_file(text))
        _move_in(stage, out, earlier)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    report(len(items), len(items), "")
    return ExportReport(
        out,
        written.images,
        written.segments,
        tuple(sorted(files.digests)),
        tally.sentences(),
    )


class _Files:
    """Writes files into the unfinished folder while the next ones are encoded.

    Waiting for the disk to confirm takes longer than encoding, and waits side by side.
    Leaving the block waits for all of them; a failed one raises there or at ``put``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(_WRITERS, "seggui-export")
        self._waiting: deque[Future[None]] = deque()
        self.digests: dict[str, str] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            for future in self._waiting:
                future.result()

    def put(self, name: str, data: bytes) -> None:
        make_folder((self._folder / name).parent)
        self.digests[name] = hashlib.sha256(data).hexdigest()
        self._waiting.append(self._pool.submit(write_whole, self._folder / name, data))
        if len(self._waiting) > 2 * _WRITERS:
            self._waiting.popleft().result()


def _watched(item: ExportItem, tally: Tally) -> ExportItem:
    """The item, its losses counted as it is loaded."""

    def load() -> Document:
        document = item.load()
        tally.add(document)
        return document

    return ExportItem(item.name, load)


def _earlier_files(out: Path) -> tuple[str, ...] | None:
    """The files of an earlier export that may be replaced; None where ``out`` is new.

    Raises ``BadRequest`` when anything else is there.
    """
    try:
        if not out.exists() and not out.is_symlink():
            return None
    except (OSError, ValueError) as error:
        raise SaveFailed(out, reason_of(error, out, 0)) from error
    if not out.is_dir():
        raise BadRequest(f"{out} is a file; an export needs a folder of its own.")
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir()}
    if not there:
        return ()
    digests = _digests_in(out)
    foreign = sorted(there - {*digests, LIST})
    changed = [
        name
        for name in sorted(there & digests.keys())
        if _digest(out / name) != digests[name]
    ]
    if foreign or changed:
        name = (foreign or changed)[0]
        what = "it holds files that no export wrote"
        if not foreign:
            what = "files of an earlier export were changed since"
        raise BadRequest(
            f"Nothing was exported to {out}: {what}, such as {name}. They are left "
            "as they are; choose a new folder."
        )
    return tuple(sorted(there))


def _digests_in(out: Path) -> dict[str, str]:
    try:
        value = read_json(out / LIST)
    except Unreadable:
        return {}
    files = value.get("files") if isinstance(value, Mapping) else None
    if not isinstance(files, Mapping):
        return {}
    return {str(name): str(digest) for name, digest in files.items()}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error


def _move_in(stage: Path, out: Path, earlier: tuple[str, ...] | None) -> None:
    """Put the finished folder in its place; an earlier export goes only then."""
    aside = stage.with_name(stage.name + ".old")
    try:
        if earlier is not None:
            out.rename(aside)
        try:
            stage.rename(out)
        except OSError:
            if earlier is not None:
                aside.rename(out)
            raise
        if earlier is not None:
            _remove(aside, earlier)
    except OSError as error:
        raise SaveFailed(out, reason_of(error, out, 0)) from error


def _remove(folder: Path, files: Iterable[str]) -> None:
    """Remove the named files and the folders that are empty then, nothing else."""
    for name in files:
        (folder / name).unlink(missing_ok=True)
    folders = sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True)
    for path in (*folders, folder):
        if not any(path.iterdir()):
            path.rmdir()
