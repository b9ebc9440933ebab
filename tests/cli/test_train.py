import json
import os
import shutil
import subprocess
import sys

import pytest
from tiny_trainings import TINY, folder_of_pairs

from seggui.cli import train
from seggui.cli.dispatch import run
from seggui.jobs.run_state import HEARTBEAT, beat, process_start

pytestmark = pytest.mark.usefixtures("own_signals")


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
    out = shutil.copytree(trained[1], tmp_path / "run")
    assert run(["train", "--resume", "--out", str(out)]) == 1
    assert "larger number of epochs" in capsys.readouterr().err
    assert run(["train", "--resume", "--out", str(out), "--epochs=2"]) == 0
    assert "finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
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


@pytest.mark.parametrize("verb", ["train", "train-clicks --from"])
def test_a_training_that_never_began_leaves_nothing_behind(tmp_path, capsys, verb):
    photos = tmp_path / "photos"
    photos.mkdir()
    assert run([*verb.split(), str(photos)]) == 1
    assert "nothing to learn from" in capsys.readouterr().err
    assert list(photos.iterdir()) == []
    there = tmp_path / "there"
    there.mkdir()
    (there / "notes.txt").write_text("mine")
    assert run([*verb.split(), str(photos), "--out", str(there / "a" / "b")]) == 1
    assert list(there.iterdir()) == [there / "notes.txt"]


def test_a_training_that_is_refused_leaves_that_of_another_process_alone(
    tmp_path, capsys, monkeypatch
):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()

    def begun_meanwhile(missing):
        out.mkdir()
        beat(out, "preparing")
        content = json.loads((out / HEARTBEAT).read_bytes())
        other = {"pid": os.getppid(), "started": process_start(os.getppid())}
        (out / HEARTBEAT).write_text(json.dumps(content | other))
        return missing

    found = train._missing
    monkeypatch.setattr(train, "_missing", lambda path: begun_meanwhile(found(path)))
    assert run(["train", str(photos), "--out", str(out)]) == 1
    assert "is being trained by the process" in capsys.readouterr().err
    assert (out / HEARTBEAT).exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["train", ".", "--model=nonet"], "nonet"),
        (["train"], "name the folder to train on"),
        (["train", "--resume"], "name the run folder to resume with --out"),
        (["predict", ".", "--model=lraspp"], "say where to"),
    ],
)
def test_what_is_missing_or_no_choice_is_wrong_usage(capsys, words, reason):
    with pytest.raises(SystemExit) as caught:
        run(words)
    assert caught.value.code == 2
    assert reason in capsys.readouterr().err


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
