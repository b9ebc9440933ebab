"""Brush and eraser, with real mouse events on a canvas."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from stand import Stand, segment

from seggui.gui.tools.footprint import snapped

SHIFT = Qt.KeyboardModifier.ShiftModifier


def painted_by_distance(points_xy, diameter, shape, height, width):
    """The pixels a brush covers, found pixel by pixel from the definition."""
    out = np.zeros((height, width), bool)
    ys, xs = np.mgrid[0:height, 0:width] + 0.5
    stops = [snapped(x, y, diameter) for x, y in points_xy]
    for (ax, ay), (bx, by) in zip(stops, [*stops[1:], stops[-1]], strict=True):
        for share in np.linspace(0, 1, 801):
            dx, dy = xs - (ax + share * (bx - ax)), ys - (ay + share * (by - ay))
            if shape == "round":
                out |= dx**2 + dy**2 <= (diameter / 2) ** 2 + 1e-9
            else:
                out |= np.maximum(abs(dx), abs(dy)) <= diameter / 2 + 1e-9
    return out


@pytest.fixture
def stand(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("brush")
    return stand


@pytest.mark.parametrize("shape", ["round", "square"])
@pytest.mark.parametrize("diameter", [1, 2, 3, 8])
def test_a_stroke_covers_exactly_the_pixels_of_its_definition(stand, shape, diameter):
    stand.options(brush_px=diameter, brush_shape=shape)
    # Not in the middle of a pixel, where an even brush could go either way.
    points = [(10.7, 10.7), (40.7, 20.7), (41.7, 40.7), (12.7, 30.7)]
    stand.drag(*points)
    wanted = painted_by_distance(points, diameter, shape, 48, 64)
    assert stand.desk.commits == ["Brush"]
    # Sampling the way misses pixels that only an exact touch includes.
    assert not (wanted & ~stand.mask()).any()
    assert np.count_nonzero(stand.mask() & ~wanted) <= 2


def test_a_thin_line_has_no_gaps_at_any_speed(stand):
    import cv2

    stand.options(brush_px=1)
    stand.drag((1.5, 1.5), (60.5, 37.5))
    parts, _ = cv2.connectedComponents(stand.mask().view(np.uint8), connectivity=8)
    assert parts == 2
    assert stand.mask()[1, 1]
    assert stand.mask()[37, 60]


def test_a_stroke_is_one_step_and_the_next_paints_into_the_same_segment(stand):
    stand.drag((10, 10), (20, 10))
    stand.drag((10, 30), (20, 30))
    assert stand.desk.commits == ["Brush", "Brush"]
    assert len(stand.desk.document.segments) == 1
    only = stand.desk.document.segments[0]
    assert stand.desk.selected == (only.id,)
    assert only.source.tool == "brush"
    assert only.source.seconds >= 0


def test_painting_into_a_new_segment_leaves_the_selected_one(stand):
    stand.options(paint_into="new")
    stand.drag((10, 10), (20, 10))
    stand.drag((10, 30), (20, 30))
    assert len(stand.desk.document.segments) == 2


def test_escape_leaves_no_trace(stand):
    before = stand.desk.document
    stand.press(10, 10)
    stand.move(30, 30)
    assert stand.hand.busy
    assert stand.hand.cancel()
    stand.move(40, 30)
    stand.release(40, 30)
    assert stand.desk.document is before
    assert stand.desk.commits == []
    assert not stand.hand.cancel()


def test_what_is_not_finished_is_seen_but_not_in_the_document(stand):
    before = stand.desk.document
    stand.press(10, 10)
    stand.move(30, 10)
    assert stand.desk.document is before
    assert stand.canvas._content.document is not before
    stand.release(30, 10)
    assert stand.canvas._content.document is stand.desk.document


def test_shift_draws_a_straight_line_from_the_last_dab(stand):
    stand.options(brush_px=3)
    stand.click(5.5, 5.5)
    stand.click(55.5, 5.5, keys=SHIFT)
    assert stand.mask()[5, 4:57].all()
    assert not stand.mask()[8].any()


def test_without_shift_two_clicks_are_two_dabs(stand):
    stand.options(brush_px=3)
    stand.click(5.5, 5.5)
    stand.click(55.5, 5.5)
    assert not stand.mask()[5, 10:50].any()


def test_protected_segments_keep_their_pixels(qtbot):
    other = np.zeros((48, 64), bool)
    other[:, 30:40] = True
    stand = Stand(qtbot, segments=[segment(other, id="other")])
    stand.hand.take("brush")
    stand.options(protect_others=True)
    stand.drag((20, 20), (50, 20))
    assert not (stand.mask() & other).any()
    assert stand.mask()[20, 45]


def test_a_locked_segment_is_refused_with_a_sentence(qtbot):
    some = np.zeros((48, 64), bool)
    some[5:9, 5:9] = True
    stand = Stand(qtbot, segments=[segment(some, id="some", locked=True)])
    stand.desk.select(["some"])
    stand.hand.take("brush")
    stand.drag((20, 20), (50, 20))
    assert stand.desk.commits == []
    assert "locked" in stand.desk.said[0][0]


def test_a_read_only_image_is_refused_with_a_sentence(stand):
    stand.desk.read_only = True
    stand.drag((20, 20), (50, 20))
    assert stand.desk.commits == []
    assert stand.desk.said


def test_the_eraser_takes_pixels_and_an_emptied_segment_goes(qtbot):
    some = np.zeros((48, 64), bool)
    some[5:9, 5:9] = True
    stand = Stand(qtbot, segments=[segment(some, id="some")])
    stand.hand.take("eraser")
    stand.options(brush_px=2, brush_shape="square")
    stand.click(6, 6)
    assert np.count_nonzero(stand.mask()) == 12
    stand.options(brush_px=40)
    stand.click(6, 6)
    assert stand.desk.document.segments == ()
    assert stand.desk.selected == ()
    assert stand.desk.commits == ["Eraser", "Eraser"]


def test_erasing_nothing_says_what_to_do(qtbot):
    stand = Stand(qtbot)
    stand.hand.take("eraser")
    stand.click(6, 6)
    assert "nothing to erase" in stand.desk.said[0][0]


def test_brackets_and_ctrl_wheel_change_the_size(stand):
    stand.canvas.setFocus()
    size = stand.desk.options.brush_px
    QTest.keyClick(stand.canvas, Qt.Key.Key_BracketRight)
    larger = stand.desk.options.brush_px
    assert larger > size
    QTest.keyClick(stand.canvas, Qt.Key.Key_BracketLeft)
    assert stand.desk.options.brush_px < larger
    assert stand.hand.wheel(-50)
    assert stand.desk.options.brush_px == 1


def test_an_undo_during_a_stroke_ends_the_stroke(stand):
    stand.press(10, 10)
    stand.desk.document = replace(stand.desk.document, state="done")
    stand.follow()
    stand.move(30, 10)
    stand.release(30, 10)
    assert stand.desk.commits == []


def test_what_is_taken_back_during_a_stroke_is_the_stroke(stand):
    assert not stand.hand.take_back()
    stand.press(10, 10)
    stand.move(30, 10)
    assert stand.hand.take_back()
    stand.release(30, 10)
    assert stand.desk.commits == []
    assert not stand.hand.busy


def test_a_release_that_another_window_took_ends_the_stroke(stand):
    stand.press(10, 10)
    stand.move(20, 10)
    stand._held = Qt.MouseButton.NoButton
    stand.move(40, 40)
    assert stand.desk.commits == ["Brush"]
    assert not stand.hand.busy
    stand.drag((50, 10), (55, 10))
    assert stand.desk.commits == ["Brush", "Brush"]


def test_a_second_button_during_a_stroke_changes_nothing(stand):
    stand.press(10, 10)
    left = stand._held
    stand.press(12, 10, button="right")
    stand._held = left
    stand.move(30, 10)
    stand.release(30, 10)
    assert stand.desk.commits == ["Brush"]
    assert stand.mask()[10, 25]


places = st.tuples(st.integers(-8, 71), st.integers(-8, 55))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    strokes=st.lists(
        st.tuples(
            st.sampled_from(["brush", "eraser"]),
            st.integers(1, 20),
            st.sampled_from(["round", "square"]),
            st.lists(places, min_size=1, max_size=5),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_strokes_equal_a_dense_model(stand, strokes):
    """Follow each dab on plain arrays with the footprint's own pixels."""
    from seggui.gui.tools.footprint import swept

    start = np.zeros((48, 64), bool)
    start[20:30, 20:30] = True
    model = start.copy()
    stand.desk.document = replace(
        stand.desk.document, segments=(segment(start, id="one"),)
    )
    stand.desk.select(["one"])
    for tool, size, shape, points in strokes:
        if not model.any():
            break
        stand.hand.take(tool)
        stand.options(brush_px=size, brush_shape=shape)
        stops = [snapped(x + 0.7, y + 0.7, size) for x, y in points]
        stand.drag(*((x + 0.7, y + 0.7) for x, y in points))
        padded = np.zeros((48 + 200, 64 + 200), bool)
        for a, b in zip([stops[0], *stops], [*stops, stops[-1]], strict=True):
            box, pixels = swept(a, b, size, shape)
            padded[box.moved(100, 100).slices] |= pixels
        covered = padded[100:148, 100:164]
        model = model & ~covered if tool == "eraser" else model | covered
    shown = stand.mask() if stand.desk.document.segments else np.zeros_like(model)
    assert np.array_equal(shown, model)


# -- edges of the image, gaps to neighbours


def half_bright(stand):
    """An image whose right half, from column 32 on, is bright."""
    image = np.full((48, 64, 3), 40, np.uint8)
    image[:, 32:] = 180
    image += np.random.default_rng(0).integers(0, 5, image.shape, np.uint8)
    stand.desk.image_hwc = image
    return image


@pytest.mark.parametrize("shift", [0, 3])
def test_a_stroke_that_follows_edges_stops_at_them(stand, shift):
    half_bright(stand)
    stand.options(brush_px=20, follow_edges=True)
    stand.drag((26.0 + shift, 12.0), (26.0 + shift, 36.0))
    painted = stand.mask()
    assert not painted[:, 33:].any()
    assert painted[14:34, 20 + shift : 31].all()


def test_it_fills_the_whole_brush_where_there_is_no_edge(stand):
    half_bright(stand)
    stand.options(brush_px=13, follow_edges=True)
    stand.drag((12.5, 12.5), (12.5, 36.5))
    wanted = painted_by_distance([(12.5, 12.5), (12.5, 36.5)], 13, "round", 48, 64)
    assert np.count_nonzero(stand.mask() & wanted) > 0.97 * np.count_nonzero(wanted)
    assert not (stand.mask() & ~wanted).any()


def test_the_middle_of_the_brush_paints_across_an_edge(stand):
    half_bright(stand)
    stand.options(brush_px=20, follow_edges=True)
    stand.drag((32.0, 12.0), (32.0, 36.0))
    assert stand.mask()[14:34, 24:40].all()


@pytest.mark.parametrize("at", [(24.0, 49.0), (24.0, -2.0), (-3.0, 24.0), (66.0, 24.0)])
def test_a_brush_whose_middle_is_beside_the_image_follows_edges(stand, at):
    half_bright(stand)
    stand.options(brush_px=20, follow_edges=True)
    stand.drag((24.0, 24.0), at)
    assert stand.desk.commits == ["Brush"]
    mask = stand.mask()
    x, y = min(max(at[0], 1), 63), min(max(at[1], 1), 47)
    assert mask[int(y) - 1, int(x) - 1] or mask[int(y), int(x)]


@pytest.mark.parametrize("at", [(24.0, 50.0), (-4.0, 24.0)])
def test_a_dab_that_only_touches_the_image_follows_edges(stand, at):
    half_bright(stand)
    stand.options(brush_px=20, follow_edges=True)
    stand.drag(at, at)
    assert stand.desk.commits == ["Brush"]


def test_the_eraser_follows_edges_too(qtbot):
    stand = Stand(qtbot, segments=[segment(np.ones((48, 64), bool))])
    stand.hand.take("eraser")
    half_bright(stand)
    stand.options(brush_px=20, follow_edges=True)
    stand.drag((26.0, 12.0), (26.0, 36.0))
    left = stand.mask()
    assert left[:, 33:].all()
    assert not left[14:34, 20:31].any()


def beside(x0, x1):
    mask = np.zeros((48, 64), bool)
    mask[:, x0:x1] = True
    return segment(mask)


@pytest.mark.parametrize("fills", [True, False])
def test_a_stroke_closes_the_gap_to_its_neighbour_in_the_same_step(qtbot, fills):
    stand = Stand(qtbot, segments=[beside(30, 40)])
    neighbour = stand.desk.document.segments[0]
    stand.hand.take("brush")
    stand.options(brush_px=10, fill_gaps=fills)
    stand.drag((21.0, 8.0), (21.0, 40.0))
    assert stand.desk.commits == ["Brush"]
    drawn = stand.desk.document.segments[-1].mask
    assert drawn.contains(28.5, 24.5) is fills
    assert not drawn.contains(30.5, 24.5)
    assert not drawn.contains(10.5, 24.5)
    assert stand.desk.document.get(neighbour.id).mask is neighbour.mask
