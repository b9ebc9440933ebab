import json

import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.files.images import read_index
from seggui.files.project import Project


def test_predictions_have_the_ids_of_the_training(trained, tmp_path, capsys):
    folder, model = trained
    out = tmp_path / "out"
    words = ["predict", str(folder), "--model", str(model), "--out", str(out)]
    assert run([*words, "--uncertainty", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["image"] for row in result["images"]] == ["0.png", "1.png", "2.png"]
    mask = read_index(out / "masks" / "1.png")
    assert mask.shape == (40, 36)
    assert set(np.unique(mask)) <= {0, 4}
    assert (out / "classes.txt").read_text().splitlines()[4] == "class 4"
    assert read_index(out / "uncertainty" / "1.png").shape == (40, 36)


@pytest.mark.parametrize("name", ["masks/1.png", "classes.txt"])
def test_files_that_are_there_are_replaced_only_when_told_to(
    trained, tmp_path, capsys, name
):
    folder, model = trained
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_bytes(b"by hand")
    words = ["predict", str(folder), "--model", str(model), "--out", str(out)]
    assert run(words) == 1
    assert f"{out / name} would be written over" in capsys.readouterr().err
    assert [p for p in out.rglob("*") if p.is_file()] == [out / name]
    assert (out / name).read_bytes() == b"by hand"
    assert run([*words, "--replace"]) == 0
    assert (out / name).read_bytes() != b"by hand"


def test_an_unreadable_image_is_named_and_the_others_are_done(
    trained, tmp_path, capsys
):
    folder, model = trained
    data = tmp_path / "data"
    data.mkdir()
    (data / "good.png").write_bytes((folder / "images" / "0.png").read_bytes())
    (data / "bad.png").write_bytes(b"no image")
    words = [
        "predict",
        str(data),
        "--model",
        str(model),
        "--out",
        str(tmp_path / "out"),
    ]
    assert run(words) == 1, "as wherever something failed"
    captured = capsys.readouterr()
    assert "bad.png" in captured.err
    assert "1 images predicted" in captured.out
    assert "1 left out" in captured.out


def test_a_recipe_refines_what_is_found(trained, tmp_path):
    folder, model = trained
    words = [
        "predict",
        str(folder),
        "--model",
        str(model),
        "--out",
        str(tmp_path / "out"),
    ]
    assert run([*words, "--recipe=min_area:1000000"]) in (0, 1)
    assert run([*words, "--recipe=largest"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--out=o", "--model=unet"], "train it on your own images first"),
        (["--out=o", "--model=nonet"], "no model called 'nonet'"),
        (["--out=o", "--model=RUN", "--tile=3"], "A tile has 64 to 8192"),
        (["--out=o", "--model=RUN", "--score=2"], "score is between 0 and 1"),
        (["--out=o", "--model=RUN", "--device=tpu"], "no device called 'tpu'"),
    ],
)
def test_a_prediction_that_makes_no_sense_is_one_sentence(
    trained, tmp_path, monkeypatch, capsys, words, sentence
):
    monkeypatch.chdir(tmp_path)
    folder, model = trained
    words = [word.replace("RUN", str(model)) for word in words]
    assert run(["predict", str(folder), *words]) == 1
    assert sentence in capsys.readouterr().err


def test_predictions_become_candidates_of_a_project(trained, tmp_path, monkeypatch):
    folder, model = trained
    for number in range(2):
        data = (folder / "images" / f"{number}.png").read_bytes()
        (tmp_path / f"{number}.png").write_bytes(data)
    with Project.open(tmp_path) as project:
        project.set_classes(Classes().added("cell"))
    found = Candidate(Mask.full(40, 36), 0.8, class_name="class 4")
    monkeypatch.setattr(
        "seggui.models.predictions.candidates_of", lambda *_, **__: (found,)
    )
    words = ["predict", str(tmp_path), "--model", str(model), "--into-project"]
    for _ in range(2):  # the second time replaces what the first one found
        assert run(words) == 0
        with Project.open(tmp_path) as project:
            assert [row.name for row in project.classes] == ["cell", "class 4"]
            segments = project.read_document("1.png").segments
        assert [s.status for s in segments] == ["candidate"]
        assert segments[0].class_id == 2
        assert segments[0].source.model == "runs/run"


def test_a_project_that_is_open_elsewhere_is_not_written_to(trained, tmp_path, capsys):
    folder, model = trained
    (tmp_path / "0.png").write_bytes((folder / "images" / "0.png").read_bytes())
    with Project.open(tmp_path):
        words = ["predict", str(tmp_path), "--model", str(model), "--into-project"]
        assert run(words) == 1
    assert "open elsewhere" in capsys.readouterr().err


def test_images_of_the_same_stem_get_masks_of_their_own(trained, tmp_path):
    folder, model = trained
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    pixels = (folder / "images" / "0.png").read_bytes()
    for name in ("a.png", "a.tif.png", "a.jpg", "b.png"):
        (data / name).write_bytes(pixels)
    words = ["predict", str(data), "--model", str(model), "--out", str(out)]
    assert run(words) == 0
    masks = sorted(path.name for path in (out / "masks").iterdir())
    assert masks == ["a.jpg.png", "a.png.png", "a.tif.png", "b.png"]
