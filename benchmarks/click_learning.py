"""What the click network learns from a person's first images.

Some images of a set stand for those that were annotated first: the built-in network is
fine-tuned on them, as ``seggui train-clicks --from`` does. Then objects of the other
images are clicked on with the network before and after.

    python -m benchmarks.click_learning --data DIR [--sets magnetic_tile …]
        [--images 10] [--minutes 5] [--objects 24] [--threads 1] [--seed S] [--even]
        [--json OUT]

Which images are learnt from is drawn. Of a set whose names begin with kinds, as those
of magnetic_tile, ``--even`` takes as many of each: whoever annotates ten images to
teach what five kinds of defects are shows each of them. A set of fewer than twice as
many images is halved. Where a set tells no objects apart, each connected piece of a
class is one.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from seggui.core.candidate import Candidate
from seggui.core.ports import PromptedModel, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.atomic import write_whole
from seggui.jobs.run_state import Event
from seggui.jobs.train_options import TrainOptions
from seggui.metrics.clicks import Bools, iou_after, noc_over, play
from seggui.models import catalog
from seggui.training.clicks.objects import objects_in, objects_of
from seggui.training.folders import open_labelled
from seggui.training.samples import Item
from seggui.training.start import Order, train

SETS = ("magnetic_tile", "em_membrane", "cwfid", "drive")
CLICKS = (1, 3, 5, 10, 20)
LEAST_PER_IMAGE = 3
"""Objects of each image that are clicked on; more where there are few images."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the objects that were clicked on, 20 times at most."""

    noc85: float
    noc65: float
    failed85: int
    """Objects that never reached an IoU of 0.85."""
    iou: tuple[float, ...]
    """After ``CLICKS`` clicks, or when 0.85 was reached."""

    @staticmethod
    def of(runs: Sequence[Sequence[float]]) -> Figures:
        last = noc_over(runs, 0.85)
        return Figures(
            last.mean,
            noc_over(runs, 0.65).mean,
            last.failed,
            tuple(fmean(iou_after(run, clicks) for run in runs) for clicks in CLICKS),
        )

    def __str__(self) -> str:
        ious = " ".join(f"{value:.3f}" for value in self.iou)
        return (
            f"NoC@85 {self.noc85:5.2f} ({self.failed85} never), NoC@65 "
            f"{self.noc65:5.2f}, IoU after {', '.join(map(str, CLICKS))}: {ious}"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A set before and after."""

    name: str
    annotated: int
    objects: int
    steps: int
    minutes: float
    before: Figures
    after: Figures

    @property
    def fewer(self) -> float:
        """Share of clicks that are saved."""
        return 1.0 - self.after.noc85 / self.before.noc85

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.annotated} images learnt from, {self.steps} steps in "
            f"{self.minutes:.1f} minutes, {self.objects} objects clicked on, "
            f"{self.fewer:+.0%} clicks saved\n  before {self.before}\n"
            f"  after  {self.after}"
        )


def outcome_of(name: str, options: argparse.Namespace, work: Path) -> Outcome:
    """Fine-tune on some images of a set and click on objects of the others."""
    draw = random.Random(f"{options.seed} {name}")
    folder = options.data / name
    items = [
        item
        for item in open_labelled(folder, (), unwatched).items
        if objects_in(item.load()).numbers
    ]
    draw.shuffle(items)
    first = min(options.images, len(items) // 2)
    if options.even:
        items = _evenly_first(items, first)
    run = work / f"{name}-run"
    last = _fine_tune(_folder_of(items[:first], folder, work / name), run, options)
    rest = items[first:]
    before = _series(catalog.open_prompted("clicknet"), rest, options.objects)
    after = _series(catalog.open_prompted(str(run)), rest, options.objects)
    return Outcome(
        name,
        first,
        len(before),
        int(str(last["step"])),
        float(str(last["elapsed_s"])) / 60.0,
        Figures.of(before),
        Figures.of(after),
    )


def _evenly_first(items: Sequence[Item], count: int) -> list[Item]:
    """Put those first that lie evenly among all names; the others keep their order."""
    ordered = sorted(items, key=lambda item: item.name)
    chosen = [ordered[(2 * k + 1) * len(items) // (2 * count)] for k in range(count)]
    return [*chosen, *(item for item in items if item not in chosen)]


def _folder_of(items: Sequence[Item], source: Path, out: Path) -> Path:
    """A folder of pairs with links to these images and their masks."""
    stems = {Path(item.name).stem for item in items}
    for kind in ("images", "masks", "instances"):
        if (source / kind).is_dir():
            (out / kind).mkdir(parents=True)
            for path in (source / kind).iterdir():
                if path.stem in stems:
                    (out / kind / path.name).symlink_to(path.resolve())
    return out


def _fine_tune(folder: Path, run: Path, options: argparse.Namespace) -> Event:
    """Teach as the button in the window does; returns the last event with a time."""
    wanted = {
        "model": "clicknet",
        "minutes": options.minutes,
        "seed": options.seed,
        "threads": options.threads,
    }
    if options.rate:
        wanted["learning_rate"] = options.rate
    last: Event = {}
    order = Order(folder, run, TrainOptions.from_json(wanted))
    for event in train(order, unwatched, lambda: False):
        if event["event"] in ("epoch", "note"):
            print(json.dumps(dict(event)), flush=True)
        if "elapsed_s" in event:
            last = event
    return last


def _series(
    model: PromptedModel, items: Sequence[Item], most: int
) -> list[tuple[float, ...]]:
    """IoU after each click on some objects of each image."""
    runs: list[tuple[float, ...]] = []
    each = max(LEAST_PER_IMAGE, math.ceil(most / len(items)))
    for item in items:
        sample = item.load()
        objects = objects_of(sample)
        encoding = model.encode(sample.image_hwc, unwatched)
        step = max(1, len(objects) // each)
        for truth in objects[::step][:each]:
            if len(runs) == most:
                return runs
            runs.append(_clicked(model, encoding, truth))
    return runs


def _clicked(model: PromptedModel, encoding: object, truth: Bools) -> tuple[float, ...]:
    last: list[Candidate] = []

    def answer(points: tuple[Point, ...], _: Bools) -> Bools:
        prompt = Prompt(points)
        if last:
            prompt = Prompt(points, previous=last[-1].mask, logits=last[-1].logits)
        last.append(model.decode(encoding, prompt, unwatched)[0])
        return last[-1].mask.dense()

    return play(truth, answer, enough=0.85)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate", type=float, help="another than the default")
    parser.add_argument("--objects", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--even",
        action="store_true",
        help="learn from images that lie evenly among all names, not from any",
    )
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    rows: list[Outcome] = []
    with tempfile.TemporaryDirectory() as work:
        for name in options.sets:
            rows.append(outcome_of(name, options, Path(work)))
            print(rows[-1], flush=True)
    if options.json is not None:
        content = [{**asdict(row), "fewer": row.fewer} for row in rows]
        write_whole(options.json, json.dumps(content, indent=1).encode())


if __name__ == "__main__":
    main()
