"""``seggui train-clicks``: train the built-in click network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = (
    "Train the click network that comes with the program, on data whose terms allow "
    "it. The run folder keeps checkpoints and the weights; --resume goes on."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN")
    parser.add_argument("--minutes", type=float, default=100.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--players", type=int, default=1, help="processes that play")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")


def run(options: argparse.Namespace) -> int:
    from seggui.training.clicks.start import Order, train

    order = Order(
        options.data,
        options.out,
        options.minutes,
        options.batch,
        options.rate,
        options.players,
        options.seed,
        options.device,
        options.threads,
        options.resume,
    )
    for line in train(order):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0
