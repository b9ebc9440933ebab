"""Run folders are read as they are, torn lines and all."""

import json

from seggui.files.runs import EventTail, runs_of


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


def test_events_come_once_and_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert tail.read_new() == ()
    path.write_bytes(b'{"step": 1}\n{"step"')
    assert tail.read_new() == ({"step": 1},)
    assert tail.read_new() == ()
    with path.open("ab") as stream:
        stream.write(b': 2}\nrubbish\n[3]\n{"step": 4}\n')
    assert tail.read_new() == ({"step": 2}, {"step": 4})
    path.write_bytes(json.dumps({"step": 0}).encode() + b"\n")
    assert tail.read_new() == ({"step": 0},)
