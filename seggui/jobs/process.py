"""One life of a worker process, from its start to its end, and why it ended."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

from seggui.jobs.messages import Message
from seggui.jobs.worker import PING, main

_GRACE_S = 0.5
"""A process that has been told to end gets that long before it is killed."""

# Text written into the pipe by mistake reads as a length far above this.
_LARGEST_MESSAGE_BYTES = 512 * 1024 * 1024


class Life:
    """A running worker process.

    The thread that makes it has to live as long as the process: the kernel ends the
    process with that thread.
    """

    def __init__(self, factory: str, name: str, log_file: str) -> None:
        self.ready = False
        self.begun: list[int] = []
        """Tickets under way; each was begun in the middle of the one before it."""
        self._oom_kills = _oom_kills()
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe(duplex=True)
        self.process = spawn.Process(
            target=main,
            args=(theirs, factory, os.getpid(), log_file),
            name=f"seggui-{name}",
            daemon=True,
        )
        try:
            self.process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            # Only when the child alone holds it does its end show on our side.
            theirs.close()
        self._outbox: queue.SimpleQueue[Message | str | None] = queue.SimpleQueue()
        self._sender = threading.Thread(
            target=_send_all,
            args=(self.connection, self._outbox),
            name=f"seggui-{name}-sender",
            daemon=True,
        )
        self._sender.start()

    def send(self, message: Message) -> None:
        """Send soon; returns at once."""
        self._outbox.put(message)

    def ping(self) -> None:
        """Ask whether it is there; it says ``HELLO``."""
        self._outbox.put(PING)

    def receive(self) -> object:
        """Return the next message; raises ``OSError`` or ``EOFError`` at the end.

        Anything that is no message counts as the end.
        """
        data = self.connection.recv_bytes(_LARGEST_MESSAGE_BYTES)
        try:
            return ForkingPickler.loads(data)
        except Exception as error:
            raise OSError("garbage in the pipe") from error

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        """End the process, kindly first; returns within two seconds."""
        self._outbox.put(None)
        self._sender.join(_GRACE_S / 2)
        if self._sender.is_alive():
            # It waits for a process that does not read.
            self.process.kill()
            self._sender.join(_GRACE_S)
        self.connection.close()
        self.process.join(_GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(_GRACE_S)

    def cause_of_death(self) -> str:
        """How the process ended, as the end of a sentence; waits for it shortly."""
        self.process.join(_GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            return "it sent something that is no answer, so it was stopped"
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL and _oom_kills() > self._oom_kills:
            return "the system killed it because memory ran out"
        return death_in_words(code)


def death_in_words(exit_code: int) -> str:
    """Say what an exit code means; negative ones are signals."""
    if exit_code == -signal.SIGKILL:
        return "it was killed, by hand or because memory ran out"
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            name = f"signal {-exit_code}"
        words = signal.strsignal(-exit_code) or "unknown"
        return f"it crashed ({words.lower()}, {name})"
    return f"it stopped by itself with exit code {exit_code}"


def _send_all(
    connection: Connection, outbox: queue.SimpleQueue[Message | str | None]
) -> None:
    while (message := outbox.get()) is not None:
        try:
            connection.send(message)
        except OSError:
            # The process is gone; whoever waits for its answers sees that as well.
            return


def _oom_kills() -> int:
    """How many processes the kernel has killed for want of memory; 0 if unknown."""
    try:
        text = Path("/proc/vmstat").read_text("ascii")
    except OSError:
        return 0
    found = [line for line in text.splitlines() if line.startswith("oom_kill ")]
    return int(found[0].split()[1]) if found else 0


def seconds_until(deadlines_s: list[float]) -> float | None:
    """How long until the first of those moments of ``time.monotonic``."""
    if not deadlines_s:
        return None
    return max(0.0, min(deadlines_s) - time.monotonic())
