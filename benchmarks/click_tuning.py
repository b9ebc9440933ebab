"""Fit the weights of the classic model's judge to simulated clicks.

Plays the click protocol on one half of the images (by name), notes for each click what
each proposed region would have brought, and fits one line of weights for each of
first, adding and removing clicks: the expected IoU of a softmax over the proposals is
made as large as it gets. Only sets whose terms allow it belong here; bsds500 does not.

    python -m benchmarks.click_tuning --data DIR --out judge_weights.py
        [--sets dsb2018 fruits_nuts davis2016 free/animals] [--limit N] [--seed S]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.click_sets import objects_of
from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.files.atomic import write_whole
from seggui.metrics.clicks import next_click
from seggui.metrics.masks import iou
from seggui.models.prompted.changes import applied
from seggui.models.prompted.corrections import Choice, choose, choose_on
from seggui.models.prompted.judge import evidence
from seggui.models.prompted.scenes import Scenes

FREE_SETS = ("dsb2018", "fruits_nuts", "davis2016", "free/animals")
KINDS = ("FIRST", "ADD", "REMOVE")
CLICKS = 9
ENOUGH = 0.9
DECAY = 1e-3
STEPS, RATE = 400, 0.05
TEXT = '''"""How much each measure of ``judge.evidence`` counts.

Written by ``benchmarks/click_tuning.py``: fitted on one half of dsb2018, fruits_nuts,
davis2016 and the animals of the free set, whose terms allow it, and drawn curves.
"""

from __future__ import annotations

import numpy as np
'''

CURVES = 24
"""Drawn pictures of one thin curve each; photographs of whole objects lack them."""

Case = tuple[int, NDArray[np.float32], NDArray[np.float64]]
"""Kind of click, evidence (region, measure), and what each region brings."""


def drawn_curve(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return a picture of a curve on a plain, somewhat noisy ground, and its mask."""
    draw = np.random.default_rng(seed)
    height, width = draw.integers(160, 400, 2)
    xs = np.arange(int(width * 0.08), int(width * 0.92), 2)
    turns, phase = draw.uniform(0.3, 2.5), draw.uniform(0, 6.28)
    waves = np.sin(xs / width * 6.28 * turns + phase)
    ys = height / 2 + waves * height * draw.uniform(0.05, 0.4)
    line = np.stack([xs, ys], axis=1).astype(np.int32)
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.polylines(mask, [line], False, 1, int(draw.integers(3, 14)))
    ground = draw.integers(20, 236, 3)
    colours = np.where(mask[..., None] > 0, draw.integers(20, 236, 3), ground)
    soft = cv2.GaussianBlur(colours.astype(np.float32), (0, 0), draw.uniform(0.3, 1.2))
    noisy = soft + draw.normal(0, draw.uniform(0, 10), soft.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), mask > 0


def cases_of(
    image_hwc: NDArray[np.uint8], truth_hw: NDArray[np.bool_]
) -> Iterator[Case]:
    """Click on one object and yield what each click could have chosen from."""
    scenes = Scenes(image_hwc)
    mask = Mask.empty(*truth_hw.shape)
    points: tuple[Point, ...] = ()
    for _ in range(CLICKS):
        point = next_click(truth_hw, mask.dense(), points)
        points = (*points, point)
        if mask.contains(point.x, point.y) == point.positive:
            return
        choice = choose(scenes, mask, point, points, None)
        seen = [choice]
        if choice.scene is not scenes.whole:
            seen.append(choose_on(scenes.whole, mask, point, points, None))
        kind = 0 if mask.is_empty else 1 if point.positive else 2
        for one in seen:
            area = one.scene.image_area
            measures = evidence(one.scene, one.click, one.pool, area)
            yield kind, measures, _gains(one, mask.dense(), truth_hw)
        mask = applied(choice, choice.best, mask)
        if iou(truth_hw, mask.dense()) >= ENOUGH:
            return


def _gains(
    choice: Choice, mask_hw: NDArray[np.bool_], truth_hw: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of the missing IoU that each region brings, -1 to 1."""
    scene, click = choice.scene, choice.click
    height, width = scene.shape
    labels, count = scene.leaves.labels_hw.ravel(), scene.leaves.count

    def on_leaves(values_hw: NDArray[np.bool_]) -> NDArray[np.float64]:
        part = values_hw[scene.box.slices].astype(np.float32)
        small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
        return np.bincount(labels, small.ravel(), count)

    per_pixel = height * width / scene.box.area
    common = np.count_nonzero(mask_hw & truth_hw) * per_pixel
    area = np.count_nonzero(mask_hw) * per_pixel
    true_area = np.count_nonzero(truth_hw) * per_pixel
    changed = on_leaves(~mask_hw if click.positive else mask_hw)
    hit = on_leaves((mask_hw ^ click.positive) & truth_hw)
    sign = 1.0 if click.positive else -1.0
    common_after = common + sign * (choice.pool.members @ hit)
    area_after = area + sign * (choice.pool.members @ changed)
    after = common_after / np.maximum(area_after + true_area - common_after, 1e-6)
    before = common / max(area + true_area - common, 1e-6)
    return np.clip((after - before) / max(1.0 - before, 0.05), -1.0, 1.0)


def fitted(cases: list[Case]) -> NDArray[np.float64]:
    """Return the weights that choose best, by Adam (Kingma and Ba, 2015)."""
    measures = np.concatenate([case[1] for case in cases]).astype(np.float64)
    gains = np.concatenate([case[2] for case in cases])
    starts = np.cumsum([0, *(len(case[2]) for case in cases)])[:-1]
    group = np.repeat(np.arange(len(cases)), [len(case[2]) for case in cases])
    spread = measures.std(axis=0)
    spread[spread < 1e-5] = 1.0
    inputs = (measures - measures.mean(axis=0)) / spread

    def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        powers = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        return powers / np.add.reduceat(powers, starts)[group]

    target = softmax(12.0 * gains)
    weights = np.zeros(inputs.shape[1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        chances = softmax(inputs @ weights)
        expected = np.add.reduceat(chances * gains, starts)[group]
        pull = -chances * (gains - expected) + 0.1 * (chances - target)
        slope = inputs.T @ pull / len(cases) + 2.0 * DECAY * weights
        first += 0.1 * (slope - first)
        second += 0.001 * (slope**2 - second)
        move = first / (1 - 0.9**step)
        weights -= RATE * move / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weights / spread


def worthwhile(image_hwc: NDArray[np.uint8], truth_hw: NDArray[np.bool_]) -> list[Case]:
    """The cases of an object in which the choice matters."""
    cases = cases_of(image_hwc, truth_hw)
    return [case for case in cases if np.ptp(case[2]) > 0.003]


def main() -> None:
    """Play, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(FREE_SETS))
    parser.add_argument("--limit", type=int, default=70, help="objects of each set")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--half", type=int, choices=(0, 1), default=0)
    options = parser.parse_args()
    cases: list[Case] = []
    for name in options.sets:
        for wanted in objects_of(options.data, name, options.limit, options.seed):
            if wanted.half == options.half:
                cases += worthwhile(*wanted.load())
        print(f"{name}: {len(cases)} cases so far", flush=True)
    for seed in range(CURVES):
        # Corrections along a curve would drown those of photographs.
        drawn = worthwhile(*drawn_curve(seed))
        cases += [case for case in drawn if case[0] == 0]
    text = TEXT
    for kind, name in enumerate(KINDS):
        of_kind = [case for case in cases if case[0] == kind]
        weights = fitted(of_kind)
        chosen = [case[2][np.argmax(case[1] @ weights)] for case in of_kind]
        best = [case[2].max() for case in of_kind]
        print(f"{name}: chosen {np.mean(chosen):.3f}, best {np.mean(best):.3f}")
        rows = "".join(f"        {weight:.3f},\n" for weight in weights)
        text += f"\n{name} = np.array(\n    [\n{rows}    ],\n    dtype=np.float32,\n)\n"
    write_whole(options.out, text.encode())


if __name__ == "__main__":
    main()
