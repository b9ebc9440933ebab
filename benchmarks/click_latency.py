"""How long a click takes by the clock, with the models in the box and plain grabCut.

For each image: encoding, a first click in the middle, the same click after the pointer
rested two pixels beside it (a preview looks at the same window), and two corrections.
Each model has all cores, as in the program, so nothing else should run meanwhile.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.click_latency IMAGE … [--size 640x480]
        [--json OUT]

The variable is what the program sets for itself when it starts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.click_peers import GrabCut
from seggui.core.candidate import Candidate
from seggui.core.ports import PromptedModel, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.atomic import write_whole
from seggui.files.images import read_image
from seggui.models import catalog

T = TypeVar("T")
MODELS = ("clicknet", "classic")
STEPS = ("encode", "first", "after hovering", "later")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work returns, and the milliseconds it took by the clock."""
    began = time.perf_counter()
    result = work()
    return result, 1e3 * (time.perf_counter() - began)


def clicked(
    model: PromptedModel, encoding: object, points: list[Point], last: Candidate | None
) -> tuple[Candidate, float]:
    """The best answer, as a correction of the last one, and its milliseconds."""
    prompt = Prompt(
        tuple(points),
        previous=last.mask if last is not None else None,
        logits=last.logits if last is not None else None,
    )
    found, took = timed(lambda: model.decode(encoding, prompt, unwatched))
    return found[0], took


def measured(model: PromptedModel, image_hwc: NDArray[np.uint8]) -> dict[str, float]:
    """Milliseconds of each step on one image."""
    height, width = image_hwc.shape[:2]
    points = [Point(width / 2, height / 2)]
    encoding, encode = timed(lambda: model.encode(image_hwc, unwatched))
    last, first = clicked(model, encoding, points, None)
    later = []
    for share_x, share_y, positive in ((0.65, 0.6, True), (0.3, 0.3, False)):
        points.append(Point(width * share_x, height * share_y, positive))
        last, took = clicked(model, encoding, points, last)
        later.append(took)
    again = model.encode(image_hwc, unwatched)
    clicked(model, again, [Point(width / 2 + 2, height / 2)], None)
    _, hovered = clicked(model, again, points[:1], None)
    steps = (encode, first, hovered, median(later))
    return dict(zip(STEPS, steps, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    images = [
        np.asarray(
            cv2.resize(read_image(path).display_hwc(), (width, height)), dtype=np.uint8
        )
        for path in options.images
    ]
    models = {name: catalog.open_prompted(name) for name in MODELS}
    for model in models.values():
        measured(model, images[0])
    rows = {
        name: [measured(model, image) for image in images]
        for name, model in models.items()
    }
    rows["grabCut"] = [measured(GrabCut(), image) for image in images]
    results = {
        name: {step: round(median(row[step] for row in found), 1) for step in STEPS}
        for name, found in rows.items()
    }
    peer = results["grabCut"]["first"]
    print(f"median milliseconds of {len(images)} images of {width} x {height}")
    print(f"{'':10}" + "".join(f"{step:>16}" for step in STEPS) + "  first/grabCut")
    for name, result in results.items():
        numbers = "".join(f"{result[step]:16.0f}" for step in STEPS)
        print(f"{name:10}{numbers}{result['first'] / peer:15.2f}")
    if options.json is not None:
        write_whole(options.json, json.dumps(results, indent=1).encode())


if __name__ == "__main__":
    main()
