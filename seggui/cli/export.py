"""``seggui export``: write a project's masks in another format."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.cli.progress import bar
from seggui.errors import BadRequest, Unreadable

if TYPE_CHECKING:
    from seggui.core.document import Document
    from seggui.files.formats.values import ExportItem
    from seggui.files.project import Project

HELP = (
    "Write a project's accepted segments in another format. --dry-run says what the "
    "format will lose and writes nothing."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the project")
    parser.add_argument(
        "--format", required=True, help="png-index, png-instance or coco"
    )
    parser.add_argument("--out", type=Path, help="a new folder, outside the project")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what will be lost; write nothing"
    )
    # --out is needed unless the run is dry, which only the parser can say.
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.files.formats.exporting import export, losses_of
    from seggui.files.formats.table import format_named
    from seggui.files.project import Project

    if options.out is None and not options.dry_run:
        options.usage_error("the following arguments are required: --out")
    form = format_named(options.format)
    with (
        Project.open(options.folder, read_only=True) as project,
        bar(0, "exporting") as progress,
    ):
        items = items_of(project)
        unsaved = project.names_with_unsaved_work()
        if options.dry_run:
            losses = losses_of(form, items, project.classes, progress.report)
            result: dict[str, object] = {"format": form.id, "losses": losses}
        else:
            _check_place(options.out, project.folder)
            report = export(form, items, project.classes, options.out, progress.report)
            result = {
                "format": form.id,
                "out": str(report.out),
                "images": report.images,
                "segments": report.segments,
                "files": report.files,
                "losses": report.losses,
            }
    result["leaves_out"] = form.leaves_out
    if unsaved:
        names = ", ".join(unsaved[:3])
        sys.stderr.write(
            f"Work on {len(unsaved)} images was never saved and is not exported "
            f"({names}). Open the project to take it over.\n"
        )
    _print(result, as_json=options.json, dry=options.dry_run)
    return 0


def items_of(project: Project) -> list[ExportItem]:
    """The images of a project that were worked on, their documents not yet read."""
    from seggui.files.formats.values import ExportItem

    def load(name: str) -> Document:
        document = project.read_document(name)
        if document is None:
            raise Unreadable(project.annotation_path(name), "it is not there any more")
        return document

    return [
        ExportItem(row.name, partial(load, row.name))
        for row in project.images
        if project.annotation_path(row.name).is_file()
    ]


def _check_place(out: Path, folder: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise BadRequest(
            f"{out} lies inside the project, where exported masks would be taken for "
            "images. Choose a folder outside it."
        )


def _print(result: dict[str, object], *, as_json: bool, dry: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    losses = result["losses"]
    lines = list(losses) if isinstance(losses, tuple) else []
    if dry:
        lines = lines or [f"{result['format']} loses nothing of this project's masks."]
        lines.append(str(result["leaves_out"]))
        lines.append("Nothing was written.")
    else:
        lines.append(
            f"{result['segments']} segments on {result['images']} images exported to "
            f"{result['out']}"
        )
    sys.stdout.write("\n".join(str(line) for line in lines) + "\n")
