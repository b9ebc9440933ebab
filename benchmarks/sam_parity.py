"""Whether our SAM, HQ-SAM and MobileSAM answer as the official implementations do.

The same weights and the same prompts on both sides, in fp32: the largest difference of
the logits as a share of their range, and the IoU of the masks, on the network's grid
and at the image's own size.

    python -m benchmarks.sam_parity --official DIR [--models sam-vit-b mobile-sam …]
        [--weights DIR] [--images "640 x 480" …] [--json OUT]

``--official`` holds the checkouts that ``benchmarks.sam_official`` names; what is not
there is skipped by name. ``--weights`` holds published checkpoints; without it, or
without a file, the weights are random and seeded.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.sam_official import IMAGES, OFFICIAL, missing, ours, predictor
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.files.atomic import write_whole
from seggui.models import catalog
from seggui.models.prompted.sam.backbone import Answer, Backbone, Features, Marks
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.first import FirstBackbone
from seggui.models.prompted.sam.frame import Frame, frame_of, square_of

MOST_APART = 1e-3
LEAST_IOU = 0.999
THREADS = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt in the pixel indices that the official predictors take."""

    name: str
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    previous: bool = False
    several: bool = True


def prompts_on(height: int, width: int) -> list[Asked]:
    """Points, boxes, a previous mask, several boxes at once."""
    x, y = round(width * 0.4), round(height * 0.35)
    other = (round(width * 0.7), round(height * 0.6))
    box = (width * 0.3, height * 0.2, width * 0.6, height * 0.7)
    second = (width * 0.1, height * 0.1, width * 0.9, height * 0.5)
    third = (width * 0.5, height * 0.5, width * 0.8, height * 0.9)
    many = tuple((width * (i % 6) / 6, height * (i // 6) / 4) for i in range(24))
    return [
        Asked("one point", ((x, y),), (1,)),
        Asked("two points, one mask", ((x, y), other), (1, 0), several=False),
        Asked("24 points", many, tuple(i % 3 and 1 for i in range(24)), several=False),
        Asked("a box", boxes=(box,), several=False),
        Asked("a box and a point", ((x, y),), (1,), (box,)),
        Asked("a point and a mask", (other,), (0,), previous=True, several=False),
        Asked("three boxes at once", boxes=(box, second, third)),
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for one prompt on one image."""

    model: str
    image: str
    prompt: str
    apart: float
    """Largest difference of logits, as a share of their range."""
    iou_grid: float
    iou_image: float
    quality_apart: float

    @property
    def good(self) -> bool:
        """Whether it keeps to the bars, on the grid and at the image's size."""
        iou = min(self.iou_grid, self.iou_image)
        return self.apart <= MOST_APART and iou >= LEAST_IOU


def compared(name: str, image_name: str, sides: tuple[Any, FirstBackbone]) -> list[Row]:
    """Ask both about one image."""
    official, backbone = sides
    image = IMAGES[image_name]()
    height, width = image.shape[:2]
    with torch.inference_mode():
        official.set_image(image)
    frame = frame_of(Box(0, 0, width, height), backbone.side, backbone.fit)
    square = square_of(image, frame, backbone.fit, backbone.mean, backbone.deviation)
    features = backbone.encode(square)
    rows, last = [], None
    for asked in prompts_on(height, width):
        theirs = _official_answer(official, asked, last)
        mine = our_answer(backbone, features, frame, asked, last)
        if asked.name == "one point":
            last = theirs[2][0, :1]
        if name.startswith("hq") and asked.several:
            # Theirs is the best one alone, with its correction.
            mine = [_best(answer) for answer in mine]
        rows.append(row_of((name, image_name, asked.name), theirs, mine, frame))
    return rows


def _official_answer(
    official: Any,  # noqa: ANN401
    asked: Asked,
    last: NDArray[np.float32] | None,
) -> tuple[NDArray[Any], ...]:
    """Masks at the image's size, expected IoU and logits; axes (prompt, mask, …)."""
    size = official.original_size
    scale = official.transform
    points = labels = boxes = mask = None
    if asked.points:
        placed = scale.apply_coords(np.array(asked.points, dtype=np.float64), size)
        points = torch.as_tensor(placed, dtype=torch.float)[None]
        labels = torch.as_tensor(asked.labels, dtype=torch.int)[None]
    if asked.boxes:
        placed = scale.apply_boxes(np.array(asked.boxes, dtype=np.float64), size)
        boxes = torch.as_tensor(placed, dtype=torch.float)
    if asked.previous and last is not None:
        mask = torch.as_tensor(last)[None]
    with torch.inference_mode():
        found = official.predict_torch(
            points, labels, boxes, mask, multimask_output=asked.several
        )
    return tuple(value.numpy() for value in found)


def our_answer(
    backbone: Backbone,
    features: Features,
    frame: Frame,
    asked: Asked,
    last: NDArray[np.float32] | None,
) -> list[Answer]:
    half = 0.5 / np.array([frame.across, frame.down])
    points = np.array(asked.points, dtype=np.float64).reshape(-1, 2) + half
    boxes = np.array(asked.boxes, dtype=np.float64).reshape(-1, 2, 2) + half
    marks = [
        Marks(
            frame.on_square(points),
            np.array(asked.labels, dtype=bool),
            None if box is None else tuple(frame.on_square(box).ravel().tolist()),
            last[0] if asked.previous and last is not None else None,
            asked.several,
        )
        for box in (boxes if len(boxes) else [None])
    ]
    return list(backbone.decode(features, marks))


def _best(answer: Answer) -> Answer:
    best = int(np.argmax(answer.quality))
    some = slice(best, best + 1)
    return Answer(answer.logits_nhw[some], answer.quality[some])


def row_of(
    names: tuple[str, str, str],
    theirs: tuple[NDArray[Any], ...],
    mine: list[Answer],
    frame: Frame,
) -> Row:
    masks, quality, logits = theirs
    own = np.stack([answer.logits_nhw for answer in mine])
    own_quality = np.stack([answer.quality for answer in mine])
    down, across = Finding(frame, own[0, 0], 0.0).seen.shape
    seen, own_seen = logits[..., :down, :across], own[..., :down, :across]
    height, width = masks.shape[-2:]
    ious = []
    for index in np.ndindex(*masks.shape[:2]):
        drawing = drawn(Finding(frame, own[index], 0.0))
        full = Mask.from_window(height, width, drawing.box, drawing.pixels_hw)
        ious.append(_iou(masks[index], full.dense()))
    return Row(
        *names,
        apart=float(np.abs(logits - own).max() / np.ptp(logits)),
        iou_grid=min(
            _iou(seen[i] > 0, own_seen[i] > 0) for i in np.ndindex(*masks.shape[:2])
        ),
        iou_image=min(ious),
        quality_apart=float(np.abs(quality - own_quality).max()),
    )


def _iou(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> float:
    union = np.count_nonzero(one | two)
    return np.count_nonzero(one & two) / union if union else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--official", type=Path, required=True, metavar="DIR")
    parser.add_argument("--models", nargs="+", choices=OFFICIAL, default=[*OFFICIAL])
    parser.add_argument("--images", nargs="+", choices=IMAGES, default=[*IMAGES])
    parser.add_argument("--weights", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    print(f"{'':50} logits apart  IoU grid  IoU image  quality apart")
    for name in options.models:
        if (why := missing(name, options.official)) is not None:
            print(why)
            continue
        file = catalog.get(name).weights
        path = options.weights and file and options.weights / file.name
        weights = path if path and path.is_file() else None
        official = predictor(name, options.official, weights, options.seed)
        sides = (official, ours(name, official.model, weights))
        for image_name in options.images:
            for row in compared(name, image_name, sides):
                rows.append(row)
                where = f"{row.model}, {row.image}, {row.prompt}"
                told = "" if row.good else "  TOO FAR APART"
                print(
                    f"{where:50} {row.apart:11.1e} {row.iou_grid:10.5f}"
                    f"{row.iou_image:10.5f} {row.quality_apart:12.1e}{told}",
                    flush=True,
                )
    if options.json is not None:
        found = [asdict(row) | {"good": row.good} for row in rows]
        write_whole(options.json, json.dumps(found, indent=1).encode())
    bad = sum(not row.good for row in rows)
    print(f"{len(rows) - bad} of {len(rows)} prompts within the bars.")


if __name__ == "__main__":
    main()
