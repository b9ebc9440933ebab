"""Weights are the ones that were meant, or they are not there."""

import hashlib
import os
import shutil
import subprocess

import pytest
from weights_server import CONTENT, IMPATIENT, SHA256, server

from seggui.core.ports import WeightsFile, unwatched
from seggui.errors import BadRequest, MissingWeights, Unreadable
from seggui.files import digests
from seggui.files.model_store import (
    download,
    find,
    is_there,
    models_folder,
    place_of,
    remove,
    state_of,
    verify,
    verify_all,
)

__all__ = ["server"]

MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
OTHER = CONTENT[:-1] + b"x"


def weights(server=None, **changes):
    address = server.address if server else "https://example.org"
    facts = {
        "name": "net.pt",
        "url": f"{address}/net.pt",
        "size_bytes": len(CONTENT),
        "sha256": SHA256,
    }
    return WeightsFile(**(facts | changes))


UNSTATED = {"sha256": "", "size_bytes": None}


def put(content, weights_file):
    place = place_of(weights_file)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def test_a_file_put_there_by_hand_is_checked_once(monkeypatch):
    place = put(CONTENT, weights())
    assert state_of(weights()) == "there"
    assert find(weights()) == place
    monkeypatch.setattr(digests, "digests_of", None)  # would break if it was read
    assert find(weights()) == place


def test_a_wrong_file_put_there_by_hand_is_never_given_out():
    put(OTHER, weights())
    with pytest.raises(Unreadable, match="not what is stated"):
        find(weights())
    assert state_of(weights()) == "damaged"
    assert not is_there(weights())


def test_a_file_that_changed_after_its_check_is_checked_again():
    place = put(CONTENT, weights())
    find(weights())
    place.write_bytes(OTHER)
    os.utime(place, ns=(1, 1))
    with pytest.raises(Unreadable, match="SHA-256 differs"):
        find(weights())


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x"])
def test_a_file_of_the_wrong_size_is_damaged(content):
    put(content, weights())
    assert state_of(weights()) == "damaged"
    with pytest.raises(Unreadable, match=r"bytes, not 1,024,000"):
        find(weights())


def test_a_folder_in_place_of_the_file_is_damaged():
    place_of(weights()).mkdir(parents=True)
    assert state_of(weights()) == "damaged"
    with pytest.raises(Unreadable, match="it is a folder"):
        find(weights())


def test_a_digest_that_nobody_states_is_that_of_the_first_download(server):
    file = weights(server, **UNSTATED)
    place = download(file, unwatched, IMPATIENT)
    assert digests.recorded(place) == SHA256
    assert digests.record_of(place).read_text() == f"{SHA256}  net.pt\n"
    verify(place, file)
    place.write_bytes(OTHER)
    with pytest.raises(Unreadable, match="not that of the first download"):
        verify(place, file)
    assert digests.recorded(place) == SHA256
    place.unlink()
    server.files["/net.pt"] = OTHER
    with pytest.raises(MissingWeights, match="not that of the first download"):
        download(file, unwatched, IMPATIENT)
    remove(file)  # forgets the digest too, as when a publisher replaced the file
    assert download(file, unwatched, IMPATIENT).read_bytes() == OTHER


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_written_digest_is_what_sha256sum_reads(server):
    place = download(weights(server), unwatched, IMPATIENT)
    record = digests.record_of(place).name
    subprocess.run(["sha256sum", "-c", record], cwd=place.parent, check=True)


def test_a_stated_md5_is_checked_where_nothing_better_is_stated(server):
    file = weights(server, **UNSTATED, md5=MD5)
    assert download(file, unwatched, IMPATIENT).read_bytes() == CONTENT
    remove(file)
    server.files["/net.pt"] = OTHER
    with pytest.raises(MissingWeights, match="MD5 differs"):
        download(file, unwatched, IMPATIENT)
    assert not place_of(file).exists()


def test_the_first_digits_of_a_digest_are_enough():
    place = put(CONTENT, weights())
    verify(place, weights(sha256=SHA256[:8], size_bytes=None))
    with pytest.raises(Unreadable, match="SHA-256 differs"):
        verify(place, weights(sha256="0" * 8, size_bytes=None))


def test_checking_reports_how_far_it_is():
    seen = []
    put(CONTENT, weights())
    verify_all(weights(), lambda *what: seen.append(what))
    assert seen[-1] == (len(CONTENT), len(CONTENT), "Checking net.pt")
    remove(weights())
    with pytest.raises(MissingWeights):
        verify_all(weights())


def test_a_digest_that_cannot_be_written_down_is_taken_again(monkeypatch):
    place = put(CONTENT, weights())
    digests.record_of(place).mkdir()
    assert find(weights()) == place
    assert find(weights()) == place


def test_a_removed_model_leaves_nothing(server):
    place = download(weights(server), unwatched, IMPATIENT)
    place.with_name("net.pt.part").write_bytes(b"x")
    remove(weights())
    assert not list(models_folder().iterdir())
    remove(weights())


@pytest.mark.parametrize(
    "name", ["../net.pt", "/net.pt", "a/b/net.pt", "a/../net.pt", ""]
)
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(BadRequest, match="cannot be called"):
        find(weights(name=name))


def test_missing_weights_say_what_where_and_how_large():
    with pytest.raises(MissingWeights) as caught:
        find(weights())
    for words in (
        "net.pt (1.0 MB)",
        "https://example.org/net.pt",
        f"save it as {models_folder() / 'net.pt'}",
    ):
        assert words in str(caught.value)


def test_a_given_file_is_taken_as_it_is(tmp_path):
    path = tmp_path / "mine.pt"
    with pytest.raises(MissingWeights, match=r"mine\.pt"):
        find(weights(), path)
    path.write_bytes(b"anything")
    assert find(weights(), path) == path


def test_a_given_folder_must_be_one_of_hugging_face(tmp_path):
    with pytest.raises(MissingWeights, match=r"holds no config\.json"):
        find(weights(), tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert find(weights(), tmp_path) == tmp_path


def test_a_folder_of_hugging_face_will_do_as_well(server):
    file = weights(server, folder="net-hf")
    folder = models_folder() / "net-hf"
    folder.mkdir(parents=True)
    assert state_of(file) == "missing"
    (folder / "config.json").write_text("{}")
    assert state_of(file) == "there"
    assert find(file) == folder
    for refused in (remove, verify_all):
        with pytest.raises(BadRequest, match="net-hf was put there by hand"):
            refused(file)
    place = download(file, unwatched, IMPATIENT)
    assert find(file) == place
    remove(file)
    assert find(file) == folder
