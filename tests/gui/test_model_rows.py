"""What the models panel says about models and their weights."""

from typing import get_args

import pytest

from seggui.core.ports import Kind, ModelInfo, WeightsFile
from seggui.files.model_store import models_folder
from seggui.gui.model_rows import for_clicks, metrics_text, model_rows

FILE = WeightsFile(
    "fcn.pth", "https://example.org/fcn.pth", 42_000_000, "ab", source="somebody"
)
UNSIZED = WeightsFile("x.pth", "https://example.org/x.pth", None, "")


class Shelf:
    """A catalogue of what it is given."""

    def __init__(self, *infos, runs=()):
        self._infos, self._runs = infos, runs

    def builtin(self):
        return self._infos

    def runs(self, folder):
        return self._runs


@pytest.mark.parametrize(
    ("info", "state", "usable", "weights"),
    [
        (ModelInfo("a", "A", "prompted"), "built in", True, ""),
        (
            ModelInfo("b", "B", "semantic", weights=FILE, needs_weights=True),
            "42.0 MB",
            False,
            "missing",
        ),
        (
            ModelInfo("c", "C", "semantic", weights=UNSIZED, needs_weights=True),
            "not stated",
            False,
            "missing",
        ),
        (
            ModelInfo("d", "D", "semantic", needs_weights=True, trainable=True),
            "train it first",
            False,
            "",
        ),
    ],
)
def test_a_model_says_whether_it_can_run(info, state, usable, weights):
    [row] = model_rows(Shelf(info), None)
    assert (row.state, row.usable, row.weights) == (state, usable, weights)


@pytest.mark.parametrize(
    ("name", "content", "state", "usable"),
    [
        ("x.pth", b"x", "ready", True),
        ("x.pth.part", b"x", "in part", False),
        ("x.pth", b"", "damaged", False),
    ],
)
def test_a_row_says_what_is_in_the_model_folder(name, content, state, usable):
    models_folder().mkdir(parents=True)
    (models_folder() / name).write_bytes(content)
    info = ModelInfo("c", "C", "prompted", weights=UNSIZED, needs_weights=True)
    [row] = model_rows(Shelf(info), None)
    assert (row.state, row.usable) == (state, usable)
    assert for_clicks((row,)) == ((row,) if usable else ())


def test_the_facts_say_size_check_and_place():
    [row] = model_rows(Shelf(ModelInfo("b", "B", "semantic", weights=FILE)), None)
    facts = dict(row.facts)
    assert facts["Size"] == "42.0 MB"
    assert facts["Belongs at"] == str(models_folder() / "fcn.pth")
    assert facts["Checked by"] == "SHA-256 ab (first digits)"
    assert facts["Stated by"] == "somebody"


def test_a_classical_method_is_no_model_of_the_panel():
    shelf = Shelf(ModelInfo("g", "GrabCut", "prompted", classical=True))
    assert model_rows(shelf, None) == ()


def test_a_run_is_listed_by_its_folder(tmp_path):
    run = ModelInfo("unet", "unet-1", "semantic", run="runs/unet-1")
    [row] = model_rows(Shelf(runs=(run,)), tmp_path)
    assert (row.id, row.run, row.usable) == ("runs/unet-1", True, True)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_model_has_a_place(kind):
    [row] = model_rows(Shelf(ModelInfo("a", "A", kind)), None)
    assert dict(row.facts)["Finds"]
    assert row.predicts == (kind in ("semantic", "instance", "panoptic"))


def test_without_a_catalogue_there_is_nothing():
    assert model_rows(None, None) == ()


def test_metrics_are_short():
    assert metrics_text({"dice": 0.91234, "best": True}) == "dice 0.912"
    assert metrics_text(None) == ""
