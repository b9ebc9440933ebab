"""What the models panel says about models and their weights."""

import pytest

from seggui.core.ports import ModelInfo, WeightsFile
from seggui.gui.model_rows import metrics_text, model_rows

FILE = WeightsFile("fcn.pth", "https://example.org/fcn.pth", 42_000_000, "ab")
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
    ("info", "state", "usable", "downloadable"),
    [
        (ModelInfo("a", "A", "prompted"), "built in", True, False),
        (
            ModelInfo("b", "B", "semantic", weights=FILE, needs_weights=True),
            "42",
            False,
            True,
        ),
        (
            ModelInfo("c", "C", "semantic", weights=UNSIZED, needs_weights=True),
            "to download",
            False,
            True,
        ),
        (
            ModelInfo("d", "D", "semantic", needs_weights=True, trainable=True),
            "train it first",
            False,
            False,
        ),
    ],
)
def test_a_model_says_whether_it_can_run(info, state, usable, downloadable):
    [row] = model_rows(Shelf(info), None)
    assert state in row.state
    assert (row.usable, row.downloadable) == (usable, downloadable)


def test_a_run_is_listed_by_its_folder(tmp_path):
    run = ModelInfo("unet", "unet-1", "semantic", run="runs/unet-1")
    [row] = model_rows(Shelf(runs=(run,)), tmp_path)
    assert (row.id, row.run, row.usable) == ("runs/unet-1", True, True)


def test_without_a_catalogue_there_is_nothing():
    assert model_rows(None, None) == ()


def test_metrics_are_short():
    assert metrics_text({"dice": 0.91234, "best": True}) == "dice 0.912"
    assert metrics_text(None) == ""
