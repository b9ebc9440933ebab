"""How much of an image is found when everything is segmented.

    python -m benchmarks.everything --data DIR [--sets dsb2018 …] [--limit 10]
        [--model ID] [--points 12] [--json OUT]

Of each set the first images at even steps are taken, of sets that the click network
was trained on those that were held out. A find is right when its IoU with an object is
at least 0.5, one find for each object. Every policy for overlaps is given the same
finds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.click_sets import TRAINED_ON
from seggui.core.candidate import Candidate
from seggui.core.everything import PARAMETERS, EverythingOptions, Overlaps, options_of
from seggui.core.ports import PromptedModel, unwatched
from seggui.files.atomic import write_whole
from seggui.files.images import read_image
from seggui.models import catalog
from seggui.models.everything import everything, finished
from seggui.models.sifting import piece_of
from seggui.training.clicks.held_out import is_held_out

SETS = ("dsb2018", "fruits_nuts", "bsds500")
POLICIES: tuple[Overlaps, ...] = ("score", "small", "large", "keep")
RIGHT_IOU = 0.5


@dataclass(slots=True)
class Count:
    """Over all images of a set."""

    right: int = 0
    found: int = 0
    there: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.found + self.there)


def images_of(folder: Path, set_name: str, limit: int) -> list[Path]:
    """Up to so many images that the click network has not learned from."""
    paths = sorted((folder / set_name / "images").iterdir())
    if set_name in TRAINED_ON:
        paths = [path for path in paths if is_held_out(set_name, path.name)]
    return paths[:: max(1, len(paths) // limit)][:limit]


def right_in(masks: Sequence[NDArray[np.bool_]], truth_hw: NDArray[np.int64]) -> int:
    """How many of the masks, each for an object of its own, are right."""
    ids, areas = _objects(truth_hw)
    if not masks or not len(ids):
        return 0
    common = np.array(
        [np.bincount(truth_hw[mask], minlength=ids.max() + 1)[ids] for mask in masks]
    )
    own = np.array([mask.sum() for mask in masks])[:, None]
    right = common / (own + areas - common) >= RIGHT_IOU
    rows, columns = linear_sum_assignment(-right.astype(np.int64))
    return int(right[rows, columns].sum())


def _objects(truth_hw: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """The numbers and areas of what is not too small to be looked for."""
    areas = np.bincount(truth_hw.ravel())
    least = next(row.default for row in PARAMETERS if row.name == "smallest")
    ids = np.array([i for i in range(1, len(areas)) if areas[i] >= least], np.int64)
    return ids, areas[ids]


def measure(
    model: PromptedModel, paths: Sequence[Path], options: EverythingOptions
) -> dict[Overlaps, Count]:
    """Find everything once on each image, and let each policy share it out."""
    counts = {policy: Count() for policy in POLICIES}
    for path in paths:
        image_hwc = read_image(path).display_hwc()
        height, width = image_hwc.shape[:2]
        labels = path.parent.parent / "instances" / f"{path.stem}.png"
        truth_hw = np.asarray(read_image(labels).pixels).squeeze().astype(np.int64)
        encoding = model.encode(image_hwc, unwatched)
        all_of_it = replace(options, overlaps="keep")
        offered = everything(model, image_hwc, encoding, all_of_it, unwatched)
        pieces = [piece_of(one.mask, (0, 0), one) for one in offered]
        for policy, count in counts.items():
            wished = replace(options, overlaps=policy)
            left: tuple[Candidate, ...] = finished(pieces, wished, height, width)
            count.right += right_in([one.mask.dense() for one in left], truth_hw)
            count.found += len(left)
            count.there += len(_objects(truth_hw)[0])
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--model", default="clicknet")
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    model = catalog.open_prompted(chosen.model)
    options = options_of((("points", chosen.points),))
    rows: dict[str, object] = {}
    for name in chosen.sets:
        paths = images_of(chosen.data, name, chosen.limit)
        counts = measure(model, paths, options)
        rows[name] = {policy: asdict(count) for policy, count in counts.items()}
        for policy, count in counts.items():
            print(
                f"{name} ({len(paths)} images) {policy}: F1 {count.f1:.3f}, "
                f"{count.right} right of {count.found} found and {count.there} there"
            )
    if chosen.json is not None:
        write_whole(chosen.json, json.dumps(rows, indent=1).encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
