"""The training's child process: start it, ask it to pause or stop, say why it ended."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from seggui.errors import BadRequest
from seggui.jobs.run_state import Event, State, read_events, state_of, wish
from seggui.jobs.train_options import OPTIONS, TrainOptions

STOP_PATIENCE_S = 60.0
"""A stop waits for the step or the measuring under way, and for the checkpoint."""

_LAST_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a training ended."""

    state: State
    text: str
    """A finished sentence for the user; empty when it ended as planned."""


class TrainProcess:
    """One training in a process of its own; the window only reads its folder."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._child: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self, folder: Path, options: TrainOptions) -> None:
        """Start a new training into the run folder."""
        self._spawn([str(folder), *option_words(options)])

    def resume(self) -> None:
        """Go on with the training in the run folder from its last checkpoint."""
        self._spawn(["--resume"])

    def pause(self) -> None:
        """Ask for a pause before the next step; the process stays."""
        wish(self.run, "pause")

    def go_on(self) -> None:
        """End a pause."""
        wish(self.run, "run")

    def stop(self) -> None:
        """Ask to write a checkpoint and end; returns at once."""
        wish(self.run, "stop")

    def kill(self) -> None:
        """End the process now; checkpoints on the disk stay whole."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._close_stdin()

    def close(self, patience_s: float = STOP_PATIENCE_S) -> None:
        """Stop, wait that long, then kill; for the end of the program."""
        if self.running:
            self.stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(patience_s)
            self.kill()
        self._forget_words()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end; raises ``subprocess.TimeoutExpired``."""
        if self._child is not None:
            self._child.wait(timeout_s)

    def ending(self) -> Ending | None:
        """How it ended, in words; None while it runs or before it was started."""
        if self._child is None or self._child.poll() is None:
            return None
        return ending_of(self.run, self._child.returncode, self._last_words())

    def _spawn(self, words: list[str]) -> None:
        if self.running:
            raise BadRequest("This training is running already.")
        self._forget_words()
        # A file, because a pipe that nobody reads would stop the child when full.
        self._words = TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._child = subprocess.Popen(
            [
                *program(),
                "train",
                *words,
                "--out",
                str(self.run),
                "--json",
                "--stop-with-parent",
            ],
            # Never written to: its end tells the child that this process is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._words,
        )

    def _last_words(self) -> str:
        if self._words is None:
            return ""
        size = self._words.seek(0, 2)
        self._words.seek(max(0, size - _LAST_WORDS))
        return self._words.read().decode(errors="replace")

    def _forget_words(self) -> None:
        self._close_stdin()
        if self._words is not None:
            self._words.close()
            self._words = None

    def _close_stdin(self) -> None:
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()


def program() -> list[str]:
    """The words that start this program again."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "seggui"]


def option_words(options: TrainOptions) -> list[str]:
    """The options as words of the command line; those at their default are left out."""
    words: list[str] = []
    for option in OPTIONS:
        value = getattr(options, option.name)
        if value == option.default:
            continue
        if isinstance(value, bool):
            words.append(option.flag if value else f"--no-{option.flag[2:]}")
        else:
            # One word, since a value may begin with a dash.
            words.append(f"{option.flag}={value}")
    return words


def ending_of(run: Path, code: int, last_words: str = "") -> Ending:
    """How a training process with that exit code ended, in words."""
    state = state_of(run)
    if code == 0 and state in ("finished", "stopped"):
        return Ending(state, "")
    told = _last_event(read_events(run), "failed")
    if code == 1 and told:
        return Ending("failed", str(told["text"]))
    lines = deque((line for line in last_words.splitlines() if line.strip()), maxlen=1)
    if code == 1 and lines:
        return Ending("failed", lines[0].removeprefix("seggui: "))
    return Ending("lost", f"The training process {cause(code)}. {_rescue(run)}")


def cause(code: int) -> str:
    """What an exit code says, as the end of a sentence."""
    if code >= 0:
        return f"ended unexpectedly (exit code {code})"
    number = -code
    if number == getattr(signal, "SIGKILL", 9):
        return "was killed, perhaps because memory ran out"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"crashed ({name})" if name in _CRASHES else f"was ended ({name})"


_CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE")


def _rescue(run: Path) -> str:
    # A death between two renames leaves only the one before the last.
    made = (run / "checkpoints" / name for name in ("last.pt", "previous.pt"))
    if not any(path.exists() for path in made):
        return "It had made no checkpoint yet; start it again."
    step = 0
    for event in read_events(run):
        if isinstance(number := event.get("step"), int):
            step = max(step, number)
    return f"It had done {step} steps; resume goes on from its last checkpoint."


def _last_event(events: list[Event], kind: str) -> Event | None:
    return next((e for e in reversed(events) if e.get("event") == kind), None)
