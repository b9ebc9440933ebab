"""How long each classical method takes, at 640 x 480 and at one megapixel.

Processor time of one thread, the median over images: of the first answer to a click
after opening the image, of the next one (what was worked out is kept), and of a rough
drawing. The bar is 300 ms at one megapixel; a method above it shows progress and can
be stopped.

    python -m benchmarks.classical_speed IMAGE … [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.mask import Mask
from seggui.core.ports import PromptedModel, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.atomic import write_whole
from seggui.files.images import read_image
from seggui.models import catalog

SIZES = {"640x480": (640, 480), "1 MP": (1155, 866)}
BAR_MS = 300.0


def timed_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def measured(model: PromptedModel, image_hwc: NDArray[np.uint8]) -> dict[str, float]:
    """Milliseconds of each step on one image."""
    height, width = image_hwc.shape[:2]
    drawn = np.zeros((height, width), dtype=np.uint8)
    middle, axes = (width // 2, height // 2), (width // 6, height // 5)
    cv2.ellipse(drawn, middle, axes, 0, 0, 360, 1, -1)
    rough = Mask.from_dense(drawn)
    one = Point(width / 2, height / 2)
    two = Point(width / 2 + width / 8, height / 2)
    encodings: list[object] = []

    def asked(prompt: Prompt) -> Callable[[], object]:
        return lambda: model.decode(encodings[-1], prompt, unwatched)

    encode = timed_ms(lambda: encodings.append(model.encode(image_hwc, unwatched)))
    return {
        "encode": encode,
        "first": timed_ms(asked(Prompt((one,)))),
        "next": timed_ms(asked(Prompt((one, two)))),
        "drawing": timed_ms(asked(Prompt(rough=rough))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    images = [read_image(path).display_hwc() for path in options.images]
    results: dict[str, dict[str, Any]] = {}
    steps = ("encode", "first", "next", "drawing")
    print(f"{'':16}{'':10}" + "".join(f"{step:>9}" for step in steps) + "  of the bar")
    for info in catalog.prompted():
        if not info.classical:
            continue
        model = catalog.open_prompted(info.id)
        results[info.id] = {}
        for name, size in SIZES.items():
            rows = []
            for image in images:
                scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
                rows.append(measured(model, np.asarray(scaled, dtype=np.uint8)))
            medians = {step: median(row[step] for row in rows) for step in steps}
            share = (medians["encode"] + medians["first"]) / BAR_MS
            numbers = "".join(f"{medians[step]:9.0f}" for step in steps)
            print(f"{info.id:16}{name:10}{numbers}{share:12.0%}", flush=True)
            results[info.id][name] = {k: round(v, 1) for k, v in medians.items()}
    if options.json is not None:
        write_whole(options.json, json.dumps(results, indent=1).encode())


if __name__ == "__main__":
    main()
