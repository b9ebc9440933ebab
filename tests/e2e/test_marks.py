"""Marks of every kind through the real window, with the real engine."""

import pytest
from person import LEFT, NO_KEYS, RIGHT, SHIFT, TRUTH
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def person(start, sample):
    return start(sample, TRUTH)


def overlap(mask, other):
    both = mask.intersection(other).area
    return both / (mask.area + other.area - both)


def at_home(truth):
    """Where the largest cell lies: its box, and a point well inside it."""
    cell = truth[0].mask
    box = cell.bbox
    inside = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    assert cell.contains(*inside)
    return cell, box, inside


def draw(person, *points_xy, keys=NO_KEYS, button=LEFT):
    """Press, move through image points with the button down, release."""
    canvas = person.window.canvas
    QTest.mousePress(canvas, button, keys, person._at(*points_xy[0]))
    for x, y in points_xy[1:]:
        place = QPointF(person._at(x, y))
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            place,
            canvas.mapToGlobal(place),
            Qt.MouseButton.NoButton,
            button,
            keys,
        )
        QApplication.sendEvent(canvas, event)
    QTest.mouseRelease(canvas, button, keys, person._at(*points_xy[-1]))
    person.settle()


def ring(box, margin):
    """Corners around a box, the first one again at the end."""
    x0, y0, x1, y1 = (
        box.x0 - margin,
        box.y0 - margin,
        box.x1 + margin,
        box.y1 + margin,
    )
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)


def test_a_scribble_becomes_a_segment_and_undo_takes_it_back_in_steps(person, truth):
    cell, box, (x, y) = at_home(truth)
    person.do("tool_scribble")
    draw(person, (x - box.width / 5, y), (x + box.width / 5, y))
    person.wait_candidates()
    first = person.session.candidate.mask
    draw(person, *ring(box, 6), button=RIGHT)
    person.wait_candidates()
    person.do("undo")
    assert person.session.candidate.mask is first
    person.do("redo")
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    assert overlap(segment.mask, cell) > 0.6
    [asked] = segment.source.prompts
    assert [line["positive"] for line in asked["scribbles"]] == [True, False]
    person.do("undo")
    assert person.document.segments == ()


def test_a_lasso_around_a_cell_finds_the_cell(person, truth):
    cell, box, _ = at_home(truth)
    person.do("tool_lasso")
    draw(person, *ring(box, 4))
    person.wait_candidates()
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    drawn = (box.width + 8) * (box.height + 8)
    assert segment.mask.area < 0.95 * drawn
    assert overlap(segment.mask, cell) > 0.6


def test_several_boxes_become_a_segment_each(person, truth):
    cells = [segment.mask for segment in truth[:3]]
    person.do("tool_box")
    for number, cell in enumerate(cells):
        box = cell.bbox
        keys = SHIFT if number else NO_KEYS
        draw(person, (box.x0 - 2, box.y0 - 2), (box.x1 + 1, box.y1 + 1), keys=keys)
        person.wait_candidates()
    person.key(Qt.Key.Key_Return)
    assert len(person.document.segments) == 3
    for segment, cell in zip(person.document.segments, cells, strict=True):
        assert overlap(segment.mask, cell) > 0.6
    person.do("undo")
    assert person.document.segments == ()


def test_the_threshold_makes_a_candidate_smaller_and_larger(person, truth):
    _, _, (x, y) = at_home(truth)
    person.do("tool_walker")
    draw(person, (x, y), (x + 3, y))
    person.wait_candidates()
    usual = person.session.candidate.mask.area
    slider = person.window.panels.candidates.level.slider
    slider.setValue(85)
    person.settle()
    strict = person.session.candidate.mask
    assert strict.area < usual
    for _ in range(12):
        person.key(Qt.Key.Key_Comma)
    assert slider.value() == 25
    assert person.session.candidate.mask.area > usual
    slider.setValue(85)
    person.settle()
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    assert segment.mask.same_pixels(strict)


def test_the_livewire_clings_to_a_cell(person, truth):
    cell, box, (x, y) = at_home(truth)
    person.do("tool_livewire")
    for place in ((x, box.y0), (box.x1 - 1, y), (x, box.y1 - 1), (box.x0, y)):
        person.click_at(*place)
        person.settle(30)
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    assert overlap(segment.mask, cell) > 0.8
    assert segment.source.tool == "livewire"


def test_a_setting_of_the_wand_changes_what_it_takes_at_once(person, truth):
    _, _, (x, y) = at_home(truth)
    person.do("tool_wand")
    person.click_at(x, y)
    person.wait_candidates()
    before = person.session.candidate.mask.area
    rows = person.window.panels.options.parameters
    rows.controls["tolerance"].slider.setValue(90)
    person.wait(lambda: person.session.candidate.mask.area > before, "a larger region")
    rows.defaults.click()
    person.wait(lambda: person.session.candidate.mask.area == before, "the defaults")


def test_a_cell_is_marked_by_keys_alone(person, truth):
    cell, _, _ = at_home(truth)
    person.do("tool_point")
    cursor = person.window.canvas._overlay
    person.key(Qt.Key.Key_Right)
    for _ in range(200):
        x, y = cursor.cursor
        if cell.contains(x, y):
            break
        box = cell.bbox
        middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        away = (middle[0] - x, middle[1] - y)
        if abs(away[0]) > abs(away[1]):
            key = Qt.Key.Key_Right if away[0] > 0 else Qt.Key.Key_Left
        else:
            key = Qt.Key.Key_Down if away[1] > 0 else Qt.Key.Key_Up
        QTest.keyClick(person.window.canvas, key)
    QTest.keyClick(person.window.canvas, Qt.Key.Key_Space)
    person.wait_candidates()
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    assert overlap(segment.mask, cell) > 0.6
