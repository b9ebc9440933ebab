"""The training child, for real: started, paused, stopped, killed and resumed."""

import signal
import time

import cv2
import numpy as np
import pytest

from seggui.errors import BadRequest
from seggui.files.formats.png import png_of_ids
from seggui.jobs.run_state import read_events, state_of
from seggui.jobs.train_options import TrainOptions
from seggui.jobs.train_process import TrainProcess, cause, ending_of, option_words

TINY = TrainOptions(
    model="lraspp",
    epochs=1,
    steps_per_epoch=4,
    batch_size=2,
    crop=32,
    threads=1,
    device="cpu",
    precision="float32",
    group_by="none",
)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "data"
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for number in range(3):
        mask = np.zeros((40, 40), np.uint8)
        mask[5:20, 5 + number : 25] = 1
        _, data = cv2.imencode(".png", np.repeat(mask[..., None] * 200, 3, 2))
        (root / "images" / f"{number}.png").write_bytes(data.tobytes())
        (root / "masks" / f"{number}.png").write_bytes(png_of_ids(mask))
    return root


@pytest.fixture
def child(tmp_path):
    process = TrainProcess(tmp_path / "run")
    yield process
    process.kill()
    process.close()


def until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def kinds(child):
    return [event["event"] for event in read_events(child.run)]


def test_a_killed_training_is_explained_and_resumes_to_its_end(child, folder):
    endless = TrainOptions(**{**_inits(TINY), "epochs": 500, "steps_per_epoch": 2})
    child.start(folder, endless)
    assert child.running
    assert child.ending() is None
    with pytest.raises(BadRequest, match="running already"):
        child.resume()
    until(lambda: (child.run / "checkpoints" / "previous.pt").exists())
    assert state_of(child.run) == "running"
    child.kill()
    assert state_of(child.run) == "lost"
    ending = child.ending()
    assert ending.state == "lost"
    assert "killed, perhaps because memory ran out" in ending.text
    assert "resume goes on from its last checkpoint" in ending.text
    done = max(event.get("step", 0) for event in read_events(child.run))

    child.resume()
    until(lambda: kinds(child).count("start") == 2)
    until(lambda: kinds(child)[-1] in ("step", "epoch"))
    child.pause()
    until(lambda: state_of(child.run) == "paused")
    child.go_on()
    until(lambda: "resumed" in kinds(child))
    child.stop()
    child.wait(60)
    assert child.ending().state == "stopped"
    assert child.ending().text == ""
    steps = [e["step"] for e in read_events(child.run) if e["event"] == "step"]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) >= done - 2
    assert (child.run / "model.json").exists()


def test_a_polite_signal_stops_after_the_step(child, folder):
    child.start(folder, TrainOptions(**{**_inits(TINY), "epochs": 500}))
    until(lambda: "step" in kinds(child))
    child._child.send_signal(signal.SIGTERM)
    child.wait(60)
    assert child.ending().state == "stopped"
    assert kinds(child)[-1] == "stopped"


def test_a_training_stops_when_the_program_that_started_it_dies(child, folder):
    child.start(folder, TrainOptions(**{**_inits(TINY), "epochs": 500}))
    until(lambda: "step" in kinds(child))
    child._child.stdin.close()  # what the system does for a dead process
    child.wait(60)
    assert child.ending().state == "stopped"


def test_a_refused_training_ends_with_its_sentence(child, tmp_path):
    (tmp_path / "empty").mkdir()
    child.start(tmp_path / "empty", TINY)
    child.wait(60)
    assert child.ending().state == "failed"
    assert "nothing to learn from" in child.ending().text


def _inits(options):
    return options.as_json()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "was killed, perhaps because memory ran out"),
        (-11, "crashed (SIGSEGV)"),
        (-15, "was ended (SIGTERM)"),
        (-250, "was ended (signal 250)"),
        (3, "ended unexpectedly (exit code 3)"),
    ],
)
def test_an_exit_code_is_said_in_words(code, words):
    assert cause(code) == words


def test_a_death_before_the_first_checkpoint_says_so(tmp_path):
    ending = ending_of(tmp_path, -9)
    assert ending.state == "lost"
    assert "no checkpoint yet" in ending.text


def test_only_what_differs_from_the_defaults_is_said():
    assert option_words(TrainOptions()) == ["--encoder=resnet18"]
    words = option_words(
        TrainOptions(flips=False, colour=0.0, loss="ce", encoder="resnet34")
    )
    assert words == ["--encoder=resnet34", "--loss=ce", "--no-flips", "--colour=0.0"]
