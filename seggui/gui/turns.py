"""Shows changes once per turn of the event loop, however many signals there were."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Turns(QObject):
    """What waits to be shown at the end of this turn."""

    def __init__(self, after: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._after = after
        self._waiting: dict[str, Callable[[], None]] = {}
        self._closed = False
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._show)

    def soon(self, show: Callable[[], None]) -> None:
        """Call it once at the end of this turn."""
        if self._closed:
            return  # a session that closes still says that all is gone
        self._waiting[show.__qualname__] = show
        if not self._timer.isActive():
            self._timer.start()

    def close(self) -> None:
        """Show nothing more; the window is going."""
        self._closed = True
        self._timer.stop()
        self._waiting.clear()

    def _show(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for show in waiting.values():
            show()
        self._after()
