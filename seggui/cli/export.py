"""``seggui export``: write a project's masks in another format."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from seggui.cli.progress import bar

HELP = (
    "Write a project's accepted segments in another format. --dry-run says what the "
    "format will lose and writes nothing."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the project")
    parser.add_argument(
        "--format", required=True, help="png-index, png-instance or coco"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a new folder, outside the project"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what will be lost; write nothing"
    )
    # --out is needed unless the run is dry, which only the parser can say.
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.files.formats.exporting import (
        check_outside,
        export,
        items_of,
        losses_of,
    )
    from seggui.files.formats.table import format_named
    from seggui.files.project import Project

    if options.out is None and not options.dry_run:
        options.usage_error("the following arguments are required: --out")
    form = format_named(options.format)
    with (
        Project.open_or_refuse(options.folder, to_change=False) as project,
        bar(0, "exporting") as progress,
    ):
        items = items_of(project)
        unsaved = project.names_with_unsaved_work()
        if options.dry_run:
            losses = losses_of(form, items, project.classes, progress.report)
            result: dict[str, object] = {"format": form.id, "losses": losses}
        else:
            check_outside(options.out, project)
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
