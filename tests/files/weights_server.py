"""A server of weights on this machine that cuts, stalls, redirects and lies.

``server.acts`` holds what it does with the next requests, in order; after that it
serves ``server.files`` as a good server does, with ranges, ETag and If-Range.
"""

import contextlib
import hashlib
import http.server
import threading
from dataclasses import dataclass, field

import pytest

from seggui.files.network import Network

CONTENT = bytes(range(256)) * 4_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
IMPATIENT = Network(stall_s=0.4, tries=3, pause_s=0.01)
"""Waits little, so that a test of a stall is short."""


@dataclass
class Act:
    """What the server does with one request; the defaults are those of a good one."""

    status: int = 0
    """0 is 200 or 206, as asked."""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the usual ones; an empty value leaves that one out."""
    cut_after: int | None = None
    stall_after: int | None = None
    """Sends that many bytes, and nothing more until the test is over."""
    ignore_range: bool = False
    chunked: bool = False
    silent: bool = False
    """Does not even answer with a status."""


class WeightsServer:
    """The server and what it was asked."""

    def __init__(self):
        self.files = {"/net.pt": CONTENT}
        self.etag = '"1"'
        self.acts = []
        self.requests = []
        self.over = threading.Event()
        self._httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._httpd.daemon_threads = False
        self._httpd.weights = self
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._httpd.server_port}"

    @property
    def ranges(self):
        """What ranges were asked for; None for a whole file."""
        return [headers.get("Range") for _, headers in self.requests]

    @property
    def paths(self):
        return [path for path, _ in self.requests]

    def close(self):
        self.over.set()
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server.weights
        server.requests.append((self.path, dict(self.headers)))
        act = server.acts.pop(0) if server.acts else Act()
        self.close_connection = True
        if act.silent:
            server.over.wait(10)
            return
        whole = server.files.get(self.path.removeprefix(server.address))
        if act.body is not None:
            whole = act.body
        if whole is None:
            self.send_error(404)
            return
        start = 0 if act.ignore_range else self._start(server, len(whole))
        with contextlib.suppress(OSError):  # whoever asked has gone
            self._send(server, act, whole, start)

    def _start(self, server, size):
        asked = self.headers.get("Range")
        same = self.headers.get("If-Range", server.etag) == server.etag
        if not asked or not same:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _send(self, server, act, whole, start):
        body = whole[start:]
        usual = {"ETag": server.etag, "Connection": "close"}
        if act.chunked:
            usual["Transfer-Encoding"] = "chunked"
        else:
            usual["Content-Length"] = str(len(body))
        if start:
            usual["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        self.send_response(act.status or (206 if start else 200))
        for name, value in (usual | act.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        ends = act.cut_after if act.stall_after is None else act.stall_after
        sent = body if ends is None else body[:ends]
        if act.chunked:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent))
            if ends is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(sent)
        self.wfile.flush()
        if act.stall_after is not None:
            server.over.wait(10)

    def log_message(self, *_):
        """Tests are quiet."""


@pytest.fixture
def server(monkeypatch):
    """A server that is good unless told otherwise; no proxy stands before it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = WeightsServer()
    yield made
    made.close()
