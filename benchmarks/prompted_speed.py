"""How long encoding and a click take beside the official implementations.

Both sides have the same weights and answer in turns in the same run, so that other work
on the machine slows both alike; what counts is the ratio. A click is everything from
points to masks at the image's size. Processor time of all threads, and seconds by the
clock.

    python -m benchmarks.prompted_speed --official DIR [--models sam-vit-b mobile-sam …]
        [--weights DIR] [--size 640x480 …] [--encodes N] [--clicks N] [--json OUT]

What is not there is skipped by name, with the reason.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import sam2_official, sam_official
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.atomic import write_whole
from seggui.metrics.masks import iou
from seggui.models import catalog
from seggui.models.prompted.sam.drawing import Finding, drawn
from seggui.models.prompted.sam.looks import Encoding
from seggui.models.prompted.sam.marking import marks_of
from seggui.models.prompted.sam.model import SamModel

THREADS = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """An official implementation and ours of the same weights."""

    model: SamModel
    set_image: Callable[[NDArray[np.uint8]], None]
    """The official encoding."""
    click: Callable[[float, float], NDArray[np.bool_]]
    """The official answer to one positive click: masks, axes (mask, y, x)."""


Opened = Callable[[str, Path, Path | None], Pair]


def open_first(name: str, folder: Path, weights: Path | None) -> Pair:
    """SAM, HQ-SAM and MobileSAM; ours computes as it would on this machine."""
    official = sam_official.predictor(name, folder, weights, seed=0)
    backbone = sam_official.ours(name, official.model, weights, "auto")

    def click(x: float, y: float) -> NDArray[np.bool_]:
        with torch.inference_mode():
            masks = official.predict(np.array([[x, y]]), np.array([1]))[0]
        return np.asarray(masks, dtype=bool)

    def set_image(image: NDArray[np.uint8]) -> None:
        with torch.inference_mode():
            official.set_image(image)

    return Pair(SamModel(catalog.get(name), backbone), set_image, click)


def open_second(name: str, folder: Path, weights: Path | None) -> Pair:
    """SAM 2.1 and EdgeTAM; ours computes as it would on this machine."""
    official = sam2_official.predictor(name, folder, weights, seed=0)
    backbone = sam2_official.ours(name, official.model, weights, "auto")

    def click(x: float, y: float) -> NDArray[np.bool_]:
        masks = official.predict(np.array([[x, y]]), np.array([1]))[0]
        return np.asarray(masks, dtype=bool)

    return Pair(SamModel(catalog.get(name), backbone), official.set_image, click)


FAMILIES: tuple[tuple[Mapping[str, Any], Callable[..., str | None], Opened], ...] = (
    (sam_official.OFFICIAL, sam_official.missing, open_first),
    (sam2_official.SECOND, sam2_official.missing, open_second),
)
"""Models by name, why one cannot be run, and how a pair is opened."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Middle values of several turns, in milliseconds."""

    model: str
    what: str
    precision: str
    """In which ours encodes; the official code encodes in float32."""
    official_ms: float
    ours_ms: float
    official_clock_ms: float
    ours_clock_ms: float
    iou: float
    """Of the masks of both sides, enlarged the same way; the worst of three."""

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.official_ms


def timed(
    name: str, pair: Pair, size: tuple[int, int], turns: tuple[int, int]
) -> list[Timed]:
    """Encode and click in turns on an image of that width and height."""
    width, height = size
    image = cv2.resize(sam_official.IMAGES["640 x 480"](), size)
    model = pair.model
    encoding = model.encode(image, unwatched)
    prompt = Prompt((Point(width * 0.4, height * 0.35),), settings=(("zoom", False),))
    alike = _agreement(pair, image, encoding, prompt)
    rows = []
    for what, count, theirs, mine in (
        (
            "encode",
            turns[0],
            lambda: pair.set_image(image),
            lambda: model.encode(image, unwatched),
        ),
        (
            "click",
            turns[1],
            lambda: pair.click(width * 0.4, height * 0.35),
            lambda: model.decode(encoding, prompt, unwatched),
        ),
    ):
        times = np.array([(*_seconds(theirs), *_seconds(mine)) for _ in range(count)])
        middle = [1000 * median(column) for column in times.T]
        rows.append(
            Timed(
                name,
                f"{what} {width} x {height}",
                "bfloat16" if "bfloat16" in model.digest else "float32",
                official_ms=middle[0],
                ours_ms=middle[2],
                official_clock_ms=middle[1],
                ours_clock_ms=middle[3],
                iou=alike,
            )
        )
    return rows


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Of the processor and of the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def _agreement(
    pair: Pair, image: NDArray[np.uint8], encoding: Encoding, prompt: Prompt
) -> float:
    """IoU of both sides' masks of one click, without anything done to the edges."""
    pair.set_image(image)
    point = prompt.points[0]
    model, frame = pair.model, encoding.whole.frame
    half = 0.5 / frame.across, 0.5 / frame.down
    theirs = pair.click(point.x - half[0], point.y - half[1])
    backbone = model._backbone  # the bare network, to compare like with like
    marks = marks_of(prompt, frame, backbone.mask_side, model.info.id)
    (answer,) = backbone.decode(encoding.whole.features, [marks])
    own = [drawn(Finding(frame, logits, 0.0)) for logits in answer.logits_nhw]
    if len(theirs) == 1:
        own = [own[int(np.argmax(answer.quality))]]
    ious = []
    for mask, drawing in zip(theirs, own, strict=True):
        full = np.zeros(mask.shape, dtype=bool)
        full[drawing.box.slices] = drawing.pixels_hw
        ious.append(iou(full, mask))
    return min(ious)


def main() -> None:
    known = [name for family in FAMILIES for name in family[0]]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--official", type=Path, required=True, metavar="DIR")
    parser.add_argument("--models", nargs="+", choices=known, default=known)
    parser.add_argument("--weights", type=Path, metavar="DIR")
    parser.add_argument("--size", nargs="+", default=["640x480"], metavar="WxH")
    parser.add_argument("--encodes", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    print(
        f"{platform.processor() or platform.machine()}, torch {torch.__version__}, "
        f"{options.threads} threads"
    )
    print(
        f"{'':40} processor ms: official  ours  ratio   clock ms: official  ours  IoU"
    )
    rows: list[Timed] = []
    for names, missing, opened in FAMILIES:
        for name in (n for n in options.models if n in names):
            if (why := missing(name, options.official)) is not None:
                print(why)
                continue
            file = catalog.get(name).weights
            path = options.weights and file and options.weights / file.name
            pair = opened(
                name, options.official, path if path and path.is_file() else None
            )
            for size in options.size:
                width, _, height = size.partition("x")
                turns = (options.encodes, options.clicks)
                for row in timed(name, pair, (int(width), int(height)), turns):
                    rows.append(row)
                    where = f"{row.model}, {row.what}, {row.precision}"
                    print(
                        f"{where:50}{row.official_ms:12.1f}{row.ours_ms:8.1f}"
                        f"{row.ratio:7.2f}{row.official_clock_ms:18.1f}"
                        f"{row.ours_clock_ms:8.1f} {row.iou:.4f}",
                        flush=True,
                    )
    if options.json is not None:
        found = [asdict(row) | {"ratio": round(row.ratio, 4)} for row in rows]
        write_whole(options.json, json.dumps(found, indent=1).encode())


if __name__ == "__main__":
    main()
