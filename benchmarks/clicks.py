"""How many clicks an object takes, and how long a click takes.

The clicks are simulated: the next one falls in the middle of the largest error, until
the limit of 20 (``seggui.metrics.clicks``). Each model gets all clicks so far and its
own last mask. Beside the prompted models of the catalogue that are at hand stand plain
grabCut and scikit-image's random walker.

    python -m benchmarks.clicks --data DIR [--sets bsds500 …] [--models ID …|all]
        [--limit N] [--seed S] [--half 0|1] [--held-out] [--json OUT]

``--models`` takes any id of the catalogue; models whose checkpoint is not at hand are
skipped by name.

``--json`` keeps the IoU after each click of every object; objects that OUT already
holds for a model are not played again, so a slow peer is run once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.click_peers import PEERS
from benchmarks.click_sets import Wanted, objects_of, set_names
from seggui.core.candidate import Candidate
from seggui.core.ports import PromptedModel, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.atomic import write_whole
from seggui.metrics.clicks import iou_after, noc_over, play
from seggui.models import catalog

ENOUGH = 0.90
"""No model is clicked on beyond this IoU."""


@dataclass(frozen=True, slots=True)
class Played:
    """What happened on one object."""

    ious: tuple[float, ...]
    clicks_s: tuple[float, ...]
    """Processor seconds of each click."""
    encode_s: float

    def as_json(self) -> dict[str, Any]:
        return {
            "ious": [round(value, 4) for value in self.ious],
            "clicks_s": [round(value, 4) for value in self.clicks_s],
            "encode_s": round(self.encode_s, 4),
        }

    @staticmethod
    def from_json(row: dict[str, Any]) -> Played:
        return Played(tuple(row["ious"]), tuple(row["clicks_s"]), row["encode_s"])


def played(model: PromptedModel, wanted: Wanted) -> Played:
    """Click on one object until it is good enough."""
    image_hwc, truth_hw = wanted.load()
    started = time.process_time()
    encoding = model.encode(image_hwc, unwatched)
    encode_s = time.process_time() - started
    clicks_s: list[float] = []
    last: list[Candidate] = []

    def answer(points: tuple[Point, ...], _: NDArray[np.bool_]) -> NDArray[np.bool_]:
        # As the window does: the last answer, and what the model knew of it.
        prompt = Prompt(points)
        if last:
            prompt = Prompt(points, previous=last[-1].mask, logits=last[-1].logits)
        began = time.process_time()
        last.append(model.decode(encoding, prompt, unwatched)[0])
        clicks_s.append(time.process_time() - began)
        return last[-1].mask.dense()

    ious = play(truth_hw, answer, enough=ENOUGH)
    return Played(ious, tuple(clicks_s), encode_s)


def line(name: str, rows: Sequence[Played]) -> str:
    """One line of the table: a model on a set."""
    runs = [row.ious for row in rows]
    nocs = [noc_over(runs, threshold) for threshold in (0.80, 0.85, 0.90)]
    after = [fmean(iou_after(run, clicks) for run in runs) for clicks in (1, 3, 5, 10)]
    click_ms = 1e3 * median(value for row in rows for value in row.clicks_s)
    encode_ms = 1e3 * median(row.encode_s for row in rows)
    return (
        f"{name:28} {len(rows):4d}  "
        + " ".join(f"{value.mean:6.2f}" for value in nocs)
        + f"  {nocs[1].failed:4d}   "
        + " ".join(f"{value:.3f}" for value in after)
        + f"  {click_ms:7.0f} {encode_ms:7.0f}"
    )


HEAD = (
    f"{'':28} objs  NoC@80 NoC@85 NoC@90 fail85  IoU@1 IoU@3 IoU@5 IoU@10  "
    "ms/click  encode"
)


def _to_play(names: Sequence[str]) -> list[str]:
    """The models asked for that can be opened; says which cannot."""
    if list(names) == ["all"]:
        names = [*(info.id for info in catalog.prompted()), *PEERS]
    there = []
    for name in names:
        if name in PEERS or catalog.at_hand(catalog.get(name)):
            there.append(name)
        else:
            print(f"{name}: skipped, its checkpoint is not on this machine")
    return there


def _open(name: str) -> PromptedModel:
    return PEERS[name]() if name in PEERS else catalog.open_prompted(name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--models", nargs="+", default=["all"])
    parser.add_argument("--limit", type=int, default=40, help="objects of each set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--half", type=int, choices=(0, 1), help="of images by name")
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="only images that the click network was not trained on",
    )
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser.parse_args()


def main() -> None:
    options = _options()
    # One thread, so that processor time is comparable between methods.
    cv2.setNumThreads(1)
    kept: dict[str, dict[str, Any]] = {}
    if options.json is not None and options.json.exists():
        kept = json.loads(options.json.read_text(encoding="utf-8"))
    names = set_names(options.sets)
    wanted = {
        name: [
            one
            for one in objects_of(
                options.data,
                name,
                options.limit,
                options.seed,
                unseen=options.held_out,
            )
            if options.half is None or one.half == options.half
        ]
        for name in names
    }
    print("Processor time of one thread; the first half of images by name is tuned on.")
    print(HEAD)
    for model_name in _to_play(options.models):
        model = _open(model_name)
        done = kept.setdefault(model_name, {})
        means: list[float] = []
        for name in names:
            for one in wanted[name]:
                if one.key in done:
                    continue
                done[one.key] = played(model, one).as_json()
                if options.json is not None:
                    write_whole(options.json, json.dumps(kept, indent=1).encode())
            rows = [Played.from_json(done[one.key]) for one in wanted[name]]
            print(line(f"{model_name} {name}", rows), flush=True)
            means.append(noc_over([row.ious for row in rows], 0.85).mean)
        print(f"{model_name} mean NoC@85 over {len(means)} sets: {fmean(means):.2f}\n")


if __name__ == "__main__":
    main()
