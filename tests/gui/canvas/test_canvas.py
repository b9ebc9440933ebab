"""What the canvas shows, pixel by pixel, and where a click lands."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.core.segment import Segment, Source
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers

WIDTH, HEIGHT = 90, 61


def shot(canvas):
    """What the canvas shows as RGB, axes (y, x, 3), in device pixels."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    values = np.frombuffer(image.constBits(), np.uint8)
    rows = values.reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), -1, 3).copy()


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def blob(seed):
    """A mask with ragged edges and holes."""
    random = np.random.default_rng(seed)
    mask_hw = np.zeros((HEIGHT, WIDTH), bool)
    for _ in range(4):
        x, y = random.integers(0, WIDTH - 9), random.integers(0, HEIGHT - 9)
        mask_hw[y : y + random.integers(2, 20), x : x + random.integers(2, 20)] ^= True
    return Mask.from_dense(mask_hw)


def document(*masks, class_ids=None):
    segments = [
        Segment(mask, class_ids[i] if class_ids else 1 + i % 2, Source("test"), f"s{i}")
        for i, mask in enumerate(masks)
    ]
    return Document(ImageFacts("a.png", WIDTH, HEIGHT, "x"), tuple(segments))


@pytest.fixture
def canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.set_classes(Classes().added("thing").added("stuff"))
    canvas.set_image(picture())
    canvas.show()
    QApplication.processEvents()
    return canvas


def at_scale(canvas, scale):
    """Zoom to exactly that scale, around the middle."""
    for _ in range(2):  # the first one may stop at 1 : 1 on its way
        canvas.zoom_by(scale / canvas.zoom)
    assert canvas.zoom == pytest.approx(scale)


@pytest.mark.parametrize("scale", [1, 1.7, 3, 7.3, 15.9])
def test_each_screen_pixel_shows_the_image_pixel_under_its_centre(canvas, scale):
    at_scale(canvas, scale)
    shown = shot(canvas)
    view, image = canvas.view, picture()
    for y in range(0, 300, 7):
        for x in range(0, 400, 7):
            ix, iy = view.image_xy(x + 0.5, y + 0.5)
            if 0 <= ix < WIDTH and 0 <= iy < HEIGHT:
                assert tuple(shown[y, x]) == tuple(image[int(iy), int(ix)])


@pytest.mark.parametrize("scale", [0.37, 1, 2.9, 20])
def test_the_pixel_named_under_the_mouse_is_the_one_seen_there(canvas, scale):
    at_scale(canvas, scale)
    seen = []
    canvas.hovered.connect(seen.append)
    shown = shot(canvas)
    image = picture()
    for place in (QPoint(200, 150), QPoint(187, 160), QPoint(213, 141)):
        QTest.mouseMove(canvas, place)
        x, y = seen[-1]
        if 1 <= scale < 16:
            assert tuple(shown[place.y(), place.x()]) == tuple(image[y, x])
        box = canvas.view.device_box(Box(x, y, x + 1, y + 1))
        if scale >= 1:
            assert box.contains(place.x(), place.y())


def test_nothing_is_named_beside_the_image(canvas):
    seen = []
    canvas.hovered.connect(seen.append)
    QTest.mouseMove(canvas, QPoint(200, 150))
    QTest.mouseMove(canvas, QPoint(1, 1))
    assert seen[-1] is None


@pytest.mark.parametrize("scale", [1, 2.6, 6])
def test_a_segment_is_seen_exactly_where_its_pixels_are(canvas, scale):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    mask = blob(3)
    canvas.set_document(document(mask))
    canvas.set_look(SegmentsLook(draw="fill"))
    at_scale(canvas, scale)
    shown = shot(canvas)
    dense = mask.dense()
    for y in range(0, 300, 3):
        for x in range(0, 400, 3):
            ix, iy = canvas.view.image_xy(x + 0.5, y + 0.5)
            if 0 <= ix < WIDTH and 0 <= iy < HEIGHT:
                assert bool(shown[y, x].any()) == bool(dense[int(iy), int(ix)])


def test_an_outline_is_one_screen_pixel_wide_at_every_zoom(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    square = np.zeros((HEIGHT, WIDTH), bool)
    square[20:40, 30:60] = True
    canvas.set_document(document(Mask.from_dense(square)))
    canvas.set_look(SegmentsLook(draw="outline"))
    for scale in (1, 4, 9.5):
        at_scale(canvas, scale)
        row = shot(canvas)[150]
        strong = np.flatnonzero(row.max(axis=1) > 100)
        box = canvas.view.device_box(Mask.from_dense(square).bbox)
        edges = [x for x in (box.x0, box.x1 - 1) if 0 <= x < 400]
        assert strong.tolist() == edges


def test_a_thin_line_is_still_seen_from_afar(canvas):
    big = np.zeros((2000, 3000), bool)
    big[777] = True
    canvas.set_image(np.zeros((2000, 3000, 3), np.uint8))
    facts = ImageFacts("b.png", 3000, 2000, "x")
    thin = Segment(Mask.from_dense(big), 1, Source("test"))
    canvas.set_document(Document(facts, (thin,)))
    canvas.set_look(SegmentsLook(draw="fill"))
    canvas.zoom_fit()
    assert canvas.zoom < 0.14
    assert shot(canvas)[:, 200].any()


def fresh(canvas):
    """The same picture painted at once by a canvas that was never edited."""
    other = Canvas()
    other.resize(canvas.size())
    other._content.classes = canvas._content.classes
    other._content.look = canvas._content.look
    other.set_image(picture())
    other.set_document(canvas._document)
    other.set_selected(canvas._content.selected)
    other._fits = False
    other._view = canvas.view
    image = shot(other)
    other.deleteLater()
    return image


edit = st.tuples(
    st.sampled_from(["paint", "erase", "add", "remove", "swap", "select", "class"]),
    st.integers(0, 10_000),
)
step = st.one_of(
    edit,
    st.tuples(st.just("pan"), st.integers(-60, 60)),
    st.tuples(st.just("zoom"), st.sampled_from([0.31, 0.5, 0.9, 1.3, 2, 5])),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(step, min_size=1, max_size=12))
@example(steps=[("zoom", 0.31), ("zoom", 0.5), ("zoom", 0.9), ("paint", 13)])
def test_painting_what_changed_equals_painting_everything(canvas, steps):
    doc = document(blob(1), blob(2))
    canvas.set_document(doc)
    canvas.zoom_fit()
    canvas.set_selected(["s0"])
    for kind, value in steps:
        if kind == "pan":
            canvas.pan_by(value, value // 3)
        elif kind == "zoom":
            canvas.zoom_by(value)
        else:
            doc = edited(doc, kind, value)
            canvas.set_document(doc)
            if kind == "select":
                ids = [s.id for s in doc.segments]
                canvas.set_selected(ids[value % (len(ids) + 1) :])
        canvas.grab()
    shown = shot(canvas)
    if canvas.zoom >= 1:
        # From afar, which of two neighbours wins a pixel depends on their history.
        assert np.array_equal(shown, fresh(canvas))
    canvas._repaint_all()
    # From afar a part of the picture may be rounded one level apart from the whole.
    apart = np.abs(shown.astype(int) - shot(canvas)).max()
    assert apart <= (1 if canvas.zoom < 1 else 0)


def edited(doc, kind, value):
    """One small change of a document."""
    segments = list(doc.segments)
    at = value % len(segments) if segments else 0
    x, y = value % WIDTH, value // 7 % HEIGHT
    box = Box(x, y, x + 9, y + 6)
    disc = np.ones((6, 9), bool)
    if kind == "add":
        new = Segment(blob(value), 1 + value % 2, Source("test"), f"n{value}")
        return doc if doc.get(new.id) else replace(doc, segments=(*segments, new))
    if not segments:
        return doc
    if kind == "remove":
        del segments[at]
    elif kind == "swap":
        segments.reverse()
    elif kind == "class":
        old = segments[at]
        segments[at] = replace(old, class_id=3 - old.class_id)
    elif kind in ("paint", "erase"):
        mask = segments[at].mask
        mask = mask.painted(box, disc) if kind == "paint" else mask.erased(box, disc)
        segments[at] = replace(segments[at], mask=mask)
    return replace(doc, segments=tuple(segments))


def test_the_topmost_segment_is_seen_and_hiding_it_shows_the_one_below(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    both = Mask.full(HEIGHT, WIDTH)
    canvas.set_document(document(both, both))
    canvas.set_look(SegmentsLook(draw="fill"))
    above = shot(canvas)[150, 200].tolist()
    canvas.set_hidden(["s1"])
    below = shot(canvas)[150, 200].tolist()
    assert above != below
    canvas.set_hidden(["s0", "s1"])
    assert shot(canvas)[150, 200].tolist() == [0, 0, 0]


def test_layers_can_be_hidden_and_made_stronger(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    canvas.set_document(document(Mask.full(HEIGHT, WIDTH)))
    canvas.set_look(SegmentsLook(draw="fill"))
    weak = shot(canvas)[150, 200].max()
    canvas.set_layers({**default_layers(), "segments": LayerStyle(opacity=1.0)})
    assert tuple(shot(canvas)[150, 200]) == (0, 119, 187)
    assert weak < 187
    canvas.set_layers({**default_layers(), "segments": LayerStyle(visible=False)})
    assert not shot(canvas)[150, 200].any()


def test_the_candidate_is_drawn(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    canvas.set_candidates([Candidate(Mask.full(HEIGHT, WIDTH), 0.9)])
    assert shot(canvas)[150, 200].any()
    canvas.set_candidates(())
    assert not shot(canvas)[150, 200].any()


def test_what_a_model_found_is_a_layer_of_its_own(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    whole = document(Mask.full(HEIGHT, WIDTH), Mask.full(HEIGHT, WIDTH))
    mine, found = whole.segments
    found = replace(found, status="candidate", class_id=2)
    canvas.set_document(replace(whole, segments=(mine,)))
    accepted = shot(canvas)
    canvas.set_document(replace(whole, segments=(mine, found)))
    both = shot(canvas)
    assert not np.array_equal(accepted, both)
    off = LayerStyle(visible=False)
    canvas.set_layers({**default_layers(), "prediction": off})
    assert np.array_equal(shot(canvas), accepted)
    canvas.set_layers({**default_layers(), "segments": off})
    assert shot(canvas)[150, 200].any()
    canvas.set_layers({**default_layers(), "segments": off, "prediction": off})
    assert not shot(canvas)[150, 200].any()
    canvas.set_layers(default_layers())
    assert np.array_equal(shot(canvas), both)
    canvas.set_layers({**default_layers(), "prediction": LayerStyle(opacity=0.1)})
    assert shot(canvas)[150, 200].max() < both[150, 200].max()


def test_uncertainty_is_drawn_where_it_is_wished(canvas):
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    unsure = np.zeros((HEIGHT, WIDTH), np.uint8)
    unsure[:, WIDTH // 2 :] = 255
    canvas.set_uncertainty(unsure)
    assert not shot(canvas)[150, 220].any()
    canvas.set_layers({**default_layers(), "uncertainty": LayerStyle()})
    assert shot(canvas)[150, 220].any()


def test_brightness_changes_what_is_seen_of_the_image_only(canvas):
    canvas.set_document(document(blob(2)))
    before = picture()
    canvas.set_adjustment(Adjustment(brightness=0.4))
    lighter = shot(canvas)[100:200, 100:300]
    canvas.set_adjustment(Adjustment())
    same = shot(canvas)[100:200, 100:300]
    assert lighter.mean() > same.mean() + 10
    assert np.array_equal(before, picture())


def test_zooming_keeps_the_point_under_the_mouse(canvas):
    place = QPointF(123, 77)
    x, y = canvas.image_point(place)
    for factor in (1.5, 1.5, 1.5, 0.6):
        canvas.zoom_by(factor, place)
        now = canvas.image_point(place)
        assert now == pytest.approx((x, y), abs=1.5 / canvas.zoom)


def test_the_wheel_zooms_and_space_or_the_middle_button_pans(canvas):
    scales = []
    canvas.zoom_changed.connect(scales.append)
    place = QPointF(200, 150)
    QApplication.sendEvent(
        canvas,
        QWheelEvent(
            place,
            canvas.mapToGlobal(place),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )
    assert scales
    assert scales[-1] > 1
    before = canvas.view
    drag = (QPoint(200, 150), QPoint(230, 140))
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=drag[0])
    QTest.mouseMove(canvas, drag[1])
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=drag[1])
    assert (canvas.view.left - before.left, canvas.view.top - before.top) == (30, -10)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=drag[1])
    QTest.mouseMove(canvas, drag[0])
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=drag[0])
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.view == before


def test_two_fingers_on_a_touch_pad_pan(canvas):
    before = canvas.view
    place = QPointF(200, 150)
    QApplication.sendEvent(
        canvas,
        QWheelEvent(
            place,
            canvas.mapToGlobal(place),
            QPoint(12, -7),
            QPoint(48, -28),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.ScrollUpdate,
            False,
        ),
    )
    assert canvas.zoom == before.scale
    assert (canvas.view.left - before.left, canvas.view.top - before.top) == (12, -7)


def test_the_image_cannot_be_lost_out_of_sight(canvas):
    for _ in range(30):
        canvas.pan_by(500, 500)
    assert not canvas.visible_box.empty
    for _ in range(60):
        canvas.pan_by(-500, -500)
    assert not canvas.visible_box.empty


def test_plus_and_minus_zoom_and_fit_shows_everything(canvas):
    whole = canvas.visible_box
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.visible_box != whole
    canvas.zoom_fit()
    canvas.resize(300, 200)
    QApplication.processEvents()
    assert canvas.visible_box == whole
    canvas.zoom_100()
    assert canvas.zoom == 1


def test_prompt_marks_are_seen_on_any_ground(canvas):
    for ground in (0, 128, 255):
        canvas.set_image(np.full((HEIGHT, WIDTH, 3), ground, np.uint8))
        canvas.set_prompts(())
        plain = shot(canvas)
        canvas.set_prompts([Prompt((Point(20, 20), Point(60, 40, False)))])
        marked = shot(canvas)
        for x, y in ((20, 20), (60, 40)):
            place = canvas.widget_point(x, y).toPoint()
            part = np.s_[place.y() - 9 : place.y() + 9, place.x() - 9 : place.x() + 9]
            contrast = np.abs(marked[part].astype(int) - plain[part]).max(axis=(0, 1))
            assert contrast.min() > 90


def test_without_an_image_nothing_is_drawn_and_nothing_breaks(canvas):
    canvas.set_image(None)
    canvas.set_document(None)
    canvas.set_prompts(())
    assert len(np.unique(shot(canvas).reshape(-1, 3), axis=0)) == 1
    canvas.zoom_in()
    canvas.zoom_fit()
    QTest.mouseMove(canvas, QPoint(5, 5))


def test_a_document_of_another_size_is_not_drawn(canvas):
    plain = shot(canvas)
    facts = ImageFacts("b.png", 10, 10, "x")
    other = Segment(Mask.full(10, 10), 1, Source("test"))
    canvas.set_document(Document(facts, (other,)))
    assert np.array_equal(shot(canvas), plain)


@pytest.mark.parametrize("ground", [0, 255])
def test_a_selected_segment_stands_out_on_black_and_on_white(canvas, ground):
    canvas.set_image(np.full((HEIGHT, WIDTH, 3), ground, np.uint8))
    square = np.zeros((HEIGHT, WIDTH), bool)
    square[20:40, 30:60] = True
    canvas.set_document(document(Mask.from_dense(square)))
    canvas.set_look(SegmentsLook(draw="fill"))
    plain = shot(canvas).astype(int)
    canvas.set_selected(["s0"])
    marked = shot(canvas).astype(int)
    left = canvas.view.device_box(Mask.from_dense(square).bbox).x0
    line = (marked[150, left], marked[150, left - 1])
    # White inside, dark outside: one of them differs from whatever is there.
    assert line[0].min() == 255
    assert line[1].max() < 130
    assert np.abs(marked - plain)[150, left - 1 : left + 1].max() > 100


def test_a_move_to_a_finer_screen_shows_the_same_part(canvas, monkeypatch):
    at_scale(canvas, 6)
    before, scale = canvas.visible_box, canvas.zoom
    monkeypatch.setattr(canvas, "devicePixelRatioF", lambda: 2.0)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert canvas.zoom == 2 * scale
    after = canvas.visible_box
    for one, other in ((before.x0, after.x0), (before.y1, after.y1)):
        assert abs(one - other) <= 1


def test_a_pinch_zooms_at_the_fingers(canvas):
    place = QPointF(140, 90)
    point = canvas.image_point(place)
    before = canvas.zoom
    for value in (0.2, 0.2, 0.2):
        event = QNativeGestureEvent(
            Qt.NativeGestureType.ZoomNativeGesture,
            QPointingDevice.primaryPointingDevice(),
            2,
            place,
            place,
            canvas.mapToGlobal(place),
            value,
            QPointF(),
        )
        QApplication.sendEvent(canvas, event)
    assert canvas.zoom == pytest.approx(before * 1.2**3)
    assert canvas.image_point(place) == pytest.approx(point, abs=1)


def test_uncertainty_of_a_part_is_shown_there_and_goes_again(canvas):
    canvas.set_layers({"uncertainty": LayerStyle(True, 1.0)})
    plain = shot(canvas)
    canvas.set_uncertainty(np.full((10, 20), 255, np.uint8), Box(30, 20, 50, 30))
    marked = shot(canvas)
    inside = canvas.widget_point(40, 25).toPoint()
    outside = canvas.widget_point(10, 10).toPoint()
    assert (marked[inside.y(), inside.x()] != plain[inside.y(), inside.x()]).any()
    assert (marked[outside.y(), outside.x()] == plain[outside.y(), outside.x()]).all()
    canvas.set_uncertainty(None)
    assert (shot(canvas) == plain).all()
