"""``seggui everything``: numbered objects as PNG, or candidates in the project."""

import json

import cv2
import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo
from seggui.files.images import read_index
from seggui.files.project import Project
from seggui.models import catalog


class Colours:
    """A click brings all pixels of the colour that was clicked."""

    info = ModelInfo("colours", "Colours", "prompted")

    def encode(self, image_hwc, report):
        return image_hwc

    def decode(self, encoding, prompt, report):
        (point,) = prompt.points
        colour = encoding[int(point.y), int(point.x)]
        mask = Mask.from_dense((encoding == colour).all(axis=2))
        return (Candidate(mask, 0.9),)


@pytest.fixture(autouse=True)
def model(monkeypatch):
    monkeypatch.setattr(catalog, "open_prompted", lambda *_: Colours())


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (1, 2):
        pixels = np.zeros((60, 80, 3), np.uint8)
        for place in range(number):
            pixels[10:40, 5 + 30 * place : 25 + 30 * place] = 90 + 60 * place
        data = cv2.imencode(".png", pixels)[1].tobytes()
        (folder / f"{number}.png").write_bytes(data)
    return folder


def test_each_image_gets_a_png_of_numbered_objects(images, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["everything", str(images), "--out", str(out), "--largest", "0.5"]
    assert run([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [len(row["objects"]) for row in result["images"]] == [1, 2]
    assert result["images"][0]["objects"][0]["area"] == 600
    ids = read_index(out / "instances" / "2.png")
    assert ids.dtype == np.uint16
    assert np.unique(ids).tolist() == [0, 1, 2]
    assert ids[12, 10] != ids[12, 40]
    assert ids[50, 70] == 0


def test_one_image_is_enough_and_every_option_is_a_word(images, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["everything", str(images / "2.png"), "--out", str(out), "--points", "9"]
    words += ["--layers", "1", "--overlaps", "keep", "--thorough", "--smallest", "601"]
    assert run([*words, "--largest", "0.5"]) == 0
    assert "2.png: 0 objects" in capsys.readouterr().out
    assert not read_index(out / "instances" / "2.png").any()


def test_what_is_found_goes_into_the_project_to_be_reviewed(images):
    assert run(["everything", str(images), "--into-project", "--largest", "0.5"]) == 0
    with Project.open(images) as project:
        opened = project.load("2.png")
        assert [s.status for s in opened.document.segments] == ["candidate"] * 2
        assert [row.name for row in project.classes] == ["object"]
        opened.close()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "say where to"),
        (["--out", "x", "--points", "1000"], 1, "a number from 1 to 128"),
        (["--out", "x", "--overlaps", "never"], 2, "invalid choice"),
    ],
)
def test_wrong_usage_is_a_sentence(images, capsys, words, code, text):
    try:
        result = run(["everything", str(images), *words])
    except SystemExit as ended:
        result = ended.code
    assert result == code
    assert text in capsys.readouterr().err


def test_a_folder_without_images_is_not_called_done(tmp_path, capsys):
    assert run(["everything", str(tmp_path), "--into-project"]) == 1
    assert f"There are no images in {tmp_path}" in capsys.readouterr().err


def test_masks_that_are_there_are_replaced_only_when_told_to(images, tmp_path, capsys):
    by_hand = tmp_path / "out" / "instances" / "2.png"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(b"by hand")
    words = ["everything", str(images), "--out", str(tmp_path / "out")]
    assert run(words) == 1
    assert f"{by_hand} would be written over" in capsys.readouterr().err
    assert list(by_hand.parent.iterdir()) == [by_hand]
    assert by_hand.read_bytes() == b"by hand"
    assert run([*words, "--replace"]) == 0
    assert read_index(by_hand).any()


def test_masks_do_not_get_among_the_images(images, capsys):
    assert run(["everything", str(images), "--out", str(images)]) == 1
    assert "Choose another folder" in capsys.readouterr().err
