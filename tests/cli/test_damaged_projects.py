"""Every command on a project with a damaged file: a sentence, and nothing is lost."""

import cv2
import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.files.project import Project
from seggui.models.prompted.classic import ClassicModel

NAMES = ("a.png", "b.png")

READING = {
    "export": ["--format", "png-index", "--out", "OUT"],
    "refine": ["--recipe", "fill:9", "--out", "OUT"],
    "propagate": ["--from", "a.png", "--out", "OUT"],
    "encode": [],
    "rank": ["--model", "none"],
    "evaluate": ["--model", "none"],
    "train": ["--out", "OUT"],
    "train-clicks": ["--out", "OUT"],
}
CHANGING = {
    "import": ["--format", "png-index", "MASKS"],
    "refine": ["--recipe", "fill:9", "--into-project"],
    "propagate": ["--from", "a.png", "--into-project"],
    "predict": ["--model", "none", "--into-project"],
    "everything": ["--into-project"],
}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    square = np.zeros((30, 40), np.uint8)
    square[5:15, 5:15] = 1
    (tmp_path / "MASKS").mkdir()
    segment = Segment(Mask.from_dense(square), 1, Source("test"))
    for name in NAMES:
        _, data = cv2.imencode(".png", square * 200)
        (folder / name).write_bytes(data.tobytes())
        _, data = cv2.imencode(".png", square)
        (tmp_path / "MASKS" / name).write_bytes(data.tobytes())
    with Project.open(folder) as opened:
        opened.set_classes(Classes().added("cell"))
        for name in NAMES:
            opened.edit(name, "t", lambda d: edits.add_segments(d, (segment,)))
    return folder


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def words_of(verb, words, project):
    beside = {word: str(project.parent / word) for word in ("OUT", "MASKS")}
    words = [beside.get(word, word) for word in words]
    lead = ["--from"] if verb == "train-clicks" else []
    return [verb, *lead, str(project), *words]


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize(
    ("verb", "words"), [*READING.items(), *CHANGING.items()], ids=lambda x: str(x)[:12]
)
def test_no_command_guesses_what_a_damaged_project_file_said(
    project, capsys, verb, words
):
    cut(project / "seggui.json")
    before = files(project)
    assert run(words_of(verb, words, project)) == 1
    said = capsys.readouterr().err
    assert f"Could not read {project / 'seggui.json'}: it is damaged or cut off" in said
    assert "Nothing was changed. Put a good copy in its place first." in said
    assert files(project) == before
    assert not (project.parent / "OUT").exists()


@pytest.mark.parametrize("verb", CHANGING)
def test_a_project_that_is_open_elsewhere_is_not_changed(project, capsys, verb):
    before = files(project)
    with Project.open(project):
        assert run(words_of(verb, CHANGING[verb], project)) == 1
    assert "is open elsewhere" in capsys.readouterr().err
    assert files(project) == before


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["export", "--format", "png-index", "--out", "OUT"], "exported"),
        (["import", "--format", "png-index", "MASKS", "--existing", "add"], "imported"),
        (["import", "--format", "png-index", "MASKS", "--dry-run"], "imported"),
    ],
)
def test_one_damaged_file_of_segments_stops_what_must_be_whole(
    project, capsys, words, done
):
    damaged = project / "annotations" / "b.png.json"
    cut(damaged)
    before = files(project)
    assert run(words_of(words[0], words[1:], project)) == 1
    said = capsys.readouterr().err
    assert f"Could not read {damaged}: it is damaged" in said
    assert f"Nothing was {done}." in said
    assert files(project) == before
    assert not (project.parent / "OUT").exists()


def test_one_damaged_file_of_segments_is_left_out_and_the_others_are_done(
    project, capsys, monkeypatch
):
    damaged = project / "annotations" / "a.png.json"
    cut(damaged)
    before = damaged.read_bytes()
    words = ["everything", str(project), "--into-project", "--points", "1"]
    looked = []
    encode = ClassicModel.encode
    monkeypatch.setattr(
        ClassicModel, "encode", lambda *a: (looked.append(1), encode(*a))[1]
    )
    assert run([*words, "--model", "classic"]) == 1, "as wherever something failed"
    captured = capsys.readouterr()
    assert f"Could not read {damaged}: it is damaged" in captured.err
    assert "1 image into" in captured.out
    assert "1 left out" in captured.out
    assert damaged.read_bytes() == before
    assert looked == [1], "no model looks at an image whose answer has no place"


def test_where_every_image_is_left_out_the_command_failed(project, capsys):
    for name in NAMES:
        cut(project / "annotations" / f"{name}.json")
    words = ["everything", str(project), "--into-project", "--points", "1"]
    assert run([*words, "--model", "classic"]) == 1
    assert "All 2 images were left out, so nothing was done." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("[3]", "class 1 is no JSON object"),
        ('[{"name": "a"}]', "class 1 has no id or name"),
        ('[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]', "have the id 1)."),
        ('[{"id": NaN, "name": "a"}]', "NaN is no number"),
    ],
)
def test_what_is_wrong_with_the_classes_is_said_in_words(project, capsys, rows, words):
    (project / "seggui.json").write_text(f'{{"format": 1, "classes": {rows}}}')
    assert run(["export", str(project), "--format", "coco", "--dry-run"]) == 1
    assert words in capsys.readouterr().err


def test_a_project_of_a_newer_version_is_said_to_be_one(project, capsys):
    (project / "seggui.json").write_text('{"format": 99}')
    assert run(["export", str(project), "--format", "coco", "--dry-run"]) == 1
    said = capsys.readouterr().err
    assert "newer version of seggui" in said
    assert "good copy" not in said
