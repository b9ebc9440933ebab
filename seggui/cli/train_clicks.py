"""``seggui train-clicks``: train the click network, anew or on one's own segments."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

HELP = (
    "Teach the click network what an object is here: --from PROJECT goes on from the "
    "weights in the box with the accepted segments of a project, in minutes. Or train "
    "those weights anew: --data DIR, for hours. --resume goes on where a run stopped."
)

MINUTES_ANEW, RATE_ANEW = 100.0, 1.5e-3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--from",
        dest="project",
        type=Path,
        metavar="PROJECT",
        help="learn from a project, or from a folder of images/ with instances/ or "
        "masks/; the run lands in its folder runs and is a model for clicks",
    )
    source.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="train the weights in the box anew, on a folder of sets, each with "
        "images/ and instances/ or masks/",
    )
    add(
        "--out",
        type=Path,
        metavar="RUN",
        help="the run folder (default, with --from: a new one in PROJECT/runs)",
    )
    add(
        "--minutes",
        type=float,
        metavar="N",
        help="how long it learns (default: 5, with --data 100)",
    )
    add(
        "--weights",
        type=Path,
        metavar="FILE",
        help="with --data: start from these weights, such as those in the box "
        "(default: random ones)",
    )
    add("--rate", type=float, metavar="N", help="highest learning rate")
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the same seed gives the same split and order (default: 0)",
    )
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="of the processor; 0: all its cores (default: 0)",
    )
    add(
        "--batch",
        type=int,
        default=8,
        metavar="N",
        help="samples of a step (default: 8)",
    )
    add(
        "--players",
        type=int,
        default=1,
        metavar="N",
        help="with --data: processes that click (default: 1)",
    )
    add("--resume", action="store_true", help="go on with the training in RUN")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    if options.project is not None:
        return _from_project(options)
    if options.out is None:
        options.usage_error("name the run folder with --out")
    return _anew(options)


def _from_project(options: argparse.Namespace) -> int:
    """As ``seggui train --model clicknet``, which the window starts."""
    from seggui.cli import train
    from seggui.jobs.train_options import OPTIONS

    given = {option.name: None for option in OPTIONS} | {
        "minutes": options.minutes,
        "device": options.device,
        "threads": options.threads,
    }
    if not options.resume:
        given |= {
            "model": "clicknet",
            "learning_rate": options.rate,
            "batch_size": options.batch,
            "seed": options.seed,
        }
    wanted = {
        "folder": options.project,
        "out": options.out,
        "resume": options.resume,
        "stop_with_parent": False,
        "json": options.json,
        "usage_error": options.usage_error,
    }
    return train.run(argparse.Namespace(**wanted, **given))


def _anew(options: argparse.Namespace) -> int:
    _check_numbers(options)
    from seggui.training.clicks.start import Order, train

    order = Order(
        data=options.data,
        out=options.out,
        minutes=options.minutes or MINUTES_ANEW,
        batch=options.batch,
        rate=options.rate or RATE_ANEW,
        players=options.players,
        seed=options.seed,
        device=options.device,
        threads=options.threads or os.cpu_count() or 1,
        resume=options.resume,
        weights=options.weights,
    )
    for line in train(order):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0


def _check_numbers(options: argparse.Namespace) -> None:
    """Wrong usage for what no training can be asked for; a project's has its own."""
    for name, least in (("minutes", 0.0), ("rate", 0.0), ("batch", 1), ("players", 1)):
        value = getattr(options, name)
        # Written so that what is no number is refused too.
        if value is not None and not (least <= value < math.inf):
            options.usage_error(f"--{name} cannot be {value}")
    if options.threads < 0 or options.seed < 0:
        options.usage_error("--threads and --seed cannot be below 0")
