"""Fits the small judge of the built-in propagation to films with known masks.

The films are played several times. Each time the judge so far carries the masks, so
that it learns from its own mistakes, as in Ross, Gordon and Bagnell, "A Reduction of
Imitation Learning and Structured Prediction to No-Regret Online Learning" (2011). Now
and then a frame's true mask takes the place of what was found, so that a film that was
lost early still teaches something. All pixels seen so far are fitted to.

    python -m benchmarks.propagation_tuning --data DIR --out WEIGHTS.npz [--rounds 3]

It plays only the sequences that ``benchmarks.propagation`` marks as tuned, the sparse
ones in both directions. Needs torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.propagation import TUNED, loaded, sequences
from seggui.metrics.masks import iou
from seggui.models.propagation import flow_weights
from seggui.models.propagation.flow import SIDE
from seggui.models.propagation.flow_evidence import Clues, Sight, around, evidence
from seggui.models.propagation.flow_motion import motions

Floats = NDArray[np.float32]
Judge = Callable[[Floats], Floats]
Weights = tuple[Floats, Floats, Floats, float]

HELPED = (0.6, 0.2, 0.05)
"""How often the true mask takes over, by round; later rounds are as the last."""
PIXELS = 2000
"""Taken of each frame."""
EPOCHS, BATCH, RATE, DECAY = 60, 4096, 3e-3, 1e-3


def played(
    data: Path, names: Sequence[str], judge: Judge, helped: float, seed: int
) -> tuple[list[Floats], list[Floats], float]:
    """Evidence and truth of some pixels of each frame, and the mean IoU on the way."""
    random = np.random.default_rng(seed)
    first_sight, truth = _seen(data, names[0])
    first = last = first_sight.kept({"object": truth})
    numbers, truths, scores = [], [], []
    for name in names[1:]:
        now, truth = _seen(data, name)
        best, [own] = motions(last.view, now.view, [last.shares["object"]])
        moved = best.warped(last.shares["object"])
        by_own = own.warped(last.shares["object"])
        box = around([moved, by_own])
        clues = Clues(box, moved, by_own, best)
        found = evidence(now, clues, [first], last, "object")
        share = np.zeros(now.shape, np.float32)
        share[box.slices] = judge(found)
        scores.append(iou(truth > 0.5, share > 0.5))
        flat = found.reshape(-1, found.shape[2])
        some = random.choice(len(flat), min(PIXELS, len(flat)), replace=False)
        numbers.append(flat[some])
        truths.append((truth[box.slices].ravel()[some] > 0.5).astype(np.float32))
        last = now.kept({"object": truth if random.random() < helped else share})
    return numbers, truths, float(np.mean(scores))


def fitted(numbers: Floats, truths: Floats, seed: int) -> Weights:
    """A hidden layer of ``flow_weights.HIDDEN``, by AdamW on the cross entropy."""
    torch.manual_seed(seed)
    x, y = torch.from_numpy(numbers), torch.from_numpy(truths)
    middle, spread = x.mean(0), x.std(0) + 1e-3
    first = torch.nn.Linear(x.shape[1], flow_weights.HIDDEN)
    second = torch.nn.Linear(flow_weights.HIDDEN, 1)
    network = torch.nn.Sequential(first, torch.nn.Tanh(), second)
    rule = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(rule, EPOCHS)
    for _ in range(EPOCHS):
        for part in torch.randperm(len(x)).split(BATCH):
            score = network((x[part] - middle) / spread)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(score, y[part])
            rule.zero_grad()
            loss.backward()
            rule.step()
        schedule.step()
    with torch.no_grad():
        # The scaling of the evidence becomes a part of the first layer.
        weight = first.weight / spread
        bias = first.bias - (first.weight * (middle / spread)).sum(1)
    return (
        weight.numpy(),
        bias.numpy(),
        second.weight.detach().numpy()[0],
        float(second.bias),
    )


def judge_of(weights: Weights) -> Judge:
    first, first_bias, last, last_bias = weights

    def judge(numbers_hwk: Floats) -> Floats:
        inner = np.tanh(numbers_hwk @ first.T + first_bias)
        score = np.clip(inner @ last + last_bias, -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-score)), np.float32)

    return judge


def by_hand(numbers_hwk: Floats) -> Floats:
    """A first guess: warped share, signed distance, both matches, both colours."""
    columns = numbers_hwk[..., [0, 3, 10, 8, 12, 13]]
    score = columns @ np.array([2.0, 1.5, 2.0, 1.0, 1.0, 1.0])
    return np.asarray(1.0 / (1.0 + np.exp(-score)), np.float32)


def films(data: Path) -> list[list[str]]:
    """What is played: of the long films a part of the frames, the others both ways."""
    out = []
    for name, frames in sequences(data).items():
        if name not in TUNED:
            continue
        step = max(1, len(frames) // 15)
        out.append(frames[::step])
        out.append(frames[:: -2 * step if step > 1 else -1])
    return out


def _seen(data: Path, name: str) -> tuple[Sight, Floats]:
    image_hwc, mask_hw = loaded(data, name)
    scale = SIDE / max(mask_hw.shape)
    size = (round(mask_hw.shape[1] * scale), round(mask_hw.shape[0] * scale))
    small = cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask_hw.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return Sight.of(np.asarray(small, np.uint8)), np.asarray(share, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    judge: Judge = by_hand
    numbers: list[Floats] = []
    truths: list[Floats] = []
    for turn in range(options.rounds):
        helped = HELPED[min(turn, len(HELPED) - 1)]
        for place, names in enumerate(films(options.data)):
            seed = options.seed + 1000 * turn + place
            more, right, score = played(options.data, names, judge, helped, seed)
            numbers.extend(more)
            truths.extend(right)
            print(f"round {turn + 1} {names[0]} {len(names)} frames: IoU {score:.3f}")
        weights = fitted(np.concatenate(numbers), np.concatenate(truths), options.seed)
        judge = judge_of(weights)
        np.savez(options.out, *weights)


if __name__ == "__main__":
    main()
