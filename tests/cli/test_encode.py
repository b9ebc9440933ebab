"""``seggui encode``: what is looked at, what is passed over, what is refused."""

import errno
import json

import cv2
import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.ports import ModelInfo
from seggui.files import atomic
from seggui.files.encodings import own_folder
from seggui.files.settings import Settings
from seggui.models import catalog


class Stored:
    info = ModelInfo("stored", "Stored", "prompted")
    digest = "d"

    def __init__(self):
        self.encoded = 0

    def encode(self, image_hwc, report):
        self.encoded += 1
        features = np.random.default_rng(0).standard_normal(3000)
        features[0] = image_hwc.mean()
        return features.astype(np.float16)

    def decode(self, encoding, prompt, report):
        raise NotImplementedError

    def pack(self, encoding):
        return {"a": encoding}

    def unpack(self, arrays, image_hwc):
        return arrays["a"]


@pytest.fixture
def model(monkeypatch):
    model = Stored()
    monkeypatch.setattr(catalog, "open_prompted", lambda *_: model)
    return model


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        pixels = np.full((8, 9, 3), number * 50, np.uint8)
        write_png(folder / f"{number}.png", pixels)
    return folder


def write_png(path, pixels):
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def set_cache(gigabytes):
    settings = Settings.load()
    settings.set("encoding_cache_gb", gigabytes)
    settings.save()


def test_every_image_is_encoded_once_under_the_key_of_the_window(model, images, capsys):
    from seggui.files.project import Project
    from seggui.gui.opening import load_image

    assert run(["encode", str(images), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["encoded"], first["known"], first["refused"]) == (4, 0, [])
    assert first["bytes"] == own_folder().contents().nbytes > 0
    with Project.open(images, read_only=True) as project:
        image, opened = load_image(project, "2.png")
        opened.close()
    assert own_folder().get(image.key, "d")["a"][0] == 100
    write_png(images / "new.png", np.full((8, 9, 3), 7, np.uint8))
    assert run(["encode", str(images)]) == 0
    assert model.encoded == 5
    assert capsys.readouterr().out.startswith("1 image encoded by")
    assert not (images / "seggui.json").exists(), "the folder is only read"


def test_an_unreadable_image_is_named_and_the_others_are_done(model, images, capsys):
    (images / "bad.png").write_bytes(b"no image")
    assert run(["encode", str(images)]) == 1, "as wherever something failed"
    captured = capsys.readouterr()
    assert "bad.png" in captured.err
    assert "4 images encoded by" in captured.out
    assert "1 left out" in captured.out


def test_a_damaged_encoding_is_made_again(model, images, capsys):
    assert run(["encode", str(images)]) == 0
    damaged = next(own_folder().folder.glob("*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert run(["encode", str(images), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["encoded"], told["known"]) == (1, 3)


def test_a_disk_that_is_full_or_read_only_stops_it_with_a_sentence(
    model, images, monkeypatch, capsys
):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr(atomic.os, "open", refuse)
    assert run(["encode", str(images)]) == 1
    assert "the disk is full" in (said := capsys.readouterr().err)
    assert str(own_folder().folder) in said
    assert model.encoded == 1, "no more is tried"


def test_a_disk_without_room_for_one_is_said_to_be_full(
    model, images, monkeypatch, capsys
):
    class Usage:
        free = 10**6

    run(["encode", str(images / "0.png")])
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert run(["encode", str(images)]) == 1
    assert "no room for an encoding of Stored." in capsys.readouterr().err


def test_where_no_image_can_be_read_the_command_failed(model, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert run(["encode", str(tmp_path)]) == 1
    assert "The image was left out, so nothing was done." in capsys.readouterr().err


def test_a_folder_without_images_is_not_called_encoded(model, tmp_path, capsys):
    assert run(["encode", str(tmp_path)]) == 1
    assert "There are no images" in capsys.readouterr().err


def test_a_model_that_keeps_nothing_is_refused_before_any_work(images, capsys):
    assert run(["encode", str(images), "--model", "classic"]) == 1
    assert "keeps no encodings on the disk" in capsys.readouterr().err


def test_a_cache_too_small_is_refused_after_the_first_with_how_many_fit(
    model, images, capsys
):
    set_cache(0.00001)
    assert run(["encode", str(images)]) == 1
    assert "room for" in (text := capsys.readouterr().err)
    assert "not for all 4 images" in text
    assert model.encoded == 1


def test_a_cache_that_is_turned_off_is_refused(model, images, capsys):
    set_cache(0.0)
    assert run(["encode", str(images)]) == 1
    assert "above 0" in capsys.readouterr().err
    assert model.encoded == 0


def test_the_doctor_says_how_much_is_kept(model, images, monkeypatch):
    from seggui.cli import doctor

    run(["encode", str(images)])
    (finding,) = doctor.check_encodings()
    assert finding.text.startswith("encodings on disk: 4, ")
    assert "of at most 4 GB" in finding.text
    assert doctor.check_encodings in doctor.CHECKS
