"""Whether our networks of the SAM family answer as the official implementations do.

The same weights and the same prompts on both sides, in fp32: the largest difference of
the logits as a share of their range, and the IoU of the masks, on the network's grid
and at the image's own size. Where there is a memory of images, a film too.

    python -m benchmarks.sam_parity --official DIR [--models sam-vit-b edgetam …]
        [--weights DIR] [--images "640 x 480" …] [--json OUT]

``--official`` holds the checkouts that ``benchmarks.sam_official`` and
``benchmarks.sam2_official`` name; what is not there is skipped by name. ``--weights``
holds published checkpoints; without it, or without a file, the weights are random and
seeded.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import sam2_film, sam2_official, sam_official
from benchmarks.sam_official import IMAGES, Asked, prompts_on
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.files.atomic import write_whole
from seggui.metrics.masks import iou
from seggui.models import catalog
from seggui.models.prompted.sam.backbone import Answer, Backbone, Features, Marks
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.frame import Frame, frame_of, square_of
from seggui.models.prompted.sam.sam2 import Sam2Backbone

FAMILIES = {
    **dict.fromkeys(sam_official.OFFICIAL, sam_official),
    **dict.fromkeys(sam2_official.SECOND, sam2_official),
}
"""For each model what knows its official implementation."""
MOST_APART = 1e-3
LEAST_IOU = 0.999
THREADS = 2


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
        least = min(self.iou_grid, self.iou_image)
        return self.apart <= MOST_APART and least >= LEAST_IOU


def compared(
    name: str,
    image_name: str,
    official: Any,  # noqa: ANN401
    backbone: Backbone,
) -> Iterator[Row]:
    """Ask both about one image."""
    image = IMAGES[image_name]()
    height, width = image.shape[:2]
    with torch.inference_mode():
        official.set_image(image)
    frame = frame_of(Box(0, 0, width, height), backbone.side, backbone.fit)
    square = square_of(image, frame, backbone.fit, backbone.mean, backbone.deviation)
    features = backbone.encode(square)
    last = None
    for asked in prompts_on(height, width):
        theirs = FAMILIES[name].answered(official, asked, last)
        mine = _our_answer(backbone, features, frame, asked, last)
        if asked.name == "one point":
            last = theirs[2][0, :1]
        if name.startswith("hq") and asked.several:
            # Theirs is the best one alone, with its correction.
            mine = [_best(answer) for answer in mine]
        yield _row_of((name, image_name, asked.name), theirs, mine, frame)


def carried(name: str, official: Any, backbone: Sam2Backbone) -> Iterator[Row]:  # noqa: ANN401
    """Carry objects through a film on both sides."""
    network, prepare = official.model, official._transforms
    for what, theirs, mine in sam2_film.carried(name, network, prepare, backbone.heads):
        apart = float((theirs - mine).abs().max() / np.ptp(theirs.numpy()))
        alike = iou((theirs > 0).numpy(), (mine > 0).numpy())
        yield Row(name, "film", what, apart, alike, alike, 0.0)


def _our_answer(
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


def _row_of(
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
        ious.append(iou(masks[index], full.dense()))
    return Row(
        *names,
        apart=float(np.abs(logits - own).max() / np.ptp(logits)),
        iou_grid=min(
            iou(seen[i] > 0, own_seen[i] > 0) for i in np.ndindex(*masks.shape[:2])
        ),
        iou_image=min(ious),
        quality_apart=float(np.abs(quality - own_quality).max()),
    )


def rows_of(name: str, options: argparse.Namespace) -> Iterator[Row]:
    """Everything that is asked of one model."""
    family = FAMILIES[name]
    file = catalog.get(name).weights
    path = options.weights and file and options.weights / file.name
    weights = path if path and path.is_file() else None
    official = family.predictor(name, options.official, weights, options.seed)
    backbone = family.ours(name, official.model, weights)
    for image_name in options.images:
        yield from compared(name, image_name, official, backbone)
    if isinstance(backbone, Sam2Backbone):
        yield from carried(name, official, backbone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--official", type=Path, required=True, metavar="DIR")
    parser.add_argument("--models", nargs="+", choices=FAMILIES, default=[*FAMILIES])
    parser.add_argument("--images", nargs="*", choices=IMAGES, default=[*IMAGES])
    parser.add_argument("--weights", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    print(f"{'':50} logits apart  IoU grid  IoU image  quality apart")
    for name in options.models:
        if (why := FAMILIES[name].missing(name, options.official)) is not None:
            print(why)
            continue
        for row in rows_of(name, options):
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
