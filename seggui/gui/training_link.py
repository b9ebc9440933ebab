"""Training as the window sees it: a child process to steer and a folder to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from seggui.errors import SegguiError
from seggui.gui.panels.run_rows import RunRow, RunView
from seggui.gui.run_reading import row_of, score_of, view_of
from seggui.jobs.run_state import Event, EventReader, read_events, state_of
from seggui.jobs.train_options import TrainOptions
from seggui.jobs.train_process import TrainProcess

LOOK_MS = 700
CLOSE_PATIENCE_S = 20.0


class TrainingLink(QObject):
    """Starts and steers one training at a time, and follows the run that is shown."""

    runs_changed = Signal()
    view_changed = Signal()
    finished = Signal(str)
    """Name of a run whose training ended as planned; its model can be used."""
    said = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs_folder: Path | None = None
        self._process: TrainProcess | None = None
        self._reader: EventReader | None = None
        self._events: list[Event] = []
        self._problems: dict[Path, str] = {}
        self.shown = ""
        self.rows: tuple[RunRow, ...] = ()
        self.view: RunView | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def set_project(self, runs_folder: Path | None) -> None:
        """Follow the runs of another project; a training under way goes on."""
        self._runs_folder = runs_folder
        self.shown, self.view, self._reader = "", None, None
        self._list_runs()
        if self.rows:
            self.show(self.rows[0].name)
        self.view_changed.emit()

    def start(self, project: Path, options: TrainOptions) -> str:
        """Start a training of the project; returns the run's name, "" on failure."""
        if self._runs_folder is None or self._refuse():
            return ""
        process = TrainProcess(self._new_run(options.model))
        if not self._begin(process, lambda: process.start(project, options)):
            return ""
        return process.run.name

    def pause(self, name: str) -> None:
        if self._is(name) and self._process is not None:
            self._process.pause()

    def go_on(self, name: str) -> None:
        """End a pause, or resume a run whose process is gone."""
        if self._is(name) and self._process is not None:
            self._process.go_on()
        elif self._runs_folder is not None and not self._refuse():
            process = TrainProcess(self._runs_folder / name)
            self._begin(process, process.resume)

    def _begin(self, process: TrainProcess, start: Callable[[], None]) -> bool:
        """Start a process and follow its run; what keeps it from starting is told."""
        self._problems.pop(process.run, None)
        try:
            start()
        except (SegguiError, OSError) as error:
            process.close()
            text = str(error)
            if isinstance(error, OSError):
                why = error.strerror or error
                text = (
                    f"The training {process.run.name} could not be started: {why}. "
                    "Nothing was changed."
                )
            self.said.emit(text, "error")
            return False
        self._process = process
        self._follow(process.run.name)
        return True

    def stop(self, name: str) -> None:
        """Ask the training to write a checkpoint and end."""
        if self._is(name) and self._process is not None:
            self._process.stop()

    def show(self, name: str) -> None:
        """Follow that run in the panel."""
        self.shown = name
        self._events = []
        self._reader = (
            EventReader(self._runs_folder / name) if self._runs_folder else None
        )
        self._read()

    def close(self) -> None:
        """Stop a training under way, so that it can be resumed, and let it end."""
        self._timer.stop()
        if self._process is not None:
            self._process.close(CLOSE_PATIENCE_S)

    def _refuse(self) -> bool:
        if self.running:
            self.said.emit(
                "A training is running already; stop it before the next begins.",
                "warning",
            )
        return self.running

    def _is(self, name: str) -> bool:
        # Runs of two projects may have the same name.
        folder = self._runs_folder
        return (
            self.running
            and self._process is not None
            and folder is not None
            and self._process.run == folder / name
        )

    def _new_run(self, model: str) -> Path:
        assert self._runs_folder is not None
        number = 1
        while True:
            run = self._runs_folder / f"{date.today().isoformat()}-{model}-{number}"
            if not run.exists():
                return run
            number += 1

    def _follow(self, name: str) -> None:
        self._list_runs(also=name)
        self.show(name)
        self._timer.start()

    def _look(self) -> None:
        if self._process is None:
            self._timer.stop()
            return
        ending = self._process.ending()
        run = self._process.run
        if ending is not None:
            self._timer.stop()
            self._process.close()
            self._process = None
            if ending.text:
                self._problems[run] = ending.text
                self.said.emit(ending.text, "error")
        self._list_runs(also=run.name)
        self._read()
        here = run.parent == self._runs_folder
        if ending is not None and not ending.text and here:
            self.finished.emit(run.name)

    def _read(self) -> None:
        """Bring the shown view up to date."""
        if self._reader is None:
            return
        new = self._reader.new()
        if self._reader.restarted:
            self._events = []
        self._events.extend(new)
        run = self._reader.run
        view = view_of(run, self._events, self._problems.get(run, ""))
        self.view = replace(view, row=self._seen(view.row))
        self.view_changed.emit()

    def _seen(self, row: RunRow) -> RunRow:
        """A process that has written nothing yet is preparing, not lost."""
        if row.state == "lost" and self._is(row.name):
            return replace(row, state="preparing")
        return row

    def _list_runs(self, also: str = "") -> None:
        folder = self._runs_folder
        names = set()
        if folder is not None and folder.is_dir():
            names = {path.name for path in folder.iterdir() if path.is_dir()}
        if also and self._process is not None and self._process.run.parent == folder:
            names.add(also)
        known = {row.name: row for row in self.rows}
        rows = []
        for name in sorted(names, reverse=True):
            assert folder is not None
            old = known.get(name)
            if (
                old is not None
                and not old.going
                and old.state == state_of(folder / name)
            ):
                rows.append(row_of(folder / name, old.score))
            else:
                score = score_of(read_events(folder / name))
                rows.append(self._seen(row_of(folder / name, score)))
        changed = tuple(rows) != self.rows
        self.rows = tuple(rows)
        if changed:
            self.runs_changed.emit()
