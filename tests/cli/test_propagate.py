"""Objects carried from one image to others, from the command line."""

import json

import cv2
import numpy as np
import pytest
from moving_shapes import BLUE, RED, drawn

from seggui.cli.dispatch import run
from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.core.tracks import track_of
from seggui.files.images import read_index
from seggui.files.project import Project

NAMES = [f"f{k}.png" for k in range(4)]
FRAMES = [
    drawn((RED, 40 + 7 * k, 50, 20), (BLUE, 120 - 7 * k, 70, 18)) for k in range(4)
]


def png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture
def film(tmp_path):
    folder = tmp_path / "film"
    folder.mkdir()
    for name, (frame, _) in zip(NAMES, FRAMES, strict=True):
        (folder / name).write_bytes(png(frame[..., ::-1]))
    return folder


@pytest.fixture
def mask(tmp_path):
    """The objects on the second frame, red as 7 and blue as 1000."""
    red, blue = FRAMES[1][1]
    path = tmp_path / "mask.png"
    path.write_bytes(png(red.astype(np.uint16) * 7 + blue.astype(np.uint16) * 1000))
    return path


@pytest.fixture
def project(film):
    """The film with both objects accepted on its first frame."""
    with Project.open(film) as project:
        project.set_classes(Classes().added("red").added("blue"))
        segments = [
            Segment(Mask.from_dense(m), number, Source("brush"), id=name, name=name)
            for number, name, m in zip((1, 2), ("r", "b"), FRAMES[0][1], strict=True)
        ]
        project.edit(NAMES[0], "x", lambda d: edits.add_segments(d, segments))
    return film


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_a_mask_is_carried_both_ways_and_objects_keep_their_number(
    film, mask, tmp_path, capsys
):
    out = tmp_path / "out"
    words = ["propagate", str(film), "--from", "f1.png", "--both", "--json"]
    assert run([*words, "--mask", str(mask), "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "flow"
    assert [row["image"] for row in told["images"]] == ["f2.png", "f3.png", "f0.png"]
    for name, (_, truths) in zip(NAMES, FRAMES, strict=True):
        ids = read_index(out / "instances" / name)
        assert ids.dtype == np.uint16
        for number, truth in enumerate(truths, start=1):
            assert iou(ids == number, truth) > 0.8
    assert not (film / "annotations").exists()


def test_the_weights_that_are_named_reach_the_model(film, mask, tmp_path, capsys):
    words = ["propagate", str(film), "--from", "f1.png", "--mask", str(mask)]
    words += ["--out", str(tmp_path / "out"), "--weights", str(tmp_path / "own.pt")]
    assert run([*words, "--model", "flow"]) == 1
    assert "takes no weights file" in capsys.readouterr().err


def test_the_mask_that_was_given_is_not_written_over(film, mask, tmp_path, capsys):
    by_hand = tmp_path / "gt" / "instances" / "f1.png"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(mask.read_bytes())
    words = ["propagate", str(film), "--from", "f1.png", "--mask", str(by_hand)]
    assert run([*words, "--out", str(tmp_path / "gt")]) == 1
    assert "written over it" in capsys.readouterr().err
    assert by_hand.read_bytes() == mask.read_bytes()
    assert list(by_hand.parent.iterdir()) == [by_hand]


def test_masks_that_are_there_are_replaced_only_when_told_to(
    film, mask, tmp_path, capsys
):
    corrected = tmp_path / "out" / "instances" / "f2.png"
    corrected.parent.mkdir(parents=True)
    corrected.write_bytes(b"by hand")
    words = ["propagate", str(film), "--from", "f1.png", "--mask", str(mask)]
    words += ["--out", str(tmp_path / "out")]
    assert run(words) == 1
    assert f"{corrected} would be written over" in capsys.readouterr().err
    assert list(corrected.parent.iterdir()) == [corrected]
    assert corrected.read_bytes() == b"by hand"
    assert run([*words, "--replace"]) == 0
    assert read_index(corrected).any()


def test_accepted_segments_become_candidates_of_the_same_objects(project, capsys):
    words = ["propagate", str(project), "--from", "f0.png", "--to", "f2.png"]
    assert run([*words, "--into-project"]) == 0
    assert "2 images propagated from f0.png" in capsys.readouterr().out
    with Project.open(project, read_only=True) as opened:
        assert opened.read_document("f3.png") is None
        segments = opened.read_document("f2.png").segments
    assert [(s.status, track_of(s), s.class_id, s.name) for s in segments] == [
        ("candidate", "r", 1, "r"),
        ("candidate", "b", 2, "b"),
    ]
    for segment, truth in zip(segments, FRAMES[2][1], strict=True):
        assert iou(segment.mask.dense(), truth) > 0.8
        assert (segment.source.tool, segment.source.model) == ("propagate", "flow")


def test_what_a_person_accepted_stays_and_corrects_what_follows(project, capsys):
    moved = np.roll(FRAMES[1][1][0], 3, axis=1)
    corrected = Segment(
        Mask.from_dense(moved),
        1,
        Source("brush", prompts=({"track": "r", "from": "f0.png"},)),
        id="hand",
    )
    with Project.open(project) as opened:
        opened.edit("f1.png", "x", lambda d: edits.add_segments(d, [corrected]))
    words = ["propagate", str(project), "--from", "f0.png", "--into-project"]
    capsys.readouterr()
    assert run(words) == 0
    assert ", 1 kept as they are (see --on-annotated)" in capsys.readouterr().out
    with Project.open(project, read_only=True) as opened:
        assert [s.id for s in opened.read_document("f1.png").segments] == ["hand"]
        assert len(opened.read_document("f2.png").segments) == 2
    assert run([*words, "--on-annotated", "add"]) == 0
    with Project.open(project, read_only=True) as opened:
        first, second = opened.read_document("f1.png").segments
    assert first.id == "hand"
    assert (track_of(second), second.accepted) == ("b", False)
    assert first.mask.intersection(second.mask).is_empty


def test_a_second_run_replaces_its_candidates_and_not_those_of_others(project):
    other = Segment(
        Mask.from_dense(FRAMES[1][1][1]), 2, Source("predict", "m"), status="candidate"
    )
    with Project.open(project) as opened:
        opened.edit("f1.png", "x", lambda d: edits.add_segments(d, [other]))
    for _ in range(2):
        words = ["propagate", str(project), "--from", "f0.png", "--frames", "1"]
        assert run([*words, "--into-project"]) == 0
    with Project.open(project, read_only=True) as opened:
        tools = [s.source.tool for s in opened.read_document("f1.png").segments]
    assert tools == ["predict", "propagate", "propagate"]


def test_a_damaged_frame_and_one_of_another_size_are_told_and_passed_over(
    film, mask, tmp_path, capsys
):
    (film / "f2.png").write_bytes(b"no image")
    (film / "f2b.png").write_bytes(png(np.zeros((30, 30, 3), np.uint8)))
    out = tmp_path / "out"
    words = ["propagate", str(film), "--from", "f1.png", "--mask", str(mask)]
    assert run([*words, "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "f2.png" in told.err
    assert "different size" in told.err
    assert "1 images propagated from f1.png" in told.out
    assert "2 failed" in told.out
    ids = read_index(out / "instances" / "f3.png")
    assert iou(ids == 1, FRAMES[3][1][0]) > 0.7


def test_pages_of_one_file_are_a_sequence(tmp_path, mask, capsys):
    tifffile = pytest.importorskip("tifffile")
    folder = tmp_path / "stacks"
    folder.mkdir()
    pages = np.stack([frame for frame, _ in FRAMES[1:]])
    tifffile.imwrite(folder / "s.tif", pages, photometric="rgb")
    (folder / "t.png").write_bytes(png(FRAMES[0][0]))
    words = ["propagate", str(folder), "--from", "s.tif", "--mask", str(mask)]
    assert run([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["image"] for row in told["images"]] == ["s.tif#2", "s.tif#3"]
    assert all(one["area"] > 500 for row in told["images"] for one in row["objects"])


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--from=f0.png"], 2, "say where to"),
        (["--from=f0.png", "--out=o", "--to=f1.png", "--frames=1"], 2, "give one"),
        (["--from=f0.png", "--out=o", "--frames=0"], 2, "at least 1"),
        (["--from=x.png", "--out=o"], 1, "no image x.png"),
        (["--from=f0.png", "--out=o"], 1, "no accepted segment on f0.png"),
        (["--from=f3.png", "--out=o", "--mask=MASK"], 1, "no image after f3.png"),
        (["--from=f0.png", "--out=o", "--mask=SMALL"], 1, "do not go together"),
        (["--from=f0.png", "--out=o", "--mask=EMPTY"], 1, "is empty"),
        (["--from=f0.png", "--out=o", "--mask=MASK", "--model=no"], 1, "called 'no'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    film, mask, tmp_path, monkeypatch, capsys, words, code, sentence
):
    monkeypatch.chdir(tmp_path)
    small, empty = tmp_path / "small.png", tmp_path / "empty.png"
    small.write_bytes(png(np.ones((9, 9), np.uint8)))
    empty.write_bytes(png(np.zeros_like(read_index(mask))))
    places = {"MASK": mask, "SMALL": small, "EMPTY": empty}
    for word, path in places.items():
        words = [w.replace(word, str(path)) for w in words]
    try:
        got = run(["propagate", str(film), *words])
    except SystemExit as ended:
        got = ended.code
    assert got == code
    assert sentence in capsys.readouterr().err
