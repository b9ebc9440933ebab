"""Polygon, with real mouse events on a canvas."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from stand import Stand, segment


def block(x0, y0, x1, y1):
    mask = np.zeros((48, 64), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def stand(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("polygon")
    return stand


@pytest.fixture
def edited(qtbot):
    """A segment with a hole under edit."""
    ring = block(10, 10, 40, 40) & ~block(20, 20, 30, 30)
    stand = Stand(qtbot, segments=[segment(ring, id="ring")])
    stand.hand.take("polygon")
    stand.double_click(12.5, 12.5)
    return stand


CORNERS = [(10.05, 10.05), (40.05, 10.05), (40.05, 30.05), (10.05, 30.05)]


def test_enter_closes_the_polygon(stand):
    for corner in CORNERS:
        stand.click(*corner)
    assert stand.hand.busy
    assert stand.hand.finish()
    assert np.array_equal(stand.mask(), block(10, 10, 40, 30))
    assert stand.desk.commits == ["Polygon"]
    assert not stand.hand.busy


def test_a_click_on_the_first_corner_closes_it(stand):
    for corner in [*CORNERS, CORNERS[0]]:
        stand.click(*corner)
    assert np.array_equal(stand.mask(), block(10, 10, 40, 30))


def test_a_double_click_sets_the_last_corner_and_closes(stand):
    for corner in CORNERS[:3]:
        stand.click(*corner)
    stand.double_click(*CORNERS[3])
    assert np.array_equal(stand.mask(), block(10, 10, 40, 30))


def test_escape_drops_it_and_a_right_click_takes_back_one_corner(stand):
    before = stand.desk.document
    for corner in CORNERS:
        stand.click(*corner)
    stand.click(50, 40, button="right")
    stand.click(50, 40, button="right")
    assert stand.hand.finish()
    assert "three corners" in stand.desk.said[0][0]
    assert stand.hand.cancel()
    assert not stand.hand.busy
    assert stand.desk.document is before
    assert stand.canvas._overlay.rubber is None


def test_it_is_painted_into_the_selected_segment(qtbot):
    stand = Stand(qtbot, segments=[segment(block(45, 30, 60, 45), id="some")])
    stand.hand.take("polygon")
    stand.desk.select(["some"])
    for corner in CORNERS:
        stand.click(*corner)
    stand.hand.finish()
    assert len(stand.desk.document.segments) == 1
    wanted = block(45, 30, 60, 45) | block(10, 10, 40, 30)
    assert np.array_equal(stand.mask(), wanted)


def test_a_mask_becomes_corners_and_editing_ends_without_a_change(edited):
    before = edited.desk.document
    assert edited.hand.busy
    assert len(edited.canvas._overlay.rubber.paths) == 2
    assert edited.hand.finish()
    assert not edited.hand.busy
    assert edited.desk.document is before


def test_a_corner_is_dragged_and_the_hole_stays(edited):
    edited.drag((40.05, 40.05), (45.05, 42.05), (50.05, 46.05))
    assert edited.desk.commits == ["Polygon"]
    assert edited.mask()[44, 47]
    assert not edited.mask()[25, 25]
    edited.drag((20.05, 20.05), (15.05, 15.05))
    assert not edited.mask()[18, 18]
    assert len(edited.desk.commits) == 2


def test_a_click_on_a_side_adds_a_corner_and_a_right_click_removes_one(edited):
    def corners():
        return sum(len(path.points_xy) for path in edited.canvas._overlay.rubber.paths)

    before = corners()
    edited.click(25.05, 10.05)
    assert corners() == before + 1
    edited.drag((25.05, 10.05), (25.05, 2.05))
    assert edited.mask()[5, 25]
    edited.click(25.05, 2.05, button="right")
    assert corners() == before
    assert not edited.mask()[5, 25]


def test_a_click_on_a_corner_changes_nothing(edited):
    before = edited.desk.document
    edited.click(40.05, 40.05)
    assert edited.desk.document is before


def test_removing_corners_of_a_hole_closes_the_hole(edited):
    edited.click(20.05, 20.05, button="right")
    edited.click(30.05, 20.05, button="right")
    assert edited.mask()[25, 25]
    assert len(edited.canvas._overlay.rubber.paths) == 1


def test_undo_gives_the_corners_of_the_mask_that_is_back(edited):
    first = edited.desk.document
    edited.drag((40.05, 40.05), (50.05, 46.05))
    edited.desk.document = first
    edited.follow()
    points = {p for path in edited.canvas._overlay.rubber.paths for p in path.points_xy}
    assert (40.0, 40.0) in points
    assert (50.0, 46.0) not in points


def test_escape_during_a_drag_leaves_no_trace(edited):
    before = edited.desk.document
    edited.press(40.05, 40.05)
    edited.move(50.05, 46.05)
    assert edited.hand.cancel()
    edited.release(50.05, 46.05)
    assert edited.desk.document is before
    assert edited.canvas._content.document is before


def test_corners_do_not_follow_to_another_image(stand):
    from dataclasses import replace

    for corner in CORNERS:
        stand.click(*corner)
    document = stand.desk.document
    image = replace(document.image, name="b.png")
    stand.desk.document = replace(document, image=image)
    stand.follow()
    assert not stand.hand.busy
    assert stand.canvas._overlay.rubber is None


def test_a_segment_that_goes_ends_its_edit(edited):
    from dataclasses import replace

    edited.desk.document = replace(edited.desk.document, segments=())
    edited.follow()
    assert not edited.hand.busy


def test_keys_that_belong_to_the_session_are_left_to_it(stand):
    stand.click(*CORNERS[0])
    stand.canvas.setFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab):
        assert not stand.hand.key(key)
    QTest.keyClick(stand.canvas, Qt.Key.Key_Backspace)
    assert not stand.hand.busy
