"""Segment everything in the window: asked once, remembered, candidates to review."""

import pytest
from PySide6.QtWidgets import QDialog
from session_fixtures import SquareHost, make_session, square, write_images

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.everything import options_of
from seggui.core.segment import Segment, Source
from seggui.files.encodings import own_folder
from seggui.gui.dialogs.everything import EverythingDialog
from seggui.gui.engine_wishes import EngineWishes
from seggui.jobs.messages import Everything, Predicted


class FindingHost(SquareHost):
    """Finds three squares; waits while it is told to."""

    def __init__(self):
        super().__init__()
        self.slow = False

    def handle(self, request, report):
        if not isinstance(request, Everything):
            return super().handle(request, report)
        self.asked.append(request)
        while self.slow:
            report(3, 10, "2 masks, 5 s left")
        found = tuple(Candidate(square(x, x), 0.8) for x in (5, 40, 70))
        return Predicted(request.ticket, found, None, 0.0)

    @property
    def wishes(self):
        return [r for r in self.asked if isinstance(r, Everything)]


@pytest.fixture
def host():
    return FindingHost()


@pytest.fixture
def session(qtbot, tmp_path, host):
    session = make_session(host)
    session.open_folder(write_images(tmp_path / "images"))
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    host.slow = False
    session.saving.save_now()
    session.close()


@pytest.fixture
def wishes(qtbot, session):
    window = QDialog()
    qtbot.addWidget(window)
    return EngineWishes(session, window)


def dialog_of(wishes):
    (dialog,) = wishes._window.findChildren(EverythingDialog)
    return dialog


def test_what_is_found_becomes_candidate_segments(qtbot, session, host):
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: len(session.document.segments) == 3)
    assert {s.status for s in session.document.segments} == {"candidate"}
    assert {s.source.model for s in session.document.segments} == {"squares"}
    assert [row.name for row in session.classes] == ["object"]
    session.undo()
    assert session.document.segments == ()


def test_segments_name_the_run_that_found_them_and_not_its_place(qtbot, session, host):
    session.choose_model("/home/somebody/photos/runs/mine")
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: len(session.document.segments) == 3)
    assert {s.source.model for s in session.document.segments} == {"runs/mine"}
    assert host.wishes[0].model_id == "/home/somebody/photos/runs/mine"


def test_asking_again_takes_the_place_of_what_was_not_accepted(qtbot, session, host):
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: len(session.document.segments) == 3)
    first = session.document.segments[0].id
    session.edit("Accepted", lambda d: edits.set_status(d, [first], "accepted"))
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: len(host.wishes) == 2)
    qtbot.waitUntil(lambda: len(session.document.segments) == 4)
    assert session.document.segments[0].id == first
    assert host.wishes[1].known == (session.document.segments[0].mask,)


def test_objects_may_lie_on_ground_that_is_segmented(qtbot, session, host):
    session.set_classes(Classes().added("grass", thing=False).added("sheep"))
    grass, sheep = square(0, 0, 90), square(20, 20)
    parts = [
        Segment(mask, row.id, Source("brush"))
        for mask, row in zip((grass, sheep), session.classes.rows, strict=True)
    ]
    session.edit("Drawn", lambda document: edits.add_segments(document, parts))
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: len(host.wishes) == 1)
    assert host.wishes[0].known == (sheep,)


def test_it_tells_how_far_it_is_and_can_be_stopped(qtbot, session, host):
    host.slow = True
    steps = []
    session.predicting.progressed.connect(lambda *step: steps.append(step))
    session.segment_everything(options_of())
    qtbot.waitUntil(lambda: (3, 10, "2 masks, 5 s left") in steps)
    assert session.busy == "Segmenting everything"
    session.predicting.stop()
    host.slow = False
    qtbot.wait(50)
    assert session.document.segments == ()
    assert session.busy == ""


def test_the_dialog_wishes_for_what_is_set_and_remembers_it(
    qtbot, session, host, wishes
):
    wishes.segment_everything()
    dialog = dialog_of(wishes)
    dialog.rows.controls["points"].number.setValue(7)
    dialog.rows.controls["overlaps"].box.setCurrentIndex(3)
    dialog.do.click()
    qtbot.waitUntil(lambda: len(host.wishes) == 1)
    options = options_of((("points", 7), ("overlaps", "keep")))
    assert host.wishes[0].options == options
    qtbot.waitUntil(lambda: not wishes._window.findChildren(EverythingDialog))
    wishes.segment_everything()
    again = dialog_of(wishes)
    assert again.rows.controls["points"].number.value() == 7
    again.rows.defaults.click()
    again.do.click()
    qtbot.waitUntil(lambda: len(host.wishes) == 2)
    assert host.wishes[1].options == options_of()


@pytest.mark.parametrize("text", ["{", "[1]", '[["points", 9999]]', '[["new", 1]]'])
def test_what_was_remembered_and_makes_no_sense_is_forgotten(session, wishes, text):
    session.settings.set_blob("everything", text)
    wishes.segment_everything()
    assert dialog_of(wishes).rows.controls["points"].number.value() == 24


def test_the_cache_is_cleared_and_told(qtbot, session, wishes):
    import numpy as np

    own_folder().put("a", "m", {"a": np.zeros(9, np.float16)})
    wishes.clear_encodings()
    qtbot.waitUntil(lambda: bool(session.heard))
    assert session.heard[0][1].startswith("1 encoding was removed from the disk (")
    wishes.clear_encodings()
    qtbot.waitUntil(lambda: len(session.heard) == 2)
    assert session.heard[1][1] == "The cache of encodings is empty."
