"""Encodings in memory and on the disk, and what the engine makes of both."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.files.encodings import EncodingFolder
from seggui.jobs.messages import Ask, Encode
from seggui.jobs.shared import SharedImages
from seggui.models import catalog
from seggui.models.encodings import Encodings, bytes_of
from seggui.models.host import EngineHost

PROMPT = Prompt((Point(1, 1),))


class Stored:
    """A model whose encoding is a list of arrays; a click may look closer."""

    def __init__(self, digest="one"):
        self.info = ModelInfo("stored", "Stored", "prompted")
        self.digest = digest
        self.encoded = 0
        self.closer = False

    def encode(self, image_hwc, report):
        self.encoded += 1
        return [np.full((4, 8, 8), image_hwc[0, 0, 0], np.float16)]

    def decode(self, encoding, prompt, report):
        if self.closer:
            encoding.append(np.ones((2, 2), np.float16))
        score = float(encoding[0].max()) / 255
        return (Candidate(Mask.full(30, 40), score),)

    def pack(self, encoding):
        return {str(place): array for place, array in enumerate(encoding)}

    def unpack(self, arrays, image_hwc):
        if "0" not in arrays or arrays["0"].shape != (4, 8, 8):
            raise ValueError
        return [np.array(array) for array in arrays.values()]


@pytest.fixture
def model(monkeypatch):
    model = Stored()
    monkeypatch.setattr(catalog, "open_prompted", lambda model_id: model)
    return model


@pytest.fixture
def image():
    images = SharedImages()
    yield images.share("a", np.full((30, 40, 3), 51, np.uint8))
    images.close()


@pytest.fixture
def folder(tmp_path):
    return EncodingFolder(tmp_path / "encodings", lambda: 10**6)


def answered(host, image, ticket=1):
    return host.handle(Ask(ticket, image, "stored", PROMPT), unwatched)


def test_another_engine_finds_what_the_first_encoded(model, image, folder):
    first = answered(EngineHost(folder=folder), image).candidates[0]
    again = answered(EngineHost(folder=folder), image).candidates[0]
    assert model.encoded == 1
    assert first.score == again.score == pytest.approx(0.2)


def test_other_weights_encode_anew(model, image, folder):
    answered(EngineHost(folder=folder), image)
    model.digest = "two"
    answered(EngineHost(folder=folder), image)
    assert model.encoded == 2


def test_what_is_damaged_on_the_disk_is_encoded_anew_and_kept_whole(
    model, image, folder
):
    answered(EngineHost(folder=folder), image)
    (path,) = folder.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    answered(EngineHost(folder=folder), image)
    answered(EngineHost(folder=folder), image)
    assert model.encoded == 2


def test_what_the_model_cannot_use_is_encoded_anew(model, image, folder):
    folder.put("a", "one", {"else": np.ones(3, np.float16)})
    assert answered(EngineHost(folder=folder), image).candidates
    assert model.encoded == 1
    assert set(folder.get("a", "one")) == {"0"}


def test_what_a_closer_look_added_is_kept_too(model, image, folder):
    host = EngineHost(folder=folder)
    answered(host, image)
    model.closer = True
    answered(host, image)
    assert set(folder.get("a", "one")) == {"0", "1"}


def test_what_grew_and_is_not_for_the_disk_is_not_written_again(
    model, image, folder, monkeypatch
):
    answered(EngineHost(folder=folder), image)
    monkeypatch.setattr(folder, "put", lambda *_: pytest.fail("was written"))
    monkeypatch.setattr(model, "pack", lambda encoding: {"0": encoding[0]})
    host = EngineHost(folder=folder)
    model.closer = True
    assert answered(host, image, 1).candidates
    assert answered(host, image, 2).candidates


def test_the_reply_says_how_much_lies_on_the_disk(model, image, folder):
    encode = Encode(1, image, "stored")
    reply = EngineHost(folder=folder).handle(encode, unwatched)
    assert reply.bytes_on_disk == folder.contents().nbytes > 0
    assert EngineHost().handle(encode, unwatched).bytes_on_disk == 0


def test_ahead_of_the_user_what_is_on_the_disk_stays_there(
    model, image, folder, monkeypatch
):
    answered(EngineHost(folder=folder), image)
    monkeypatch.setattr(model, "unpack", lambda *_: pytest.fail("was read"))
    ahead = Encode(1, image, "stored", ahead=True)
    reply = EngineHost(folder=folder).handle(ahead, unwatched)
    assert model.encoded == 1
    assert reply.bytes_on_disk > 0


def test_a_folder_that_fails_is_a_note_and_clicks_go_on_from_memory(
    model, image, folder
):
    folder.folder.parent.mkdir(exist_ok=True)
    folder.folder.write_text("in the way")
    host = EngineHost(folder=folder)
    first, second = answered(host, image, 1), answered(host, image, 2)
    assert model.encoded == 1
    assert first.candidates
    assert first.note == second.note != ""
    folder.folder.unlink()
    other = replace(image, key="b")
    assert answered(host, other, 3).note == ""
    assert model.encoded == 2


def test_a_model_that_stores_nothing_writes_nothing(image, folder, monkeypatch):
    plain = Stored()
    monkeypatch.setattr(catalog, "open_prompted", lambda model_id: plain)
    monkeypatch.delattr(Stored, "pack")
    reply = EngineHost(folder=folder).handle(Encode(1, image, "stored"), unwatched)
    assert reply.bytes_on_disk == 0
    assert not folder.folder.exists()


def test_encodings_give_way_to_newer_ones_over_the_limit():
    cache = Encodings(1000)
    for key in "abc":
        cache.put(key, "m", np.zeros(400, np.uint8))
    assert [cache.get(key, "m") is not None for key in "abc"] == [False, True, True]
    cache.get("b", "m")
    cache.put("d", "m", np.zeros(400, np.uint8))
    assert [cache.get(key, "m") is not None for key in "bcd"] == [True, False, True]
    cache.put("e", "m", np.zeros(5000, np.uint8))
    assert cache.nbytes == 5000, "one that is too large alone is still kept"


def test_the_size_of_an_encoding_counts_each_array_once():
    @dataclass
    class Inner:
        array: object
        more: tuple

    array = np.zeros(100, np.uint8)
    assert bytes_of(Inner(array, ({"k": array}, [np.zeros(7, np.uint8)], 3))) == 107
