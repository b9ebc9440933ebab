import json

import pytest

from seggui.cli.dispatch import run


@pytest.mark.parametrize("by", ["entropy", "margin", "disagreement"])
def test_images_are_ranked_the_least_sure_first(trained, capsys, by):
    folder, model = trained
    assert run(["rank", str(folder), "--model", str(model), "--by", by, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["images"]
    assert sorted(row["image"] for row in rows) == ["0.png", "1.png", "2.png"]
    scores = [row[by] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
