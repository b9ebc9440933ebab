"""Waiting for the answer to one request, for work on threads of its own."""

from __future__ import annotations

import queue

from seggui.core.ports import Report, unwatched
from seggui.errors import Cancelled, EngineLost, SegguiError
from seggui.jobs.client import Client
from seggui.jobs.messages import Failed, Progress, Reply, Request

_LOOK_UP_S = 0.1


def ask_and_wait(client: Client, request: Request, report: Report = unwatched) -> Reply:
    """Ask and return the answer; never on the GUI thread.

    Raises ``EngineLost`` when the process died, ``SegguiError`` for any other
    failure, and ``Cancelled`` when ``report`` raises it or the client is closed.
    """
    box: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    client.request(request, box.put)
    last = (0, 0, "")
    while True:
        try:
            reply = box.get(timeout=_LOOK_UP_S)
        except queue.Empty:
            reply = None
        if isinstance(reply, Progress):
            last = (reply.done, reply.total, reply.what)
        elif reply is not None:
            return _answer(reply)
        try:
            report(*last)
        except Cancelled:
            client.cancel(request.ticket)
            raise


def _answer(reply: Reply) -> Reply:
    if not isinstance(reply, Failed):
        return reply
    if reply.reason == "cancelled":
        raise Cancelled
    if reply.reason == "lost":
        raise EngineLost(reply.text)
    if reply.report:
        raise RuntimeError(f"{reply.text}\n{reply.report}")
    raise SegguiError(reply.text)
