"""The main function of a worker process.

Its main thread owns the host and works off the queue; a second thread reads what the
window sends. The process ends with the window: at the end of the pipe, and on Linux
also by a signal of the kernel, which reaches it in the middle of C code.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

from seggui.core.ports import Report
from seggui.jobs.desk import Desk
from seggui.jobs.host import Host, host_factory
from seggui.jobs.messages import Failed, Reply, Request

HELLO = "seggui worker"
"""What a worker says first, when it has begun to listen, and to each ``PING``."""
PING = "seggui worker?"


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker says it before the work on a request: what it dies of is known then."""

    ticket: int


_PR_SET_PDEATHSIG = 1
_LARGEST_LOG_BYTES = 1_000_000


def main(connection: Connection, factory: str, parent_pid: int, log_file: str) -> None:
    """Serve until the window closes the pipe."""
    _end_with_parent(parent_pid)
    # Ctrl+C in a terminal reaches all processes; the window decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write_output_to(log_file)
    _leave_a_core_to_the_window()
    replies = _Replies(connection)
    replies.say(HELLO)
    desk = Desk(lambda: _Telling(host_factory(factory)(), replies), replies.send)
    reader = threading.Thread(
        target=_read, args=(connection, desk, replies), daemon=True
    )
    reader.start()
    # Loads what the host needs before the first request asks for it.
    host_factory(factory)
    desk.serve()


class _Replies:
    """Sends from both threads, one whole message at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, reply: Reply) -> None:
        try:
            data = ForkingPickler.dumps(reply)
        except Exception:  # noqa: BLE001 - a host may answer anything
            text = "This did not work because its answer could not be sent."
            failed = Failed(reply.ticket, text, traceback.format_exc())
            data = ForkingPickler.dumps(failed)
        self._put(data)

    def say(self, word: str | Begun) -> None:
        self._put(ForkingPickler.dumps(word))

    def _put(self, data: memoryview) -> None:
        try:
            with self._lock:
                self._connection.send_bytes(data)
        except OSError:
            os._exit(0)


class _Telling:
    """A host that says what it begins."""

    def __init__(self, host: Host, replies: _Replies) -> None:
        self._host, self._replies = host, replies

    def handle(self, request: Request, report: Report) -> Reply:
        self._replies.say(Begun(request.ticket))
        return self._host.handle(request, report)

    def forget(self, key: str) -> None:
        self._host.forget(key)


def _read(connection: Connection, desk: Desk, replies: _Replies) -> None:
    # The whole process ends here, whatever the main thread is busy with.
    try:
        while True:
            message = connection.recv()
            if message == PING:
                replies.say(HELLO)
            else:
                desk.accept(message)
    except (EOFError, OSError):
        os._exit(0)
    except Exception:  # noqa: BLE001 - the top of a thread
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)


def _end_with_parent(parent_pid: int) -> None:
    if sys.platform == "linux":
        # Sent when the thread that started this process ends, so that thread has to
        # live as long as the process: prctl(2), PR_SET_PDEATHSIG.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(0)


def _write_output_to(log_file: str) -> None:
    try:
        fd = _opened_log(Path(log_file or os.devnull))
    except OSError:
        # Work without a log is better than no work.
        fd = _opened_log(Path(os.devnull))
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)
    # In a program without a terminal there are no streams to begin with.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    faulthandler.enable(sys.stderr)


def _opened_log(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if path.exists() and path.stat().st_size > _LARGEST_LOG_BYTES:
        flags |= os.O_TRUNC
    return os.open(path, flags, 0o600)


def _leave_a_core_to_the_window() -> None:
    """Numeric libraries read these when they load."""
    threads = str(max(1, _cores() - 1))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(name, threads)


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
