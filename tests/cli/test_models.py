import io
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from weights_server import CONTENT, SHA256, Act, server

from seggui.cli.dispatch import run
from seggui.core.ports import WeightsFile
from seggui.files import model_store
from seggui.models import catalog
from seggui.models.released import WEIGHTS

__all__ = ["server"]


@pytest.fixture
def served(monkeypatch, server):
    """The weights of lraspp come from a server on this machine."""
    weights = WeightsFile(
        "toy.pth", f"{server.address}/net.pt", len(CONTENT), SHA256, source="a test"
    )
    rows = tuple(
        replace(row, info=replace(row.info, weights=weights))
        if row.info.id == "lraspp"
        else row
        for row in catalog.ROWS
    )
    monkeypatch.setattr(catalog, "ROWS", rows)
    return server


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_the_list_says_what_can_be_used_now(capsys):
    assert run(["models", "list", "--json"]) == 0
    states = {row["id"]: row["state"] for row in said(capsys)["models"]}
    assert states["classic"] == "ready"
    assert states["unet"] == "to be trained"
    assert states["maskrcnn"] == "to be downloaded"


def test_a_project_that_is_not_there_is_told(capsys):
    assert run(["models", "list", "--project", "nowhere"]) == 1
    assert "There is no folder nowhere" in capsys.readouterr().err


def test_the_list_names_the_runs_of_a_project(tmp_path, capsys):
    card = tmp_path / "runs" / "first" / "model.json"
    card.parent.mkdir(parents=True)
    card.write_text('{"model": "unet", "classes": ["background", "cell"]}')
    assert run(["models", "list", "--project", str(tmp_path)]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split()[:3] == ["runs/first", "semantic", "ready"]


def test_info_says_where_weights_come_from_and_under_which_licence(capsys):
    assert run(["models", "info", "maskrcnn"]) == 0
    out = capsys.readouterr().out
    for words in (
        "https://download.pytorch.org/models/maskrcnn",
        "178.1 MB",
        "BSD-3-Clause",
    ):
        assert words in out


def test_download_verify_and_remove(served, own_home, capsys):
    assert run(["models", "download", "lraspp", "--yes", "--json"]) == 0
    path = own_home / "models" / "toy.pth"
    assert said(capsys)["path"] == str(path)
    assert path.read_bytes() == CONTENT
    assert run(["models", "verify", "lraspp", "--json"]) == 0
    assert said(capsys)["whole"] is True
    path.write_bytes(CONTENT[:-1] + b"x")
    assert run(["models", "verify", "lraspp"]) == 1
    assert "toy.pth" in capsys.readouterr().err
    assert run(["models", "remove", "lraspp", "--yes"]) == 0
    assert not path.exists()


def test_a_part_a_damaged_file_and_one_of_unknown_digest_are_told(
    served, own_home, capsys
):
    place = own_home / "models" / "toy.pth"
    served.acts = [Act(cut_after=1000), Act(status=403, body=b"")]
    assert run(["models", "download", "lraspp", "--yes"]) == 1
    assert "refuses to give it (403)" in capsys.readouterr().err
    assert run(["models", "info", "lraspp", "--json"]) == 0
    assert said(capsys)["state"] == "partly downloaded"
    assert run(["models", "download", "lraspp", "--yes"]) == 0
    place.write_bytes(b"x")
    capsys.readouterr()
    assert run(["models", "info", "lraspp"]) == 0
    out = capsys.readouterr().out
    for words in ("damaged", f"SHA-256 {SHA256}", str(place), "a test"):
        assert words in out
    assert run(["models", "download", "lraspp", "--yes"]) == 0
    assert place.read_bytes() == CONTENT


def test_a_set_of_files_says_where_each_belongs(capsys, own_home):
    weights = WEIGHTS["sam3"]
    for file in weights.files:
        assert model_store.place_of(file).parent == own_home / "models" / "sam3"
    assert "ask for access at https://huggingface.co/facebook/sam3" in (
        model_store.missing_text(weights)
    )
    assert model_store.size_text(weights) == "3.4 GB"
    assert model_store.size_text(WEIGHTS["hq-sam-vit-b"]) == "about 379 MB"


def test_nothing_is_downloaded_without_being_asked_for(
    served, own_home, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run(["models", "download", "lraspp"]) == 1
    assert "Say so with --yes" in capsys.readouterr().err
    assert not (own_home / "models" / "toy.pth").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_at_a_terminal_the_question_is_asked(
    served, own_home, monkeypatch, answer, code
):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    assert run(["models", "download", "lraspp"]) == code
    assert (own_home / "models" / "toy.pth").exists() == (code == 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["download", "unet", "--yes"],
            "no released weights: there is nothing to download",
        ),
        (["verify", "maskrcnn"], "are not on this machine"),
        (["remove", "maskrcnn", "--yes"], "There is nothing to delete"),
        (["info", "nonet"], "no model called 'nonet'"),
        (["list", "nonet"], "no model called 'nonet'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(capsys, words, sentence):
    assert run(["models", *words]) == 1
    assert sentence in capsys.readouterr().err


def test_a_model_that_is_not_named_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        run(["models", "info"])
    assert ended.value.code == 2
    assert "name a model: seggui models info ID" in capsys.readouterr().err


def test_the_list_loads_no_torch():
    code = (
        "import sys; from seggui.cli.dispatch import run\n"
        "run(['models', 'list'])\nsys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_info_says_which_marks_a_model_takes(capsys):
    assert run(["models", "info", "wand"]) == 0
    assert "box, points, rough, scribbles" in capsys.readouterr().out


def test_info_lists_what_can_be_set(capsys):
    assert run(["models", "info", "wand"]) == 0
    said = capsys.readouterr().out
    assert "0 to 255; 32 by itself." in said
    assert "yes, no; yes by itself." in said
    assert "rgb, lab, hsv, grey; rgb by itself." in said
