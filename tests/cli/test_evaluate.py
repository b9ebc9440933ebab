"""``seggui evaluate``, by the words a person types."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.candidate import Instance, Prediction
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo
from seggui.core.segment import Segment, Source
from seggui.files.atomic import write_whole
from seggui.files.formats.png import png_of_ids
from seggui.files.project import Project

SHAPE = (12, 16)


def write(path: Path, ids: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, png_of_ids(ids.astype(np.uint8)))


def half(columns: int, value: int = 1) -> np.ndarray:
    ids = np.zeros(SHAPE, np.uint8)
    ids[:, :columns] = value
    return ids


def scores(capsys, *words: str) -> dict:
    assert run(["evaluate", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_two_folders_of_masks_are_compared_by_name(tmp_path, capsys) -> None:
    write(tmp_path / "t/masks/a.png", half(8))
    write(tmp_path / "t/masks/only-here.png", half(8))
    write(tmp_path / "p/a.png", half(4))
    result = scores(
        capsys,
        *("--truth", str(tmp_path / "t"), "--pred", str(tmp_path / "p")),
        *("--classes", "nothing,leaf"),
    )
    assert result["images"] == 1
    assert result["pixel_accuracy"] == pytest.approx(0.75)
    rows = {row["name"]: row for row in result["classes"]}
    assert rows["leaf"]["iou"] == pytest.approx(0.5)
    assert rows["nothing"]["iou"] == pytest.approx(8 / 12, abs=1e-6)
    assert result["mean_iou"] == pytest.approx((0.5 + 8 / 12) / 2, abs=1e-6)
    assert result["left_out"] == ["only-here: there is no prediction"]


def test_a_file_of_classes_that_is_not_there_is_no_name(tmp_path, capsys) -> None:
    write(tmp_path / "a.png", half(8))
    words = ["evaluate", "--truth", str(tmp_path), "--pred", str(tmp_path)]
    assert run([*words, "--classes", "classes.txt"]) == 1
    assert "There is no file classes.txt" in capsys.readouterr().err


def test_the_table_names_every_score_and_class(tmp_path, capsys) -> None:
    write(tmp_path / "t/a.png", half(8))
    write(tmp_path / "p/a.png", half(8))
    words = ["--truth", str(tmp_path / "t"), "--pred", str(tmp_path / "p")]
    assert run(["evaluate", *words]) == 0
    out = capsys.readouterr().out
    for text in ("pixel accuracy", "mIoU", "mean Dice", "boundary F1", "background"):
        assert text in out
    assert "1.0000" in out


def test_masks_of_one_object_need_to_be_called_so(tmp_path, capsys) -> None:
    write(tmp_path / "t/a.png", half(8, 255))
    write(tmp_path / "p/a.png", half(4, 255))
    words = ["--truth", str(tmp_path / "t"), "--pred", str(tmp_path / "p")]
    assert run(["evaluate", *words]) == 1
    assert "add --binary" in capsys.readouterr().err
    result = scores(capsys, *words, "--binary")
    assert result["classes"][1]["iou"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("truth", "pred", "sentence"),
    [
        ({"a": half(8)}, {"b": half(8)}, "has the name of one in"),
        ({"a": half(8)}, {"a": half(8)[:5]}, "a: The truth is 16 x 12 pixels"),
        ({}, {"a": half(8)}, "There is no folder"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    truth, pred, sentence, tmp_path, capsys
) -> None:
    for side, rows in (("t", truth), ("p", pred)):
        for name, ids in rows.items():
            write(tmp_path / side / f"{name}.png", ids)
    words = ["--truth", str(tmp_path / "t"), "--pred", str(tmp_path / "p")]
    assert run(["evaluate", *words]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["--truth", "a"], ["folder"], ["folder", "--truth", "a"]]
)
def test_half_a_comparison_is_wrong_usage(words, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["evaluate", *words])
    assert stopped.value.code == 2
    assert "give --truth DIR" in capsys.readouterr().err


class HalfModel:
    """Finds a leaf in the left half of each image, and a bird nobody asked for."""

    info = ModelInfo("half", "Half", "instance", classes=("", "leaf", "bird"))

    def predict(self, image_hwc, report) -> Prediction:
        leaf = Mask.from_dense(half(8))
        bird = Mask.from_dense(np.eye(*SHAPE))
        return Prediction(
            *image_hwc.shape[:2],
            classes=("background", "leaf", "bird"),
            instances=(Instance(leaf, "leaf", 0.9), Instance(bird, "bird", 0.6)),
        )


@pytest.fixture
def half_model(monkeypatch):
    from seggui.models import catalog

    def open_model(model, weights=None, **_):
        assert model == "half"
        return HalfModel()

    monkeypatch.setattr(catalog, "open_full_image_model", open_model)


@pytest.mark.usefixtures("half_model")
def test_a_model_is_compared_with_a_project(tmp_path, capsys) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.png", np.full(SHAPE, ord(name)))
    with Project.open(tmp_path) as project:
        project.set_classes(Classes().added("leaf"))
        mask = Mask.from_dense(half(8))
        project.edit(
            "a.png",
            "Paint",
            lambda d: Document(d.image, (Segment(mask, 1, Source("brush")),)),
        )
    result = scores(capsys, str(tmp_path), "--model", "half")
    assert result["images"] == 1, "the image that nobody labelled does not count"
    rows = {row["name"]: row for row in result["classes"]}
    assert (rows["leaf"]["iou"], rows["background"]["iou"]) == (1.0, 1.0)
    assert result["instances"]["ap"] == pytest.approx(1.0)
    assert result["left_out"] == ["classes of the model that the truth has not: bird"]


@pytest.mark.usefixtures("half_model")
def test_a_model_is_compared_with_pairs_by_its_channels(tmp_path, capsys) -> None:
    write(tmp_path / "images/a.png", np.full(SHAPE, 9))
    write(tmp_path / "masks/a.png", np.maximum(half(8), 2 * np.eye(*SHAPE)))
    result = scores(capsys, str(tmp_path), "--model", "half")
    assert [row["id"] for row in result["classes"]] == [0, 1, 2]
    assert "instances" not in result


@pytest.mark.usefixtures("half_model")
def test_a_project_without_labels_is_one_sentence(tmp_path, capsys) -> None:
    write(tmp_path / "a.png", np.full(SHAPE, 9))
    with Project.open(tmp_path) as project:
        project.set_classes(Classes().added("leaf"))
    assert run(["evaluate", str(tmp_path), "--model", "half"]) == 1
    assert "No image in" in capsys.readouterr().err
