"""The window's side of a worker process.

Nothing here waits: the process is started, told things and listened to on threads of
its own. When it dies, whoever waits gets an answer that says so, and the next request
starts a new one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from seggui.jobs.bell import Bell
from seggui.jobs.client import OnLost, OnReply, OnSilent
from seggui.jobs.crashes import Crashes
from seggui.jobs.desk import cancelled
from seggui.jobs.messages import Cancel, Failed, Forget, Progress, Reply, Request
from seggui.jobs.process import Life, seconds_until
from seggui.jobs.pulse import SILENT_S, Pulse
from seggui.jobs.worker import HELLO, Begun

_CLOSE_S = 3.0


@dataclass(frozen=True, slots=True)
class _Pending:
    request: Request
    on_reply: OnReply | None


class WorkerClient:
    """A worker process that is started when it is needed and again when it died.

    What it died of is answered as lost; what else it had to do is given to the next
    one. ``on_reply`` and ``on_lost`` are called on the client's own thread. With
    ``kill_after_s`` a process that does not react to a cancelled request for that
    long is killed.
    """

    def __init__(
        self,
        factory: str,
        on_reply: OnReply,
        *,
        name: str = "engine",
        on_lost: OnLost | None = None,
        log_file: str = "",
        kill_after_s: float | None = None,
    ) -> None:
        self._factory = factory
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._name = name
        self._log_file = log_file
        self._kill_after_s = kill_after_s
        self._lock = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._unwanted: set[int] = set()
        """Tickets of those that were cancelled and not yet answered."""
        self._deadlines_s: dict[int, float] = {}
        self._answers: deque[tuple[_Pending, Reply]] = deque()
        self._crashes = Crashes(name)
        self.on_silent: OnSilent | None = None
        self.silent_s = SILENT_S
        """How long a process that owes answers may say nothing."""
        self._life: Life | None = None
        self._thread: threading.Thread | None = None
        self._wished = False
        self._condemned: list[_Pending] | None = None
        self._closed = False
        self._bell = Bell()

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        with self._lock:
            return None if self._life is None else self._life.process.pid

    # -- any thread; none of these waits ---------------------------------------

    def start(self) -> None:
        with self._lock:
            self._wished = True
            self._ring()

    def request(self, request: Request, on_reply: OnReply | None = None) -> None:
        pending = _Pending(request, on_reply)
        with self._lock:
            # Under the lock: once closed, nobody settles what is still put in.
            if not self._closed:
                self._put_in(pending)
                return
        self._give(pending, cancelled(request.ticket))

    def _put_in(self, pending: _Pending) -> None:
        """Have it answered by the process, or at once; the lock is held."""
        request = pending.request
        refusal = self._crashes.refusal(request)
        if refusal is not None:
            self._answers.append((pending, refusal))
        else:
            self._pending[request.ticket] = pending
            if self._life is not None:
                self._life.send(request)
        self._ring()

    def cancel(self, ticket: int) -> None:
        with self._lock:
            pending = self._pending.get(ticket)
            if pending is None or self._closed:
                return
            if self._life is None:
                del self._pending[ticket]
                self._answers.append((pending, cancelled(ticket)))
            else:
                self._unwanted.add(ticket)
                self._life.send(Cancel(ticket))
                if self._kill_after_s is not None:
                    deadline_s = time.monotonic() + self._kill_after_s
                    self._deadlines_s.setdefault(ticket, deadline_s)
            self._ring()

    def forget(self, key: str) -> None:
        with self._lock:
            if self._life is not None:
                self._life.send(Forget(key))

    def kill(self) -> None:
        with self._lock:
            self._crashes.clear()
            if self._life is not None:
                self._condemned = list(self._pending.values())
                # What is asked from now on is for the next process.
                self._life = None
            self._ring()

    def end(self) -> None:
        with self._lock:
            self._closed = True
            self._ring()

    def close(self) -> None:
        self.end()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_S)
        self._bell.close()

    def _ring(self) -> None:
        """Wake the client's thread; the lock is held."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(
                target=self._run, name=f"seggui-{self._name}", daemon=True
            )
            self._thread.start()
        self._bell.ring()

    # -- the client's thread ---------------------------------------------------

    def _run(self) -> None:
        while not self._closed:
            wait([self._bell.listener])
            self._bell.silence()
            self._give_answers()
            if self._wanted():
                self._live()
        self._settle_all()

    def _wanted(self) -> bool:
        with self._lock:
            wanted = bool(self._pending) or self._wished
            self._wished = False
            return wanted and not self._closed

    def _live(self) -> None:
        """Start a process and listen to it until it ends."""
        try:
            life = Life(self._factory, self._name, self._log_file)
        except OSError as error:
            words = f"it could not be started ({error.strerror or error})"
            self._bury(words, list(self._pending.values()))
            return
        with self._lock:
            self._life = life
            self._drop_unwanted()
            for pending in self._pending.values():
                life.send(pending.request)
        try:
            stuck = self._listen(life)
        finally:
            with self._lock:
                self._life = None
                begun = self._pending.get(life.begun[-1]) if life.begun else None
                # Nobody knows what a process died of that had not begun anything.
                lost = [begun] if begun else list(self._pending.values())
        if self._closed:
            life.end()
            return
        cause = life.cause_of_death()
        life.end()
        if stuck:
            self._resume()
        else:
            self._bury(cause, lost)

    def _listen(self, life: Life) -> bool:
        """Pass answers on until the end; True when it was killed for not reacting."""
        listened: list[Connection | int] = [
            life.connection,
            life.process.sentinel,
            self._bell.listener,
        ]
        pulse = Pulse(life.ping, self._tell_silent, self.silent_s)
        try:
            return self._listen_to(life, listened, pulse)
        finally:
            pulse.heard()

    def _listen_to(
        self, life: Life, listened: list[Connection | int], pulse: Pulse
    ) -> bool:
        while True:
            timeout_s = self._timeout_s(life, pulse)
            ready = wait(listened, timeout_s)
            if self._bell.listener in ready:
                self._bell.silence()
                self._give_answers()
                if self._closed:
                    return False
                if self._condemned is not None:
                    life.kill()
            if life.connection in ready:
                pulse.heard()
                if not self._hear(life):
                    return False
            elif life.process.sentinel in ready:
                return False
            elif not ready and timeout_s is not None and self._overdue():
                life.kill()
                return True

    def _timeout_s(self, life: Life, pulse: Pulse) -> float | None:
        """How long to wait; a process that is still starting cannot react yet."""
        with self._lock:
            deadlines_s = list(self._deadlines_s.values()) if life.ready else []
            owes = life.ready and bool(self._pending)
        times_s = [seconds_until(deadlines_s), pulse.check(owes=owes)]
        return min((s for s in times_s if s is not None), default=None)

    def _tell_silent(self, silent: bool) -> None:
        if self.on_silent is not None and not self._closed:
            text = (
                f"The {self._name} has not answered for {self.silent_s:.0f} seconds. "
                "Your work is untouched: wait for it, or restart it."
            )
            self.on_silent(text if silent else "")

    def _overdue(self) -> bool:
        now_s = time.monotonic()
        with self._lock:
            return any(now_s >= moment for moment in self._deadlines_s.values())

    def _hear(self, life: Life) -> bool:
        """Take one message; False at the end of the pipe."""
        try:
            message = life.receive()
        except (EOFError, OSError):
            return False
        if message == HELLO:
            if not life.ready:
                life.ready = True
                self._restart_deadlines()
        elif isinstance(message, Begun):
            life.begun.append(message.ticket)
        elif isinstance(message, Reply):
            if not isinstance(message, Progress) and message.ticket in life.begun:
                life.begun.remove(message.ticket)
            self._pass_on(message)
        else:
            return False
        return True

    def _restart_deadlines(self) -> None:
        if self._kill_after_s is None:
            return
        deadline_s = time.monotonic() + self._kill_after_s
        with self._lock:
            self._deadlines_s = dict.fromkeys(self._deadlines_s, deadline_s)

    def _pass_on(self, reply: Reply) -> None:
        with self._lock:
            pending = self._pending.get(reply.ticket)
            if pending is None:
                return
            if not isinstance(reply, Progress):
                del self._pending[reply.ticket]
                self._deadlines_s.pop(reply.ticket, None)
                self._unwanted.discard(reply.ticket)
                if not (isinstance(reply, Failed) and reply.reason == "cancelled"):
                    self._crashes.forgive(pending.request)
        self._give(pending, reply)

    def _give(self, pending: _Pending, reply: Reply) -> None:
        if pending.on_reply is not None:
            pending.on_reply(reply)
        elif not self._closed:
            self._on_reply(reply)

    def _give_answers(self) -> None:
        while self._answers:
            self._give(*self._answers.popleft())

    def _resume(self) -> None:
        """Answer what was cancelled; everything else goes to the next process."""
        with self._lock:
            self._drop_unwanted()
            self._deadlines_s.clear()
            # A kill by hand in the same moment: its work goes on as well.
            self._condemned = None

    def _drop_unwanted(self) -> None:
        """What was cancelled is not given to the next process; the lock is held."""
        for ticket in self._unwanted & self._pending.keys():
            self._answers.append((self._pending.pop(ticket), cancelled(ticket)))
        self._unwanted.clear()
        self._bell.ring()

    def _bury(self, cause: str, lost: list[_Pending]) -> None:
        """Answer what died with the process, and say why."""
        with self._lock:
            killed = self._condemned is not None
            if self._condemned is not None:
                lost, self._condemned = self._condemned, None
            # Some may have been answered meanwhile.
            lost = [p for p in lost if p.request.ticket in self._pending]
            # To cancel a thing that crashes the process does not make it harmless.
            for pending in () if killed else lost:
                self._crashes.add(pending.request)
            # What nobody waits for is no reason to start another process.
            self._drop_unwanted()
            lost = [p for p in lost if self._pending.pop(p.request.ticket, None)]
            self._deadlines_s.clear()
            for pending in list(self._pending.values()):
                if self._crashes.refusal(pending.request):
                    lost.append(self._pending.pop(pending.request.ticket))
            when = "" if self._pending else " at the next request"
            if self._pending:
                self._ring()
        if killed:
            cause = "you stopped it"
        text = (
            f"The {self._name} has ended: {cause}. Your work is untouched, and it "
            f"starts again{when}."
        )
        for pending in lost:
            ticket = pending.request.ticket
            refusal = self._crashes.refusal(pending.request)
            self._give(pending, refusal or Failed(ticket, text, reason="lost"))
        if self._on_lost is not None and not self._closed:
            self._on_lost(text)

    def _settle_all(self) -> None:
        """Nobody is left who listens, except those who wait for one answer."""
        with self._lock:
            left = list(self._pending.values())
            self._pending.clear()
        self._answers.extend((p, cancelled(p.request.ticket)) for p in left)
        self._give_answers()
