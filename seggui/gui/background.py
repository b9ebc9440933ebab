"""Work on threads whose results come back on the window's thread.

A lane is one thread: what is started on a lane runs in the order it was started.
Threads are for work that waits for the disk or runs outside Python's lock; models and
Python-heavy work have processes of their own.
"""

from __future__ import annotations

import itertools
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from seggui.core.ports import Report
from seggui.errors import Cancelled, SegguiError

log = logging.getLogger(__name__)

Work = Callable[[Report], Any]


@dataclass(eq=False)
class Job:
    """Something started; ``cancel`` means nobody waits for it any more."""

    number: int
    on_done: Callable[[Any], None]
    on_failed: Callable[[SegguiError], None]
    on_progress: Callable[[int, int, str], None]
    on_cancelled: Callable[[], None]
    _cancelled: Event = field(default_factory=Event)

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()


@dataclass(frozen=True)
class _Bug:
    error: Exception
    report: str


def _nothing(*_: object) -> None:
    """The answer nobody asked for."""


class Background(QObject):
    """Starts work on lanes and calls back on the thread this object lives on."""

    bug = Signal(str, str)
    """Something of ours broke on a lane: a sentence and the traceback."""

    _finished = Signal(object, object)
    _progressed = Signal(object, int, int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count(1)
        self._closed = False
        queued = Qt.ConnectionType.QueuedConnection
        self._finished.connect(self._deliver, queued)
        self._progressed.connect(self._tell, queued)

    def start(
        self,
        lane: str,
        work: Work,
        on_done: Callable[[Any], None] = _nothing,
        on_failed: Callable[[SegguiError], None] = _nothing,
        on_progress: Callable[[int, int, str], None] = _nothing,
        on_cancelled: Callable[[], None] = _nothing,
    ) -> Job:
        """Run ``work(report)`` on the lane; exactly one callback ends the job."""
        job = Job(next(self._numbers), on_done, on_failed, on_progress, on_cancelled)
        if lane not in self._lanes:
            self._lanes[lane] = ThreadPoolExecutor(1, thread_name_prefix=lane)
        self._jobs[job.number] = job
        self._lanes[lane].submit(self._run, job, work).add_done_callback(_check)
        return job

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._jobs)

    def close(self, *, cancel: bool = True) -> None:
        """End all lanes; work under way is cancelled, or waited for."""
        self._closed = True
        if cancel:
            for job in self._jobs.values():
                job.cancel()
        for lane in self._lanes.values():
            lane.shutdown(wait=True, cancel_futures=cancel)
        self._lanes.clear()
        self._jobs.clear()

    def _run(self, job: Job, work: Work) -> None:
        def report(done: int, total: int, what: str) -> None:
            if job.cancelled:
                raise Cancelled
            self._progressed.emit(job, done, total, what)

        result: object
        try:
            if job.cancelled:
                raise Cancelled
            result = work(report)
        except Cancelled:
            result = Cancelled()
        except SegguiError as error:
            result = error
        except MemoryError:
            result = SegguiError(
                "There is not enough memory for this. Close other images or "
                "programs and try again; your work is safe."
            )
        except Exception as error:
            log.debug("work on a lane failed", exc_info=True)
            result = _Bug(error, traceback.format_exc())
        self._finished.emit(job, result)

    @Slot(object, object)
    def _deliver(self, job: Job, result: object) -> None:
        if self._closed or self._jobs.pop(job.number, None) is None:
            return
        if job.cancelled or isinstance(result, Cancelled):
            job.on_cancelled()
        elif isinstance(result, SegguiError):
            job.on_failed(result)
        elif isinstance(result, _Bug):
            sentence = f"Something went wrong inside seggui: {result.error}."
            self.bug.emit(sentence, result.report)
            job.on_failed(SegguiError(f"{sentence} Your work is safe."))
        else:
            job.on_done(result)

    @Slot(object, int, int, str)
    def _tell(self, job: Job, done: int, total: int, what: str) -> None:
        if not self._closed and not job.cancelled:
            job.on_progress(done, total, what)


def _check(future: Future[None]) -> None:
    """Surface a failure of the lane itself, which only a bug here can cause."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("a lane failed", exc_info=error)
