"""Time the export of 1,000 segments on images of one megapixel, for each format.

Two layouts: 50 images with 20 segments each, and 1,000 images with one each, the
worst case for formats that write a file per image. With ``--data DIR`` the segments
are those of ``DIR/dsb2018`` enlarged to a megapixel; without it they are made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import Classes, SegClass
from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.rle import rle_of
from seggui.core.segment import Segment, Source
from seggui.files.formats.exporting import export, losses_of
from seggui.files.formats.png import ids_of_png
from seggui.files.formats.table import FORMATS
from seggui.files.formats.values import ExportItem, item_of

SIDE = 1000
CLASSES = Classes((SegClass(1, "one", (200, 0, 0)), SegClass(2, "two", (0, 0, 200))))


def made_masks(seed: int) -> Iterator[NDArray[np.bool_]]:
    """Blobs with ragged outlines and holes, a third of the image each, for ever."""
    rng = np.random.default_rng(seed)
    while True:
        noise = rng.random((25, 25), dtype=np.float32)
        large = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        fine = rng.random((SIDE // 4, SIDE // 4), dtype=np.float32)
        fine = cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        yield large + 0.1 * fine > 0.62


def data_masks(folder: Path) -> Iterator[NDArray[np.bool_]]:
    """The nuclei of the data set, each image enlarged to a megapixel, for ever."""
    paths = sorted((folder / "dsb2018" / "instances").glob("*.png"))
    while True:
        for path in paths:
            ids, _ = ids_of_png(path)
            ids = cv2.resize(ids, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
            for number in np.unique(ids)[1:]:
                yield ids == number


def made_items(
    masks: Iterator[NDArray[np.bool_]], images: int, each: int
) -> list[ExportItem]:
    items = []
    for index in range(images):
        segments = tuple(
            Segment(Mask.from_dense(next(masks)), 1 + n % 2, Source("bench"))
            for n in range(each)
        )
        facts = ImageFacts(f"{index:04}.jpg", SIDE, SIDE, f"sha256:{index}")
        items.append(item_of(Document(facts, segments)))
    return items


def timed(work: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }


def main() -> None:
    """Print seconds for each layout and format, and the share of mask encoding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for images, each in ((50, 20), (1000, 1)):
        masks = data_masks(options.data) if options.data else made_masks(options.seed)
        items = made_items(masks, images, each)
        layout = f"{images} x {each}"

        def encode(items: list[ExportItem] = items) -> None:
            for item in items:
                for segment in item.load().segments:
                    rle_of(segment.mask)

        results[f"{layout} run lengths alone"] = timed(encode)
        for form in FORMATS:
            results[f"{layout} {form.id} dry run"] = timed(
                lambda form=form, items=items: losses_of(
                    form, items, CLASSES, unwatched
                )
            )
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "out"
                results[f"{layout} {form.id}"] = timed(
                    lambda form=form, items=items, out=out: export(
                        form, items, CLASSES, out, unwatched
                    )
                )
    for name, row in results.items():
        print(f"{name:34} {row['wall_s']:7.2f} s   {row['cpu_s']:7.2f} s of processor")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
