"""``seggui predict``: run a full-image model over an image or a folder."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from seggui.cli.image_paths import (
    NamedImage,
    images_at,
    left_out,
    none_done,
    open_images,
)
from seggui.cli.out_place import add_replace, check_free, check_out
from seggui.cli.progress import bar
from seggui.core.candidate import Candidate, Prediction
from seggui.core.classes import colour_number
from seggui.core.ports import FullImageModel
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

HELP = (
    "Run a full-image model over an image or a folder. DIR/masks gets the class ids, "
    "DIR/instances the objects of an instance model, DIR/classes.txt the names."
)

_CLASSES = "classes.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="an image, a folder or a project")
    parser.add_argument(
        "--model",
        required=True,
        metavar="ID",
        help="an id of `seggui models list`, or a run folder",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for what is found"
    )
    add_replace(parser)
    parser.add_argument(
        "--tile",
        type=int,
        default=0,
        metavar="N",
        help="side of the tiles of large images in pixels; 0: the model's own",
    )
    parser.add_argument(
        "--recipe", default="", help="refine what is found, e.g. fill:9"
    )
    parser.add_argument(
        "--score",
        type=float,
        default=0.5,
        help="leave out objects below it (default: 0.5)",
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="write DIR/uncertainty too: 0 is certain, 255 a coin toss",
    )
    parser.add_argument(
        "--into-project",
        action="store_true",
        help="put what is found into the project at PATH, as candidates to accept or "
        "reject, on every image that is not marked as done",
    )
    parser.set_defaults(usage_error=parser.error)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One image's result."""

    image: NamedImage
    prediction: Prediction
    candidates: tuple[Candidate, ...]


def run(options: argparse.Namespace) -> int:
    from seggui.models.catalog import open_full_image_model

    if options.out is None and not options.into_project:
        options.usage_error("say where to: --out DIR, --into-project, or both")
    refused: list[str] = []
    rows: list[dict[str, object]] = []
    sinks: list[Callable[[Found], None]] = []
    with ExitStack() as stack:
        project = None
        if options.into_project:
            project = Project.open_or_refuse(options.path, to_change=True)
            stack.enter_context(project)
        images = open_images(project) if project else images_at(options.path)
        if options.out is not None:
            check_out(options.out, options.path)
            writer = _Writer(options, [image.name for image in images])
            sinks.append(writer.put)
        model = open_full_image_model(
            options.model,
            options.weights,
            device=options.device,
            tile=options.tile,
            smallest_score=options.score,
        )
        if project:
            sinks.append(_into(project, options.model))
        progress = stack.enter_context(bar(len(images), "predicting"))
        find = _finder(model, options.recipe, _things(project))
        for number, image in enumerate(images):
            progress.report(number, len(images), image.name)
            with left_out(refused):
                if project:
                    project.check_editable(image.name)
                found = find(image)
                for put in sinks:
                    put(found)
                rows.append(_row(found))
        progress.report(len(images), len(images), "done")
    if not rows:
        raise none_done(images)
    _print(rows, refused, options)
    return 1 if refused else 0


def _things(project: Project | None) -> tuple[str, ...]:
    if project is None:
        return ()
    return tuple(row.name for row in project.classes if row.thing)


def _into(project: Project, model: str) -> Callable[[Found], None]:
    from seggui.models.catalog import told

    source = told(model)

    def put(found: Found) -> None:
        names = [c.class_name or UNNAMED for c in found.candidates]
        classes = with_classes_of(project.classes, names)
        if len(classes) != len(project.classes):
            project.set_classes(classes)
        class_of = class_finder(classes)
        project.edit(
            found.image.name,
            f"Predicted by {source}",
            lambda document: with_prediction(
                document, found.candidates, class_of, source
            ),
        )

    return put


def trained_ids(model: str) -> Mapping[str, int]:
    """The id of each class where a run was trained; empty for released models."""
    if not Path(model, "model.json").is_file():
        return {}
    from seggui.models.runs import read_card

    card = read_card(Path(model))
    return dict(zip(card.classes, card.class_ids, strict=True))


class _Writer:
    """Writes what was found on each image into a folder."""

    def __init__(self, options: argparse.Namespace, names: Sequence[str]) -> None:
        self._out: Path = options.out
        kinds = ("masks", "instances", "uncertainty")
        self._paths = {kind: mask_names(names, kind) for kind in kinds}
        self._ids = trained_ids(options.model)
        self._uncertainty: bool = options.uncertainty
        written = [path for paths in self._paths.values() for path in paths.values()]
        check_free(self._out, [*written, _CLASSES], replace=options.replace)

    def put(self, found: Found) -> None:
        from seggui.models.painting import maps_of

        prediction = found.prediction
        by_place = {name: place for place, name in enumerate(prediction.classes)}
        ids = {**by_place, **self._ids}
        maps = maps_of(found.candidates, ids, prediction.height, prediction.width)
        colours = {number: colour_number(number - 1) for number in ids.values()}
        colours[0] = (0, 0, 0)
        self._write("masks", found, png_of_ids(maps.classes_hw, colours))
        if prediction.probabilities_chw is None:
            self._write("instances", found, png_of_ids(maps.objects_hw))
        if self._uncertainty and prediction.uncertainty_hw is not None:
            self._write("uncertainty", found, png_of_ids(prediction.uncertainty_hw))
        names = [""] * (max(ids.values()) + 1)
        for name, number in ids.items():
            names[number] = name
        text = "".join(f"{name or f'class {n}'}\n" for n, name in enumerate(names))
        write_whole(self._out / _CLASSES, text.encode())

    def _write(self, kind: str, found: Found, data: bytes) -> None:
        path = self._out / self._paths[kind][found.image.name]
        make_folder(path.parent)
        write_whole(path, data)


def _finder(
    model: FullImageModel, recipe_text: str, things: Sequence[str]
) -> Callable[[NamedImage], Found]:
    from seggui.models.predictions import candidates_of
    from seggui.refine.recipe import parse

    recipe = parse(recipe_text)

    def find(image: NamedImage) -> Found:
        image_hwc = image.display_hwc()
        prediction = model.predict(image_hwc, _silent)
        candidates = candidates_of(
            prediction, things, with_probability=bool(recipe.steps)
        )
        if recipe.steps:
            candidates = tuple(
                refined
                for candidate in candidates
                for refined in recipe.apply_candidate(candidate, image_hwc, _silent)
            )
        return Found(image, prediction, candidates)

    return find


def _row(found: Found) -> dict[str, object]:
    uncertainty = found.prediction.uncertainty_hw
    return {
        "image": found.image.name,
        "objects": [
            {
                "class": candidate.class_name,
                "score": round(candidate.score, 4),
                "area": candidate.mask.area,
            }
            for candidate in found.candidates
        ],
        "uncertainty": round(float(uncertainty.mean()) / 255, 4)
        if uncertainty is not None
        else None,
    }


def _print(
    rows: Sequence[Mapping[str, object]],
    refused: Sequence[str],
    options: argparse.Namespace,
) -> None:
    if options.json:
        result = {
            "out": str(options.out or options.path),
            "images": rows,
            "refused": refused,
        }
        sys.stdout.write(json.dumps(result) + "\n")
        return
    where = options.out or options.path
    left_out = f", {len(refused)} left out" if refused else ""
    sys.stdout.write(f"{len(rows)} images predicted into {where}{left_out}\n")


def _silent(done: int, total: int, what: str) -> None:
    """The tiles of one image are not worth a bar of their own."""
