"""Wakes a thread that waits for pipes."""

from __future__ import annotations

import threading
from multiprocessing import Pipe


class Bell:
    """Any thread rings; the one that waits for ``listener`` silences it.

    Ringing twice is ringing once.
    """

    def __init__(self) -> None:
        self.listener, self._hammer = Pipe(duplex=False)
        self._lock = threading.Lock()
        self._rung = False
        self._gone = False

    def ring(self) -> None:
        with self._lock:
            if not self._rung and not self._gone:
                self._rung = True
                self._hammer.send_bytes(b"!")

    def silence(self) -> None:
        with self._lock:
            if self._rung:
                self.listener.recv_bytes()
                self._rung = False

    def close(self) -> None:
        with self._lock:
            if not self._gone:
                self._gone = True
                self.listener.close()
                self._hammer.close()
