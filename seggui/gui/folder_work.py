"""The same work on many images, one after the other, with time left and cancel.

The slow part runs on a lane of its own; each image's edit is made on the window's
thread, where the document of the shown image lives. One bad image stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, Slot

from seggui.core.document import Document
from seggui.core.ports import Report
from seggui.errors import Cancelled, SegguiError
from seggui.files.project import Project
from seggui.gui.background import Background, Job
from seggui.gui.engine_link import EngineLink
from seggui.jobs.batch import BatchProgress, BatchResult, Lending, run_batch
from seggui.jobs.client import Client

_LOOK_UP_S = 0.05

Change = Callable[[Document], Document]
Compute = Callable[[str, Report], Change | None]
"""For an image: what to do to its document, or None for nothing. Runs on the lane."""
EditDone = Callable[[Exception | None], None]
EditImage = Callable[[str, str, Change, EditDone], None]
"""Edits the image of that name under a label, then calls back with what went wrong."""


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
        ended = BatchResult((), (), cancelled=True)

        def work(report: Report) -> BatchResult:
            nonlocal ended

            def deliver(name: str, change: Change | None) -> None:
                if change is not None:
                    self._edit_and_wait(name, label, change, report)

            def tell(progress: BatchProgress) -> None:
                report(progress.done, progress.total, progress.name)
                self.progressed.emit(progress)

            ended = run_batch(names, compute, deliver, tell)
            return ended

        self._job = self._background.start(
            "folder",
            work,
            lambda result: self._end(label, result),
            self._failed,
            # A cancel also comes through while images are done already.
            on_cancelled=lambda: self._end(label, ended),
        )
        return True

    def cancel(self) -> None:
        """Stop after the step under way; images done so far keep their edit."""
        if self._job is not None:
            self._job.cancel()

    def _edit_and_wait(
        self, name: str, label: str, change: Change, report: Report
    ) -> None:
        answer: SimpleQueue[Exception | None] = SimpleQueue()
        self._edit_wanted.emit(name, label, change, answer.put)
        while True:
            try:
                error = answer.get(timeout=_LOOK_UP_S)
            except Empty:
                # Reporting notices a cancel, so the window never waits for this lane.
                report(0, 0, name)
                continue
            if error is not None:
                raise error
            return

    @Slot(str, str, object, object)
    def _edit(self, name: str, label: str, change: Change, done: EditDone) -> None:
        # What was cancelled may belong to a folder that is not open any more.
        if self._job is None or self._job.cancelled:
            done(Cancelled())
        else:
            self._edit_image(name, label, change, done)

    def _end(self, label: str, result: BatchResult) -> None:
        self._job = None
        self.finished.emit(label, result)

    def _failed(self, error: SegguiError) -> None:
        self._job = None
        self.failed.emit(str(error))
