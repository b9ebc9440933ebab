"""``seggui everything``: every object of images, by a model for clicks."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seggui.cli.image_paths import (
    NamedImage,
    images_at,
    left_out,
    none_done,
    open_images,
)
from seggui.cli.out_place import add_replace, check_free, check_out
from seggui.cli.progress import Bar, bar
from seggui.core.candidate import Candidate
from seggui.core.everything import PARAMETERS, EverythingOptions, options_of
from seggui.core.parameters import Parameter
from seggui.core.predicted import (
    UNNAMED,
    class_finder,
    with_classes_of,
    with_prediction,
)
from seggui.files.atomic import make_folder, write_whole
from seggui.files.formats.names import mask_names
from seggui.files.formats.png import png_of_ids
from seggui.files.project import Project

if TYPE_CHECKING:
    from seggui.core.ports import PromptedModel

HELP = (
    "Find every object of an image or of all images in a folder: a model for clicks is "
    "asked on a grid of points. DIR/instances gets a 16-bit PNG for each image: 0 is "
    "nothing, each object has a number; with --overlaps keep the smaller one is on top."
)

Sink = Callable[[NamedImage, tuple[Candidate, ...], tuple[int, int]], None]
"""Takes what was found on an image of that height and width."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="an image, a folder or a project")
    parser.add_argument(
        "--model",
        metavar="ID",
        help="a model for clicks (default: the best at hand)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the PNGs")
    add_replace(parser)
    parser.add_argument(
        "--into-project",
        action="store_true",
        help="put what is found into the project at PATH, as candidates to accept or "
        "reject, on every image that is not marked as done",
    )
    for row in PARAMETERS:
        _add_parameter(parser, row)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.models import catalog

    if options.out is None and not options.into_project:
        options.usage_error("say where to: --out DIR, --into-project, or both")
    values = [(row.name, getattr(options, row.name)) for row in PARAMETERS]
    wished = options_of(tuple(values))
    rows: list[dict[str, object]] = []
    refused: list[str] = []
    sinks: list[Sink] = []
    with ExitStack() as stack:
        project = None
        if options.into_project:
            project = Project.open_or_refuse(options.path, to_change=True)
            stack.enter_context(project)
        images = open_images(project) if project else images_at(options.path)
        if options.out is not None:
            check_out(options.out, options.path)
            paths = mask_names([image.name for image in images], "instances")
            check_free(options.out, paths.values(), replace=options.replace)
            sinks.append(_writer(options.out, paths))
        model_id = options.model or catalog.best_prompted().id
        model = catalog.open_prompted(model_id, options.weights)
        if project:
            sinks.append(_into(project, model_id))
        progress = stack.enter_context(bar(0, "looking"))
        for image in images:
            with left_out(refused):
                if project:
                    project.check_editable(image.name)
                rows.append(_found(image, model, wished, sinks, progress))
    if not rows:
        raise none_done(images)
    _print(options, model_id, rows, refused)
    return 1 if refused else 0


def _add_parameter(parser: argparse.ArgumentParser, row: Parameter) -> None:
    text = f"{row.title[0].lower()}{row.title[1:]}. {row.hint}".replace("%", "%%")
    if isinstance(row.default, bool):
        parser.add_argument(f"--{row.name}", action="store_true", help=text)
    elif row.choices:
        parser.add_argument(
            f"--{row.name}",
            choices=[value for value, _ in row.choices],
            default=row.default,
            help=f"{text} Default: {row.default}",
        )
    else:
        parser.add_argument(
            f"--{row.name}",
            type=type(row.default),
            default=row.default,
            metavar=row.unit.upper() or "N",
            help=f"{text} Default: {row.default}",
        )


def _found(
    image: NamedImage,
    model: PromptedModel,
    wished: EverythingOptions,
    sinks: Sequence[Sink],
    progress: Bar,
) -> dict[str, object]:
    from seggui.models.everything import everything

    began = time.monotonic()
    pixels = image.display_hwc()
    encoding = model.encode(pixels, progress.report)
    candidates = everything(model, pixels, encoding, wished, progress.report)
    for put in sinks:
        put(image, candidates, (pixels.shape[0], pixels.shape[1]))
    return {
        "image": image.name,
        "objects": [
            {"number": number, "area": one.mask.area, "score": round(one.score, 4)}
            for number, one in enumerate(candidates, start=1)
        ],
        "elapsed_s": round(time.monotonic() - began, 3),
    }


def _writer(out: Path, paths: Mapping[str, str]) -> Sink:
    def put(
        image: NamedImage, found: tuple[Candidate, ...], size: tuple[int, int]
    ) -> None:
        ids_hw = np.zeros(size, np.uint16)
        # The largest comes first, so that smaller ones end on top.
        for number, candidate in enumerate(found, start=1):
            box = candidate.mask.bbox
            ids_hw[box.slices][candidate.mask.window(box)] = number
        path = out / paths[image.name]
        make_folder(path.parent)
        write_whole(path, png_of_ids(ids_hw))

    return put


def _into(project: Project, model_id: str) -> Sink:
    from seggui.models.catalog import told

    source = told(model_id)

    def put(
        image: NamedImage, found: tuple[Candidate, ...], _size: tuple[int, int]
    ) -> None:
        if found:
            project.set_classes(with_classes_of(project.classes, [UNNAMED]))
        class_of = class_finder(project.classes)
        project.edit(
            image.name,
            f"Predicted by {source}",
            lambda document: with_prediction(document, found, class_of, source),
        )

    return put


def _print(
    options: argparse.Namespace,
    model_id: str,
    rows: Sequence[dict[str, object]],
    refused: Sequence[str],
) -> None:
    where = str(options.out or options.path)
    if options.json:
        result = {"out": where, "model": model_id, "images": rows, "refused": refused}
        sys.stdout.write(json.dumps(result) + "\n")
        return
    for row in rows:
        objects = row["objects"]
        count = len(objects) if isinstance(objects, list) else 0
        found = "1 object" if count == 1 else f"{count} objects"
        sys.stdout.write(f"{row['image']}: {found}, {row['elapsed_s']:.1f} s\n")
    left_out = f", {len(refused)} left out" if refused else ""
    images = "1 image" if len(rows) == 1 else f"{len(rows)} images"
    sys.stdout.write(f"{images} into {where}{left_out}\n")
