"""The panels with lists: rows go in, wishes come out, and nothing echoes."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, Qt

from seggui.errors import Unreadable
from seggui.gui.panels.candidates import CandidateRow, CandidatesPanel
from seggui.gui.panels.classes import ClassesPanel, ClassRow
from seggui.gui.panels.history import HistoryPanel, StepRow
from seggui.gui.panels.images import ROW_ROLE, ImageRow, ImagesPanel
from seggui.gui.panels.segment_model import (
    AREA,
    EYE,
    LOCK,
    MIME,
    NAME,
    REJECT,
    SegmentRow,
    area_text,
)
from seggui.gui.panels.segments import SegmentsPanel

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def heard_of(signal):
    heard = []
    signal.connect(lambda *what: heard.append(what))
    return heard


def add(qtbot, panel):
    qtbot.addWidget(panel)
    panel.resize(300, 400)
    panel.show()
    return panel


def click_cell(qtbot, view, row, column):
    index = view.model().index(row, column)
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center()
    )


# -- images


@pytest.fixture
def images(qtbot):
    panel = add(qtbot, ImagesPanel())
    yield panel
    panel.close_workers()


def test_images_are_shown_and_a_click_wishes_for_one(qtbot, images):
    heard = heard_of(images.show_wished)
    images.show_images([ImageRow("a.png"), ImageRow("b.png", "done")], "a.png")
    assert images.shown_names == ("a.png", "b.png")
    assert heard == []
    click_cell(qtbot, images.list, 1, 0)
    assert heard == [("b.png",)]


def test_images_can_be_filtered_by_name_and_by_status(qtbot, images):
    rows = [ImageRow("Leaf.png"), ImageRow("stem.png", "done"), ImageRow("leaf2.png")]
    images.show_images(rows)
    images._filter.setText("LEAF")
    assert images.shown_names == ("Leaf.png", "leaf2.png")
    images._filter.clear()
    images._status.setCurrentIndex(images._status.findData("done"))
    assert images.shown_names == ("stem.png",)
    images._filter.setText("nothing")
    assert images._pages.currentIndex() == 1


def test_images_can_be_ordered_by_uncertainty(images):
    rows = [
        ImageRow("a", uncertainty=0.1),
        ImageRow("b", uncertainty=0.9),
        ImageRow("c"),
    ]
    images.show_images(rows)
    images.show_by_uncertainty()
    assert images.shown_names == ("b", "a", "c")


def test_the_reason_an_image_cannot_be_read_is_told(images):
    images.show_images([ImageRow("a.png", "unreadable", "the file ends early")])
    index = images.list.model().index(0)
    assert "the file ends early" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_thumbnails_come_from_another_thread_and_only_for_what_is_seen(qtbot, images):
    threads, asked = set(), []

    def load(name, edge_px):
        threads.add(threading.get_ident())
        asked.append(name)
        if name == "1":
            raise Unreadable(name, "it is empty")
        return np.full((8, 12, 3), 200, np.uint8)

    images.set_thumbnail_loader(load)
    images.show_images([ImageRow(str(i)) for i in range(100_000)], "0")
    qtbot.waitUntil(lambda: "0" in asked and "1" in asked)
    index = images.list.model().index(0)
    qtbot.waitUntil(lambda: index.data(Qt.ItemDataRole.DecorationRole) is not None)
    assert index.data(Qt.ItemDataRole.DecorationRole).width() == 12
    assert threading.get_ident() not in threads
    assert len(asked) < 100


def test_an_image_whose_picture_fails_is_told_before_it_is_opened(qtbot, images):
    def load(name, edge_px):
        if name == "bad":
            raise Unreadable(name, "it is empty")
        return np.full((8, 12, 3), 200, np.uint8)

    images.set_thumbnail_loader(load)
    images.show_images([ImageRow("bad"), ImageRow("good")], "good")
    bad, good = (images.list.model().index(place) for place in (0, 1))
    qtbot.waitUntil(lambda: bad.data(ROW_ROLE).status == "unreadable")
    assert "it is empty" in bad.data(Qt.ItemDataRole.ToolTipRole)
    assert good.data(ROW_ROLE).status == "untouched"
    images._status.setCurrentIndex(images._status.findData("unreadable"))
    assert images.shown_names == ("bad",)


def test_a_changed_status_keeps_the_list_where_it_was(images):
    rows = [ImageRow(str(i)) for i in range(500)]
    images.show_images(rows, "0")
    bar = images.list.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = bar.value()
    model_resets = heard_of(images.list.model().modelReset)
    rows[3] = ImageRow("3", "done")
    images.show_images(rows, "499")
    assert model_resets == []
    assert bar.value() == before


# -- segments


ROWS = (
    SegmentRow("t", "", "leaf", (1, 2, 3), 40),
    SegmentRow("m", "left", "stem", (9, 9, 9), 1500, visible=False, locked=True),
    SegmentRow("b", "", "leaf", (1, 2, 3), 3_200_000, offered=True, score=0.87),
)


@pytest.fixture
def segments(qtbot):
    panel = add(qtbot, SegmentsPanel())
    panel.show_segments(ROWS, ())
    return panel


def texts(panel):
    model = panel.list.model()
    return [model.index(i, NAME).data() for i in range(model.rowCount())]


def test_segments_are_listed_from_the_top(segments):
    assert texts(segments) == ["leaf", "left · stem", "leaf  87%"]


@pytest.mark.parametrize(
    ("area_px", "text"),
    [(7, "7 px"), (1500, "1.5 kpx"), (123_456, "123 kpx"), (3_200_000, "3.2 Mpx")],
)
def test_areas_are_short(area_px, text):
    assert area_text(area_px) == text


def test_showing_a_selection_wishes_for_nothing(segments):
    heard = heard_of(segments.select_wished)
    segments.show_segments(ROWS, ("m", "b"))
    assert segments.selected_ids == ("m", "b")
    assert heard == []


def test_clicks_on_rows_select_them(qtbot, segments):
    heard = heard_of(segments.select_wished)
    click_cell(qtbot, segments.list, 1, NAME)
    assert heard == [(("m",),)]


def test_eye_lock_accept_and_reject_are_clicked_in_their_cells(qtbot, segments):
    hidden, locked = heard_of(segments.hide_wished), heard_of(segments.lock_wished)
    accepted, rejected = (
        heard_of(segments.accept_wished),
        heard_of(segments.reject_wished),
    )
    click_cell(qtbot, segments.list, 0, EYE)
    click_cell(qtbot, segments.list, 1, LOCK)
    click_cell(qtbot, segments.list, 2, LOCK)
    click_cell(qtbot, segments.list, 2, REJECT)
    assert hidden == [("t",)]
    assert locked == [(("m",), False)]
    assert accepted == rejected == [(("b",),)]


def test_a_narrow_list_keeps_the_names_and_leaves_out_the_areas(segments):
    for width, hidden in ((400, False), (220, True), (250, True), (400, False)):
        segments.resize(width, 300)
        assert segments.list.isColumnHidden(AREA) is hidden
    segments.show_segments(ROWS[:2], ())
    segments.resize(250, 300)
    # Without predicted segments there is a column less.
    assert not segments.list.isColumnHidden(AREA)


def test_all_offered_segments_can_be_accepted_at_once(segments):
    heard = heard_of(segments.accept_wished)
    assert not segments._offer_bar.isHidden()
    segments._accept_all.click()
    assert heard == [(("b",),)]
    segments.show_segments(ROWS[:2], ())
    assert segments._offer_bar.isHidden()


def test_a_new_name_is_wished_for_and_shown_only_when_it_comes_back(segments):
    heard = heard_of(segments.rename_wished)
    model = segments.list.model()
    model.setData(model.index(0, NAME), "big one", Qt.ItemDataRole.EditRole)
    assert heard == [("t", "big one")]
    assert texts(segments)[0] == "leaf"


def test_dropping_rows_wishes_for_another_order(segments):
    heard = heard_of(segments.move_wished)
    model = segments.list.model()
    data = model.mimeData([model.index(2, NAME), model.index(2, EYE)])
    taken = model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, model.index(-1, 0))
    assert heard == [(("b",), 0)]
    assert not taken, "the view must not remove the rows itself"


def test_only_segments_can_be_dropped(segments):
    model = segments.list.model()
    foreign = QMimeData()
    foreign.setText("x")
    assert MIME not in foreign.formats()
    nowhere = model.index(-1, 0)
    assert not model.canDropMimeData(foreign, Qt.DropAction.MoveAction, 0, 0, nowhere)


def test_the_menu_of_a_segment_offers_the_classes(segments):
    heard = heard_of(segments.class_wished)
    segments.show_classes(
        [ClassRow(4, "leaf", (1, 2, 3)), ClassRow(5, "soil", (0, 0, 0))]
    )
    segments.show_segments(ROWS, ("t",))
    menu = segments.context_menu()
    classes = menu.actions()[0].menu()
    classes.actions()[1].trigger()
    assert heard == [(("t",), 5)]
    menu.deleteLater()


def test_buttons_follow_the_selection(segments):
    segments.show_segments(ROWS, ("t", "m"))
    assert segments._merge.isEnabled()
    assert not segments._rename.isEnabled()
    segments.show_segments((), ())
    assert not segments._delete.isEnabled()
    assert segments._pages.currentIndex() == 1


# -- classes


@pytest.fixture
def classes(qtbot):
    panel = add(qtbot, ClassesPanel())
    rows = [ClassRow(i, f"class {i}", (i, i, i), i != 2) for i in range(1, 12)]
    panel.show_classes(rows, 2)
    return panel


def test_classes_show_their_kind_and_their_key(classes):
    line = classes.list.topLevelItem(1)
    assert [line.text(i) for i in range(3)] == ["class 2", "stuff", "2"]
    assert classes.list.topLevelItem(9).text(2) == ""
    assert classes.current.id == 2


def test_choosing_a_class_is_a_wish_and_showing_one_is_not(qtbot, classes):
    heard = heard_of(classes.choose_wished)
    classes.show_classes([ClassRow(7, "x", (0, 0, 0)), ClassRow(8, "y", (0, 0, 0))], 8)
    assert heard == []
    classes.list.setCurrentItem(classes.list.topLevelItem(0))
    assert heard == [(7,)]


def test_a_class_can_be_renamed_turned_and_removed(classes):
    renamed = heard_of(classes.rename_wished)
    turned, removed = heard_of(classes.thing_wished), heard_of(classes.remove_wished)
    classes.list.currentItem().setText(0, "sky")
    classes._thing.click()
    classes._remove.click()
    assert renamed == [(2, "sky")]
    assert turned == [(2, True)]
    assert removed == [(2,)]
    assert classes.list.currentItem().text(0) == "class 2"


def test_the_colour_dialog_can_be_left_and_can_choose(qtbot, classes):
    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QColorDialog

    heard = heard_of(classes.colour_wished)
    classes.pick_colour()
    [dialog] = classes.findChildren(QColorDialog)
    dialog.reject()
    assert heard == []
    classes.pick_colour()
    dialog = next(d for d in classes.findChildren(QColorDialog) if d.isVisible())
    dialog.setCurrentColor(QColor(10, 20, 30))
    dialog.accept()
    assert heard == [(2, (10, 20, 30))]


def test_without_classes_the_panel_offers_to_make_one(classes):
    heard = heard_of(classes.add_wished)
    classes.show_classes((), 0)
    assert classes._pages.currentIndex() == 1
    classes._add.click()
    assert heard == [()]


# -- history and candidates


def test_a_click_goes_to_a_step(qtbot):
    panel = add(qtbot, HistoryPanel())
    heard = heard_of(panel.step_wished)
    panel.show_steps([StepRow("Opened"), StepRow("Brush"), StepRow("Merged")], 1)
    assert heard == []
    panel.list.setCurrentRow(0)
    assert heard == [(0,)]
    assert panel.list.item(2).font().italic()


def test_candidates_can_be_looked_at_accepted_and_dropped(qtbot):
    panel = add(qtbot, CandidatesPanel())
    shown = heard_of(panel.show_wished)
    accepted, dropped = heard_of(panel.accept_wished), heard_of(panel.drop_wished)
    rows = [CandidateRow("whole", 0.9), CandidateRow("part", 0.7)]
    panel.show_candidates(rows, 0, marks=1, waiting=False)
    panel._group.button(1).click()
    panel._accept.click()
    panel._drop.click()
    assert shown == [(1,)]
    assert accepted == dropped == [()]
    panel.show_candidates((), 0, marks=0, waiting=False)
    assert panel._accept.isHidden()
    assert panel._group.buttons() == []


def test_the_strip_says_that_the_model_is_looking(qtbot):
    panel = add(qtbot, CandidatesPanel())
    panel.show_candidates((), 0, marks=2, waiting=True)
    assert "looking" in panel._text.text()
    assert not panel._drop.isHidden()
    assert not panel._accept.isHidden()
    assert not panel._accept.isEnabled()
    qtbot.waitUntil(lambda: not panel._moving.isHidden())
    panel.show_candidates([CandidateRow("whole", 0.9)], 0, marks=2, waiting=False)
    assert panel._moving.isHidden()
    assert panel._accept.isEnabled()


def test_a_narrow_strip_shows_the_words_without_the_pictures(qtbot):
    panel = add(qtbot, CandidatesPanel())
    kinds = ("whole", "part", "sub-part")
    rows = [CandidateRow(kind, 0.5) for kind in kinds]
    panel.show_candidates(rows, 0, marks=1, waiting=False)
    styles = []
    for width in (900, 420):
        panel.resize(width, 62)
        choices = panel._group.buttons()
        styles.append({choice.toolButtonStyle() for choice in choices})
        for choice in choices:
            words = choice.fontMetrics().horizontalAdvance(choice.text().split("\n")[0])
            assert choice.minimumWidth() > words
    beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    assert styles == [{beside}, {Qt.ToolButtonStyle.ToolButtonTextOnly}]
    assert panel._drop.text() == "Drop"
    panel.resize(325, 62)
    assert panel._drop.text() == ""
    assert panel.layout().minimumSize().width() <= 325
