"""Neighbours and folders are encoded before anybody clicks, and get in nobody's way."""

import threading

import pytest
from session_fixtures import SquareHost, make_session, write_images

from seggui.core.prompt import Point, Prompt
from seggui.files.encodings import EncodingFolder, own_folder
from seggui.gui import ahead
from seggui.jobs.messages import Ask, Encode, Encoded

NAMES = ("a.png", "b.png", "c.png", "d.png")


class KeepingHost(SquareHost):
    """Remembers which images it was shown, and when it is let go on."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()
        self.go.set()
        self.look = threading.Event()
        self.look.set()
        self.forgotten = []
        self.bytes_on_disk = 1000
        self.note = ""

    def handle(self, request, report):
        if isinstance(request, Encode):
            self.asked.append(request)
            until = self.go if request.ahead else self.look
            while not until.wait(0.005):
                report(0, 2, "looking")
            return Encoded(request.ticket, 0.0, self.bytes_on_disk, note=self.note)
        return super().handle(request, report)

    def forget(self, key):
        self.forgotten.append(key)

    @property
    def encoded(self):
        return [r.image.key for r in self.asked if isinstance(r, Encode) and r.ahead]

    @property
    def shown(self):
        return [
            r.image.key for r in self.asked if isinstance(r, Encode) and not r.ahead
        ]


@pytest.fixture
def host():
    return KeepingHost()


@pytest.fixture
def session(qtbot, tmp_path, host, monkeypatch):
    monkeypatch.setattr(ahead, "REST_MS", 30)
    session = make_session(host)
    session.open_folder(write_images(tmp_path / "images", NAMES))
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    host.go.set()
    host.look.set()
    session.saving.save_now()
    session.close()


def show(qtbot, session, name):
    session.show_image(name)
    qtbot.waitUntil(lambda: session.image is not None and session.image.name == name)


def key_of(session, name):
    loaded = session.project.read_pixels(name)
    return f"{loaded.digest}#{loaded.page}"


def keys(session, *names):
    return [key_of(session, name) for name in names]


def test_the_next_and_the_previous_image_are_encoded_after_the_shown_one(
    qtbot, session, host
):
    qtbot.waitUntil(lambda: host.encoded == keys(session, "b.png"))
    show(qtbot, session, "c.png")
    qtbot.waitUntil(lambda: host.encoded == keys(session, "b.png", "d.png"))
    qtbot.wait(100)
    assert len(host.encoded) == 2, "b was encoded before and is not read again"
    assert host.shown == keys(session, "a.png", "c.png")


def test_the_pixels_of_a_neighbour_are_given_back(qtbot, session, host):
    key = key_of(session, "b.png")
    qtbot.waitUntil(lambda: host.forgotten == [key])
    assert len(session.link.images._blocks) == 1, "only the shown image is shared"


def test_nothing_is_encoded_ahead_where_that_is_not_wished(qtbot, session, host):
    session.settings.set("encode_ahead", False)
    host.asked.clear()
    show(qtbot, session, "c.png")
    qtbot.waitUntil(lambda: host.shown == keys(session, "c.png"))
    qtbot.wait(150)
    assert host.encoded == []


def test_a_click_is_answered_while_a_neighbour_is_encoded(qtbot, session, host):
    host.go.clear()
    show(qtbot, session, "c.png")
    qtbot.waitUntil(lambda: key_of(session, "d.png") in host.encoded)
    with qtbot.waitSignal(session.candidates_changed):
        session.ask(Prompt((Point(10, 10),)))
    assert not host.go.is_set()
    assert session.candidates


def test_going_to_the_image_that_is_being_encoded_does_not_begin_again(
    qtbot, session, host
):
    host.go.clear()
    show(qtbot, session, "c.png")
    d = key_of(session, "d.png")
    qtbot.waitUntil(lambda: d in host.encoded)
    show(qtbot, session, "d.png")
    session.ask(Prompt((Point(10, 10),)))
    qtbot.wait(50)
    assert not session.candidates, "it waits for the encoding that runs"
    host.go.set()
    qtbot.waitUntil(lambda: bool(session.candidates))
    of_d = [r for r in host.asked if r.image.key == d]
    assert isinstance(of_d[0], Encode)
    assert of_d[0].ahead
    assert isinstance(of_d[1], Ask)
    assert d not in host.forgotten


def test_going_elsewhere_ends_what_is_encoded_ahead(qtbot, session, host):
    host.go.clear()
    show(qtbot, session, "c.png")
    d = key_of(session, "d.png")
    qtbot.waitUntil(lambda: d in host.encoded)
    show(qtbot, session, "a.png")
    qtbot.waitUntil(lambda: d in host.forgotten)
    qtbot.waitUntil(lambda: host.shown[-1] == key_of(session, "a.png"))


def test_a_neighbour_that_cannot_be_read_is_no_news(qtbot, session, host):
    (session.project.folder / "d.png").write_bytes(b"no image")
    session.heard.clear()
    host.asked.clear()
    show(qtbot, session, "c.png")
    qtbot.waitUntil(lambda: bool(host.encoded))
    assert host.encoded == keys(session, "b.png")
    assert session.heard == []


# -- a folder ------------------------------------------------------------------


def test_a_folder_is_encoded_image_by_image_with_progress(qtbot, session, host):
    session.settings.set("encode_ahead", False)
    host.asked.clear()
    steps = []
    session.folder_work.progressed.connect(steps.append)
    with qtbot.waitSignal(session.folder_work.finished):
        session.encode_folder("Squares")
    assert host.encoded == keys(session, *NAMES)
    assert [step.done for step in steps if step.part == 0] == [0, 1, 2, 3, 4]
    done = "4 images done: encoded by "
    qtbot.waitUntil(lambda: any(text.startswith(done) for _, text in session.heard))
    assert session.document.segments == ()


def test_who_goes_on_to_another_image_meanwhile_still_gets_the_folder(
    qtbot, session, host
):
    session.settings.set("encode_ahead", False)
    host.look.clear()
    session.encode_folder("Squares")
    qtbot.wait(50)
    show(qtbot, session, "c.png")
    with qtbot.waitSignal(session.folder_work.finished):
        host.look.set()
    assert set(keys(session, *NAMES)) <= set(host.encoded)


def test_a_folder_can_be_stopped_in_the_middle(qtbot, session, host):
    host.go.clear()
    with qtbot.waitSignal(session.folder_work.finished) as ended:
        session.encode_folder("Squares")
        qtbot.waitUntil(lambda: session.folder_work.running)
        qtbot.waitUntil(lambda: bool(host.encoded))
        session.folder_work.cancel()
    assert ended.args[1].cancelled


def test_a_model_that_keeps_nothing_is_refused_with_a_sentence(qtbot, session, host):
    host.bytes_on_disk = 0
    session.encode_folder("Squares")
    qtbot.waitUntil(lambda: bool(session.heard))
    assert session.heard[0][1].startswith("Squares keeps no encodings on the disk")
    assert not session.folder_work.running


def test_a_cache_that_is_too_small_is_refused_with_how_many_fit(
    qtbot, session, monkeypatch, host
):
    monkeypatch.setattr(
        "seggui.gui.encoding.own_folder",
        lambda: EncodingFolder(own_folder().folder, lambda: 2500),
    )
    session.encode_folder("Squares")
    qtbot.waitUntil(lambda: bool(session.heard))
    assert "room for 2 encodings of Squares" in session.heard[0][1]
    assert "all 4 images" in session.heard[0][1]


def test_a_cache_that_fails_is_told_once(qtbot, session, host):
    host.note = "Encodings cannot be kept."
    for name in ("c.png", "a.png", "b.png"):
        show(qtbot, session, name)
        count = len(host.shown)
        qtbot.waitUntil(lambda count=count: len(host.shown) >= count)
    qtbot.waitUntil(lambda: bool(session.heard))
    qtbot.wait(100)
    assert session.heard == [("warning", "Encodings cannot be kept.")]
