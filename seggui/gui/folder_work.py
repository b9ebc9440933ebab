"""The same work on many images, one after the other, with time left and cancel.

The slow part runs on a lane of its own; each image's edit is made on the window's
thread, where the document of the shown image lives. One bad image stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, Slot

from seggui.core.document import Document
from seggui.core.ports import Report
from seggui.errors import SegguiError
from seggui.files.project import Project
from seggui.gui.background import Background, Job
from seggui.gui.engine_link import EngineLink
from seggui.jobs.batch import BatchProgress, BatchResult, Lending, run_batch
from seggui.jobs.client import Client

Change = Callable[[Document], Document]
Compute = Callable[[str, Report], Change | None]
"""For an image: what to do to its document, or None for nothing. Runs on the lane."""
EditImage = Callable[[str, str, Change, Callable[[], None]], None]


def lending(client: Client, link: EngineLink, project: Project) -> Lending:
    """What batch work needs to hand the project's images to a worker process."""

    def read(name: str) -> tuple[str, NDArray[np.uint8]]:
        loaded = project.read_pixels(name)
        # A key of its own: the same image may be open in the window.
        return f"{loaded.digest}#{loaded.page}#folder", loaded.display_hwc()

    return Lending(client, link.images, link.next_ticket, read)


class FolderWork(QObject):
    """Runs one piece of folder work at a time."""

    progressed = Signal(object)
    """A ``BatchProgress``."""
    finished = Signal(str, object)
    """The label of the work and its ``BatchResult``."""
    failed = Signal(str)

    _edit_wanted = Signal(str, str, object, object)

    def __init__(
        self,
        background: Background,
        edit_image: EditImage,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._edit_image = edit_image
        self._job: Job | None = None
        self._edit_wanted.connect(self._edit, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        return self._job is not None

    def start(self, label: str, names: Sequence[str], compute: Compute) -> bool:
        """Begin; False when other folder work is under way."""
        if self._job is not None:
            return False

        def work(report: Report) -> BatchResult:
            def deliver(name: str, change: Change | None) -> None:
                if change is not None:
                    self._edit_and_wait(name, label, change, report)

            def tell(progress: BatchProgress) -> None:
                report(progress.done, progress.total, progress.name)
                self.progressed.emit(progress)

            return run_batch(names, compute, deliver, tell)

        self._job = self._background.start(
            "folder",
            work,
            lambda result: self._end(label, result),
            self._failed,
            on_cancelled=lambda: self._end(label, BatchResult((), (), cancelled=True)),
        )
        return True

    def cancel(self) -> None:
        """Stop after the step under way; images done so far keep their edit."""
        if self._job is not None:
            self._job.cancel()

    def _edit_and_wait(
        self, name: str, label: str, change: Change, report: Report
    ) -> None:
        done = Event()
        self._edit_wanted.emit(name, label, change, done)
        # Reporting is what notices a cancel, so the window never waits for this lane.
        while not done.wait(0.05):
            report(0, 0, name)

    @Slot(str, str, object, object)
    def _edit(self, name: str, label: str, change: Change, done: Event) -> None:
        self._edit_image(name, label, change, done.set)

    def _end(self, label: str, result: BatchResult) -> None:
        self._job = None
        self.finished.emit(label, result)

    def _failed(self, error: SegguiError) -> None:
        self._job = None
        self.failed.emit(str(error))
