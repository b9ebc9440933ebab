import json
import os
import subprocess
import sys

import pytest

from seggui.errors import Unreadable
from seggui.files.atomic import write_whole
from seggui.jobs.run_state import (
    CONTROL,
    EVENTS,
    HEARTBEAT,
    EventReader,
    beat,
    heartbeat_of,
    read_events,
    read_run,
    state_of,
    wish,
    wish_of,
)


def test_a_wish_comes_over_and_nonsense_means_run(tmp_path):
    assert wish_of(tmp_path) == "run"
    wish(tmp_path, "pause")
    assert wish_of(tmp_path) == "pause"
    for text in (b"", b"{", b"[]", b'{"wish": "explode"}', b"\xff"):
        (tmp_path / CONTROL).write_bytes(text)
        assert wish_of(tmp_path) == "run"


def test_a_living_process_is_believed(tmp_path):
    beat(tmp_path, "running")
    assert state_of(tmp_path) == "running"
    assert heartbeat_of(tmp_path).pid == os.getpid()


@pytest.mark.parametrize("state", ["preparing", "running", "paused"])
def test_a_run_whose_process_is_gone_is_lost(tmp_path, state):
    code = (
        "import sys; from pathlib import Path; from seggui.jobs.run_state import beat; "
        "beat(Path(sys.argv[1]), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), state], check=True)
    assert state_of(tmp_path) == "lost"


def test_a_reused_process_id_is_not_taken_for_the_training(tmp_path):
    beat(tmp_path, "running")
    content = json.loads((tmp_path / HEARTBEAT).read_bytes())
    content["started"] = "another time"
    (tmp_path / HEARTBEAT).write_text(json.dumps(content))
    assert state_of(tmp_path) == "lost"


@pytest.mark.parametrize("state", ["stopped", "finished", "failed"])
def test_an_ended_run_stays_as_it_ended(tmp_path, state):
    beat(tmp_path, state)
    content = json.loads((tmp_path / HEARTBEAT).read_bytes())
    (tmp_path / HEARTBEAT).write_text(json.dumps({**content, "pid": 2**22 + 5}))
    assert state_of(tmp_path) == state


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'{"pid": "x"}'])
def test_a_broken_heartbeat_is_none(tmp_path, text):
    (tmp_path / HEARTBEAT).write_bytes(text)
    assert heartbeat_of(tmp_path) is None
    assert state_of(tmp_path) == "lost"


def test_events_are_read_as_they_come_and_half_a_line_waits(tmp_path):
    reader = EventReader(tmp_path)
    assert reader.new() == []
    with (tmp_path / EVENTS).open("a") as file:
        file.write('{"event": "a"}\n{"event": "b"}\n{"ev')
        file.flush()
        assert [e["event"] for e in reader.new()] == ["a", "b"]
        file.write('ent": "c"}\nno json\n[1]\n')
        file.flush()
        assert [e["event"] for e in reader.new()] == ["c"]
    assert reader.new() == []
    assert len(read_events(tmp_path)) == 3


def test_a_replaced_file_is_read_anew(tmp_path):
    (tmp_path / EVENTS).write_text('{"event": "a"}\n{"event": "b"}\n')
    reader = EventReader(tmp_path)
    reader.new()
    assert not reader.restarted
    write_whole(tmp_path / EVENTS, b'{"event": "a"}\n{"event": "long"}\n')
    assert [e["event"] for e in reader.new()] == ["a", "long"]
    assert reader.restarted


def test_a_missing_description_is_named(tmp_path):
    with pytest.raises(Unreadable, match=r"run\.json"):
        read_run(tmp_path)
