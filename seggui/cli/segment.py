"""``seggui segment``: the mask of an object from points, boxes, lines and more."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.cli.progress import bar
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import Settings, Value, values_of
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.errors import BadRequest, Unreadable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seggui.core.candidate import Candidate
    from seggui.core.ports import Report
    from seggui.refine.recipe import Recipe

HELP = (
    "Get the mask of an object from points, boxes, lines, a rough drawing or text. "
    "Points are image pixels, x to the right and y down, of the image as it is shown; "
    ",0 marks a point, and |0 a line, that is not on the object. Several boxes ask for "
    "one object each, and the mask holds them all. The mask is a PNG of 0 and 255."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path, help="the image file")
    parser.add_argument(
        "--point",
        action="append",
        type=_point,
        default=[],
        metavar="X,Y[,1|0]",
        help="a click on the object, or beside it with ,0; may be repeated",
    )
    parser.add_argument(
        "--box",
        action="append",
        type=_box,
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="a box around an object; may be repeated",
    )
    parser.add_argument(
        "--scribble",
        action="append",
        type=_scribble,
        default=[],
        metavar='"X,Y X,Y …[|0]"',
        help="a line over the object, its corners with spaces between them, or beside "
        "the object with |0 at the end; may be repeated",
    )
    parser.add_argument(
        "--rough",
        type=Path,
        metavar="PNG",
        help="roughly where the object is: a mask drawn around or over it",
    )
    parser.add_argument(
        "--exemplar",
        action="append",
        type=_box,
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="a box around another object of the kind, for models that read them; "
        "may be repeated",
    )
    parser.add_argument(
        "--mask", type=Path, metavar="PNG", help="a mask to correct by the marks"
    )
    parser.add_argument(
        "--text", default="", help="what is to be found, for models that read words"
    )
    parser.add_argument(
        "--model",
        metavar="ID",
        help="an id of `seggui models list`, among them the classical tools such as "
        "wand or watershed, or a run folder of train-clicks (default: the best at "
        "hand)",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="set something of the model ('seggui models info ID' lists what there "
        "is); may be repeated",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument("--recipe", default="", help='such as "largest,fill:200"')
    parser.add_argument(
        "--all-candidates",
        action="store_true",
        help="write each candidate, the best first, as NAME-1.png, NAME-2.png, …",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PNG", help="the mask to write"
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.files.images import read_image
    from seggui.refine.recipe import parse

    _check(options)
    recipe = parse(options.recipe) if options.recipe else None
    image_hwc = read_image(options.image).display_hwc()
    height, width = image_hwc.shape[:2]
    prompts = [p.checked(width, height) for p in _prompts(options, height, width)]
    began = time.monotonic()
    with bar(0, "segmenting") as progress:
        model_id, answers = _asked(options, prompts, image_hwc, progress.report)
        if not options.all_candidates:
            answers = [candidates[:1] for candidates in answers]
        if recipe is not None:
            answers = _refined(recipe, answers, image_hwc, options.image)
    elapsed_s = time.monotonic() - began
    written = _write(options, answers)
    _print(options, model_id, written, elapsed_s)
    for path, mask, _ in written:
        if mask.is_empty:
            sys.stderr.write(f"Nothing was found: the mask {path} is empty.\n")
    return 0


# -- the words of the command line --------------------------------------------


def _point(text: str) -> Point:
    parts = text.split(",")
    if len(parts) not in (2, 3) or parts[2:] not in ([], ["0"], ["1"]):
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y or X,Y,1 or X,Y,0")
    x, y = _numbers(parts[:2], text)
    return Point(x, y, parts[2:] != ["0"])


def _box(text: str) -> Box:
    parts = text.split(",")
    if len(parts) != 4:
        raise argparse.ArgumentTypeError(f"{text!r} is not X0,Y0,X1,Y1")
    x0, y0, x1, y1 = _numbers(parts, text)
    if x1 <= x0 or y1 <= y0:
        raise argparse.ArgumentTypeError(f"the box {text} has no area")
    return Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))


def _scribble(text: str) -> Scribble:
    line, bar_, sign = text.partition("|")
    corners = [corner.split(",") for corner in line.split()]
    right = bool(corners) and all(len(corner) == 2 for corner in corners)
    if not right or (bar_ and sign.strip() not in ("0", "1")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not 'X,Y X,Y …' or 'X,Y X,Y …|0'"
        )
    points = [_numbers(corner, text) for corner in corners]
    return Scribble(tuple((x, y) for x, y in points), positive=sign.strip() != "0")


def _setting(text: str) -> tuple[str, Value]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _numbers(parts: Sequence[str], text: str) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} holds no numbers") from None
    if not all(math.isfinite(number) for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} holds no finite numbers")
    return numbers


def _check(options: argparse.Namespace) -> None:
    several = len(options.box) > 1
    if several and options.all_candidates:
        raise BadRequest("--all-candidates goes with one box at most.")
    if several and options.mask is not None:
        raise BadRequest("--mask corrects one object and goes with one box at most.")
    if options.out.is_dir():
        raise BadRequest(f"{options.out} is a folder; --out names the PNG to write.")
    if options.out.suffix.lower() not in ("", ".png"):
        raise BadRequest(
            f"Masks are written as PNG, which {options.out.name} would not say. Give "
            f"--out a name such as {options.out.stem}.png."
        )
    if several and (options.scribble or options.rough is not None):
        raise BadRequest("--scribble and --rough go with one box at most.")
    marks = ("point", "box", "scribble", "rough", "exemplar", "text")
    if not any(getattr(options, name) for name in marks):
        options.usage_error(
            "nothing is asked for: give --point, --box, --scribble, --rough, "
            "--exemplar or --text"
        )


def _prompts(options: argparse.Namespace, height: int, width: int) -> Iterator[Prompt]:
    """One prompt for each box; of several boxes each takes the points within it."""
    points: tuple[Point, ...] = tuple(options.point)
    boxes: list[Box] = options.box
    common = Prompt(
        text=options.text,
        exemplars=tuple(options.exemplar),
        settings=tuple(options.set),
    )
    if len(boxes) < 2:
        rough, previous = (
            None if path is None else _mask_in(path, height, width)
            for path in (options.rough, options.mask)
        )
        yield replace(
            common,
            points=points,
            box=boxes[0] if boxes else None,
            scribbles=tuple(options.scribble),
            rough=rough,
            previous=previous,
        )
        return
    for point in points:
        if not any(box.contains(point.x, point.y) for box in boxes):
            raise BadRequest(
                f"The point ({point.x:g}, {point.y:g}) lies in none of the boxes. "
                "With several boxes each point belongs to the box around it."
            )
    for box in boxes:
        inner = tuple(p for p in points if box.contains(p.x, p.y))
        yield replace(common, points=inner, box=box)


def _mask_in(path: Path, height: int, width: int) -> Mask:
    from seggui.files.images import read_index

    pixels = read_index(path)
    if pixels.shape != (height, width):
        raise BadRequest(
            f"The mask {path} of {pixels.shape[1]} x {pixels.shape[0]} pixels does not "
            f"go with the image of {width} x {height}."
        )
    return Mask.from_dense(pixels)


# -- the work -----------------------------------------------------------------


def _asked(
    options: argparse.Namespace,
    prompts: Sequence[Prompt],
    image_hwc: NDArray[np.uint8],
    report: Report,
) -> tuple[str, list[tuple[Candidate, ...]]]:
    """Return the model's id and its candidates for each prompt."""
    from seggui.models import catalog
    from seggui.models.prompted.asking import answer

    model_id = options.model or catalog.best_prompted().id
    settings: Settings = tuple(options.set)
    model = catalog.open_prompted(model_id, options.weights)
    # Before the model looks at the image, which may take a while.
    values_of(model.info.parameters, settings)
    encoding = model.encode(image_hwc, report)
    return model_id, [answer(model, encoding, prompt, report) for prompt in prompts]


def _refined(
    recipe: Recipe,
    answers: list[tuple[Candidate, ...]],
    image_hwc: NDArray[np.uint8],
    path: Path,
) -> list[tuple[Candidate, ...]]:
    """Run the recipe over each candidate; the parts of a split stay one mask."""
    from seggui.cli.refine_masks import Refiner

    empty = Mask.empty(*image_hwc.shape[:2])
    out = []
    with Refiner(recipe) as refiner:
        for candidates in answers:
            before = [candidate.mask for candidate in candidates]
            after = refiner.refined(str(path), before, image_hwc)
            masks = [reduce(Mask.union, parts, empty) for parts in after]
            pairs = zip(candidates, masks, strict=True)
            out.append(tuple(replace(one, mask=mask) for one, mask in pairs))
    return out


def _write(
    options: argparse.Namespace, answers: list[tuple[Candidate, ...]]
) -> list[tuple[Path, Mask, float]]:
    """Write the masks; return each file with its mask and score."""
    out: Path = options.out
    if options.all_candidates:
        rows = [
            (out.with_name(f"{out.stem}-{place}{out.suffix}"), one.mask, one.score)
            for place, one in enumerate(answers[0], start=1)
        ]
    else:
        mask = reduce(Mask.union, (candidates[0].mask for candidates in answers))
        scores = [candidates[0].score for candidates in answers]
        rows = [(out, mask, min(scores))]
    for path, _, _ in rows:
        _check_place(path, options.image)
    for path, mask, _ in rows:
        _write_png(path, mask)
    return rows


def _check_place(path: Path, image: Path) -> None:
    """Only a mask may be replaced by a mask, never somebody's photograph."""
    import numpy as np

    from seggui.files.images import read_index

    if not path.is_file():
        return
    try:
        is_mask = bool(np.isin(read_index(path), (0, 255)).all())
    except Unreadable:
        is_mask = False
    if not is_mask:
        raise BadRequest(
            f"{path} is there already and is no mask of 0 and 255; it stays as it is. "
            "Give --out another name."
        )
    if path.samefile(image):
        # One of black and white only looks like a mask.
        raise BadRequest(f"{path} is the image itself. Give --out another name.")


def _write_png(path: Path, mask: Mask) -> None:
    import cv2
    import numpy as np

    from seggui.files.atomic import write_whole

    _, data = cv2.imencode(".png", mask.dense().astype(np.uint8) * 255)
    write_whole(path, data.tobytes())


def _print(
    options: argparse.Namespace,
    model_id: str,
    written: list[tuple[Path, Mask, float]],
    elapsed_s: float,
) -> None:
    from seggui.models import catalog

    # Classical methods answer without saying how well.
    scored = all(i.id != model_id for i in catalog.prompted() if i.classical)
    if options.json:
        masks = [
            {
                "out": str(path),
                "score": round(score, 4) if scored else None,
                "area": mask.area,
                "bbox": [mask.bbox.x0, mask.bbox.y0, mask.bbox.x1, mask.bbox.y1],
            }
            for path, mask, score in written
        ]
        result = {"model": model_id, "elapsed_s": round(elapsed_s, 3), "masks": masks}
        sys.stdout.write(json.dumps(result) + "\n")
        return
    for path, mask, score in written:
        rated = f", score {score:.2f}" if scored else ""
        sys.stdout.write(f"{path}: {mask.area} pixels{rated}\n")
