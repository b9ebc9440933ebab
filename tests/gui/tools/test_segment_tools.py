"""Select, merge, fill and cut, with real mouse events on a canvas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from stand import Stand, segment

from seggui.core.mask import Mask
from seggui.gui.tools.cut import line_pixels, parted

SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


def block(x0, y0, x1, y1):
    mask = np.zeros((48, 64), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def stand(qtbot):
    return Stand(
        qtbot,
        segments=[
            segment(block(5, 5, 25, 25), id="below"),
            segment(block(15, 15, 35, 35), id="above"),
            segment(block(45, 30, 60, 45), id="apart"),
        ],
    )


def test_a_click_selects_the_topmost_and_beside_them_nothing(stand):
    stand.hand.take("select")
    stand.click(20.5, 20.5)
    assert stand.desk.selected == ("above",)
    stand.click(6.5, 6.5)
    assert stand.desk.selected == ("below",)
    stand.click(62.5, 2.5)
    assert stand.desk.selected == ()


@pytest.mark.parametrize("key", [SHIFT, CTRL])
def test_shift_or_ctrl_adds_and_takes_away(stand, key):
    stand.hand.take("select")
    stand.click(6.5, 6.5)
    stand.click(50.5, 40.5, keys=key)
    assert stand.desk.selected == ("below", "apart")
    stand.click(6.5, 6.5, keys=key)
    assert stand.desk.selected == ("apart",)


def test_hidden_segments_are_not_hit(stand):
    stand.desk.hidden = frozenset({"above"})
    stand.hand.take("select")
    stand.click(20.5, 20.5)
    assert stand.desk.selected == ("below",)


def test_a_rectangle_selects_what_it_touches_and_moves_nothing(stand):
    before = stand.desk.document
    stand.hand.take("select")
    stand.drag((1.5, 1.5), (7.5, 7.5))
    assert stand.desk.selected == ("below",)
    stand.drag((30.5, 28.5), (50.5, 40.5), keys=SHIFT)
    assert stand.desk.selected == ("below", "above", "apart")
    assert stand.desk.document is before


def test_selecting_works_on_a_read_only_image(stand):
    stand.desk.read_only = True
    stand.hand.take("select")
    stand.click(20.5, 20.5)
    assert stand.desk.selected == ("above",)
    assert stand.desk.said == []


def test_a_click_merges_with_the_selected_segment(stand):
    stand.hand.take("merge")
    stand.click(6.5, 6.5)
    assert stand.desk.commits == []
    stand.click(50.5, 40.5)
    assert stand.desk.commits == ["Merge"]
    merged = stand.desk.document.get("below")
    wanted = block(5, 5, 25, 25) | block(45, 30, 60, 45)
    assert np.array_equal(merged.mask.dense(), wanted)
    assert stand.desk.selected == ("below",)


def test_enter_merges_all_selected(stand):
    stand.hand.take("merge")
    assert not stand.hand.finish()
    stand.desk.select(["below", "above", "apart"])
    assert stand.hand.finish()
    assert [s.id for s in stand.desk.document.segments] == ["below"]


def test_a_hole_of_the_selected_segment_is_filled(qtbot):
    ring = block(5, 5, 30, 30) & ~block(10, 10, 20, 20) & ~block(24, 24, 26, 26)
    stand = Stand(qtbot, segments=[segment(ring, id="ring")])
    stand.hand.take("fill")
    stand.click(12.5, 12.5)
    assert stand.desk.commits == ["Fill"]
    assert stand.mask()[10:20, 10:20].all()
    assert not stand.mask()[24, 24]
    stand.click(40.5, 40.5)
    assert "not enclosed" in stand.desk.said[-1][0]
    assert len(stand.desk.commits) == 1


def test_a_gap_between_segments_becomes_a_new_segment(qtbot):
    stand = Stand(
        qtbot,
        segments=[
            segment(block(5, 5, 30, 10) | block(5, 5, 10, 30)),
            segment(block(5, 25, 30, 30) | block(25, 5, 30, 30)),
        ],
    )
    stand.hand.take("fill")
    stand.click(15.5, 15.5)
    assert len(stand.desk.document.segments) == 3
    assert np.array_equal(stand.mask(), block(10, 10, 25, 25))


def test_a_cut_parts_the_segment_and_no_pixel_is_lost(stand):
    stand.hand.take("cut")
    stand.desk.select(["apart"])
    stand.drag((52.5, 25.5), (52.5, 36.5), (52.5, 46.5))
    assert stand.desk.commits == ["Cut"]
    parts = [stand.desk.document.get(i) for i in stand.desk.selected]
    assert [part.class_id for part in parts] == [1, 1]
    assert parts[0].id == "apart"
    assert parts[1].source.tool == "cut"
    first, second = (part.mask.dense() for part in parts)
    assert not (first & second).any()
    assert np.array_equal(first | second, block(45, 30, 60, 45))
    # The line's own pixels are with the larger side.
    assert sorted([first.sum(), second.sum()]) == [7 * 15, 8 * 15]


def test_a_line_that_does_not_part_is_refused_with_a_sentence(stand):
    before = stand.desk.document
    stand.hand.take("cut")
    stand.drag((52.5, 25.5), (52.5, 36.5))
    assert stand.desk.document is before
    assert "does not part" in stand.desk.said[0][0]


def test_a_locked_segment_is_not_cut(qtbot):
    stand = Stand(qtbot, segments=[segment(block(5, 5, 25, 25), locked=True)])
    stand.hand.take("cut")
    stand.drag((12.5, 1.5), (12.5, 30.5))
    assert stand.desk.commits == []
    assert "locked" in stand.desk.said[0][0]


place = st.tuples(st.floats(-5, 69), st.floats(-5, 53))


@settings(max_examples=80, deadline=None)
@given(points=st.lists(place, min_size=2, max_size=5), seed=st.integers(0, 99))
def test_parts_of_any_cut_are_the_mask_without_overlap(points, seed):
    random = np.random.default_rng(seed)
    mask_hw = np.zeros((48, 64), bool)
    for _ in range(3):
        x, y = random.integers(0, 40), random.integers(0, 30)
        mask_hw[y : y + random.integers(1, 18), x : x + random.integers(1, 24)] ^= True
    parts = parted(Mask.from_dense(mask_hw), *line_pixels(points))
    total = sum(part.dense().astype(int) for part in parts)
    assert np.array_equal(total, mask_hw.astype(int))


def test_a_line_is_joined_by_sides_so_that_it_parts_what_touches_at_corners():
    import cv2

    box, line_hw = line_pixels([(0.2, 0.3), (20.7, 11.9), (3.1, 19.4)])
    parts, _ = cv2.connectedComponents(line_hw.view(np.uint8), connectivity=4)
    assert parts == 2
    assert line_hw[0 - box.y0, 0 - box.x0]
