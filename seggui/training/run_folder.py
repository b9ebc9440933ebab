"""Writing a run's folder; its readers are ``jobs.run_state`` and ``models.runs``."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision

import seggui
from seggui.errors import BadRequest, SaveFailed
from seggui.files.atomic import make_folder, write_whole
from seggui.jobs.run_state import (
    CONTROL,
    EVENTS,
    HEARTBEAT,
    RUN,
    Event,
    State,
    beat,
    heartbeat_of,
    is_alive,
    parse_events,
)
from seggui.training.checkpoints import Checkpoints

BEAT_EVERY_S = 1.0


class RunFolder:
    """One training's folder, written by the process that trains."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = Checkpoints(path / "checkpoints")
        self._state: State = "preparing"
        self._beaten_s = -BEAT_EVERY_S

    def claim(self, *, resume: bool) -> None:
        """Make the folder, or take it up again; raises ``BadRequest``.

        A folder that another process trains, or that holds another run, is refused.
        """
        heartbeat = heartbeat_of(self.path)
        if (
            heartbeat is not None
            and heartbeat.pid != os.getpid()
            and heartbeat.state in ("preparing", "running", "paused")
            and is_alive(heartbeat)
        ):
            raise BadRequest(
                f"{self.path} is being trained by the process {heartbeat.pid}. "
                "Stop it first or choose another folder."
            )
        started = (self.path / RUN).exists()
        if resume and not started:
            raise BadRequest(
                f"There is no training to resume in {self.path}: run.json is not there."
            )
        if started and not resume:
            raise BadRequest(
                f"{self.path} already holds a training. Add --resume to go on with it "
                "or choose another folder."
            )
        if not started and self._holds_other_things():
            raise BadRequest(
                f"{self.path} is not empty and holds no training; "
                "choose another folder."
            )
        make_folder(self.path)
        if not started:
            (self.path / EVENTS).unlink(missing_ok=True)
        self.beat("preparing")

    def _holds_other_things(self) -> bool:
        """Whether there is more than what an attempt leaves that never began."""
        if not self.path.is_dir():
            return self.path.exists()
        left = {EVENTS, HEARTBEAT, CONTROL}
        return any(entry.name not in left for entry in self.path.iterdir())

    def beat(self, state: State | None = None) -> None:
        """Say that the training lives; a new state at once, else once a second."""
        now = time.monotonic()
        if state is None and now - self._beaten_s < BEAT_EVERY_S:
            return
        self._state = state or self._state
        self._beaten_s = now
        beat(self.path, self._state)

    def describe(self, content: Mapping[str, object]) -> None:
        """Write ``run.json``."""
        text = json.dumps({"format": 1, **content}, indent=1, ensure_ascii=False)
        write_whole(self.path / RUN, text.encode())

    def forget_events_after(self, step: int) -> None:
        """Drop the events of steps that a resume will do again, and a torn line."""
        path = self.path / EVENTS
        try:
            events = parse_events(path.read_bytes())
        except OSError:
            return
        kept = [event for event in events if _step_of(event) <= step]
        write_whole(path, "".join(_line(event) for event in kept).encode())

    def write(self, event: Event) -> None:
        """Append an event; a reader sees whole lines only."""
        path = self.path / EVENTS
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(_line(event))
        except OSError as error:
            raise SaveFailed(path, error.strerror or "the disk refuses it") from error


def versions() -> dict[str, str]:
    """What a run was made with."""
    return {
        "seggui": seggui.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
    }


def _step_of(event: Event) -> int:
    step = event.get("step", 0)
    return step if isinstance(step, int) else 0


def _line(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False) + "\n"
