"""Marks, edits, undo, whole-image work and other images in any order: nothing is lost.

A real session on a real project, without a window; only the models are made up. What a
kill would leave is looked at by opening a copy of the folder.
"""

import itertools
import random
import shutil

import pytest
from propagating_hosts import ShiftHost
from PySide6.QtWidgets import QApplication, QWidget
from session_fixtures import SIDE, SquareHost, make_session, square, write_images

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.everything import options_of
from seggui.core.geometry import Box
from seggui.core.ports import ModelInfo
from seggui.core.prompt import Point, Prompt
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.files.project import Project
from seggui.gui.propagating import Propagating
from seggui.jobs.messages import Answers, AskEach, Everything, Predicted, Propagate

NAMES = ("f1.png", "f2.png", "f3.png")
STEPS = 60


class Host(SquareHost):
    """Answers everything; now and then it refuses."""

    def __init__(self, choice):
        super().__init__()
        self._choice = choice
        self._shift = ShiftHost()

    def handle(self, request, report):
        if self._choice.random() < 0.1:
            raise BadRequest("Not now.")
        if isinstance(request, Propagate):
            return self._shift.handle(request, report)
        if isinstance(request, Everything):
            found = tuple(Candidate(square(x, x), 0.8) for x in (5, 40, 70))
            return Predicted(request.ticket, found, None, 0.0)
        if isinstance(request, AskEach):
            answers = tuple((Candidate(square(9, 9), 0.5),) for _ in request.prompts)
            return Answers(request.ticket, answers, 0.0)
        return super().handle(request, report)


class Shelf:
    """A catalogue of one model that carries masks."""

    def propagating(self):
        return (ModelInfo("shift", "Shift", "propagating"),)

    def at_hand(self, info):
        return True


class Person:
    """Does something at random with a session, and remembers what was accepted."""

    def __init__(self, session, propagating, choice):
        self.session, self.choice = session, choice
        self.propagating = propagating
        self.kept = {}
        """By image, the pixels of the accepted segments that were shown last."""
        self._number = itertools.count(1)
        session.image_changed.connect(self.look)
        session.document_changed.connect(self.note)
        self.seen = ""
        self.goes_back = False

    def look(self):
        """An image comes back with all that was accepted on it."""
        image = self.session.image
        if image is not None and image.name != self.seen:
            self.seen = image.name
            assert accepted(self.session.document) == self.kept.get(image.name, {})

    def note(self):
        if self.session.image is None or self.session.image.name != self.seen:
            return
        now = accepted(self.session.document)
        if not self.goes_back:
            assert set(now) >= set(self.kept.get(self.seen, {}))
        self.kept[self.seen] = now

    def act(self):
        wish = self.choice.choice(WISHES)
        self.goes_back = wish in BACK
        wish(self)
        self.goes_back = False

    def click(self):
        x, y = self.choice.randrange(60), self.choice.randrange(60)
        sign = self.choice.random() < 0.8
        before = self.session.conversation.prompt
        points = (*before.points, Point(x + 0.5, y + 0.5, sign))
        self.session.ask(Prompt(points=points))

    def cycle(self):
        self.session.conversation.cycle()

    def boxes(self):
        self.session.ask_each([Prompt(box=Box(1, 1, 9, 9))] * 2)

    def take_back(self):
        if self.session.conversation.open:
            self.session.conversation.take_back()

    def say_again(self):
        if self.session.conversation.can_say_again:
            self.session.conversation.say_again()

    def paint(self):
        if self.session.document is None:
            return
        name = str(next(self._number))
        segment = Segment(square(3, 3), 1, Source("brush"), name=name)
        self.session.edit("Painted", lambda d: edits.add_segments(d, [segment]))

    def select(self):
        document = self.session.document
        if document is not None and document.segments:
            self.session.select([self.choice.choice(document.segments).id])

    def accept_all(self):
        document = self.session.document
        if document is not None:
            ids = [segment.id for segment in document.segments]
            self.session.edit("Taken", lambda d: edits.set_status(d, ids, "accepted"))

    def everything(self):
        self.session.segment_everything(options_of(()))

    def to_next(self):
        self.propagating.to_next()

    def step(self):
        self.session.go_to_step(self.choice.randrange(12))

    def other_image(self):
        self.session.show_image(self.choice.choice(NAMES))

    def wait(self):
        for _ in range(self.choice.randrange(1, 8)):
            QApplication.processEvents()

    def wait_long(self):
        # As long as the disk and the model take, which is not known to the person.
        for _ in range(400):
            QApplication.processEvents()


def accepted(document):
    if document is None:
        return {}
    return {s.id: s.mask.dense().tobytes() for s in document.accepted}


def simply(name):
    return lambda person: getattr(person.session, name)()


BACK = [simply("undo"), simply("redo"), Person.step]
"""All that may take away what was accepted."""
_OFTEN = [Person.click, simply("accept"), Person.wait, Person.wait_long]
WISHES = [
    *_OFTEN * 3,
    *(Person.boxes, Person.take_back, Person.say_again, Person.paint, Person.select),
    *(Person.accept_all, Person.everything, Person.to_next),
    *(Person.cycle, Person.other_image, Person.other_image),
    *(simply(name) for name in ("drop", "save")),
    *BACK,
]


def left_by_a_kill(folder):
    """Open a copy of the folder as a kill would leave it; its documents by image."""
    copy = folder.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".seggui*"))
    with Project.open(copy) as project:
        assert not project.read_only
        out = {}
        for name in NAMES:
            work = project.load(name)
            assert not work.read_only, work.read_only
            out[name] = work.document
            work.close()
        return out


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_in_any_order_nothing_accepted_is_lost(qtbot, tmp_path, seed):
    choice = random.Random(seed)
    folder = write_images(tmp_path / "film", NAMES, SIDE)
    session = make_session(Host(choice))
    window = QWidget()
    qtbot.addWidget(window)
    person = Person(session, Propagating(session, Shelf(), window), choice)
    try:
        session.open_folder(folder)
        qtbot.waitUntil(lambda: session.image is not None)
        for _ in range(STEPS):
            person.act()
        qtbot.waitUntil(lambda: not session.busy and not session.folder_work.running)
        left = left_by_a_kill(folder)
        assert accepted(left[session.image.name]) == accepted(session.document)
        for name in NAMES:
            assert accepted(left[name]) == person.kept.get(name, {}), name
        person.goes_back = True
        everything_is_undone_and_done_again(session)
    finally:
        session.saving.save_now()
        session.close()
    with Project.open(folder) as project:
        for name in NAMES:
            saved = project.read_document(name)
            assert accepted(saved) == person.kept.get(name, {}), name
    assert not [text for level, text in session.heard if "report" in text]


def everything_is_undone_and_done_again(session):
    session.drop()  # Undo and redo are about open marks first.
    while session.can_redo:
        session.redo()
    end = accepted(session.document)
    while session.can_undo:
        session.undo()
    while session.can_redo:
        session.redo()
    assert accepted(session.document) == end
