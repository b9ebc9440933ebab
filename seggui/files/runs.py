"""The trainings of a project, read from their folders; the folder is the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seggui.errors import Unreadable
from seggui.files.annotations import Json, parsed_json

CARD, OPTIONS, EVENTS = "model.json", "run.json", "events.jsonl"


@dataclass(frozen=True, slots=True, eq=False)
class RunRow:
    """One run folder."""

    name: str
    path: Path
    options: Mapping[str, object]
    """What ``run.json`` says; empty when it is not there."""
    card: Mapping[str, object] | None
    """What ``model.json`` says; None when the run is no model (any more)."""
    problem: str = ""
    """One sentence about a file that cannot be read."""

    @property
    def registered(self) -> bool:
        return self.card is not None


def runs_of(folder: Path) -> tuple[RunRow, ...]:
    """The runs of a project folder, the newest first."""
    try:
        paths = [p for p in (folder / "runs").iterdir() if _is_run(p)]
        paths.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    except OSError:
        return ()
    return tuple(read_run(path) for path in paths)


def read_run(path: Path) -> RunRow:
    """Read one run folder; what is damaged in it is told in ``problem``."""
    problems = []
    contents: list[Json | None] = []
    for name in (OPTIONS, CARD):
        try:
            contents.append(_read(path / name))
        except Unreadable as error:
            contents.append(None)
            problems.append(str(error))
    options, card = contents
    return RunRow(path.name, path, options or {}, card, " ".join(problems))


def _is_run(path: Path) -> bool:
    return path.is_dir() and any((path / n).exists() for n in (CARD, OPTIONS, EVENTS))


def _read(path: Path) -> Json | None:
    try:
        return parsed_json(path.read_bytes(), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
