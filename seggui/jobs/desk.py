"""The queue of a worker and the one thread that works it off.

More urgent work goes first and interrupts what is less urgent whenever that reports:
a click is answered in the middle of a prediction of a whole image. Of clicks only the
newest counts.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable

from seggui.core.ports import Report
from seggui.errors import Cancelled, SegguiError
from seggui.jobs.host import Host, OpenHost
from seggui.jobs.messages import (
    Ask,
    AskEach,
    Cancel,
    Encode,
    Everything,
    Failed,
    Forget,
    Message,
    Predict,
    Progress,
    Propagate,
    Refine,
    Reply,
    Request,
)

URGENCY: dict[type[Request], int] = {
    Ask: 0,
    AskEach: 1,
    Refine: 1,
    Predict: 2,
    Everything: 2,
    Propagate: 2,
    Encode: 3,
}
"""Small goes first."""

_AHEAD = 1 + max(URGENCY.values())
_IDLE = 1 + _AHEAD
_MOST_ENCODES = 8
_PROGRESS_EVERY_S = 0.05

_NEED_ENCODING = (Ask, AskEach, Encode, Everything)


def urgency_of(request: Request) -> int:
    """How urgent a request is; what nobody waits for yet comes last."""
    if isinstance(request, Encode) and request.ahead:
        return _AHEAD
    return URGENCY[type(request)]


class Desk:
    """Takes messages on any thread; answers them on the thread that serves."""

    def __init__(self, open_host: OpenHost, send: Callable[[Reply], None]) -> None:
        self._open_host = open_host
        self._send = send
        self._host: Host | None = None
        self._changed = threading.Condition()
        self._waiting: list[Request] = []
        self._running: list[Request] = []
        self._cancelled: set[int] = set()
        self._forgotten: list[str] = []
        self._closed = False

    # -- any thread -----------------------------------------------------------

    def accept(self, message: Message) -> None:
        """Take a message; what it pushes out is answered as cancelled at once."""
        with self._changed:
            if isinstance(message, Cancel):
                out = self._withdraw(lambda r: r.ticket == message.ticket)
            elif isinstance(message, Forget):
                self._forgotten.append(message.key)
                # Nobody will click on an image that is closed.
                out = self._withdraw(
                    lambda r: isinstance(r, Encode) and r.image.key == message.key
                )
            else:
                out = self._make_room(message)
                self._waiting.append(message)
            self._changed.notify()
        for request in out:
            self._send(cancelled(request.ticket))

    def close(self) -> None:
        """End ``serve``; running work ends when it next reports."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._cancelled.update(request.ticket for request in self._running)
            self._changed.notify()

    def _make_room(self, newer: Request) -> list[Request]:
        if isinstance(newer, Ask):
            return self._withdraw(lambda r: isinstance(r, Ask))
        if isinstance(newer, Encode):
            waiting = [r for r in self._waiting if isinstance(r, Encode)]
            if len(waiting) >= _MOST_ENCODES:
                oldest = waiting[0].ticket
                return self._withdraw(lambda r: r.ticket == oldest)
        return []

    def _withdraw(self, unwanted: Callable[[Request], bool]) -> list[Request]:
        """Take back waiting requests and mark running ones; return the former."""
        self._cancelled.update(r.ticket for r in self._running if unwanted(r))
        out = [request for request in self._waiting if unwanted(request)]
        self._waiting = [r for r in self._waiting if not unwanted(r)]
        return out

    # -- the serving thread ---------------------------------------------------

    def serve(self) -> None:
        """Work until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or self._waiting or self._forgotten
                )
                if self._closed:
                    return
            self._forget()
            request = self._take(_IDLE)
            if request is not None:
                self._answer(request)

    def _take(self, below: int) -> Request | None:
        """Take the most urgent waiting request that is more urgent than ``below``."""
        with self._changed:
            found = [
                request
                for request in self._waiting
                if urgency_of(request) < below and not self._prepared(request)
            ]
            if not found or self._closed:
                return None
            request = min(found, key=urgency_of)
            self._waiting.remove(request)
            self._running.append(request)
            return request

    def _prepared(self, request: Request) -> bool:
        """Whether the work under way is what this request would have to do first.

        An encoding that itself was interrupted may be minutes away from its end.
        """
        if not self._running or not isinstance(request, _NEED_ENCODING):
            return False
        now = self._running[-1]
        return (
            isinstance(now, Encode)
            and now.image.key == request.image.key
            and now.model_id == request.model_id
        )

    def _forget(self) -> None:
        with self._changed:
            keys, self._forgotten = self._forgotten, []
        if self._host is not None:
            for key in keys:
                self._host.forget(key)

    def _answer(self, request: Request) -> None:
        reply = self._worked(request)
        with self._changed:
            self._running.remove(request)
            unwanted = request.ticket in self._cancelled
            self._cancelled.discard(request.ticket)
        self._send(cancelled(request.ticket) if unwanted else reply)

    def _worked(self, request: Request) -> Reply:
        ticket = request.ticket
        try:
            report = self._report_of(request)
            report(0, 0, "")
            if self._host is None:
                self._host = self._open_host()
            return self._host.handle(request, report)
        except Cancelled:
            return cancelled(ticket)
        except SegguiError as error:
            return Failed(ticket, str(error))
        except MemoryError:
            return Failed(
                ticket,
                "There was not enough memory for this. Your work is untouched; close "
                "other programs, or use a smaller image or model, and try again.",
            )
        except Exception as error:  # noqa: BLE001 - the top of the working thread
            text = (
                f"This did not work because of a mistake in seggui "
                f"({type(error).__name__}: {error}). Your work is untouched."
            )
            return Failed(ticket, text, traceback.format_exc())

    def _report_of(self, request: Request) -> Report:
        last_s = 0.0
        urgency = urgency_of(request)

        def report(done: int, total: int, what: str) -> None:
            nonlocal last_s
            if self._running[-1] is not request:
                # It was interrupted, and sees what runs in its place: to end that, or
                # to let others into it, is not for it to say.
                return
            self._check(request.ticket)
            while (urgent := self._take(urgency)) is not None:
                self._answer(urgent)
            self._check(request.ticket)
            now_s = time.monotonic()
            if what and now_s - last_s >= _PROGRESS_EVERY_S:
                last_s = now_s
                self._send(Progress(request.ticket, done, total, what))

        return report

    def _check(self, ticket: int) -> None:
        with self._changed:
            if ticket in self._cancelled:
                raise Cancelled


def cancelled(ticket: int) -> Failed:
    """The answer to a request that nobody wants any more."""
    return Failed(ticket, "This was cancelled.", reason="cancelled")
