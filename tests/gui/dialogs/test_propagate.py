"""The dialog that asks how to propagate."""

import pytest
from PySide6.QtWidgets import QWidget

from seggui.core.ports import ModelInfo
from seggui.gui.dialogs.propagate import PropagateDialog, PropagateWish

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
MODELS = (
    ModelInfo("sam2.1-tiny", "SAM 2.1", "prompted"),
    ModelInfo("flow", "Flow", "propagating"),
)


@pytest.fixture
def dialog(qtbot):
    """Makes a dialog on the third of ten images; keeps its wishes."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def make(usual=PropagateWish()):  # noqa: B008 - a frozen value
        def reach(direction, most):
            sides = {"forward": [7], "backward": [2]}.get(direction, [7, 2])
            return sum(min(count, most) if most else count for count in sides)

        dialog = PropagateDialog("1 object", reach, MODELS, usual, parent)
        dialog.wishes = []
        dialog.wished.connect(dialog.wishes.append)
        dialog.show()
        return dialog

    return make


def test_it_says_how_many_images_it_comes_to(dialog):
    one = dialog()
    texts = []
    for direction in ("forward", "backward", "both"):
        one.ways[direction].click()
        texts.append(one._summary.text().split(".")[0])
    one.most.setValue(1)
    texts.append(one._summary.text().split(".")[0])
    assert texts == [f"{count} images will be looked at" for count in (7, 2, 9, 2)]


def test_what_is_chosen_is_wished_for(dialog):
    one = dialog()
    one.ways["both"].click()
    one.most.setValue(4)
    one.model.setCurrentIndex(1)
    one.annotated.setCurrentIndex(1)
    one.until_lost.setChecked(False)
    one.do.click()
    assert one.wishes == [PropagateWish("both", 4, "flow", "add", False)]


def test_a_remembered_wish_is_shown_and_survives_as_text(dialog):
    wish = PropagateWish("backward", 3, "flow", "add", False)
    one = dialog(PropagateWish.of_text(wish.text()))
    one.do.click()
    assert one.wishes == [wish]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "null",
        "[" * 100_000,
        '{"direction": [], "most": 1e999, "on_annotated": {}}',
        '{"direction": "up", "most": -1, "model_id": 3, "on_annotated": "x"}',
        '{"most": true, "until_lost": 1}',
        '{"most": 1e9}',
    ],
)
def test_a_remembered_wish_that_makes_no_sense_is_the_usual_one(text):
    assert PropagateWish.of_text(text) == PropagateWish()


def test_a_model_that_is_gone_gives_way_to_the_best(dialog):
    one = dialog(PropagateWish(model_id="gone"))
    one.do.click()
    assert one.wishes[0].model_id == "sam2.1-tiny"
