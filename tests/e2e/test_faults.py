"""Bad input and faults: one sentence with the file and the reason, nothing lost."""

import os
import signal
import struct
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from person import DONE, TRUTH, UNTOUCHED, fill
from test_main_path import TINY
from tqdm import tqdm

from seggui.cli.dispatch import run
from seggui.files.formats.png import png_of_ids
from seggui.models.prompted.classic import ClassicModel
from seggui.training.learner import Learner

SMALL = [
    "--model=lraspp", "--epochs=2", "--steps-per-epoch=2", "--batch-size=2",
    "--crop=32", "--threads=1", "--device=cpu", "--precision=float32",
    "--group-by=none",
]  # fmt: skip


@pytest.fixture(autouse=True)
def own_signals(monkeypatch):
    """Training in this process takes over two signals; they are put back."""
    # The progress bar's watching thread would outlive the first test that has one.
    monkeypatch.setattr(tqdm, "monitor_interval", 0)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


# -- makers of bad input: each gets a folder and the sample, and names the words ------


def png(width, height):
    """A PNG whose header promises that size."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )


def segment(image):
    return ["segment", str(image), "--point", "5,5", "--out", str(image) + ".mask.png"]


def no_such_folder(folder, sample):
    return ["export", str(folder / "none"), "--format=coco", "--out", str(folder / "o")]


def no_such_image(folder, sample):
    return segment(folder / "none.png")


def empty_folder(folder, sample):
    (folder / "empty").mkdir()
    return ["train", str(folder / "empty"), *SMALL, "--out", str(folder / "run")]


def no_image(folder, sample):
    (folder / "words.png").write_text("these are words")
    return segment(folder / "words.png")


def truncated_image(folder, sample):
    whole = (sample / DONE[0]).read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    return segment(folder / "cut.png")


def decompression_bomb(folder, sample):
    (folder / "bomb.png").write_bytes(png(60_000, 60_000))
    return segment(folder / "bomb.png")


def annotation_cut_in_half(folder, sample):
    file = sample / f"annotations/{DONE[1]}.json"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    return ["export", str(sample), "--format=coco", "--out", str(folder / "out")]


def annotation_of_a_newer_version(folder, sample):
    file = sample / f"annotations/{DONE[1]}.json"
    file.write_bytes(file.read_bytes().replace(b'"format": 1', b'"format": 99'))
    return ["refine", str(sample), "--recipe=grow:1", "--out", str(folder / "out")]


def project_of_a_newer_version(folder, sample):
    file = sample / "seggui.json"
    file.write_bytes(file.read_bytes().replace(b'"format": 1', b'"format": 99'))
    masks = folder / "masks"
    masks.mkdir()
    return ["import", str(sample), "--format=png-index", str(masks)]


def pairs(folder, masks, names=""):
    """Plain pairs of 40 x 40 images with these masks."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    grey = cv2.imencode(".png", np.full((40, 40, 3), 90, np.uint8))[1].tobytes()
    for number, mask in enumerate(masks):
        (folder / "images" / f"p{number}.png").write_bytes(grey)
        (folder / "masks" / f"p{number}.png").write_bytes(png_of_ids(mask))
    if names:
        (folder / "classes.txt").write_text(names)
    return ["train", str(folder), *SMALL, "--out", str(folder.parent / "run")]


def mask(number=1, side=40):
    ids = np.zeros((side, side), np.uint8)
    ids[5:20, 5:20] = number
    return ids


def mask_of_another_size(folder, sample):
    return pairs(folder / "pairs", [mask(), mask(), mask(side=36)])


def ids_outside_the_classes(folder, sample):
    return pairs(folder / "pairs", [mask(), mask(), mask(7)], "nothing\ncell\n")


def one_image(folder, sample):
    return pairs(folder / "pairs", [mask()])


def one_class(folder, sample):
    return pairs(folder / "pairs", [mask(0), mask(0), mask(0)])


BAD_INPUT = (
    (no_such_folder, "none", "there is no such folder"),
    (no_such_image, "none.png", "there is no such file"),
    (empty_folder, "empty", "nothing to learn from"),
    (no_image, "words.png", "not an image"),
    (truncated_image, "cut.png", "cut"),
    (decompression_bomb, "bomb.png", "60,000"),
    (annotation_cut_in_half, "cells_b.png.json", "damaged"),
    (annotation_of_a_newer_version, "cells_b.png.json", "newer version"),
    (project_of_a_newer_version, "seggui.json", "newer version"),
    (mask_of_another_size, "p2.png", "is 36 x 36"),
    (ids_outside_the_classes, "p2.png", "holds the ids 7"),
    (one_image, "p0.png", "at least two labelled images"),
    (one_class, "pairs", "one class only"),
)


def content_of(folder):
    """Every file below a folder that is somebody's work, with its bytes."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "run" not in path.parts and path.name[0] != "."
    }


@pytest.mark.parametrize(
    ("make", "name", "reason"), BAD_INPUT, ids=lambda v: getattr(v, "__name__", "")
)
def test_bad_input_is_one_sentence_and_nothing_changes(
    tmp_path, sample, capsys, make, name, reason
):
    folder = tmp_path / "bad"
    folder.mkdir()
    words = make(folder, sample)
    before = content_of(tmp_path)
    assert run(words) == 1
    err = capsys.readouterr().err
    [sentence] = [line for line in err.splitlines() if line.startswith("seggui: ")]
    assert name in sentence
    assert reason in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in err
    after = content_of(tmp_path)
    assert {path: after.get(path) for path in before} == before


def test_a_full_disk_keeps_what_was_there(sample, small_disk, capsys):
    out = small_disk / "mask.png"
    older = png_of_ids(mask(255, side=256))
    out.write_bytes(older)
    fill(small_disk)
    before = content_of(sample)
    words = ["segment", str(sample / TRUTH), "--point=128,128", "--out", str(out)]
    assert run(words) == 1
    [sentence] = capsys.readouterr().err.splitlines()
    assert "mask.png: the disk is full" in sentence
    assert out.read_bytes() == older
    export = ["export", str(sample), "--format=coco", "--out", str(small_disk / "coco")]
    assert run(export) == 1
    sentences = [
        line for line in capsys.readouterr().err.splitlines() if "seggui:" in line
    ]
    assert len(sentences) == 1
    assert "the disk is full" in sentences[0]
    assert {path.name for path in small_disk.iterdir()} == {"mask.png", "filler"}
    assert content_of(sample) == before


def test_too_little_memory_is_one_sentence(sample, capsys, monkeypatch):
    def too_much(*_):
        raise MemoryError

    monkeypatch.setattr(ClassicModel, "encode", too_much)
    assert run([*segment(sample / TRUTH), "--model", "classic"]) == 1
    [sentence] = capsys.readouterr().err.splitlines()
    assert "not enough memory" in sentence


def test_a_loss_that_is_not_finite_keeps_the_best_weights(
    tmp_path, capsys, monkeypatch
):
    really = Learner.step

    def diverge(learner, task, batch, rate, options, steps):
        # The first epoch goes well, then the numbers run away.
        return really(learner, task, batch, rate, options, steps) if steps < 2 else None

    monkeypatch.setattr(Learner, "step", diverge)
    words = pairs(tmp_path / "pairs", [mask(), mask(), mask()])
    assert run(words) == 1
    [sentence] = [
        line for line in capsys.readouterr().err.splitlines() if "seggui: " in line
    ]
    assert "The loss stopped being a number at step 3" in sentence
    assert "best weights so far are kept" in sentence
    assert (tmp_path / "run/checkpoints/best.pt").is_file()


# -- the same in the window -----------------------------------------------------------


def test_a_window_on_no_folder_says_so_and_stays_usable(start, tmp_path, sample):
    person = start()
    person.session.open_folder(tmp_path / "none")
    person.wait(lambda: person.told, "the sentence")
    assert str(tmp_path / "none") in person.told[0]
    person.open(sample, TRUTH)
    assert person.segment(128, 128).mask.area


def test_one_bad_image_stops_no_other(start, sample):
    (sample / "cells/bad.png").write_bytes((sample / DONE[0]).read_bytes()[:900])
    person = start(sample, DONE[0])
    person.session.show_image("cells/bad.png")
    person.wait(lambda: person.told, "the sentence")
    assert "bad.png" in person.told[0]
    person.settle()
    row = person.session.project.row("cells/bad.png")
    assert row.reason
    person.show(DONE[1])
    assert person.document.segments


@pytest.mark.parametrize("damage", ["cut in half", "newer"])
def test_an_annotation_file_that_is_not_understood_is_never_overwritten(
    start, sample, damage
):
    file = sample / f"annotations/{DONE[1]}.json"
    whole = file.read_bytes()
    bad = (
        whole[: len(whole) // 2]
        if damage == "cut in half"
        else whole.replace(b'"format": 1', b'"format": 99')
    )
    file.write_bytes(bad)
    person = start(sample, DONE[1])
    assert person.session.read_only
    assert any("cells_b.png" in text for text in person.told)
    before = person.document
    person.window.trigger("tool_brush")
    person.drag((60, 60), (90, 60))
    assert person.document is before
    person.session.save()
    person.show(DONE[0])
    assert not person.session.read_only
    person.window.close()
    assert file.read_bytes() == bad


def test_too_little_memory_for_an_image_is_told(start, sample, monkeypatch):
    person = start(sample, DONE[0])
    before = person.document

    def too_much(*_):
        raise MemoryError

    monkeypatch.setattr("seggui.gui.workplace.load_image", too_much)
    person.session.show_image(DONE[1])
    person.wait(lambda: person.told, "the sentence")
    assert "memory" in person.told[0]
    monkeypatch.undo()
    person.show(DONE[0])
    assert [s.id for s in person.document.segments] == [s.id for s in before.segments]


def test_a_killed_training_is_told_and_can_be_resumed(start, sample):
    person = start(sample, UNTOUCHED[0])
    session = person.session
    session.train(replace(TINY, epochs=50))
    person.wait(lambda: session.training.running, "the training")
    run_folder = session.project.runs_folder / session.training.rows[0].name
    last = run_folder / "checkpoints/last.pt"
    person.wait(last.is_file, "a checkpoint", 120)
    os.kill(session.training._process.pid, signal.SIGKILL)
    person.wait(lambda: person.told, "the sentence")
    assert "The training process was killed" in person.told[0]
    assert "resume goes on" in person.told[0]
    person.wait(lambda: not session.training.running, "its end to be noticed")
    assert session.training.rows[0].state == "lost"
    session.training.go_on(run_folder.name)
    person.wait(lambda: session.training.running, "resuming")
    size = (run_folder / "events.jsonl").stat().st_size
    person.wait(
        lambda: (run_folder / "events.jsonl").stat().st_size > size, "steps", 120
    )
    session.training.stop(run_folder.name)
    person.wait(lambda: not session.training.running, "stopping", 120)
    person.wait(lambda: session.training._process is None, "its end to be noticed")
    assert session.training.rows[0].state == "stopped"
