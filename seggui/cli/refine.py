"""``seggui refine``: run a recipe over the masks of a project, a folder or a file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from seggui.cli.out_place import add_replace, check_free
from seggui.cli.progress import bar
from seggui.errors import BadRequest, SegguiError
from seggui.refine.steps import STEPS

HELP = (
    "Run a recipe over masks. PATH is a project (its accepted segments that are not "
    "locked), a folder with images/ and masks/ or instances/, or one mask as PNG. "
    "DIR/masks gets class ids, DIR/instances instance ids. "
    "Steps: " + ", ".join(step.id for step in STEPS) + "."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="a project, a folder or a mask")
    parser.add_argument(
        "--recipe", required=True, help='for example "crf,largest,fill:200,smooth:3"'
    )
    parser.add_argument("--image", type=Path, help="the image of a single mask")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the refined masks"
    )
    add_replace(parser)
    where.add_argument(
        "--into-project",
        action="store_true",
        help="change the project's segments, one undo step for each image",
    )


def run(options: argparse.Namespace) -> int:
    from seggui.cli.refine_masks import Refiner
    from seggui.cli.refine_works import works_at
    from seggui.refine.recipe import parse

    recipe = parse(options.recipe)
    if not recipe.steps:
        raise BadRequest("The recipe is empty; name at least one step.")
    rows: list[dict[str, object]] = []
    failed: list[str] = []
    with (
        works_at(options.path, options.out, options.image) as works,
        Refiner(recipe) as refiner,
        bar(len(works), "refining") as progress,
    ):
        if options.out is not None:
            names = [work.writes for work in works]
            check_free(options.out, names, replace=options.replace)
        for number, work in enumerate(works):
            progress.report(number, len(works), work.name)
            try:
                before, after = work.run(refiner)
            except SegguiError as error:
                failed.append(str(error))
                sys.stderr.write(f"seggui: {error}\n")
            else:
                rows.append({"name": work.name, "before": before, "after": after})
        progress.report(len(works), len(works), "done")
    _print(options, recipe.text(), rows, failed)
    return 1 if failed else 0


def _print(
    options: argparse.Namespace,
    recipe: str,
    rows: list[dict[str, object]],
    failed: list[str],
) -> None:
    where = str(options.path if options.into_project else options.out)
    if options.json:
        result = {"recipe": recipe, "out": where, "refined": rows, "failed": failed}
        sys.stdout.write(json.dumps(result) + "\n")
        return
    not_done = f"; {len(failed)} failed" if failed else ""
    images = "1 image" if len(rows) == 1 else f"{len(rows):,} images"
    sys.stdout.write(f"{images} refined into {where}{not_done}\n")
