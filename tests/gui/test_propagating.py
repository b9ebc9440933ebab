"""The window's side of a propagation, with a fake engine in this process."""

import pytest
from propagating_hosts import ShiftHost
from PySide6.QtWidgets import QWidget
from session_fixtures import make_session, square, write_images

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.ports import ModelInfo
from seggui.core.segment import Segment, Source
from seggui.core.tracks import track_of
from seggui.files.project import Project
from seggui.gui.propagating import Propagating
from seggui.jobs.messages import Encode, Encoded, Propagate

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

NAMES = tuple(f"f{k}.png" for k in range(5))


class Host(ShiftHost):
    """Moves squares to the right; encodes for the session beside it."""

    def handle(self, request, report):
        if isinstance(request, Propagate):
            return super().handle(request, report)
        assert isinstance(request, Encode)
        return Encoded(request.ticket, 0.0)


class Shelf:
    """A catalogue of one model that carries masks, or of none."""

    def __init__(self, *infos):
        self._infos = infos

    def propagating(self):
        return self._infos

    def at_hand(self, info):
        return True


FLOW = ModelInfo("shift", "Shift", "propagating")


@pytest.fixture
def made(qtbot, tmp_path):
    """A session on five images, one segment accepted on the second."""
    folder = write_images(tmp_path / "film", NAMES)
    with Project.open(folder) as project:
        project.set_classes(Classes().added("cell"))
        segment = Segment(square(10, 10), 1, Source("brush"), id="cell")
        project.edit("f1.png", "x", lambda d: edits.add_segments(d, [segment]))
    sessions = []

    def make(host=None, shelf=Shelf(FLOW), show="f1.png"):  # noqa: B008 - no state
        session = make_session(host or Host())
        sessions.append(session)
        window = QWidget()
        qtbot.addWidget(window)
        propagating = Propagating(session, shelf, window)
        session.open_folder(folder, show)
        qtbot.waitUntil(lambda: session.image is not None)
        assert session.image.name == show
        return session, propagating

    yield make
    for session in sessions:
        session.close()


def go(qtbot, session, propagating, **choices):
    """Open the dialog, choose and wish; wait until it is over."""
    dialog = propagating.open_dialog()
    dialog.ways[choices.get("direction", "forward")].click()
    dialog.most.setValue(choices.get("most", 0))
    dialog.annotated.setCurrentIndex(choices.get("annotated", 0))
    # It may be over between two looks at it, so it is listened for.
    with qtbot.waitSignal(session.folder_work.finished, timeout=20_000):
        dialog.wish()


def segments_on(session, name):
    document = session.project.read_document(name)
    return [] if document is None else list(document.segments)


def test_each_image_of_the_range_gets_its_candidate(qtbot, made):
    session, propagating = made()
    go(qtbot, session, propagating, direction="both", most=2)
    assert [s.id for s in segments_on(session, "f1.png")] == ["cell"]
    lefts = {}
    for name in ("f0.png", "f2.png", "f3.png"):
        [segment] = segments_on(session, name)
        assert (segment.accepted, track_of(segment)) == (False, "cell")
        lefts[name] = segment.mask.bbox.x0
    assert lefts == {"f0.png": 11, "f2.png": 11, "f3.png": 12}
    assert segments_on(session, "f4.png") == []
    assert ("info", "3 images done: propagated from f1.png.") in session.heard


@pytest.mark.parametrize(("annotated", "count"), [(0, 1), (1, 2)])
def test_segments_of_a_person_stay_and_what_is_there_is_a_choice(
    qtbot, made, annotated, count
):
    session, propagating = made()
    other = Segment(square(60, 60), 1, Source("brush"), id="hand")
    session.project.edit("f2.png", "x", lambda d: edits.add_segments(d, [other]))
    go(qtbot, session, propagating, annotated=annotated)
    segments = segments_on(session, "f2.png")
    assert segments[0].id == "hand"
    assert len(segments) == count
    assert len(segments_on(session, "f3.png")) == 1


def test_only_the_selected_segments_are_carried(qtbot, made):
    session, propagating = made()
    other = Segment(square(60, 60), 1, Source("brush"), id="other")
    session.commit("x", edits.add_segments(session.document, [other]), ["other"])
    go(qtbot, session, propagating, most=1)
    assert [track_of(s) for s in segments_on(session, "f2.png")] == ["other"]


def test_what_was_not_saved_yet_counts_too(qtbot, made):
    session, propagating = made()
    session.edit("x", lambda d: edits.replace_mask(d, "cell", square(40, 40)))
    go(qtbot, session, propagating, most=1)
    [segment] = segments_on(session, "f2.png")
    assert segment.mask.bbox.x0 == 41


def test_objects_that_are_lost_are_told_with_the_last_image(qtbot, made):
    session, propagating = made(Host(gone_after=0))
    go(qtbot, session, propagating)
    told = [text for _, text in session.heard]
    assert any("After f1.png all objects were out of sight" in text for text in told)
    assert segments_on(session, "f4.png") == []


def test_a_cancel_keeps_what_is_done_and_the_next_can_begin(qtbot, made):
    session, propagating = made()
    session.folder_work.progressed.connect(
        lambda progress: progress.done == 1 and session.folder_work.cancel()
    )
    go(qtbot, session, propagating)
    assert len(segments_on(session, "f2.png")) == 1
    assert segments_on(session, "f4.png") == []
    assert any("then stopped" in text for _, text in session.heard)
    session.folder_work.progressed.disconnect()
    go(qtbot, session, propagating)
    assert len(segments_on(session, "f4.png")) == 1


def test_with_nothing_on_the_image_it_says_what_to_do(made):
    session, propagating = made(show="f3.png")
    assert propagating.open_dialog() is None
    assert "segment an object" in session.heard[-1][1]


def test_without_any_model_nothing_opens(made):
    _, propagating = made(shelf=Shelf())
    assert propagating.open_dialog() is None


def test_the_last_image_has_no_next_one(qtbot, made):
    session, propagating = made(show="f4.png")
    segment = Segment(square(1, 1), 1, Source("brush"))
    session.commit("x", edits.add_segments(session.document, [segment]))
    propagating.to_next()
    assert "last image" in session.heard[-1][1]


def test_one_step_goes_to_the_next_image(qtbot, made):
    session, propagating = made()
    propagating.to_next()
    qtbot.waitUntil(lambda: session.image.name == "f2.png")
    [segment] = session.document.segments
    assert segment.mask.bbox.x0 == 11
    assert segments_on(session, "f3.png") == []


def test_while_other_folder_work_runs_it_waits_for_its_turn(qtbot, made):
    session, propagating = made()
    dialog = propagating.open_dialog()

    def slowly(name, report):
        while True:
            report(0, 0, "")

    session.folder_work.start("Other work", NAMES, slowly)
    dialog.wish()
    assert "still running" in session.heard[-1][1]
    session.folder_work.cancel()
    qtbot.waitUntil(lambda: not session.folder_work.running)
