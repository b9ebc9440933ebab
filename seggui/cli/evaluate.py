"""``seggui evaluate``: compare masks, or what a model finds, with the truth."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.cli.progress import Bar, bar
from seggui.errors import BadRequest

if TYPE_CHECKING:
    from seggui.cli.truth import Truth
    from seggui.metrics.instances import Found, Labelled
    from seggui.metrics.semantic import SemanticScores

HELP = (
    "Compare masks of class ids with the truth, or run a model on labelled images: "
    "seggui evaluate --truth DIR --pred DIR, or seggui evaluate FOLDER --model ID. "
    "Prints pixel accuracy, IoU, Dice and boundary F1, and mask AP for instances."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, help="a project, or images/ with masks/"
    )
    parser.add_argument(
        "--truth", type=Path, metavar="DIR", help="folder of true masks (PNG)"
    )
    parser.add_argument(
        "--pred", type=Path, metavar="DIR", help="folder of predicted masks (PNG)"
    )
    parser.add_argument(
        "--model",
        metavar="ID",
        help="an id of `seggui models list`, or a run folder",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    parser.add_argument(
        "--classes",
        metavar="NAMES",
        default="",
        help="names of the ids from 0 on, separated by commas, or a file with one "
        "on each line",
    )
    parser.add_argument(
        "--binary",
        action="store_true",
        help="masks of one object: each value but 0 is the object",
    )
    # Wrong combinations are wrong usage, which only the parser can say.
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    files = options.truth is not None and options.pred is not None
    model = options.folder is not None and options.model is not None
    mixed = any((options.truth, options.pred)) and any((options.folder, options.model))
    if mixed or not (files or model):
        options.usage_error("give --truth DIR and --pred DIR, or FOLDER and --model ID")
    result = _evaluate_files(options) if files else _evaluate_model(options)
    if options.json:
        sys.stdout.write(json.dumps(_plain(result), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(result))
    return 0


def _evaluate_files(options: argparse.Namespace) -> dict[str, object]:
    import numpy as np

    from seggui.cli.truth import masks_in
    from seggui.files.formats.png import ids_of_png
    from seggui.metrics.semantic import SemanticTally

    truth, found = masks_in(options.truth), masks_in(options.pred)
    names = [name for name in truth if name in found]
    left_out = [f"{n}: there is no prediction" for n in truth if n not in found]
    left_out += [f"{n}: there is no truth" for n in found if n not in truth]
    if not names:
        raise BadRequest(
            f"No mask in {options.pred} has the name of one in {options.truth}."
        )
    ids: set[int] = {0}
    with bar(2 * len(names), "reading") as progress:
        for done, name in enumerate(names):
            progress.report(done, 2 * len(names), name)
            for path in (truth[name], found[name]):
                ids.update(np.unique(ids_of_png(path)[0]).tolist())
        if not options.binary and ids <= {0, 255}:
            raise BadRequest(
                "The masks hold only 0 and 255, and 255 means unlabelled. For masks "
                "of one object add --binary."
            )
        class_ids = [0, 1] if options.binary else sorted(ids - {255})
        tally = SemanticTally(class_ids)
        for done, name in enumerate(names, start=len(names)):
            progress.report(done, 2 * len(names), name)
            pair = [ids_of_png(path)[0] for path in (truth[name], found[name])]
            if options.binary:
                pair = [(ids_hw > 0).astype(np.uint16) for ids_hw in pair]
            try:
                tally.add(pair[0], pair[1])
            except BadRequest as error:
                raise BadRequest(f"{name}: {error}") from error
    return _result(tally.scores(), _names(options, {}), left_out)


def _evaluate_model(options: argparse.Namespace) -> dict[str, object]:
    from seggui.cli.found import Finder
    from seggui.cli.predict import trained_ids
    from seggui.cli.truth import truth_of_folder
    from seggui.files.images import read_image
    from seggui.metrics.semantic import SemanticTally
    from seggui.models.catalog import open_full_image_model

    truth = truth_of_folder(options.folder)
    model = open_full_image_model(
        options.model, options.weights, device=options.device, smallest_score=0.05
    )
    names = _names(options, truth.names)
    finder = Finder(names, trained_ids(options.model))
    objects, found_objects = [], []
    total = 2 * len(truth.items)
    with bar(total, "reading") as progress:
        tally = SemanticTally(_ids_in(truth, names, progress))
        for done, item in enumerate(truth.items, start=len(truth.items)):
            progress.report(done, total, item.name)
            labels = item.labels()
            image_hwc = read_image(item.image).display_hwc()
            prediction = model.predict(image_hwc, _silent)
            try:
                tally.add(labels.ids_hw, finder.ids_of(prediction))
            except BadRequest as error:
                raise BadRequest(f"{item.name}: {error}") from error
            if labels.objects is not None:
                objects.append(labels.objects)
                found_objects.append(finder.objects_of(prediction))
    left_out = list(truth.left_out)
    if finder.unknown:
        unknown = ", ".join(sorted(finder.unknown))
        left_out.append(f"classes of the model that the truth has not: {unknown}")
    result = _result(tally.scores(), names, left_out)
    if model.info.kind != "semantic" and objects:
        result["instances"] = _instances(objects, found_objects)
    return result


def _ids_in(truth: Truth, names: Mapping[int, str], progress: Bar) -> list[int]:
    """All class ids that the truth names or holds, and the background."""
    import numpy as np

    ids: set[int] = {0, *names}
    for done, item in enumerate(truth.items):
        progress.report(done, 2 * len(truth.items), item.name)
        ids.update(np.unique(item.labels().ids_hw).tolist())
    return sorted(ids - {255})


def _instances(
    objects: Sequence[Sequence[Labelled]], found: Sequence[Sequence[Found]]
) -> dict[str, object]:
    from seggui.metrics.instances import average_precision

    score = average_precision(objects, found)
    by_class = {str(number): value for number, value in score.by_class.items()}
    return {
        "ap": score.ap,
        "ap50": score.ap50,
        "ap75": score.ap75,
        "by_class": by_class,
    }


def _names(options: argparse.Namespace, known: Mapping[int, str]) -> dict[int, str]:
    """Names by id: those asked for, else those of the project."""
    text = options.classes
    if not text:
        return dict(known)
    path = Path(text)
    if path.is_file():
        try:
            rows = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadRequest(f"Could not read the classes in {path}: {error}.") from (
                error
            )
    elif "," not in text and (path.name != text or path.suffix == ".txt"):
        raise BadRequest(f"There is no file {text} with names of classes.")
    else:
        rows = text.split(",")
    return {number: row.strip() for number, row in enumerate(rows) if row.strip()}


def _result(
    scores: SemanticScores, names: Mapping[int, str], left_out: Iterable[str]
) -> dict[str, object]:
    result = asdict(scores)
    for row in result["classes"]:
        number = row["id"]
        row["name"] = names.get(number, "background" if number == 0 else f"{number}")
    result["left_out"] = list(left_out)
    return result


def _plain(value: object) -> object:
    """The value with null for NaN, which JSON does not know."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


_TITLES = {
    "pixel_accuracy": "pixel accuracy",
    "mean_accuracy": "mean accuracy",
    "mean_iou": "mIoU",
    "mean_dice": "mean Dice",
    "frequency_weighted_iou": "frequency weighted IoU",
    "boundary_f1": "boundary F1",
}
_COLUMNS = ("iou", "dice", "accuracy", "boundary_f1")


def _table(result: Mapping[str, object]) -> str:
    lines = [f"{'images':24}{result['images']:>8}"]
    lines += [f"{title:24}{_number(result[key])}" for key, title in _TITLES.items()]
    instances = result.get("instances")
    if isinstance(instances, Mapping):
        lines += [
            f"{'mask ' + key.upper():24}{_number(instances[key])}"
            for key in ("ap", "ap50", "ap75")
        ]
    heads = ("IoU", "Dice", "accuracy", "boundary")
    lines += ["", f"{'class':20}" + "".join(f"{head:>10}" for head in heads)]
    rows = result["classes"]
    for row in rows if isinstance(rows, list | tuple) else ():
        values = "".join(f"  {_number(row[key])}" for key in _COLUMNS)
        lines.append(f"{row['id']:>5} {row['name'][:14]:14}{values}")
    left_out = result["left_out"]
    if isinstance(left_out, list) and left_out:
        lines += ["", *(f"left out: {text}" for text in left_out)]
    return "\n".join(lines) + "\n"


def _number(value: object) -> str:
    if not isinstance(value, float) or math.isnan(value):
        return f"{'-':>8}"
    return f"{value:8.4f}"


def _silent(done: int, total: int, what: str) -> None:
    """The tiles of one image are not worth a bar of their own."""
