"""A person carries an object through a film in the real window, and corrects it."""

import cv2
import pytest
from moving_shapes import RED, drawn

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.core.tracks import track_of
from seggui.files.project import Project
from seggui.gui.dialogs.propagate import PropagateDialog

FRAMES = [drawn((RED, 40 + 8 * k, 50, 22)) for k in range(4)]


@pytest.fixture
def film(tmp_path):
    """Four frames; the object is accepted on the first."""
    folder = tmp_path / "film"
    folder.mkdir()
    for number, (frame, _) in enumerate(FRAMES):
        data = cv2.imencode(".png", frame[..., ::-1])[1].tobytes()
        (folder / f"f{number}.png").write_bytes(data)
    with Project.open(folder) as project:
        project.set_classes(Classes().added("ball"))
        mask = Mask.from_dense(FRAMES[0][1][0])
        segment = Segment(mask, 1, Source("brush"), id="ball")
        project.edit("f0.png", "x", lambda d: edits.add_segments(d, [segment]))
    return folder


def propagate(person, choose=lambda dialog: None):
    """Open the dialog, choose, press its button and wait until all is done."""
    person.do("propagate")
    dialog = person.window.findChild(PropagateDialog)
    choose(dialog)
    dialog.do.click()
    person.wait(lambda: person.session.folder_work.running, "it to begin")
    person.wait(lambda: not person.session.folder_work.running, "it to end")
    person.settle(200)


def overlap(segment, frame):
    truth = Mask.from_dense(FRAMES[frame][1][0])
    return segment.mask.intersection(truth).area / segment.mask.union(truth).area


def test_an_object_is_carried_corrected_and_carried_on(start, film):
    person = start(film, "f0.png")
    propagate(person)
    for number in (1, 2, 3):
        person.do("next_image")
        person.wait(lambda n=number: person.shown == f"f{n}.png", "the next image")
        [segment] = person.document.segments
        assert (segment.status, track_of(segment)) == ("candidate", "ball")
        assert overlap(segment, number) > 0.8
    # One step for each image, and it can be taken back.
    person.do("undo")
    assert not person.document.segments
    person.do("redo")

    # A person accepts another mask on the second frame and goes on from there.
    person.show("f1.png")
    [segment] = person.document.segments
    smaller = FRAMES[1][1][0].copy()
    smaller[:50] = False
    person.session.edit(
        "Brush",
        lambda d: edits.replace_mask(d, segment.id, Mask.from_dense(smaller)),
    )
    person.do("accept_offered")
    propagate(person)
    person.show("f3.png")
    [segment] = person.document.segments
    assert segment.status == "candidate"
    assert segment.mask.area < 0.75 * FRAMES[3][1][0].sum()
    person.show("f1.png")
    [segment] = person.document.segments
    assert segment.accepted
    assert segment.mask.same_pixels(Mask.from_dense(smaller))


def test_one_step_goes_to_the_next_image_with_its_candidate(start, film):
    person = start(film, "f0.png")
    person.do("propagate_next")
    person.wait(lambda: person.shown == "f1.png", "the next image")
    [segment] = person.document.segments
    assert segment.status == "candidate"
    assert overlap(segment, 1) > 0.8
    with Project.open(film, read_only=True) as project:
        assert project.read_document("f2.png") is None


def test_the_engine_is_killed_in_the_middle_and_no_image_is_missed(start, film):
    person = start(film, "f0.png")
    killed = []

    def kill(progress):
        if progress.done == 1 and not killed:
            killed.append(progress.name)
            person.session.link.engine.kill()

    person.session.folder_work.progressed.connect(kill)
    propagate(person)
    assert killed
    for number in (1, 2, 3):
        person.show(f"f{number}.png")
        [segment] = person.document.segments
        assert overlap(segment, number) > 0.8


def test_the_choices_are_remembered(start, film):
    person = start(film, "f2.png")
    person.show("f0.png")

    def choose(dialog):
        assert dialog.direction == "forward"
        dialog.most.setValue(1)
        dialog.until_lost.setChecked(False)

    propagate(person, choose)
    person.do("propagate")
    dialog = person.window.findChild(PropagateDialog)
    assert (dialog.most.value(), dialog.until_lost.isChecked()) == (1, False)
    dialog.ways["backward"].click()
    # Nothing lies before the first frame.
    assert not dialog.do.isEnabled()
    dialog.reject()
