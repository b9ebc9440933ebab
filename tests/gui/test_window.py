"""The whole window, with a fake engine: everything is reachable, and it comes back."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QListView,
    QMessageBox,
    QSlider,
    QToolButton,
    QTreeView,
    QWidget,
)
from session_fixtures import make_session, square, write_images

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.ports import ModelInfo
from seggui.core.segment import Segment, Source
from seggui.errors import SaveFailed
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers
from seggui.gui.crash import CrashGuard
from seggui.gui.docks import DOCKS
from seggui.gui.theme import DARK, LIGHT, theme
from seggui.gui.window import MainWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


class SomeModels:
    """A catalogue of two."""

    def builtin(self):
        return (
            ModelInfo("squares", "Squares", "prompted"),
            ModelInfo("cells", "Cells", "semantic"),
        )

    def runs(self, folder):
        return ()


@pytest.fixture
def window(qtbot):
    window = MainWindow(make_session(), SomeModels())
    window.show()
    yield window
    window.close()
    theme().set_wanted("system")


@pytest.fixture
def opened(qtbot, window, tmp_path):
    folder = write_images(tmp_path / "images")
    window.session.open_folder(folder)
    qtbot.waitUntil(lambda: window.session.image is not None)
    settle(qtbot)
    return window


def settle(qtbot):
    """Let what is shown once per turn be shown."""
    qtbot.wait(30)


def put_squares(window, *corners):
    document = window.session.document
    segments = [Segment(square(x, y), 1, Source("brush")) for x, y in corners]
    window.session.commit(
        "Put", edits.add_segments(document, segments), [s.id for s in segments]
    )
    return [s.id for s in segments]


def dialogs_of(window):
    return [d for d in window.findChildren(QDialog) if d.isVisible()]


def click_at(qtbot, window, x, y, button=Qt.MouseButton.LeftButton):
    place = window.canvas.widget_point(x, y).toPoint()
    qtbot.mouseClick(window.canvas, button, pos=place)


@pytest.mark.parametrize(("wanted", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_the_window_opens_in_both_themes_without_a_warning(
    qtbot, window, wanted, colours
):
    window.trigger(f"theme_{wanted}")
    settle(qtbot)
    assert theme().colours is colours
    assert window.session.settings.value("theme") == wanted
    assert not window.grab().isNull()


def test_without_a_folder_there_are_ways_to_begin(qtbot, window):
    settle(qtbot)
    assert window._stage.currentWidget() is window.welcome
    window.session.settings.remember(window.session.settings.path.parent)
    window._wiring.show_all()
    settle(qtbot)
    assert window.welcome._recent.count() == 1


def test_an_empty_folder_is_named(qtbot, window, tmp_path):
    (tmp_path / "empty").mkdir()
    window.session.open_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: window.session.project is not None)
    settle(qtbot)
    assert "No images" in window.welcome._title.text()
    assert str(tmp_path / "empty") in window.welcome._text.text()


def test_an_opened_folder_is_shown_everywhere(qtbot, opened):
    assert opened._stage.currentWidget() is opened.canvas
    assert opened.panels.images.shown_names == ("a.png", "b.png", "c.png")
    assert opened.windowTitle() == "a.png[*] – images – seggui"
    assert opened.panels.history.list.count() == 1


def test_a_click_offers_a_mask_and_enter_takes_it(qtbot, opened):
    with qtbot.waitSignal(opened.session.candidates_changed):
        click_at(qtbot, opened, 20, 20)
    settle(qtbot)
    assert len(opened.panels.candidates._group.buttons()) == 3
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Tab)
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Return)
    settle(qtbot)
    [segment] = opened.session.document.segments
    assert segment.mask.area == 400
    assert opened.panels.segments.list.model().rowCount() == 1
    assert opened.panels.classes.list.topLevelItem(0).text(0) == "object"


def test_escape_drops_the_candidate(qtbot, opened):
    with qtbot.waitSignal(opened.session.candidates_changed):
        click_at(qtbot, opened, 20, 20)
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Escape)
    assert opened.session.prompt.empty
    assert opened.session.document.segments == ()


def test_keys_of_one_letter_choose_tools_and_numbers_choose_classes(qtbot, opened):
    opened.session.set_classes(Classes().added("leaf").added("stem"))
    qtbot.keyClick(opened.canvas, Qt.Key.Key_D)
    qtbot.keyClick(opened.canvas, Qt.Key.Key_2)
    settle(qtbot)
    assert opened.session.tool_id == "brush"
    assert opened.actions_by_id["tool_brush"].isChecked()
    assert opened.panels.options._title.text() == "Brush"
    assert opened.session.class_id == 2


def test_typing_in_a_field_does_not_choose_tools(qtbot, opened):
    qtbot.keyClicks(opened.panels.images._filter, "db2")
    assert opened.panels.images._filter.text() == "db2"
    assert opened.session.tool_id == "point"


def test_actions_know_what_is_possible(qtbot, opened):
    actions = opened.actions_by_id
    assert not actions["undo"].isEnabled()
    assert not actions["delete"].isEnabled()
    put_squares(opened, (5, 5), (50, 50))
    settle(qtbot)
    assert actions["undo"].isEnabled()
    assert actions["merge_selected"].isEnabled()
    assert not actions["redo"].isEnabled()


EDITS = {
    "delete": lambda d: len(d.segments) == 0,
    "duplicate": lambda d: len(d.segments) == 4,
    "merge_selected": lambda d: len(d.segments) == 1,
    "lock": lambda d: all(s.locked for s in d.segments),
    "done": lambda d: d.state == "done",
}


@pytest.mark.parametrize("action_id", EDITS)
def test_an_edit_is_one_step_and_comes_back(qtbot, opened, action_id):
    put_squares(opened, (5, 5), (50, 50))
    settle(qtbot)
    before = opened.session.document
    opened.trigger(action_id)
    settle(qtbot)
    assert EDITS[action_id](opened.session.document)
    opened.trigger("undo")
    assert opened.session.document is before


def test_segments_go_to_the_top_and_to_the_bottom(qtbot, opened):
    low, high = put_squares(opened, (5, 5), (50, 50))
    opened.session.select([low])
    settle(qtbot)
    opened.trigger("to_top")
    assert [s.id for s in opened.session.document.segments] == [high, low]
    opened.trigger("to_bottom")
    assert [s.id for s in opened.session.document.segments] == [low, high]


def test_rows_dropped_in_the_list_land_where_they_were_dropped(qtbot, opened):
    a, b, c = put_squares(opened, (5, 5), (30, 30), (60, 60))
    # The list shows c, b, a; a is dropped between c and b.
    opened.panels.segments.move_wished.emit((a,), 1)
    assert [s.id for s in opened.session.document.segments] == [b, a, c]


def test_hiding_is_not_an_edit(qtbot, opened):
    [segment_id] = put_squares(opened, (5, 5))
    before = opened.session.document
    settle(qtbot)
    opened.trigger("hide")
    assert opened.session.hidden == {segment_id}
    opened.trigger("hide")
    assert opened.session.hidden == frozenset()
    assert opened.session.document is before


def test_predicted_segments_are_accepted_or_rejected_at_once(qtbot, opened):
    opened.panels.models.full_image_wished.emit("cells")
    opened.trigger("predict")
    qtbot.waitUntil(lambda: len(opened.session.document.segments) == 2)
    settle(qtbot)
    assert opened.session.uncertainty_hw is not None
    opened.trigger("accept_offered")
    assert all(s.accepted for s in opened.session.document.segments)
    opened.trigger("undo")
    settle(qtbot)
    opened.trigger("reject_offered")
    assert opened.session.document.segments == ()


def test_images_are_ordered_by_what_the_model_is_unsure_of(qtbot, opened):
    opened.panels.models.full_image_wished.emit("cells")
    before = opened.session.document
    opened.trigger("rank")
    qtbot.waitUntil(lambda: len(opened.session.uncertainty) == 3)
    qtbot.waitUntil(lambda: not opened.session.folder_work.running)
    settle(qtbot)
    assert opened.session.document is before
    index = opened.panels.images.list.model().index(0)
    assert index.data(Qt.ItemDataRole.UserRole).uncertainty == pytest.approx(0.2)


def test_without_a_chosen_model_predicting_says_what_to_do(qtbot, opened):
    opened.trigger("predict")
    assert "Choose a full-image model" in opened.notices.open[0].text


def test_a_recipe_is_tried_live_then_applied_as_one_step(qtbot, opened):
    put_squares(opened, (5, 5))
    settle(qtbot)
    refine = opened.panels.refine
    refine.show_recipe("grow:2")
    refine._live.setChecked(True)
    qtbot.waitUntil(lambda: bool(opened.session.refining.preview))
    before = opened.session.document
    refine.segment.click()
    qtbot.waitUntil(lambda: opened.session.document is not before)
    assert opened.session.document.segments[0].mask.area > 400
    assert not refine._live.isChecked()
    opened.trigger("undo")
    assert opened.session.document is before


def test_recipes_are_kept_with_the_project(qtbot, opened):
    opened.panels.refine.save_wished.emit("mine", "fill:9")
    assert opened.session.project.settings["recipes"] == {"mine": "fill:9"}
    opened.panels.refine.forget_wished.emit("mine")
    assert opened.session.project.settings["recipes"] == {}


@pytest.mark.parametrize("row", DOCKS, ids=lambda row: row.id)
def test_a_closed_panel_returns_by_its_key_in_the_menu(qtbot, window, row):
    dock = window.docks[row.id]
    dock.close()
    assert dock.isHidden()
    dock.toggleViewAction().trigger()
    assert not dock.isHidden()


def test_the_default_layout_brings_everything_back(qtbot, window):
    for dock in window.docks.values():
        dock.close()
    window.trigger("reset_layout")
    assert not any(dock.isHidden() for dock in window.docks.values())


def test_the_layout_comes_back_at_the_next_start(qtbot, window):
    window.docks["history"].close()
    window.docks["layers"].setFloating(True)
    settings = window.session.settings
    window.close()
    again = make_session()
    assert again.settings.path == settings.path
    second = MainWindow(again, SomeModels())
    second.show()
    settle(qtbot)
    found = {name: dock.isHidden() for name, dock in second.docks.items()}
    floating = [name for name, dock in second.docks.items() if dock.isFloating()]
    second.close()
    assert [name for name, hidden in found.items() if hidden] == ["history"]
    assert floating == ["layers"]


def test_the_palette_runs_actions_of_the_window(qtbot, opened):
    opened.trigger("palette")
    palette = opened.findChild(QWidget, "palette")
    qtbot.keyClicks(palette.field, "brush")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert opened.session.tool_id == "brush"


def test_a_folder_can_be_dropped_on_the_window(qtbot, window, tmp_path):
    folder = write_images(tmp_path / "dropped")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    qtbot.waitUntil(lambda: window.session.image is not None)
    assert window.session.project.folder == folder


def test_the_status_bar_tells_pixel_value_and_zoom(qtbot, opened):
    opened.canvas.hovered.emit((3, 7))
    value = opened.session.image.value_at(3, 7)
    assert opened.status._pixel.text() == "x 3  y 7"
    assert opened.status._value.text() == value
    opened.canvas.hovered.emit(None)
    assert opened.status._pixel.text() == ""
    opened.trigger("zoom_one")
    assert opened.status._zoom.text() == "100 %"


def test_saved_is_only_said_when_it_is_on_disk(qtbot, opened):
    put_squares(opened, (5, 5))
    settle(qtbot)
    assert opened.status._saved.text() == "Not yet saved"
    assert opened.isWindowModified()
    opened.trigger("save")
    qtbot.waitUntil(lambda: opened.session.saved)
    settle(qtbot)
    assert opened.status._saved.text() == "Saved"
    assert not opened.isWindowModified()


def test_recovered_work_can_be_discarded(qtbot, opened):
    opened.session.recovered.emit(3)
    notice = opened.notices.open[0]
    assert "3 steps" in notice.text
    assert notice.action == "Discard them"


def test_a_native_crash_of_the_last_start_is_told(qtbot, window, tmp_path):
    (tmp_path / "native.log").write_text("Fatal Python error: Aborted")
    guard = CrashGuard(tmp_path, window.session.rescue, window)
    guard.install()
    window.listen_to(guard)
    guard.said.emit("The disk is full.", "error")
    guard.uninstall()
    said, crash = window.notices.open
    assert said.text == "The disk is full."
    assert "ended unexpectedly" in crash.text
    crash.do()
    assert "Aborted" in QGuiApplication.clipboard().text()


DIALOGS = ("settings", "shortcuts", "about", "add_class", "export", "import")


@pytest.mark.parametrize("action_id", DIALOGS)
def test_a_dialog_opens_and_can_be_left(qtbot, opened, action_id):
    opened.trigger(action_id)
    [dialog] = dialogs_of(opened)
    dialog.reject()
    qtbot.waitUntil(lambda: not dialogs_of(opened))


def test_an_export_from_the_dialog_writes_and_says_so(qtbot, opened, tmp_path):
    put_squares(opened, (5, 5))
    opened.trigger("export")
    [dialog] = dialogs_of(opened)
    qtbot.waitUntil(lambda: "Looking" not in dialog.losses.text())
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.do.click()
    qtbot.waitUntil(lambda: any("exported" in n.text for n in opened.notices.open))
    assert list((tmp_path / "out").rglob("*.png"))


def test_what_was_exported_can_be_imported_again(qtbot, opened, tmp_path):
    put_squares(opened, (5, 5))
    opened.trigger("export")
    [dialog] = dialogs_of(opened)
    dialog.choose_format("coco")
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.do.click()
    qtbot.waitUntil(lambda: any("exported" in n.text for n in opened.notices.open))
    opened.trigger("undo")
    settle(qtbot)
    assert opened.session.document.segments == ()
    opened.trigger("import")
    [dialog] = [d for d in dialogs_of(opened) if d.windowTitle() == "Import masks"]
    dialog.format.setCurrentIndex(dialog.format.findData("coco"))
    [source] = [
        p for p in (tmp_path / "out").glob("*.json") if not p.name.startswith(".")
    ]
    dialog.choose_source(str(source))
    qtbot.waitUntil(dialog.do.isEnabled)
    dialog.do.click()
    qtbot.waitUntil(lambda: len(opened.session.document.segments) == 1)
    assert opened.session.document.segments[0].mask.same_pixels(square(5, 5))


def test_closing_saves_without_asking(qtbot, opened):
    put_squares(opened, (5, 5))
    path = opened.session.project.annotation_path("a.png")
    assert opened.close()
    assert path.is_file()


def test_work_that_cannot_be_saved_keeps_the_window_open(qtbot, opened, monkeypatch):
    asked = []

    def stay(box):
        asked.append(box.text())
        box.escapeButton().click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", stay)
    with monkeypatch.context() as patch:
        patch.setattr(opened.session.saving, "save_now", lambda: fail(opened.session))
        assert not opened.close()
    assert asked == ["The last changes of this image could not be saved."]
    assert opened.isVisible()


def fail(session):
    session.say(str(SaveFailed("a.png.json", "the disk is full")), "error")
    return False


def test_every_control_of_the_window_has_a_name_for_screen_readers(qtbot, opened):
    kinds = (QComboBox, QSlider, QToolButton, QListView, QTreeView)
    inner = ("QLineEdit", "QComboBoxPrivateContainer", "QTabBar")
    nameless = []
    for panel in opened.panels.by_id.values():
        for widget in [w for kind in kinds for w in panel.findChildren(kind)]:
            parent = widget.parent().metaObject().className()
            text = widget.accessibleName() or getattr(widget, "text", str)()
            if parent not in inner and not text:
                nameless.append((type(panel).__name__, widget))
    assert not nameless


def test_the_window_is_not_larger_than_a_small_screen(qtbot, window):
    smallest = window.minimumSizeHint()
    assert smallest.width() <= 1100
    assert smallest.height() <= 700


def test_the_first_layout_leaves_room_for_the_canvas(qtbot, window):
    window.resize(1280, 800)
    window.trigger("reset_layout")
    settle(qtbot)
    assert window.canvas.parentWidget().width() > 600
    corner = window.docks["segments"].mapTo(window, QPoint(0, 0))
    assert corner.x() > 900


def test_uncertainty_is_a_key_away_and_says_when_there_is_none_yet(opened):
    opened.trigger("uncertainty")
    assert opened.session.layers["uncertainty"].visible
    assert "once a model predicted it" in opened.notices.open[0].text
    opened.trigger("uncertainty")
    assert not opened.session.layers["uncertainty"].visible


def test_an_unreadable_image_is_named_in_the_list_before_anyone_opens_it(
    qtbot, window, tmp_path
):
    folder = write_images(tmp_path / "images")
    whole = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(whole[: len(whole) // 2])
    window.session.open_folder(folder)
    qtbot.waitUntil(lambda: window.session.image is not None)
    row = window.session.project.row
    qtbot.waitUntil(lambda: bool(row("b.png").reason))
    assert "b.png" in row("b.png").reason
    assert not row("a.png").reason
    settle(qtbot)
    assert window.panels.images._model.count("unreadable") == 1


def test_layers_are_drawn_at_the_next_start_as_they_were(qtbot, window):
    first = window.session
    first.set_layer("segments", LayerStyle(visible=False, opacity=0.9))
    first.set_look(SegmentsLook("outline", "instance"))
    window.close()
    again = MainWindow(make_session(), SomeModels())
    assert again.session.layers["segments"] == LayerStyle(visible=True, opacity=0.9)
    assert again.session.look == SegmentsLook("outline", "instance")
    settings = again.session.settings
    again.close()
    settings.set_blob("look", '{"opacity": {"segments": 7}, "segments": [1, {}]}')
    settings.save()
    odd = MainWindow(make_session(), SomeModels())
    assert odd.session.layers == default_layers()
    assert odd.session.look == SegmentsLook()
    odd.close()


def test_an_engine_that_does_not_answer_can_be_restarted_from_the_notice(qtbot, opened):
    opened.session.link.engine_silent.emit("The engine has not answered.")
    (notice,) = opened.notices.open
    assert (notice.text, notice.action) == (
        "The engine has not answered.",
        "Restart the Engine",
    )
    notice.do()
    assert any("stopped" in n.text for n in opened.notices.open)
    opened.session.link.engine_silent.emit("")
    assert not any("not answered" in n.text for n in opened.notices.open)
