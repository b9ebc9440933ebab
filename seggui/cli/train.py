"""``seggui train``: train a model on a project or on images and masks."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from seggui.errors import BadRequest
from seggui.jobs.run_state import CONTROL, EVENTS, HEARTBEAT, RUN, Event, heartbeat_of
from seggui.jobs.train_options import OPTIONS, Option, TrainOptions

if TYPE_CHECKING:
    from seggui.training.start import Order

HELP = (
    "Train a model on a project (seggui.json) or on a folder with images/ and masks/ "
    "or instances/. The run folder holds everything: curves, checkpoints, previews and "
    "the model. Ctrl+C stops after the current step; --resume goes on from there."
)

_ENDLESS_EPOCHS = 100_000
_CHANGEABLE = ("epochs", "minutes", "device", "threads")
"""Options that may be given anew with --resume; others would change the result."""

_TOLD = (
    "loss",
    "validation_loss",
    "miou",
    "dice",
    "mask_ap",
    "mask_ap50",
    "iou_1_click",
    "iou_3_clicks",
    "noc85_before",
    "noc85",
)
"""Figures of an epoch that the command line shows, where a model has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", help="project or pairs")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="RUN",
        help="the run folder (default: a new one in FOLDER/runs)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the training in --out"
    )
    parser.add_argument(
        "--stop-with-parent",
        action="store_true",
        help="stop when standard input ends; for the window, which may crash",
    )
    for option in OPTIONS:
        _add(parser, option)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.training import start

    given = {
        option.name: getattr(options, option.name)
        for option in OPTIONS
        if getattr(options, option.name) is not None
    }
    order = _order(options, given)
    # The window reads in the run folder why a training never began.
    made = [] if options.stop_with_parent else _missing(order.out)
    stopped = _stop_signal(watch_stdin=options.stop_with_parent)
    progress = _Progress(quiet=options.json)
    last: Event = {}
    best: Event = {}
    try:
        for event in start.train(order, progress.report, stopped):
            progress.show(event)
            last = event
            if event.get("best"):
                best = event
    finally:
        progress.close()
        if made and not (order.out / RUN).exists():
            _forget_attempt(order.out, made)
    _print_result(order.out, last, best, as_json=options.json)
    return 0


def _order(options: argparse.Namespace, given: Mapping[str, object]) -> Order:
    from seggui.training.start import Order, options_to_resume

    if options.resume:
        if options.out is None:
            options.usage_error("name the run folder to resume with --out")
        fixed = sorted(set(given) - set(_CHANGEABLE))
        if fixed:
            raise BadRequest(
                f"A resumed training keeps its {', '.join(fixed)}; only "
                f"{', '.join(_CHANGEABLE)} may be given anew."
            )
        folder, before = options_to_resume(options.out)
        wanted = replace(before, **given)  # type: ignore[arg-type] # checked when made
        return Order(options.folder or folder, options.out, wanted, resume=True)
    if options.folder is None:
        options.usage_error("name the folder to train on")
    given = dict(given)
    if given.get("minutes") and "epochs" not in given:
        given["epochs"] = _ENDLESS_EPOCHS
    wanted = TrainOptions.from_json(given)
    out = options.out or _free_run_folder(options.folder, wanted.model)
    return Order(options.folder, out, wanted)


def _free_run_folder(folder: Path, model: str) -> Path:
    """``runs/2026-11-20-unet-1`` or the next number that is free."""
    day = time.strftime("%Y-%m-%d")
    number = 1
    while True:
        out = folder / "runs" / f"{day}-{model}-{number}"
        # A folder without run.json is an attempt that never began.
        if not (out / RUN).exists():
            return out
        number += 1


def _missing(folder: Path) -> list[Path]:
    """A folder and those above it that are not there, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _forget_attempt(run: Path, made: Sequence[Path]) -> None:
    """Remove the folders that were made for a training that never began."""
    heartbeat = heartbeat_of(run)
    if heartbeat is not None and heartbeat.pid != os.getpid():
        return  # Another process made them meanwhile, and trains there.
    with contextlib.suppress(OSError):  # of folders that hold something else by now
        for name in (EVENTS, HEARTBEAT, CONTROL):
            (run / name).unlink(missing_ok=True)
        for path in made:
            path.rmdir()


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    words = option.help.replace("%", "%%")
    if isinstance(option.default, bool):
        parser.add_argument(
            option.flag,
            action=argparse.BooleanOptionalAction,
            default=None,
            help=f"{words} (default: {'yes' if option.default else 'no'})",
        )
        return
    default = f" (default: {option.default})" if option.default != "" else ""
    parser.add_argument(
        option.flag,
        type=type(option.default),
        choices=option.choices or None,
        metavar="N" if isinstance(option.default, int | float) else None,
        default=None,
        help=f"{words}{default}",
    )


def _stop_signal(*, watch_stdin: bool) -> Callable[[], bool]:
    """Let SIGINT and SIGTERM stop the training after its step instead of at once.

    With ``watch_stdin`` the end of standard input does the same.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt  # the second time means now
        asked = True

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)

    def watch() -> None:
        nonlocal asked
        # Not sys.stdin: its lock, held by this thread, would break the end of Python.
        while os.read(0, 1):
            pass
        asked = True

    if watch_stdin:
        threading.Thread(target=watch, name="stdin", daemon=True).start()
    return lambda: asked


class _Progress:
    """The bar on stderr: how far, and what the last epoch brought."""

    def __init__(self, *, quiet: bool) -> None:
        from tqdm import tqdm

        self._quiet = quiet
        self._bar = tqdm(
            total=100,
            file=sys.stderr,
            disable=quiet or not sys.stderr.isatty(),
            mininterval=0.2,
            bar_format="{desc} |{bar}| {percentage:3.0f} % {postfix}",
        )

    def report(self, done: int, total: int, what: str) -> None:
        if total:
            self._bar.set_description_str(f"{what} {done}/{total}")

    def show(self, event: Event) -> None:
        kind = event["event"]
        if kind == "note":
            self._say(f"{event['text']}")
        if kind == "epoch":
            self._say(_epoch_line(event))
        if "progress" in event:
            self._bar.n = 100 * float(str(event["progress"]))
            self._bar.set_description_str(f"epoch {int(str(event['epoch'])) + 1}")
            left_s = float(str(event["time_left_s"]))
            self._bar.set_postfix_str(
                f"{_clock(left_s)} left"
                + (f", loss {event['loss']:.4f}" if kind == "step" else "")
            )

    def _say(self, line: str) -> None:
        if not self._quiet:
            self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        self._bar.close()


def _epoch_line(event: Event) -> str:
    figures = "  ".join(
        f"{name} {value:.4f}"
        for name in _TOLD
        if isinstance(value := event.get(name), float)
    )
    star = " *" if event.get("best") else ""
    return f"epoch {int(str(event['epoch'])) + 1}: {figures}{star}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _print_result(out: Path, last: Event, best: Event, *, as_json: bool) -> None:
    if as_json:
        result = {"run": str(out), "ended": last.get("event"), "best": dict(best)}
        sys.stdout.write(json.dumps(result) + "\n")
        return
    sys.stdout.write(f"{last.get('event', 'ended')}: {out}\n")
    if best:
        sys.stdout.write(f"best {_epoch_line(best).removesuffix(' *')}\n")
