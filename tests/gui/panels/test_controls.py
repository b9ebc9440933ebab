"""The panels with sliders, steps and options: what is set is what is wished for."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QSpinBox

from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.style import LAYERS, LayerStyle, SegmentsLook
from seggui.gui.panels.batch_bar import BatchRow, time_text
from seggui.gui.panels.controls import SliderRow
from seggui.gui.panels.layers import LayersPanel
from seggui.gui.panels.model_choice import ModelChoice
from seggui.gui.panels.models import ModelRow, ModelsPanel
from seggui.gui.panels.refine import RefinePanel
from seggui.gui.panels.run_rows import Curves, RunRow, RunView
from seggui.gui.panels.tool_options import ToolOptionsPanel
from seggui.gui.panels.training import TrainingPanel
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.tools.table import TOOLS
from seggui.jobs.train_options import OPTIONS, TrainOptions
from seggui.refine.recipe import STEPS

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def heard_of(signal):
    heard = []
    signal.connect(lambda *what: heard.append(what))
    return heard


def add(qtbot, panel):
    qtbot.addWidget(panel)
    panel.resize(320, 600)
    panel.show()
    return panel


def test_a_slider_and_its_number_agree(qtbot):
    row = SliderRow("Size", (1, 100), 10, " px")
    qtbot.addWidget(row)
    heard = heard_of(row.changed)
    row.show_value(40)
    assert row._number.value() == 40
    assert heard == []
    row._number.setValue(55)
    assert heard == [(55,)]
    row._name.back_wished.emit()
    assert row.value == 10


# -- layers


@pytest.fixture
def layers(qtbot):
    return add(qtbot, LayersPanel())


def test_every_layer_can_be_hidden_and_faded(layers):
    heard = heard_of(layers.layer_wished)
    layers.show_layers({row.id: LayerStyle(True, 0.5) for row in LAYERS})
    assert heard == []
    for row in LAYERS:
        layers._lines[row.id]._eye.click()
        assert heard[-1] == (row.id, LayerStyle(False, 0.5))
    layers._lines["image"]._eye.click()
    layers._lines["image"]._opacity.setValue(20)
    assert heard[-1] == ("image", LayerStyle(True, 0.2))


def test_the_look_of_segments_is_wished_for_as_a_whole(layers):
    heard = heard_of(layers.look_wished)
    layers.show_look(SegmentsLook("both", "class"))
    layers._colour_by.setCurrentIndex(1)
    assert heard == [(SegmentsLook("both", "instance"),)]


def test_brightness_contrast_and_gamma_go_back_together(layers):
    heard = heard_of(layers.adjustment_wished)
    layers._brightness.wish(30)
    layers._gamma.wish(100)
    assert heard[-1] == (Adjustment(0.3, 0.0, 10.0),)
    layers._reset.click()
    assert heard[-1] == (Adjustment(),)
    assert layers._brightness.value == 0
    assert not layers._reset.isEnabled()


# -- tool options


@pytest.mark.parametrize("row", TOOLS, ids=lambda row: row.id)
def test_each_tool_shows_its_own_options(qtbot, row):
    panel = add(qtbot, ToolOptionsPanel())
    panel.show_tool(row.id, row.title, row.hint)
    assert [name for name, width in panel.widths.items() if not width.isHidden()] == (
        [row.width] if row.width else []
    )
    assert panel._title.text() == row.title


def test_options_are_wished_for_whole(qtbot):
    panel = add(qtbot, ToolOptionsPanel())
    heard = heard_of(panel.options_wished)
    panel.show_options(ToolOptions(brush_px=40, brush_shape="square"))
    assert heard == []
    panel.protect.click()
    assert heard[-1] == (
        ToolOptions(brush_px=40, brush_shape="square", protect_others=True),
    )
    panel.widths["brush_px"].wish(7)
    assert heard[-1][0].brush_px == 7
    assert heard[-1][0].protect_others


# -- refine


@pytest.fixture
def refine(qtbot):
    panel = add(qtbot, RefinePanel())
    panel.show_selected(1, 5, writable=True)
    return panel


def test_a_recipe_shown_is_the_recipe_told(refine):
    refine.show_recipe("crf:iterations=7,largest,fill:300")
    assert refine.recipe_text == "crf:iterations=7,largest,fill:300"


def test_every_step_of_the_table_can_be_added(refine):
    refine.show_recipe("")
    for action in refine._add.menu().actions():
        action.trigger()
    assert [card.step.id for card in refine._cards] == [step.id for step in STEPS]


def test_steps_can_be_moved_switched_off_removed_and_changed(refine):
    refine.show_recipe("largest,fill:300,smooth:5")
    refine._cards[2].move_wished.emit(-1)
    assert refine.recipe_text == "largest,smooth:5,fill:300"
    refine._cards[0]._on.setChecked(False)
    assert refine.recipe_text == "smooth:5,fill:300"
    refine._cards[0].remove_wished.emit()
    refine._cards[1].findChildren(QSpinBox)[0].setValue(900)
    assert refine.recipe_text == "smooth:5,fill:900"


def test_the_live_preview_follows_changes_and_ends(qtbot, refine):
    refine.show_recipe("fill:300")
    with qtbot.waitSignal(refine.preview_wished) as wished:
        refine._live.setChecked(True)
    assert wished.args == ["fill:300"]
    with qtbot.waitSignal(refine.preview_wished) as wished:
        refine._cards[0].findChildren(QSpinBox)[0].setValue(500)
    assert wished.args == ["fill:500"]
    with qtbot.waitSignal(refine.preview_wished) as wished:
        refine.stop_preview()
    assert wished.args == [""]


def test_a_recipe_is_applied_to_what_was_chosen(refine):
    refine.show_recipe("largest")
    refine.show_project(writable=True)
    for button, signal in (
        (refine.segment, refine.segment_wished),
        (refine.image, refine.image_wished),
        (refine.folder, refine.folder_wished),
    ):
        heard = heard_of(signal)
        button.click()
        assert heard == [("largest",)]
    refine.show_selected(0, 0, writable=True)
    assert not refine.segment.isEnabled()
    assert not refine.image.isEnabled()


def test_recipes_are_chosen_saved_and_forgotten_by_name(qtbot, refine):
    from PySide6.QtWidgets import QInputDialog

    refine.show_saved({"mine": "fill:50"})
    place = refine._recipes.findText("mine")
    refine._recipes.setCurrentIndex(place)
    refine._recipes.activated.emit(place)
    assert refine.recipe_text == "fill:50"
    forgotten, saved = heard_of(refine.forget_wished), heard_of(refine.save_wished)
    refine._forget.click()
    assert forgotten == [("mine",)]
    refine._save.click()
    [dialog] = refine.findChildren(QInputDialog)
    dialog.reject()
    assert saved == []
    refine._save.click()
    dialog = next(d for d in refine.findChildren(QInputDialog) if d.isVisible())
    dialog.setTextValue("new")
    dialog.accept()
    assert saved == [("new", "fill:50")]


def test_work_on_a_folder_shows_progress_and_can_be_cancelled(refine):
    heard = heard_of(refine.cancel_wished)
    refine.show_batch(BatchRow("Images", 3, 10, 75))
    assert "3 of 10" in refine._bar._text.text()
    assert "1 min 15 s left" in refine._bar._text.text()
    refine._bar.cancel_wished.emit()
    refine.show_batch(None)
    assert heard == [()]
    assert refine._bar.isHidden()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (61, "1 min 01 s"),
        (900, "15 min"),
        (7300, "2 h 01 min"),
    ],
)
def test_durations_are_short(seconds, text):
    assert time_text(seconds) == text


# -- models


MODELS = (
    ModelRow("classic", "Classic", "prompted", state="built in"),
    ModelRow("sharp", "Sharp", "prompted", usable=False, weights="missing"),
    ModelRow("keen", "Keen", "prompted", state="ready", weights="there"),
    ModelRow("half", "Half", "prompted", False, "in part", weights="partly downloaded"),
    ModelRow("bad", "Bad", "prompted", False, "damaged", weights="damaged"),
    ModelRow("runs/u", "unet-1", "semantic", run=True, facts=(("Measured", "0.9"),)),
    ModelRow("mask", "Mask R-CNN", "instance", usable=False, weights="missing"),
)


@pytest.fixture
def models(qtbot):
    panel = add(qtbot, ModelsPanel())
    panel.show_models(MODELS, "classic", "runs/u")
    panel.show_possible(image=True, writable=True)
    return panel


def choose(panel, model_id):
    tree = panel.list
    for i in range(tree.topLevelItemCount()):
        head = tree.topLevelItem(i)
        for j in range(head.childCount()):
            if head.child(j).data(0, 256) == model_id:
                tree.setCurrentItem(head.child(j))


def test_a_trained_model_predicts_the_image_or_the_rest(models):
    one, rest = heard_of(models.predict_wished), heard_of(models.predict_rest_wished)
    assert models.current_id == "runs/u"
    models._predict.click()
    models._rest.click()
    assert one == rest == [("runs/u",)]
    assert "0.9" in models._facts.text()


def test_predicting_is_at_hand_while_another_model_is_marked(models):
    heard = heard_of(models.predict_wished)
    choose(models, "classic")
    assert "unet-1" in models._predict_title.text()
    models._predict.click()
    models.choose("runs/u")
    assert models.current_id == "runs/u"
    models._predict.click()
    assert heard == [("runs/u",), ("runs/u",)]


def test_a_read_only_project_is_not_predicted(models):
    models.show_possible(image=True, writable=False)
    assert not models._predict.isEnabled()


def test_a_model_without_weights_offers_the_download_only(models):
    heard = heard_of(models.download_wished)
    choose(models, "mask")
    assert not models._predict.isEnabled()
    models.weights.download.click()
    assert heard == [("mask",)]


def test_the_model_for_clicks_is_chosen(models):
    heard = heard_of(models.prompted_wished)
    choose(models, "sharp")
    assert models.weights.use.isHidden()
    choose(models, "keen")
    models.weights.use.click()
    models.show_models(MODELS, "keen", "runs/u")
    assert not models.weights.use.isEnabled()
    assert heard == [("keen",)]


def test_models_are_grouped_by_what_they_are_for(models):
    heads = [models.list.topLevelItem(at) for at in range(3)]
    assert [(head.text(0), head.childCount()) for head in heads] == [
        ("For clicks and other marks", 5),
        ("For whole images", 1),
        ("My runs", 1),
    ]


@pytest.mark.parametrize(
    ("model_id", "download", "verify", "remove", "folder"),
    [
        ("classic", "", False, False, False),
        ("sharp", "Download…", False, False, True),
        ("keen", "", True, True, True),
        ("half", "Resume", False, True, True),
        ("bad", "Download again…", True, True, True),
    ],
)
def test_what_is_offered_follows_what_is_in_the_model_folder(
    models, model_id, download, verify, remove, folder
):
    choose(models, model_id)
    line = models.weights
    assert line.download.text() == download
    shown = [not c.isHidden() for c in (line.verify, line.remove, line.folder)]
    assert shown == [verify, remove, folder]
    assert line.download.isHidden() == (not download)


def test_while_a_download_runs_it_can_only_be_cancelled(models):
    cancelled = heard_of(models.fetch_cancel_wished)
    choose(models, "bad")
    models.show_fetching(BatchRow("net.pt", 3_000, 10_000, 75, "3.0 MB of 10.0 MB"))
    line = models.weights
    for control in (line.download, line.verify, line.remove):
        assert not control.isEnabled()
    assert line.bar._text.text() == "net.pt: 3.0 MB of 10.0 MB · 1 min 15 s left"
    line.bar.cancel_wished.emit()
    assert cancelled == [()]
    models.show_fetching(None)
    assert line.download.isEnabled()
    assert line.bar.isHidden()


def test_the_list_of_models_for_clicks(qtbot):
    choice = add(qtbot, ModelChoice())
    heard = heard_of(choice.wished)
    choice.show_models((("Keen", "keen"), ("Classic", "classic")), "classic")
    assert choice.box.currentText() == "Classic"
    qtbot.keyClick(choice.box, Qt.Key.Key_Up)
    assert choice.box.currentData() == "keen"
    choice.box.activated.emit(0)
    assert heard[-1] == ("keen",)


# -- training


@pytest.fixture
def training(qtbot):
    panel = add(qtbot, TrainingPanel())
    panel.show_possible("")
    return panel


def test_the_form_has_a_field_for_every_option_and_starts_with_the_defaults(training):
    assert {option.name for option in OPTIONS} == set(training.form._read)
    heard = heard_of(training.start_wished)
    training.start.click()
    assert heard == [(TrainOptions(),)]


def test_a_zero_that_means_something_else_is_written_out(training):
    field = training.form.field("minutes")
    assert field.text() == "No limit"
    field.setValue(12)
    assert field.text().startswith("12")
    assert training.form.options.minutes == 12


def test_the_encoders_are_those_of_the_model(training):
    model, encoder = training.form.field("model"), training.form.field("encoder")
    assert isinstance(model, QComboBox)
    model.setCurrentIndex(model.findData("maskrcnn"))
    assert training.form.options.model == "maskrcnn"
    assert encoder.itemText(0) == training.form.options.encoder
    assert training.form.field("loss").isHidden()


def test_options_that_make_no_sense_are_told_and_cannot_be_started(training):
    training.form.field("crop").setValue(100)
    assert "multiple of 32" in training.form._problem.text()
    assert not training.start.isEnabled()


def test_why_a_training_cannot_start_is_told(training):
    training.show_possible("Training needs at least two images with segments.")
    assert not training.start.isEnabled()
    assert "two images" in training._why_not.text()


RUN = RunRow("2026-11-20-unet-1", "running", "unet")


def test_a_run_can_be_paused_stopped_and_used(training):
    training.show_runs([RUN], RUN.name)
    training.show_run(RunView(RUN, 0.5, 30, "epoch 3 of 6"))
    page = training._run_page
    paused, stopped = heard_of(training.pause_wished), heard_of(training.stop_wished)
    page.pause.click()
    page.stop.click()
    assert paused == stopped == [(RUN.name,)]
    assert "30 s left" in page._line.text()
    assert page.use.isHidden()
    done = RunRow(RUN.name, "finished", "unet", registered=True)
    training.show_run(RunView(done, 1.0))
    used = heard_of(training.use_wished)
    page.use.click()
    assert used == [(RUN.name,)]
    assert page.stop.isHidden()
    lost = RunRow(RUN.name, "lost")
    training.show_run(RunView(lost, problem="The process was killed."))
    resumed = heard_of(training.go_on_wished)
    page.go_on.click()
    assert resumed == [(RUN.name,)]
    assert not page._problem.isHidden()


def test_what_a_training_has_to_say_is_shown(training):
    training.show_runs([RUN], RUN.name)
    page = training._run_page
    training.show_run(RunView(RUN))
    assert page._notes.isHidden()
    training.show_run(RunView(RUN, notes=("Two are left out.", "Nothing was gained.")))
    assert not page._notes.isHidden()
    assert page._notes.text() == "Two are left out.\nNothing was gained."


def test_curves_are_plotted_when_there_is_something_to_plot(training):
    training.show_runs([RUN], RUN.name)
    training.show_run(RunView(RUN))
    assert training._run_page.curves._plots is None
    curves = Curves(
        ([1, 2, 3], [3, 2, 1]), ([1, 2, 3], [1, 1, 1]), {"Dice": ([3], [0.8])}
    )
    training.show_run(RunView(RUN, curves=curves))
    top, rate, below = training._run_page.curves._plots
    [line] = top.listDataItems()
    assert list(line.getData()[1]) == [3, 2, 1]
    assert list(rate.getData()[1]) == [1, 1, 1]
    [score] = below.listDataItems()
    assert list(score.getData()[1]) == [0.8]
    assert not training._run_page.curves.isHidden()
    training.show_run(RunView(RUN))
    assert training._run_page.curves.isHidden()
