"""Going to and fro between images while edits are being made."""

import pytest
from session_fixtures import make_session, square, write_images

from seggui.core import edits
from seggui.core.segment import Segment, Source


@pytest.fixture
def session(qtbot, tmp_path):
    session = make_session()
    session.open_folder(write_images(tmp_path / "images"))
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    session.saving.save_now()
    session.close()


def test_showing_the_shown_image_again_keeps_edits_made_meanwhile(qtbot, session):
    def paint():
        segment = Segment(square(3, 3), 1, Source("test"))
        session.commit("Paint", edits.add_segments(session.document, [segment]))

    for names in (["a.png"], ["b.png", "a.png"], ["b.png", "b.png"]):
        count = len(session.document.segments)
        for name in names:
            session.show_image(name)
        work = session.opened
        paint()
        qtbot.waitUntil(lambda: not session.busy and not session.background.busy)
        assert not session.opened.closed
        if session.opened is work:
            assert len(session.document.segments) == count + 1
    assert session.image.name == "b.png"
    assert session.project.load("b.png") is session.opened
