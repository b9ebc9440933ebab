import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.files.formats.png import png_of_ids
from seggui.files.images import read_index

TINY = [
    "--model=lraspp",
    "--epochs=1",
    "--steps-per-epoch=1",
    "--batch-size=2",
    "--crop=32",
    "--threads=1",
    "--device=cpu",
    "--precision=float32",
    "--group-by=none",
]


def folder_of_pairs(root, count=3):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for number in range(count):
        mask = np.zeros((40, 36), np.uint8)
        mask[5:20, 5 + number : 25] = 4
        _, data = cv2.imencode(".png", np.repeat(mask[..., None] * 50, 3, 2))
        (root / "images" / f"{number}.png").write_bytes(data.tobytes())
        (root / "masks" / f"{number}.png").write_bytes(png_of_ids(mask))
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    folder = folder_of_pairs(root / "data")
    before = _signals()
    try:
        assert run(["train", str(folder), *TINY, "--out", str(root / "run")]) == 0
    finally:
        _put_back(before)
    return folder, root / "run"


@pytest.fixture(autouse=True)
def own_signals():
    before = _signals()
    yield
    _put_back(before)


def _signals():
    import signal

    return {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }


def _put_back(handlers):
    import signal

    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_result_is_one_json_object(tmp_path, capsys):
    folder = folder_of_pairs(tmp_path / "data")
    assert (
        run(["train", str(folder), *TINY, "--out", str(tmp_path / "r"), "--json"]) == 0
    )
    out = capsys.readouterr()
    result = json.loads(out.out)
    assert result["ended"] == "finished"
    assert 0 <= result["best"]["miou"] <= 1
    assert out.err == ""


def test_without_out_the_run_lies_in_the_folder(tmp_path, capsys):
    folder = folder_of_pairs(tmp_path / "data")
    assert run(["train", str(folder), *TINY]) == 0
    made = list((folder / "runs").iterdir())
    assert [path.name.endswith("-lraspp-1") for path in made] == [True]
    assert str(made[0]) in capsys.readouterr().out


def test_a_finished_run_resumes_with_more_epochs(trained, tmp_path, capsys):
    import shutil

    out = shutil.copytree(trained[1], tmp_path / "run")
    assert run(["train", "--resume", "--out", str(out)]) == 1
    assert "larger number of epochs" in capsys.readouterr().err
    assert run(["train", "--resume", "--out", str(out), "--epochs=2"]) == 0
    assert "finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train"], "Name the folder to train on"),
        (["train", "--resume"], "Name the run folder to resume with --out"),
        (["train", "nowhere"], "There is no folder nowhere"),
        (["train", "--resume", "--out=none"], "run.json"),
        (["train", "--resume", "--out=x", "--loss=ce"], "keeps its loss"),
        (["train", ".", "--crop=33"], "multiple of 32"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    tmp_path, monkeypatch, capsys, words, sentence
):
    monkeypatch.chdir(tmp_path)
    assert run(words) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_a_wrong_choice_is_wrong_usage():
    with pytest.raises(SystemExit) as caught:
        run(["train", ".", "--model=nonet"])
    assert caught.value.code == 2


def test_help_is_quick_because_it_loads_no_torch():
    code = (
        "import sys; from seggui.cli.dispatch import run\n"
        "try: run(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--learning-rate" in done.stdout


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
    assert run(words) == 0
    captured = capsys.readouterr()
    assert "bad.png" in captured.err
    assert "1 images predicted" in captured.out
    assert "1 could not be read" in captured.out


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
        (["--model=unet"], "--out DIR, --into-project"),
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
    from seggui.core.candidate import Candidate
    from seggui.core.classes import Classes
    from seggui.core.mask import Mask
    from seggui.files.project import Project

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
        assert segments[0].source.model == "run"


def test_a_project_that_is_open_elsewhere_is_not_written_to(trained, tmp_path, capsys):
    from seggui.files.project import Project

    folder, model = trained
    (tmp_path / "0.png").write_bytes((folder / "images" / "0.png").read_bytes())
    with Project.open(tmp_path):
        words = ["predict", str(tmp_path), "--model", str(model), "--into-project"]
        assert run(words) == 1
    assert "open elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize("by", ["entropy", "margin", "disagreement"])
def test_images_are_ranked_the_least_sure_first(trained, capsys, by):
    folder, model = trained
    assert run(["rank", str(folder), "--model", str(model), "--by", by, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["images"]
    assert sorted(row["image"] for row in rows) == ["0.png", "1.png", "2.png"]
    scores = [row[by] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
