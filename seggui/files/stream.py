"""The answer of a server, read on a thread of its own so that nobody has to wait."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import urllib.request
from http.client import HTTPException, HTTPResponse, InvalidURL

from seggui.files.network import Network

_BLOCK_BYTES = 1 << 20
_WAITING_BLOCKS = 4
_LOOK_UP_S = 0.1
"""How often the thread notices that nobody takes the blocks any more."""


class Stream:
    """Asks and reads while it is open; leaving it breaks the connection off.

    ``items`` has the answer, then its blocks, then an empty one; or an error.
    """

    def __init__(self, network: Network, request: urllib.request.Request) -> None:
        self.items: queue.Queue[HTTPResponse | bytes | OSError | HTTPException] = (
            queue.Queue(_WAITING_BLOCKS)
        )
        self._network = network
        self._request = request
        self._stop = threading.Event()
        self._line: socket.socket | None = None
        # A look-up of a name cannot be broken off: such a thread ends when it can.
        self._thread = threading.Thread(target=self._read, name="download", daemon=True)

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        line = self._line
        if line is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                line.shutdown(socket.SHUT_RDWR)
            self._thread.join()

    def _read(self) -> None:
        try:
            self._read_answer()
        except (OSError, HTTPException) as error:
            self._put(error)
        except ValueError as error:  # a name that cannot be one of a host
            self._put(InvalidURL(str(error)))
        finally:
            if self._line is not None:
                self._line.close()

    def _read_answer(self) -> None:
        opener = self._network.opener()
        with opener.open(self._request, timeout=self._network.stall_s) as answer:
            if not answer.isclosed():
                # A second handle, so that waiting for a read can be broken off.
                self._line = socket.fromfd(
                    answer.fileno(), socket.AF_INET, socket.SOCK_STREAM
                )
            self._put(answer)
            while not self._stop.is_set():
                block = answer.read1(_BLOCK_BYTES)
                self._put(block)
                if not block:
                    return

    def _put(self, item: HTTPResponse | bytes | OSError | HTTPException) -> None:
        while not self._stop.is_set():
            try:
                self.items.put(item, timeout=_LOOK_UP_S)
                return
            except queue.Full:
                continue
