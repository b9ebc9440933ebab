"""Run folders are read as they are, torn lines and all."""

from seggui.files.runs import runs_of


def test_runs_are_listed_and_damage_is_told(tmp_path):
    assert runs_of(tmp_path) == ()
    for name in ("one", "two", "empty"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs/one/run.json").write_text('{"model": "unet"}')
    (tmp_path / "runs/one/model.json").write_text('{"classes": ["a"]}')
    (tmp_path / "runs/two/run.json").write_text('{"model": ')
    rows = {row.name: row for row in runs_of(tmp_path)}
    assert set(rows) == {"one", "two"}
    assert rows["one"].registered
    assert rows["one"].options == {"model": "unet"}
    assert rows["one"].problem == ""
    assert not rows["two"].registered
    assert "run.json" in rows["two"].problem
