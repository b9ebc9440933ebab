"""The same client without a process: the host works on a thread here. For tests."""

from __future__ import annotations

import os
import threading

from seggui.jobs.client import OnLost, OnReply, OnSilent
from seggui.jobs.desk import Desk, cancelled
from seggui.jobs.host import Host, OpenHost
from seggui.jobs.messages import Cancel, Failed, Forget, Progress, Reply, Request

_CLOSE_S = 3.0


class InProcessClient:
    """Answers like ``WorkerClient``; ``host`` is a host or a function that opens it."""

    def __init__(
        self,
        host: Host | OpenHost,
        on_reply: OnReply,
        *,
        on_lost: OnLost | None = None,
    ) -> None:
        self._open_host: OpenHost = host if callable(host) else (lambda: host)
        self._on_reply = on_reply
        self._on_lost = on_lost
        self.on_silent: OnSilent | None = None
        self._lock = threading.Lock()
        self._pending: dict[int, OnReply | None] = {}
        self._desk: Desk | None = None
        self._threads: list[threading.Thread] = []
        self._closed = False

    @property
    def pid(self) -> int | None:
        return None if self._desk is None else os.getpid()

    def start(self) -> None:
        with self._lock:
            self._started()

    def request(self, request: Request, on_reply: OnReply | None = None) -> None:
        with self._lock:
            self._pending[request.ticket] = on_reply
            desk = None if self._closed else self._started()
        if desk is None:
            self._give(cancelled(request.ticket))
        else:
            desk.accept(request)

    def cancel(self, ticket: int) -> None:
        if self._desk is not None:
            self._desk.accept(Cancel(ticket))

    def forget(self, key: str) -> None:
        if self._desk is not None:
            self._desk.accept(Forget(key))

    def kill(self) -> None:
        with self._lock:
            desk, self._desk = self._desk, None
            lost = list(self._pending)
        if desk is None:
            return
        desk.close()
        text = "The engine has ended: you stopped it. Your work is untouched."
        for ticket in lost:
            self._give(Failed(ticket, text, reason="lost"))
        if self._on_lost is not None:
            self._on_lost(text)

    def end(self) -> None:
        with self._lock:
            self._closed = True
            desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()

    def close(self) -> None:
        self.end()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_CLOSE_S)
        for ticket in list(self._pending):
            self._give(cancelled(ticket))

    def _started(self) -> Desk:
        if self._desk is None:
            self._desk = Desk(self._open_host, self._give)
            thread = threading.Thread(
                target=self._desk.serve, name="seggui-in-process", daemon=True
            )
            self._threads = [t for t in self._threads if t.is_alive()] + [thread]
            thread.start()
        return self._desk

    def _give(self, reply: Reply) -> None:
        with self._lock:
            if reply.ticket not in self._pending:
                return
            if isinstance(reply, Progress):
                on_reply = self._pending[reply.ticket]
            else:
                on_reply = self._pending.pop(reply.ticket)
        if on_reply is not None:
            on_reply(reply)
        elif not self._closed:
            self._on_reply(reply)
