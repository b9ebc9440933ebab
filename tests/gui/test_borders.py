"""Gaps and overlaps between neighbours, mended by one step."""

import numpy as np
import pytest
from session_fixtures import SIDE, make_session, write_images

from seggui.core import edits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.gui.borders import Borders


def block(x0, y0, x1, y1):
    box = Box(x0, y0, x1, y1)
    return Mask.from_window(SIDE, SIDE, box, np.ones((box.height, box.width)))


@pytest.fixture
def session(qtbot, tmp_path):
    session = make_session()
    session.open_folder(write_images(tmp_path / "images"))
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    session.saving.save_now()
    session.close()


def put(session, *masks, locked=False):
    segments = [Segment(m, 1, Source("brush"), locked=locked) for m in masks]
    session.commit("Put", edits.add_segments(session.document, segments), [])
    return [segment.id for segment in segments]


def changed(qtbot, session, wish):
    before = session.document
    wish()
    qtbot.waitUntil(lambda: session.document is not before or bool(session.heard))
    return session.document is not before


def test_a_gap_is_filled_up_to_the_neighbour(qtbot, session):
    left, right = put(session, block(10, 10, 30, 50), block(35, 10, 60, 50))
    session.select([left])
    assert changed(qtbot, session, Borders(session).fill_gap)
    grown = session.document.get(left).mask
    assert grown.contains(34, 30)
    assert not grown.contains(36, 30)
    assert session.document.get(right).mask.area == 25 * 40
    session.undo()
    assert session.document.get(left).mask.area == 20 * 40


def test_two_selected_segments_meet_in_the_middle(qtbot, session):
    ids = put(session, block(10, 10, 30, 50), block(36, 10, 60, 50))
    session.select(ids)
    changed(qtbot, session, Borders(session).fill_gap)
    left, right = (session.document.get(i).mask for i in ids)
    assert left.contains(31, 30)
    assert right.contains(34, 30)
    assert left.intersection(right).is_empty


def test_without_a_neighbour_nothing_is_done_and_that_is_said(qtbot, session):
    [alone] = put(session, block(10, 10, 30, 50))
    session.select([alone])
    assert not changed(qtbot, session, Borders(session).fill_gap)
    assert "No segment lies within" in session.heard[-1][1]


def test_an_overlap_goes_to_the_other(qtbot, session):
    low, high = put(session, block(10, 10, 40, 50), block(30, 10, 60, 50))
    session.select([low])
    changed(qtbot, session, Borders(session).cut_by_neighbours)
    assert session.document.get(low).mask.bbox == Box(10, 10, 30, 50)
    assert session.document.get(high).mask.area == 30 * 40


def test_a_locked_segment_stays(qtbot, session):
    [locked] = put(session, block(10, 10, 40, 50), locked=True)
    put(session, block(30, 10, 60, 50))
    session.select([locked])
    assert not changed(qtbot, session, Borders(session).cut_by_neighbours)
    assert "not locked" in session.heard[-1][1]


def test_what_changes_meanwhile_is_not_overwritten(qtbot, session):
    low, _ = put(session, block(10, 10, 40, 50), block(30, 10, 60, 50))
    session.select([low])
    Borders(session).cut_by_neighbours()
    put(session, block(70, 70, 80, 80))
    after = session.document
    qtbot.waitUntil(lambda: bool(session.heard))
    assert "changed meanwhile" in session.heard[-1][1]
    assert session.document is after
