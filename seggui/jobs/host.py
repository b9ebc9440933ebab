"""What does the work inside a worker process, and how it is found by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from seggui.core.ports import Report
from seggui.jobs.messages import Reply, Request


class Host(Protocol):
    """Answers requests, one at a time, always on the same thread.

    ``report`` may answer a more urgent request before it returns, so ``handle`` is
    entered again from inside itself.
    """

    def handle(self, request: Request, report: Report) -> Reply:
        """Do the work.

        Raises ``SegguiError`` for what a person can act on and lets ``Cancelled``
        of ``report`` pass.
        """
        ...

    def forget(self, key: str) -> None:
        """Drop everything about the image of that key."""
        ...


OpenHost = Callable[[], Host]


def host_factory(dotted: str) -> OpenHost:
    """Return the function of a name like ``seggui.jobs.refine_host:open_host``."""
    module, _, name = dotted.partition(":")
    return cast(OpenHost, getattr(import_module(module), name))
