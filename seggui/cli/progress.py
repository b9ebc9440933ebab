"""A progress bar on stderr, with time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class Bar:
    """Shows how far work is; ``report`` has the signature of ``core.ports.Report``."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar

    def report(self, done: int, total: int, what: str) -> None:
        """Show ``done`` of ``total``; a total of 0 means it is not known."""
        if total != (self._bar.total or 0):
            self._bar.total = total or None
        if what:
            self._bar.set_description_str(what, refresh=False)
        if done < self._bar.n:
            self._bar.reset(total or None)  # the next file, or the same one again
        self._bar.update(done - self._bar.n)


@contextmanager
def bar(total: int, what: str, unit: str = "it") -> Iterator[Bar]:
    """Open a progress bar; it is silent where stderr is not a terminal.

    The unit ``B`` shows bytes in kB, MB and GB, with how many a second.
    """
    # Its watching thread would outlive the bar and is not needed for steady reports.
    tqdm.monitor_interval = 0
    with tqdm(
        total=total or None,
        desc=what,
        unit=unit,
        unit_scale=unit == "B",
        file=sys.stderr,
        leave=False,
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
    ) as inner:
        yield Bar(inner)
