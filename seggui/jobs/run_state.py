"""What a training and its readers leave for each other in the run folder.

The folder is the interface: ``run.json`` says how the run was started,
``events.jsonl`` what happened, ``heartbeat.json`` which process trains it and
``control.json`` what its readers wish. Nothing here needs torch.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from seggui.errors import Unreadable
from seggui.files.atomic import process_runs, write_whole

RUN, EVENTS, HEARTBEAT, CONTROL = (
    "run.json",
    "events.jsonl",
    "heartbeat.json",
    "control.json",
)

Wish = Literal["run", "pause", "stop"]
State = Literal[
    "preparing", "running", "paused", "stopped", "finished", "failed", "lost"
]
ENDED: tuple[State, ...] = ("stopped", "finished", "failed", "lost")

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Who trains a run and how it goes."""

    pid: int
    started: str
    """When the process started, in the system's own words; tells re-used ids apart."""
    state: State
    time_s: float
    """Seconds since 1970."""


def wish(run: Path, what: Wish) -> None:
    """Leave a wish for the training; it is seen before the next step."""
    write_whole(run / CONTROL, json.dumps({"wish": what}).encode())


def wish_of(run: Path) -> Wish:
    """The wish that was left; ``run`` when there is none or it makes no sense."""
    content = _object(run / CONTROL)
    what = content.get("wish") if content else None
    return cast(Wish, what) if what in get_args(Wish) else "run"


def beat(run: Path, state: State) -> None:
    """Say that this process trains the run."""
    content = {
        "pid": os.getpid(),
        "started": process_start(os.getpid()),
        "state": state,
        "time_s": round(time.time(), 3),
    }
    write_whole(run / HEARTBEAT, json.dumps(content).encode())


def heartbeat_of(run: Path) -> Heartbeat | None:
    """The last heartbeat as written, or None when there was none."""
    content = _object(run / HEARTBEAT)
    if not content:
        return None
    try:
        state = str(content["state"])
        return Heartbeat(
            int(str(content["pid"])),
            str(content["started"]),
            cast(State, state if state in get_args(State) else "failed"),
            float(str(content["time_s"])),
        )
    except (KeyError, ValueError):
        return None


def state_of(run: Path) -> State:
    """How a run stands now: a run whose process is gone is ``lost``."""
    heartbeat = heartbeat_of(run)
    if heartbeat is None:
        return "lost"
    if heartbeat.state in ENDED or is_alive(heartbeat):
        return heartbeat.state
    return "lost"


def is_alive(heartbeat: Heartbeat) -> bool:
    """Whether the process of that heartbeat still runs."""
    if not process_runs(heartbeat.pid):
        return False
    return process_start(heartbeat.pid) == heartbeat.started


def process_start(pid: int) -> str:
    """When a process started, or an empty text where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # A zombie has ended: it only waits to be asked for its exit code.
    return "" if fields[0] == "Z" else fields[19]


@dataclass
class EventReader:
    """Reads a growing ``events.jsonl``; each call gives what is new.

    A line that is not finished yet is left for the next call. When the file was
    replaced (a resume forgets what came after its checkpoint) the reading begins anew
    and ``restarted`` says so.
    """

    run: Path
    restarted: bool = False
    _position: int = 0
    _file: int = 0
    """The number of the file on its disk; a replaced file has another."""

    def new(self) -> list[Event]:
        """Return the events written since the last call, the oldest first."""
        self.restarted = False
        try:
            with (self.run / EVENTS).open("rb") as file:
                number = os.fstat(file.fileno()).st_ino
                if self._position and number != self._file:
                    self._position, self.restarted = 0, True
                self._file = number
                file.seek(self._position)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        return parse_events(whole)


def parse_events(data: bytes) -> list[Event]:
    """Return the events of whole lines; lines that make no sense are left out."""
    events: list[Event] = []
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def read_events(run: Path) -> list[Event]:
    """All events of a run so far."""
    return EventReader(run).new()


def read_run(run: Path) -> Mapping[str, object]:
    """What ``run.json`` says; raises ``Unreadable``."""
    path = run / RUN
    content = _object(path)
    if content is None:
        raise Unreadable(
            path, "it is not there or no description of a training", "Nothing changed."
        )
    return content


def _object(path: Path) -> dict[str, object] | None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
