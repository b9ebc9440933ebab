"""``seggui import``: bring masks of other formats into a project."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.cli.progress import Bar, bar
from seggui.errors import BadRequest, Cancelled, SegguiError, Unreadable

if TYPE_CHECKING:
    from seggui.core.document import Document, ImageFacts
    from seggui.files.formats.importing import ClassMapping, Existing
    from seggui.files.formats.values import Imported, ImportedDocument
    from seggui.files.project import Project

HELP = (
    "Bring masks of another format into a project. Everything is read and checked "
    "before anything is written; what cannot be used is listed with its reason."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the project: a folder of images")
    parser.add_argument(
        "--format", required=True, help="png-index, png-instance or coco"
    )
    parser.add_argument("source", type=Path, help="the file or folder to import")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="their class (name or id) becomes ours; may be given more than once",
    )
    parser.add_argument(
        "--existing",
        choices=("add", "replace", "skip"),
        help="what to do with images that have segments: put the new ones on top, "
        "in their place (undo brings them back), or leave the image as it is",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show the classes and what would come in; write nothing",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.files.formats.importing import suggest_mapping
    from seggui.files.formats.table import format_named
    from seggui.files.project import Project

    form = format_named(options.format)
    wanted = _wanted(options)
    with (
        Project.open_or_refuse(
            options.folder, to_change=not options.dry_run
        ) as project,
        bar(0, "reading") as progress,
    ):
        unreadable: list[str] = []
        images = _images_of(project, unreadable)
        imported = form.read(options.source, images, progress.report)
        mapping = suggest_mapping(imported, project.classes, wanted)
        changed = 0
        _check_readable(project, imported)
        if imported.documents and not options.dry_run:
            existing = _existing(options.existing, project, imported)
            changed = _save(project, imported, mapping, (existing, form.id), progress)
    result = _result(imported, mapping, changed, unreadable)
    _print(result, as_json=options.json, dry=options.dry_run)
    if not imported.documents:
        sys.stderr.write(
            f"seggui: Nothing in {options.source} belongs to an image of "
            f"{options.folder}; nothing was changed.\n"
        )
        return 1
    return 0


def _wanted(options: argparse.Namespace) -> dict[str, str]:
    wanted = {}
    for text in options.map:
        theirs, sign, ours = text.partition("=")
        if not (theirs and sign and ours):
            options.usage_error(f"--map {text}: write it as THEIRS=OURS")
        wanted[theirs] = ours
    return wanted


def _images_of(project: Project, unreadable: list[str]) -> tuple[ImageFacts, ...]:
    """The size of each image, from its header; the digest is not needed here."""
    from seggui.core.document import ImageFacts
    from seggui.files.images import probe_image, split_page

    found = []
    for row in project.images:
        path, page = project.path_of(row.name), split_page(row.name)[1]
        try:
            header = probe_image(path, page)
        except Unreadable as error:
            unreadable.append(str(error))
            continue
        found.append(
            ImageFacts(row.name, header.width, header.height, "", header.orientation)
        )
    return tuple(found)


def _check_readable(project: Project, imported: Imported) -> None:
    """Find damaged segments before anything is written."""
    for document in imported.documents:
        try:
            project.read_document(document.facts.name)
        except Unreadable as error:
            safe = "Nothing was imported. Put a good copy in its place first."
            raise Unreadable(error.path, error.reason, safe) from error


def _existing(
    chosen: Existing | None, project: Project, imported: Imported
) -> Existing:
    """What to do with work that is there; refuses to guess."""
    if chosen is not None:
        return chosen
    worked_on = [
        document.facts.name
        for document in imported.documents
        if document.segments and project.row(document.facts.name).segments
    ]
    if worked_on:
        raise BadRequest(
            f"{len(worked_on)} of the images have segments already, such as "
            f"{worked_on[0]}. Nothing was imported. Say what to do with them: "
            "--existing add, replace or skip."
        )
    return "add"


def _save(
    project: Project,
    imported: Imported,
    mapping: ClassMapping,
    how: tuple[Existing, str],
    progress: Bar,
) -> int:
    """Save all documents, each as one undoable step; take all back when one fails."""
    from seggui.files.formats.importing import document_after

    classes = project.classes
    before: dict[str, Document] = {}
    ids = mapping.ids
    total = len(imported.documents)
    if any(row.new for row in mapping.rows):
        project.set_classes(mapping.grown(classes))
    try:
        for done, new in enumerate(imported.documents):
            progress.report(done, total, new.facts.name)

            def change(document: Document, new: ImportedDocument = new) -> Document:
                after = document_after(document, new, ids, *how)
                if after is not document:
                    before[new.facts.name] = document
                return after

            project.edit(new.facts.name, "Import", change)
    except (SegguiError, Cancelled, KeyboardInterrupt) as error:
        _take_back(project, before, error)
        project.set_classes(classes)
        raise
    return len(before)


def _take_back(
    project: Project, before: Mapping[str, Document], error: BaseException
) -> None:
    """Put the documents back; what cannot be put back is told and can be undone."""
    kept = []
    for name, document in before.items():

        def back(now: Document, old: Document = document) -> Document:
            return replace(now, segments=old.segments, state=old.state)

        try:
            project.edit(name, "Import taken back", back)
        except SegguiError:
            kept.append(name)
    if kept:
        raise SegguiError(
            f"The import stopped: {error} It could not be taken back on {len(kept)} "
            f"images ({', '.join(kept[:3])}); undo it there."
        ) from error


def _result(
    imported: Imported, mapping: ClassMapping, changed: int, unreadable: list[str]
) -> dict[str, object]:
    return {
        "images": len(imported.documents),
        "segments": imported.segments,
        "changed": changed,
        "classes": [
            {
                "theirs": row.found.name or str(row.found.id),
                "ours": row.becomes.name,
                "id": row.becomes.id,
                "new": row.new,
                "segments": row.found.segments,
                "note": row.note,
            }
            for row in mapping.rows
        ],
        "refused": [
            {
                "file": r.file,
                "section": r.section,
                "index": r.index,
                "reason": r.reason,
            }
            for r in imported.refused
        ],
        "unreadable": unreadable,
    }


def _print(result: Mapping[str, object], *, as_json: bool, dry: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    lines = []
    classes, refused = result["classes"], result["refused"]
    for row in classes if isinstance(classes, list) else ():
        what = "new class" if row["new"] else "class"
        note = f" ({row['note']})" if row["note"] else ""
        lines.append(
            f"{row['theirs']} becomes {what} {row['ours']} (id {row['id']}), "
            f"{row['segments']} segments{note}"
        )
    for row in refused if isinstance(refused, list) else ():
        place = "" if row["index"] is None else f", {row['section']} {row['index']}"
        lines.append(f"left out: {row['file']}{place}: {row['reason']}")
    unreadable = result["unreadable"]
    lines += unreadable if isinstance(unreadable, list) else []
    verb = "would come in" if dry else "came in"
    lines.append(
        f"{result['segments']} segments on {result['images']} images {verb}"
        + (". Nothing was written." if dry else f", {result['changed']} images changed")
    )
    sys.stdout.write("\n".join(lines) + "\n")
