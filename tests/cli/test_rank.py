import json

import pytest

from seggui.cli.dispatch import run
from seggui.core import edits
from seggui.core.classes import Classes
from seggui.files.project import Project


@pytest.mark.parametrize("by", ["entropy", "margin", "disagreement"])
def test_images_are_ranked_the_least_sure_first(trained, capsys, by):
    folder, model = trained
    assert run(["rank", str(folder), "--model", str(model), "--by", by, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["images"]
    assert sorted(row["image"] for row in rows) == ["0.png", "1.png", "2.png"]
    scores = [row[by] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_images_of_a_project_marked_as_done_are_not_ranked(trained, tmp_path, capsys):
    folder, model = trained
    for number in range(2):
        data = (folder / "images" / f"{number}.png").read_bytes()
        (tmp_path / f"{number}.png").write_bytes(data)
    words = ["rank", str(tmp_path), "--model", str(model)]
    with Project.open(tmp_path) as project:
        project.set_classes(Classes().added("cell"))
        project.edit("0.png", "done", lambda d: edits.set_state(d, "done"))
    assert run(words) == 0
    assert capsys.readouterr().out.split()[1::2] == ["1.png"]
    with Project.open(tmp_path) as project:
        project.edit("1.png", "done", lambda d: edits.set_state(d, "done"))
    assert run(words) == 1
    assert "nothing to do" in capsys.readouterr().err
