"""Who work is given to, whatever does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seggui.jobs.messages import Reply, Request

OnReply = Callable[[Reply], None]
OnLost = Callable[[str], None]
OnSilent = Callable[[str], None]
"""Is called with a sentence, and with an empty one when that is over."""


class Client(Protocol):
    """Work is given to it and answers come back, on a thread of its own."""

    on_silent: OnSilent | None
    """Hears when the process does not answer any more; on the client's thread."""

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None:
        """Make ready now instead of at the first request; returns at once."""
        ...

    def request(self, request: Request, on_reply: OnReply | None = None) -> None:
        """Ask; every request is answered once, after any number of ``Progress``."""
        ...

    def cancel(self, ticket: int) -> None:
        """Answer that request as cancelled, soon."""
        ...

    def forget(self, key: str) -> None:
        """The image of that key is closed."""
        ...

    def kill(self) -> None:
        """End all running work at once; the next request starts afresh."""
        ...

    def end(self) -> None:
        """Begin to close; returns at once."""
        ...

    def close(self) -> None:
        """End for good, within three seconds; ``on_reply`` is not called after it."""
        ...
