"""Weights are the ones that were meant, or they are not there."""

import hashlib
import http.server
import threading

import pytest

from seggui.core.ports import WeightsFile, unwatched
from seggui.errors import BadRequest, Cancelled, MissingWeights, Unreadable
from seggui.files import model_store
from seggui.files.model_store import download, find, is_there, models_folder, verify

CONTENT = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    served = CONTENT
    stop_after = None
    ranges = ()

    def do_GET(self):
        start = 0
        asked = self.headers.get("Range")
        type(self).ranges = (*self.ranges, asked)
        if asked:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        body = self.served[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.stop_after])

    def log_message(self, *_):
        """Tests are quiet."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(Handler, "ranges", ())
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def weights(server="https://example.org", **changes):
    facts = {
        "name": "net.pt",
        "url": f"{server}/net.pt",
        "size_bytes": len(CONTENT),
        "sha256": SHA256,
    }
    return WeightsFile(**(facts | changes))


def test_a_download_arrives_whole_and_reports(server):
    seen = []
    path = download(weights(server), lambda *what: seen.append(what))
    assert path == models_folder() / "net.pt"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT), "Downloading net.pt")
    assert find(weights()) == path
    assert model_store.stored() == (path,)
    assert not list(models_folder().glob("*.part"))
    model_store.remove(weights())
    assert not is_there(weights())


def test_a_cut_download_goes_on_where_it_ended(server, monkeypatch):
    monkeypatch.setattr(Handler, "stop_after", 1_000_000)
    with pytest.raises(MissingWeights, match="try again to go on from there"):
        download(weights(server), unwatched)
    assert not is_there(weights())
    assert (models_folder() / "net.pt.part").stat().st_size == 1_000_000
    monkeypatch.setattr(Handler, "stop_after", None)
    assert download(weights(server), unwatched).read_bytes() == CONTENT
    assert Handler.ranges[-1] == "bytes=1000000-"


def test_a_cancelled_download_keeps_what_arrived(server):
    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        download(weights(server), cancel)
    assert not is_there(weights())
    assert (models_folder() / "net.pt.part").stat().st_size > 0


@pytest.mark.parametrize("served", [b"<html>login</html>", CONTENT[:-1] + b"x"])
def test_the_wrong_content_is_never_accepted(server, monkeypatch, served):
    monkeypatch.setattr(Handler, "served", served)
    with pytest.raises(Unreadable):
        download(weights(server), unwatched)
    assert not list(models_folder().iterdir())


def test_no_network_is_a_sentence():
    with pytest.raises(MissingWeights, match="try again"):
        download(weights("http://127.0.0.1:9"), unwatched)


def test_plain_http_and_evil_names_are_refused():
    with pytest.raises(BadRequest, match="only fetched over https"):
        download(weights("http://example.org"), unwatched)
    with pytest.raises(BadRequest, match="cannot be called"):
        find(weights(name="../net.pt"))


def test_missing_weights_say_what_where_and_how_large():
    with pytest.raises(MissingWeights) as caught:
        find(weights())
    for part in (
        "net.pt",
        "5.1 MB",
        "https://example.org/net.pt",
        str(models_folder()),
    ):
        assert part in str(caught.value)


def test_a_given_file_is_taken_and_a_damaged_one_is_noticed(tmp_path):
    path = tmp_path / "mine.pt"
    with pytest.raises(MissingWeights, match=r"mine\.pt"):
        find(weights(), path)
    path.write_bytes(CONTENT)
    assert find(weights(), path) == path
    verify(path, weights())
    verify(path, weights(sha256=SHA256[:8], size_bytes=None))
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(Unreadable, match="bytes, not"):
        verify(path, weights())
