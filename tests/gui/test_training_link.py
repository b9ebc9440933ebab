"""The window's side of a training: what is started, steered, read and told."""

import cv2
import numpy as np
import pytest

from seggui.errors import BadRequest
from seggui.gui.run_reading import previews_of, view_of
from seggui.gui.training_link import TrainingLink
from seggui.jobs.run_state import wish_of
from seggui.jobs.train_options import TrainOptions
from seggui.jobs.train_process import TrainProcess


@pytest.fixture
def link(qapp, tmp_path):
    link = TrainingLink()
    link.heard = []
    link.said.connect(lambda text, level: link.heard.append((level, text)))
    link.set_project(tmp_path / "runs")
    yield link
    link.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BadRequest("This is one sentence."), "This is one sentence."),
        (
            OSError(12, "Cannot allocate memory"),
            "could not be started: Cannot allocate memory. Nothing was changed.",
        ),
    ],
)
def test_a_training_that_cannot_start_is_a_sentence(
    link, tmp_path, monkeypatch, error, told
):
    def refuse(*_):
        raise error

    monkeypatch.setattr(TrainProcess, "_spawn", refuse)
    assert link.start(tmp_path, TrainOptions()) == ""
    [(level, text)] = link.heard
    assert level == "error"
    assert text.endswith(told)
    assert not link.running


def test_a_run_of_the_same_name_in_another_folder_is_not_steered(
    link, tmp_path, monkeypatch
):
    monkeypatch.setattr(TrainProcess, "_spawn", lambda *_: None)
    monkeypatch.setattr(TrainProcess, "running", property(lambda _: True))
    monkeypatch.setattr(TrainProcess, "close", lambda *_: None)
    name = link.start(tmp_path, TrainOptions())
    mine, other = tmp_path / "runs" / name, tmp_path / "other" / name
    for run in (mine, other):
        run.mkdir(parents=True)
    link.set_project(other.parent)
    link.stop(name)
    assert (wish_of(mine), wish_of(other)) == ("run", "run")
    link.set_project(mine.parent)
    link.stop(name)
    assert wish_of(mine) == "stop"
    link._timer.stop()


def test_a_training_that_has_written_nothing_yet_is_preparing(
    link, tmp_path, monkeypatch
):
    monkeypatch.setattr(TrainProcess, "_spawn", lambda *_: None)
    monkeypatch.setattr(TrainProcess, "running", property(lambda _: True))
    monkeypatch.setattr(TrainProcess, "close", lambda *_: None)
    name = link.start(tmp_path, TrainOptions())
    assert link.view.row.state == "preparing"
    assert [(row.name, row.state) for row in link.rows] == [(name, "preparing")]


def test_notes_are_read_once_each_and_a_training_that_gained_nothing_is_known(
    tmp_path,
):
    note = {"event": "note", "text": "Two are left out."}
    worse = {"event": "epoch", "step": 1, "best": False}
    nothing = {"event": "note", "text": "Nothing was gained.", "gained": False}
    step = {"event": "step", "step": 1, "epoch": 0}
    assert view_of(tmp_path, [step]).gained
    view = view_of(tmp_path, [note, step, worse, note, nothing])
    assert view.notes == ("Two are left out.", "Nothing was gained.")
    assert not view.gained
    assert view.line.startswith("1 epoch")
    # Knowing how large objects are may help where no lesson did.
    assert view_of(tmp_path, [step, worse]).gained
    assert view_of(tmp_path, [worse, nothing, {"event": "start"}, step]).gained


def test_previews_follow_their_files(tmp_path):
    folder = tmp_path / "previews"
    folder.mkdir()
    for value in (10, 200):
        pixels = np.full((4, 6, 3), value, np.uint8)
        path = folder / "0-a.png"
        path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        [preview] = previews_of(tmp_path)
        assert preview.name == "a"
        assert preview.picture.pixelColor(0, 0).red() == value
    path.write_bytes(b"half a pict")
    assert previews_of(tmp_path) == ()
