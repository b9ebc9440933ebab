"""Livewire: a line along edges, and corners that snap to them."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from stand import Stand, segment

from seggui.core import edits

SQUARE = np.s_[12:36, 16:48]


@pytest.fixture
def stand(qtbot):
    """A bright square on dark ground, four screen pixels for each of the image."""
    stand = Stand(qtbot, size=(64 * 6, 48 * 6))
    image_hwc = np.full((48, 64, 3), 40, np.uint8)
    image_hwc[SQUARE] = 210
    stand.desk.image_hwc = image_hwc
    stand.canvas.set_image(image_hwc)
    stand.follow()
    stand.hand.take("livewire")
    return stand


def around(stand):
    """Click near the four corners, none of them exactly."""
    for x, y in ((16.6, 12.7), (47.2, 12.6), (47.3, 35.2), (16.7, 35.4)):
        stand.click(x, y)


def overlap(mask_hw):
    truth = np.zeros((48, 64), bool)
    truth[SQUARE] = True
    return (mask_hw & truth).sum() / (mask_hw | truth).sum()


def test_enter_closes_along_the_edges(stand):
    around(stand)
    assert stand.hand.finish()
    assert stand.desk.commits == ["Livewire"]
    assert overlap(stand.mask()) > 0.93
    assert stand.desk.document.segments[0].source.tool == "livewire"
    assert not stand.hand.busy


def test_a_click_on_the_first_anchor_closes(stand):
    around(stand)
    stand.click(16.5, 12.5)
    assert overlap(stand.mask()) > 0.93


def test_a_double_click_closes(stand):
    for x, y in ((16.6, 12.7), (47.2, 12.6), (47.3, 35.2)):
        stand.click(x, y)
    stand.double_click(16.7, 35.4)
    assert overlap(stand.mask()) > 0.93


@pytest.mark.parametrize("key", [Qt.Key.Key_Backspace, Qt.Key.Key_Delete])
def test_a_key_takes_the_last_anchor_back(stand, key):
    around(stand)
    stand.click(40, 24)
    assert stand.hand.key(key)
    stand.hand.finish()
    assert overlap(stand.mask()) > 0.93


def test_the_right_button_takes_anchors_back_until_none_is_left(stand):
    stand.click(16.6, 12.7)
    stand.click(30, 12.5)
    stand.click(5, 5, button="right")
    stand.click(5, 5, button="right")
    assert not stand.hand.busy
    assert stand.canvas._overlay.rubber is None


def test_the_live_line_follows_the_mouse_along_the_edge(stand):
    stand.click(16.6, 12.7)
    stand.move(47.2, 12.6)
    live = stand.canvas._overlay.rubber.paths[0].points_xy
    heights = [y for x, y in live if 20 < x < 44]
    assert heights
    assert max(abs(y - 12) for y in heights) < 1.5


def test_one_anchor_is_no_outline(stand):
    stand.click(16.6, 12.7)
    assert stand.hand.finish()
    assert stand.desk.commits == []
    assert "one more" in stand.desk.said[-1][0]


def test_another_image_forgets_the_anchors(stand):
    around(stand)
    stand.desk.document = None
    stand.hand.refresh()
    assert not stand.hand.busy


def test_it_paints_into_the_selected_segment(qtbot, stand):
    some = np.zeros((48, 64), bool)
    some[2:6, 2:6] = True
    kept = segment(some, id="kept")
    stand.desk.commit("Put", edits.add_segments(stand.desk.document, [kept]), ["kept"])
    around(stand)
    stand.hand.finish()
    assert len(stand.desk.document.segments) == 1
    assert stand.mask()[3, 3]
    assert stand.mask()[20, 30]


def test_corners_of_a_polygon_snap_where_that_is_wished(stand):
    stand.hand.take("polygon")
    stand.options(snap_corners=True)
    for x, y in ((30.2, 13.1), (46.8, 24.3), (30.1, 34.9), (17.1, 24.2)):
        stand.click(x, y)
    assert stand.hand.tool._drawn == [(30, 12), (48, 24), (30, 36), (16, 24)]


def test_corners_of_a_polygon_stay_where_that_is_not_wished(stand):
    stand.hand.take("polygon")
    for x, y in ((30.2, 13.1), (46.8, 24.3), (30.1, 34.9)):
        stand.click(x, y)
    assert stand.hand.tool._drawn == [(30, 13), (47, 24), (30, 35)]
