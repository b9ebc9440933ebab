"""Downloads from a server that cuts, stalls, redirects and lies end well or say why."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from dataclasses import replace

import pytest
from weights_server import CONTENT, IMPATIENT, SHA256, Act, server

from seggui.core.ports import WeightsFile, unwatched
from seggui.errors import (
    BadRequest,
    Cancelled,
    MissingWeights,
    SaveFailed,
    SegguiError,
)
from seggui.files import downloads, model_store
from seggui.files.model_store import download, models_folder, state_of
from seggui.files.settings import Settings

__all__ = ["server"]

SIZE = len(CONTENT)
OTHER = bytes(reversed(CONTENT))


def weights(server, **changes):
    facts = {
        "name": "net.pt",
        "url": f"{server.address}/net.pt",
        "size_bytes": SIZE,
        "sha256": SHA256,
    }
    return WeightsFile(**(facts | changes))


def fetch(file, report=unwatched, network=IMPATIENT):
    return download(file, report, network)


def nothing_is_left():
    left = [p.name for p in models_folder().iterdir()]
    return not [name for name in left if ".part" in name or ".lock" in name]


def part():
    return models_folder() / "net.pt.part"


# -- going on -----------------------------------------------------------------


def test_a_download_arrives_whole_and_reports_bytes(server):
    seen = []
    path = fetch(weights(server), lambda *what: seen.append(what))
    assert path == models_folder() / "net.pt"
    assert path.read_bytes() == CONTENT
    assert (SIZE, SIZE, "Downloading net.pt") in seen
    assert (SIZE, SIZE, "Checking net.pt.part") in seen
    assert nothing_is_left()


def test_a_cut_connection_is_taken_up_where_it_ended(server):
    server.acts = [Act(cut_after=300_000), Act(cut_after=200_000)]
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]
    assert server.requests[1][1]["If-Range"] == '"1"'


def test_a_stall_is_waited_out_and_then_gone_on_from(server):
    server.acts = [Act(stall_after=300_000)]
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]


def test_a_server_that_never_answers_is_given_up(server):
    server.acts = [Act(silent=True)] * 3
    with pytest.raises(MissingWeights, match=r"127\.0\.0\.1 does not answer"):
        fetch(weights(server))


def test_a_download_that_gets_nowhere_keeps_what_arrived(server):
    server.acts = [Act(cut_after=300_000), Act(cut_after=0), Act(cut_after=0)]
    with pytest.raises(MissingWeights, match="only 300,000 of 1,024,000 bytes") as told:
        fetch(weights(server))
    assert "What has arrived is kept" in str(told.value)
    assert part().stat().st_size == 300_000
    assert state_of(weights(server)) == "partly downloaded"
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-"


def test_a_server_without_ranges_starts_anew(server):
    server.acts = [Act(cut_after=300_000), Act(ignore_range=True)]
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_another_release_on_resume_is_fetched_whole(server):
    server.acts = [Act(cut_after=300_000), Act(cut_after=0), Act(cut_after=0)]
    with pytest.raises(MissingWeights):
        fetch(weights(server, sha256="", size_bytes=None))
    server.files["/net.pt"], server.etag = OTHER, '"2"'
    path = fetch(weights(server, sha256="", size_bytes=None))
    assert path.read_bytes() == OTHER


def test_a_server_that_swaps_the_file_without_a_word_is_noticed(server):
    old = server.files["/net.pt"]
    server.files["/net.pt"], server.etag = OTHER, ""
    server.acts = [Act(cut_after=300_000), Act(cut_after=0), Act(cut_after=0)]
    with pytest.raises(MissingWeights):
        fetch(weights(server))
    server.files["/net.pt"] = old
    # Glued together it would be neither; so it is fetched once more from the start.
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges[-2:] == ["bytes=300000-", None]


def test_without_tag_and_digest_nothing_is_gone_on_from(server):
    server.etag = ""
    server.acts = [Act(cut_after=300_000)]
    path = fetch(weights(server, sha256="", size_bytes=None))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_changed_tag_in_a_part_answer_starts_anew(server):
    server.acts = [
        Act(cut_after=300_000),
        Act(headers={"ETag": '"2"'}),
    ]
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges[-1] is None


@pytest.mark.parametrize("told", ["bytes 0-9/1024000", "bytes 5-9", ""])
def test_a_part_that_was_not_asked_for_is_not_taken(server, told):
    server.acts = [Act(cut_after=300_000), Act(headers={"Content-Range": told})]
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_more_than_the_file_in_the_part_is_dropped(server):
    models_folder().mkdir(parents=True)
    part().write_bytes(CONTENT + b"x")
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_only_checked(server):
    models_folder().mkdir(parents=True)
    part().write_bytes(CONTENT)
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert not server.requests


@pytest.mark.parametrize(
    "name", ["net.pt.part", "net.pt.part.json", "net.pt.sha256", "net.pt"]
)
@pytest.mark.parametrize("size", [0, 1000, SIZE])
def test_links_in_the_model_folder_lead_to_no_file_outside_it(
    server, tmp_path, name, size
):
    photo, photograph = tmp_path / "photo.png", bytes(size)
    photo.write_bytes(photograph)
    models_folder().mkdir(parents=True)
    (models_folder() / name).symlink_to(photo)
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert photo.read_bytes() == photograph
    assert not (models_folder() / "net.pt.part").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_place_of_the_part_is_not_waited_for(server):
    models_folder().mkdir(parents=True)
    os.mkfifo(part())
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_a_folder_in_place_of_the_part_is_told(server):
    part().mkdir(parents=True)
    with pytest.raises(SegguiError, match=r"net\.pt\.part"):
        fetch(weights(server))


def test_a_part_longer_than_what_the_server_has_starts_anew(server):
    models_folder().mkdir(parents=True)
    part().write_bytes(b"x" * 300_000)
    server.acts = [Act(status=416, body=b"")]
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_a_server_that_does_not_say_how_much_it_sends(server):
    server.acts = [Act(chunked=True)]
    assert fetch(weights(server, size_bytes=None)).read_bytes() == CONTENT


# -- lies ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (Act(body=CONTENT[:-1]), "offers another file: 1,023,999 bytes, not 1,024,000"),
        (Act(body=CONTENT + b"x"), "offers another file: 1,024,001 bytes"),
        (Act(body=OTHER), r"content is not what is stated \(SHA-256 differs\)"),
        (Act(body=CONTENT + b"x", chunked=True), "sends more than the 1,024,000 bytes"),
        (
            Act(
                body=b"<!DOCTYPE html><p>Log in", headers={"Content-Type": "text/html"}
            ),
            "sent a web page instead of the file",
        ),
        (Act(status=401, body=b""), "wants to know who asks"),
        (Act(status=403, body=b""), "refuses to give it"),
        (Act(status=404, body=b""), "does not have it"),
        (Act(status=410, body=b""), "does not have it any more"),
        (Act(status=418, body=b""), "the server answered 418"),
    ],
)
def test_a_lie_is_one_sentence_and_nothing_is_kept(server, act, sentence):
    server.acts = [act]
    with pytest.raises(MissingWeights, match=sentence) as told:
        fetch(weights(server))
    assert "Nothing was kept" in str(told.value)
    assert not (models_folder() / "net.pt").exists()
    assert nothing_is_left() or not part().exists()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server, status):
    server.acts = [Act(status=status, body=b"")]
    assert fetch(weights(server)).read_bytes() == CONTENT
    server.acts = [Act(status=status, body=b"")] * 3
    with pytest.raises(MissingWeights, match=str(status)):
        fetch(weights(server, name="other.pt"))


def test_a_page_that_does_not_say_that_it_is_one(server):
    server.acts = [Act(body=b"  <html><body>Blocked</body></html>")]
    with pytest.raises(MissingWeights, match="sent a web page"):
        fetch(weights(server, size_bytes=None, sha256=""))
    assert not (models_folder() / "net.pt").exists()


def test_a_length_that_never_comes_is_given_up(server):
    lie = {"Content-Length": str(SIZE)}
    server.acts = [Act(body=CONTENT[:9], headers=lie)] + [
        Act(body=CONTENT[:9], headers=lie, ignore_range=True) for _ in range(3)
    ]
    with pytest.raises(MissingWeights, match="only 9 of 1,024,000 bytes arrived"):
        fetch(weights(server))
    assert not (models_folder() / "net.pt").exists()


# -- ways through the network ----------------------------------------------------


def test_redirects_are_followed_to_the_file(server):
    server.files["/cdn/1"] = CONTENT
    server.acts = [Act(status=302, body=b"", headers={"Location": "/cdn/1"})]
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.paths == ["/net.pt", "/cdn/1"]


def test_redirects_without_end_are_given_up(server):
    server.acts = [
        Act(status=302, body=b"", headers={"Location": f"/{n}"}) for n in range(9)
    ]
    with pytest.raises(MissingWeights, match="from one address to the next"):
        fetch(weights(server))
    assert len(server.requests) <= 6


def test_a_way_from_https_to_less_is_refused():
    redirects = downloads.Network().opener().handlers
    [handler] = [h for h in redirects if type(h).__name__ == "_Redirects"]
    request = downloads.Network().request("https://example.org/net.pt")
    with pytest.raises(OSError, match="not encrypted"):
        handler.redirect_request(
            request, None, 302, "Found", {}, "http://example.org/net.pt"
        )


def test_a_token_goes_to_its_own_host_only():
    network = downloads.Network(token="secret")
    request = network.request("https://huggingface.co/a/b")
    assert request.get_header("Authorization") == "Bearer secret"
    other = network.request("https://example.org/a/b")
    assert other.get_header("Authorization") is None
    [handler] = [
        h for h in network.opener().handlers if type(h).__name__ == "_Redirects"
    ]
    led = handler.redirect_request(
        request, None, 302, "Found", {}, "https://cdn.example.org/x"
    )
    assert led.get_header("Authorization") is None


def test_a_mirror_has_the_paths_or_the_files(server):
    there = "https://huggingface.co/lkeab/hq-sam/resolve/1/net.pt"
    file = weights(server, url=there)
    server.files = {"/hf/lkeab/hq-sam/resolve/1/net.pt": CONTENT}
    mirror = replace(IMPATIENT, mirror=f"{server.address}/hf/")
    assert fetch(file, network=mirror).read_bytes() == CONTENT
    model_store.remove(file)
    server.files = {"/hf/net.pt": CONTENT}
    assert fetch(file, network=mirror).read_bytes() == CONTENT
    model_store.remove(file)
    server.files = {}
    with pytest.raises(MissingWeights, match="The mirror is set in the settings"):
        fetch(file, network=mirror)


def test_the_environment_names_the_mirror(server, monkeypatch):
    monkeypatch.setenv("SEGGUI_MIRROR", server.address)
    path = download(weights(server, url="https://example.org/a/net.pt"), unwatched)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("text", ["mirror.example.org", "https://[bad", "file:///a"])
def test_a_mirror_that_is_no_address_is_one_sentence(server, text):
    mirror = replace(IMPATIENT, mirror=text)
    with pytest.raises(BadRequest, match="starts with https://"):
        fetch(weights(server), network=mirror)


def test_a_proxy_of_the_settings_is_used(server):
    server.files["http://weights.invalid/net.pt"] = CONTENT
    proxy = replace(
        IMPATIENT,
        proxy=server.address.removeprefix("http://"),
        mirror="http://weights.invalid",
    )
    assert fetch(weights(server), network=proxy).read_bytes() == CONTENT
    assert server.paths == ["http://weights.invalid/net.pt"]


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    server.files["http://weights.invalid/net.pt"] = CONTENT
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, server.address)
    network = replace(IMPATIENT, mirror="http://weights.invalid")
    assert fetch(weights(server), network=network).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "wrong", [{"proxy": "http://proxy:abc"}, {"mirror": f"http://{'a' * 70}.example"}]
)
def test_an_address_that_cannot_be_one_is_told_at_once(server, monkeypatch, wrong):
    monkeypatch.setenv("no_proxy", "")
    network = replace(IMPATIENT, **{"mirror": "http://weights.invalid"} | wrong)
    with pytest.raises(MissingWeights, match="cannot be right"):
        fetch(weights(server), network=network)


def test_a_proxy_that_lets_nothing_through_is_told(server, monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, server.address)
    with pytest.raises(MissingWeights, match=r"Tunnel connection failed: 501"):
        fetch(weights(server, url="https://weights.invalid/net.pt"))


@pytest.mark.parametrize("where", ["settings", "environment"])
def test_a_proxy_that_takes_no_connections_is_named(server, monkeypatch, where):
    closed = (
        f"name:secret@{server.address.removeprefix('http://').rpartition(':')[0]}:9"
    )
    network = IMPATIENT
    if where == "settings":
        network = replace(IMPATIENT, proxy=closed)
    else:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{closed}/")
    with pytest.raises(MissingWeights, match=r"the proxy 127\.0\.0\.1:9 takes no"):
        fetch(weights(server, url="https://weights.invalid/net.pt"), network=network)


def test_a_name_that_is_not_found_means_offline(server, monkeypatch):
    def not_found(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    with pytest.raises(MissingWeights, match="was not found; this machine may be off"):
        fetch(weights(server, url="https://weights.invalid/net.pt"))


def test_offline_says_what_to_get_and_where_to_put_it(server):
    closed = f"{server.address.rpartition(':')[0]}:9"
    with pytest.raises(MissingWeights) as told:
        fetch(weights(server, url=f"{closed}/net.pt"))
    for words in ("takes no connections", "net.pt (1.0 MB)", f"{closed}/net.pt"):
        assert words in str(told.value)
    assert f"save it as {models_folder() / 'net.pt'}" in str(told.value)


def test_plain_http_is_refused(server):
    with pytest.raises(BadRequest, match="only fetched over https"):
        fetch(weights(server, url="http://example.org/net.pt"))


# -- cancelling, several at once, the disk --------------------------------------


def test_a_download_is_cancelled_at_any_time_and_gone_on_from(server):
    def cancel(done, total, what):
        if done >= 300_000:
            raise Cancelled

    server.acts = [Act(stall_after=300_000)]
    patient = replace(IMPATIENT, stall_s=60.0)
    with pytest.raises(Cancelled):
        fetch(weights(server), cancel, patient)
    assert part().stat().st_size == 300_000
    assert fetch(weights(server)).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-"


def test_two_downloads_of_one_file_do_no_damage(server):
    server.acts = [Act(cut_after=300_000)]
    said, found = [], []

    def run():
        found.append(fetch(weights(server), lambda *what: said.append(what[2])))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == CONTENT for path in found] == [True] * 3
    assert server.ranges == [None, "bytes=300000-"]
    assert nothing_is_left()


def test_a_second_window_says_that_it_waits(server):
    models_folder().mkdir(parents=True)
    lock = model_store.ProjectLock.take(models_folder(), ".net.pt.lock")

    def cancel(done, total, what):
        assert what == "Another window downloads net.pt"
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch(weights(server), cancel)
    lock.release()
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_a_killed_process_leaves_its_part_to_the_one_that_waits(server):
    code = (
        "import sys; from seggui.core.ports import WeightsFile, unwatched\n"
        "from seggui.files.model_store import download\n"
        "from seggui.files.network import Network\n"
        "url, size, digest = sys.argv[1:]\n"
        "weights = WeightsFile('net.pt', url, int(size), digest)\n"
        "download(weights, unwatched, Network())"
    )
    server.acts = [Act(stall_after=300_000)]
    url = f"{server.address}/net.pt"
    words = [sys.executable, "-c", code, url, str(SIZE), SHA256]
    other = subprocess.Popen(words)
    until = time.monotonic() + 60
    while not (part().exists() and part().stat().st_size == 300_000):
        assert time.monotonic() < until, "the other process did not get so far"
        time.sleep(0.02)
    said = []

    def report(done, total, what):
        said.append((done, what))
        if what.startswith("Another"):
            other.kill()

    assert fetch(weights(server), report).read_bytes() == CONTENT
    other.wait()
    assert said[0] == (300_000, "Another window downloads net.pt")
    assert server.ranges == [None, "bytes=300000-"]
    assert not list(models_folder().glob("*.part*"))


def test_a_disk_without_room_is_told_before_anything_is_fetched(server, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SaveFailed, match=r"the disk is full \(1\.0 MB needed"):
        fetch(weights(server))
    assert not server.requests


def test_a_disk_that_fills_up_keeps_what_arrived(server, monkeypatch):
    write, written = downloads._write, []

    def full(descriptor, block):
        if written:
            raise OSError(28, "No space left on device")
        written.append(block)
        write(descriptor, block[:1000])

    monkeypatch.setattr(downloads, "_write", full)
    server.acts = [Act(cut_after=300_000)]
    with pytest.raises(SaveFailed, match="disk is full"):
        fetch(weights(server))
    assert part().exists()
    assert not (models_folder() / "net.pt").exists()


def test_a_model_folder_that_is_read_only_is_told(server, monkeypatch):
    open_file = os.open

    def refused(path, flags, *mode):
        if os.fspath(path).startswith(str(models_folder())):
            raise OSError(30, "Read-only file system")
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(SaveFailed, match="SEGGUI_MODELS may name another"):
        fetch(weights(server))
    assert not server.requests


def test_a_server_that_cuts_and_then_lies_does_not_keep_us_for_ever(server):
    lie = {"Content-Range": "bytes 0-9/1024000"}
    server.acts = [Act(cut_after=300_000), Act(headers=lie)] * 20
    with pytest.raises(MissingWeights, match="Could not download"):
        fetch(weights(server))
    assert len(server.requests) < 8


def test_a_model_folder_that_is_a_file_is_told(server):
    models_folder().parent.mkdir(parents=True, exist_ok=True)
    models_folder().write_bytes(b"")
    with pytest.raises(SaveFailed, match=str(models_folder())):
        fetch(weights(server))


def test_a_folder_in_place_of_the_file_is_told(server):
    (models_folder() / "net.pt").mkdir(parents=True)
    with pytest.raises(SaveFailed, match="there is a folder of that name"):
        fetch(weights(server))
    assert not server.requests


@pytest.mark.parametrize("when", ["Downloading", "Checking"])
def test_a_model_folder_that_goes_meanwhile_is_told(server, when):
    def remove(done, total, what):
        if done and what.startswith(when):
            shutil.rmtree(models_folder(), ignore_errors=True)

    with pytest.raises(SegguiError, match=r"net\.pt"):
        fetch(weights(server), remove)


def test_a_damaged_file_is_replaced_by_a_download(server):
    models_folder().mkdir(parents=True)
    (models_folder() / "net.pt").write_bytes(OTHER)
    assert fetch(weights(server)).read_bytes() == CONTENT


def test_a_damaged_note_of_a_part_is_no_matter(server):
    models_folder().mkdir(parents=True)
    part().write_bytes(CONTENT[:1000])
    downloads.note_of(part()).write_bytes(b"{")
    assert fetch(weights(server)).read_bytes() == CONTENT
    part().write_bytes(CONTENT[:1000])
    downloads.note_of(part()).write_text(json.dumps([1]))
    model_store.remove(weights(server))
    assert nothing_is_left()


def test_a_set_of_files_is_fetched_into_a_folder(server):
    config = b'{"a": 1}'
    server.files |= {"/config.json": config}
    small = WeightsFile(
        "net/config.json",
        f"{server.address}/config.json",
        len(config),
        hashlib.sha256(config).hexdigest(),
    )
    both = weights(server, name="net/net.pt", beside=(small,))
    assert state_of(both) == "missing"
    assert both.total_bytes == SIZE + len(config)
    server.acts = [Act(), Act(status=403, body=b"")]
    with pytest.raises(MissingWeights):
        fetch(both)
    assert state_of(both) == "partly downloaded"
    assert fetch(both) == models_folder() / "net" / "net.pt"
    assert (models_folder() / "net" / "config.json").read_bytes() == config
    assert server.paths == ["/config.json", "/net.pt", "/net.pt"]
    model_store.remove(both)
    assert not (models_folder() / "net").exists()


def test_a_gated_model_says_where_to_ask(server):
    gated = weights(server, access="https://example.org/ask", name="net/net.pt")
    server.acts = [Act(status=401, body=b"")]
    with pytest.raises(MissingWeights) as told:
        fetch(gated)
    assert "ask for access at https://example.org/ask and set HF_TOKEN" in str(
        told.value
    )
    assert f"put them into {models_folder() / 'net'}" in str(told.value)


def test_the_settings_name_mirror_and_proxy_and_the_environment_comes_first(
    monkeypatch,
):
    settings = Settings.load()
    settings.set("mirror", "https://mirror.example.org")
    settings.set("proxy", "http://proxy:3128")
    settings.save()
    monkeypatch.setenv("HF_TOKEN", "secret")
    chosen = downloads.Network.chosen()
    assert (chosen.mirror, chosen.proxy, chosen.token) == (
        "https://mirror.example.org",
        "http://proxy:3128",
        "secret",
    )
    monkeypatch.setenv("SEGGUI_MIRROR", "https://nearer.example.org")
    assert downloads.Network.chosen().mirror == "https://nearer.example.org"
    assert chosen.addresses("https://example.org/a/b.pt") == (
        "https://mirror.example.org/a/b.pt",
        "https://mirror.example.org/b.pt",
    )
