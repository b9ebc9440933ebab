"""The session: the whole job by hand, with a fake engine and real files."""

import os
import threading

import pytest
from session_fixtures import SIDE, SquareHost, make_session, square, write_images

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.geometry import Box
from seggui.core.prompt import Point, Prompt
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.jobs.messages import Ask


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / "images")


@pytest.fixture
def session(qtbot, folder):
    session = make_session()
    session.open_folder(folder)
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    session.saving.save_now()
    session.close()


def click(qtbot, session, x, y, positive=True):
    point = Point(x, y, positive)
    with qtbot.waitSignal(session.candidates_changed):
        session.ask(Prompt((*session.prompt.points, point)))


def accept_at(qtbot, session, x, y):
    click(qtbot, session, x, y)
    session.accept()
    return session.document.segments[-1]


def show(qtbot, session, name):
    session.show_image(name)
    qtbot.waitUntil(lambda: session.image is not None and session.image.name == name)


def test_a_folder_opens_on_its_first_image(session):
    assert session.image.name == "a.png"
    assert session.document.segments == ()
    assert session.saved


def test_a_click_brings_candidates_and_enter_makes_a_segment(qtbot, session):
    click(qtbot, session, 10, 10)
    assert [c.granularity for c in session.candidates] == ["whole", "part", "sub-part"]
    assert session.document.segments == ()
    session.cycle_candidate()
    session.accept()
    [segment] = session.document.segments
    assert segment.mask.same_pixels(square(10, 10, 20))
    assert segment.source.model == "squares"
    assert segment.source.prompts == ({"points": [[10, 10, 1]]},)
    assert session.selected == (segment.id,)
    assert session.prompt.empty
    assert [row.name for row in session.classes] == ["object"]


def test_after_accepting_a_click_begins_the_next_object(qtbot, session):
    accept_at(qtbot, session, 10, 10)
    accept_at(qtbot, session, 50, 50)
    assert len(session.document.segments) == 2


def test_a_further_click_goes_on_from_the_candidate_that_is_shown(qtbot, session):
    click(qtbot, session, 10, 10)
    session.cycle_candidate()
    shown = session.candidate.mask
    click(qtbot, session, 60, 60)
    assert session.candidate.mask.difference(shown).area > 0
    assert session.candidate.mask.intersection(square(10, 10, 30)).same_pixels(shown)


def test_a_moved_click_begins_again(qtbot, session):
    click(qtbot, session, 10, 10)
    with qtbot.waitSignal(session.candidates_changed):
        session.ask(Prompt((Point(50, 50),)))
    assert session.candidate.mask.same_pixels(square(50, 50, 30))


def test_a_class_chosen_after_accepting_is_for_the_next_object(qtbot, session):
    session.set_classes(Classes().added("cell").added("dust"))
    first = accept_at(qtbot, session, 10, 10)
    session.set_class(2)
    assert session.document.get(first.id).class_id == 1
    second = accept_at(qtbot, session, 50, 50)
    assert second.class_id == 2
    session.select([first.id])
    session.set_class(2)
    assert session.document.get(first.id).class_id == 2


def test_clicks_correct_a_segment_that_was_chosen(qtbot, session):
    segment = accept_at(qtbot, session, 10, 10)
    session.select([])
    session.select([segment.id])
    click(qtbot, session, 60, 60)
    session.accept()
    [corrected] = session.document.segments
    assert corrected.id == segment.id
    assert corrected.mask.same_pixels(square(10, 10, 30).union(square(60, 60, 30)))


def test_a_negative_click_corrects_what_was_just_accepted(qtbot, session):
    segment = accept_at(qtbot, session, 10, 10)
    click(qtbot, session, 12, 12, positive=False)
    assert session.conversation.target == segment.id


def test_dropping_leaves_the_document_alone(qtbot, session):
    before = session.document
    click(qtbot, session, 10, 10)
    session.drop()
    assert session.document is before
    assert session.candidates == ()


def test_undo_takes_the_marks_back_before_the_edits(qtbot, session):
    accept_at(qtbot, session, 10, 10)
    click(qtbot, session, 50, 50)
    session.undo()
    assert session.prompt.empty
    assert len(session.document.segments) == 1
    session.undo()
    assert session.document.segments == ()
    session.redo()
    assert len(session.document.segments) == 1


def test_a_click_outside_the_image_is_refused_in_words(session):
    session.ask(Prompt((Point(-5, 3),)))
    assert ("error", "The point (-5, 3) lies outside the image of 96 x 96 pixels.") in (
        session.heard
    )
    assert not session.conversation.waiting


def test_work_and_undo_survive_the_next_image_and_a_restart(qtbot, session, folder):
    accept_at(qtbot, session, 10, 10)
    accept_at(qtbot, session, 50, 50)
    show(qtbot, session, "b.png")
    assert session.document.segments == ()
    show(qtbot, session, "a.png")
    assert len(session.document.segments) == 2
    session.undo()
    assert len(session.document.segments) == 1
    session.saving.save_now()
    session.close()
    again = make_session()
    again.open_folder(folder)
    qtbot.waitUntil(lambda: again.image is not None)
    assert len(again.document.segments) == 1
    again.redo()
    assert len(again.document.segments) == 2
    again.undo()
    again.undo()
    assert again.document.segments == ()
    again.saving.save_now()
    again.close()


def test_a_folder_opens_where_it_was_left(qtbot, session, folder):
    show(qtbot, session, "b.png")
    session.open_folder(folder)
    qtbot.waitUntil(lambda: session.image is None)
    qtbot.waitUntil(lambda: session.image is not None)
    assert session.image.name == "b.png"


def test_saved_is_only_said_when_it_is_on_disk(qtbot, session, folder):
    accept_at(qtbot, session, 10, 10)
    assert not session.saved
    session.save()
    qtbot.waitUntil(lambda: session.saved)
    path = session.project.annotation_path("a.png")
    assert path.is_file()
    assert path.parent == folder / "annotations"


def test_it_saves_by_itself(qtbot, session):
    session.settings.set("autosave_s", 0.5)
    accept_at(qtbot, session, 10, 10)
    qtbot.waitUntil(lambda: session.saved, timeout=10_000)
    assert session.project.annotation_path("a.png").is_file()


def test_a_full_disk_is_a_sentence_and_nothing_is_lost(qtbot, session, monkeypatch):
    segment = accept_at(qtbot, session, 10, 10)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        session.save()
        qtbot.waitUntil(lambda: any(level == "error" for level, _ in session.heard))
        session.show_image("b.png")
        qtbot.wait(200)
    assert not session.saved
    assert session.image.name == "a.png"
    assert session.document.get(segment.id) is not None
    errors = {text for level, text in session.heard if level == "error"}
    assert all("a.png" in text and "the disk is full" in text for text in errors)
    session.save()
    qtbot.waitUntil(lambda: session.saved)


def test_a_second_window_can_look_but_not_touch(qtbot, session, folder):
    other = make_session()
    other.open_folder(folder)
    qtbot.waitUntil(lambda: other.image is not None)
    assert other.read_only
    other.ask(Prompt((Point(5, 5),)))
    other.commit("Try", edits.set_state(other.document, "done"))
    assert other.document.state == "open"
    assert any(level == "warning" for level, _ in other.heard)
    other.close()


def test_a_folder_that_is_not_there_keeps_the_open_one(qtbot, session, tmp_path):
    session.open_folder(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: any(level == "error" for level, _ in session.heard))
    assert session.image.name == "a.png"
    assert "nowhere" in session.heard[-1][1]


def test_an_unreadable_image_is_named_and_stops_nothing(qtbot, session, folder):
    (folder / "b.png").write_bytes(b"<html>not an image</html>")
    session.show_image("b.png")
    qtbot.waitUntil(lambda: any(level == "error" for level, _ in session.heard))
    assert "b.png" in session.heard[-1][1]
    row = next(row for row in session.project.images if row.name == "b.png")
    assert row.reason
    show(qtbot, session, "c.png")


def test_the_newest_of_many_wishes_is_shown(qtbot, session):
    for name in ("b.png", "c.png", "a.png", "c.png"):
        session.show_image(name)
    qtbot.waitUntil(lambda: session.image.name == "c.png" and not session.busy)
    qtbot.wait(100)
    assert session.image.name == "c.png"


def test_refining_shows_first_and_is_one_step(qtbot, session):
    dusty = square(10, 10, 30).union(square(80, 80, 3))
    segment = Segment(dusty, 1, Source("test"))
    session.commit("Add", edits.add_segments(session.document, [segment]), [segment.id])
    session.preview_recipe("largest")
    qtbot.waitUntil(lambda: bool(session.refining.preview))
    assert session.refining.preview[0].same_pixels(square(10, 10, 30))
    assert session.document.segments[0].mask is segment.mask
    steps = len(session.history.steps)
    session.apply_recipe("largest", "segment")
    qtbot.waitUntil(lambda: session.document.segments[0].mask is not segment.mask)
    assert session.document.segments[0].mask.same_pixels(square(10, 10, 30))
    assert len(session.history.steps) == steps + 1
    assert session.refining.preview == ()


def test_a_recipe_runs_over_the_folder_and_each_image_can_undo_it(qtbot, session):
    for name in ("a.png", "b.png"):
        show(qtbot, session, name)
        dusty = square(10, 10, 30).union(square(80, 80, 3))
        segment = Segment(dusty, 1, Source("test"))
        session.commit("Add", edits.add_segments(session.document, [segment]))
    with qtbot.waitSignal(session.folder_work.finished, timeout=20_000) as done:
        session.apply_recipe("largest", "folder")
    assert len(done.args[1].done) == 2
    for name in ("a.png", "b.png"):
        show(qtbot, session, name)
        assert session.document.segments[0].mask.same_pixels(square(10, 10, 30))
        session.undo()
        assert session.document.segments[0].mask.area == 30 * 30 + 9


def test_a_prediction_becomes_candidates_to_review(qtbot, session):
    session.predict_image("model", "first run")
    qtbot.waitUntil(lambda: len(session.document.segments) == 2)
    assert {s.status for s in session.document.segments} == {"candidate"}
    assert [row.name for row in session.classes] == ["Cell"]
    assert session.uncertainty["a.png"] == pytest.approx(0.2)
    assert session.uncertainty_hw is not None
    session.predict_image("model", "first run")
    qtbot.waitUntil(lambda: not session.predicting.running)
    qtbot.wait(50)
    assert len(session.document.segments) == 2


def test_the_rest_of_the_folder_is_predicted(qtbot, session, folder):
    names = [row.name for row in session.project.images]
    with qtbot.waitSignal(session.folder_work.finished, timeout=20_000):
        session.predict_folder(names, "model", "first run")
    assert len(session.document.segments) == 2
    session.saving.save_now()
    for name in names:
        assert len(session.project.read_document(name).segments) == 2
    assert session.project.settings["uncertainty"] == dict.fromkeys(names, 0.2)


def test_what_makes_no_sense_of_an_uncertainty_is_passed_over(qtbot, folder):
    stored = f'{{"a.png": {"9" * 400}, "b.png": 0.25, "c.png": -1, "d.png": "high"}}'
    text = f'{{"format": 1, "settings": {{"uncertainty": {stored}}}, "classes": []}}'
    (folder / "seggui.json").write_text(text)
    session = make_session(SquareHost())
    session.open_folder(folder)
    qtbot.waitUntil(lambda: session.project is not None)
    assert session.uncertainty == {"b.png": 0.25}
    session.close()


def test_a_lost_engine_costs_a_sentence(qtbot, folder):
    class Dies(SquareHost):
        def handle(self, request, report):
            if isinstance(request, Ask):
                raise RuntimeError("out of order")
            return super().handle(request, report)

    session = make_session(Dies())
    session.open_folder(folder)
    qtbot.waitUntil(lambda: session.image is not None)
    before = session.document
    session.ask(Prompt((Point(5, 5),)))
    qtbot.waitUntil(lambda: any(level == "error" for level, _ in session.heard))
    assert session.document is before
    assert not session.conversation.waiting
    session.close()


def test_boxes_never_correct_what_is_selected(qtbot, session):
    segment = accept_at(qtbot, session, 10, 10)
    session.select([])
    session.select([segment.id])
    assert session._correctable(Prompt(box=Box(0, 0, SIDE, SIDE))) is None


def test_a_resting_cursor_previews_a_click_when_that_is_wished(qtbot, session):
    session.hover((10, 10))
    qtbot.wait(200)
    assert session.conversation.hovering.candidates == ()
    session.settings.set("preview", "on")
    session.hover((10, 10))
    qtbot.waitUntil(lambda: bool(session.conversation.hovering.candidates))
    assert session.candidates == ()
    session.accept()
    assert session.document.segments == ()
    click(qtbot, session, 20, 20)
    assert session.conversation.hovering.candidates == ()
    session.drop()
    session.hover((5, 5))
    session.hover(None)
    qtbot.wait(200)
    assert session.conversation.hovering.candidates == ()


def hold_the_disk(session):
    """Let nothing that reads or writes run until the event that is returned is set."""
    go = threading.Event()
    session.background.start("disk", lambda _report: go.wait(10))
    return go


def test_saving_twice_in_a_row_is_no_other_program(qtbot, session):
    accept_at(qtbot, session, 10, 10)
    asked = []
    session.changed_on_disk.connect(asked.append)
    go = hold_the_disk(session)
    session.save()
    session.save()
    session.show_image("b.png")
    go.set()
    qtbot.waitUntil(lambda: session.image.name == "b.png")
    assert asked == []
    assert [text for level, text in session.heard if level == "error"] == []


def test_coming_back_before_the_next_image_was_read_keeps_the_work_open(qtbot, session):
    go = hold_the_disk(session)
    session.show_image("b.png")
    session.show_image("a.png")
    go.set()
    qtbot.waitUntil(lambda: not session.busy)
    accept_at(qtbot, session, 10, 10)
    assert session.image.name == "a.png"
    assert not session.opened.closed
    assert session.project.load("a.png") is session.opened


def test_work_done_while_another_folder_opens_is_saved(
    qtbot, session, folder, tmp_path
):
    other = write_images(tmp_path / "other", ("z.png",))
    click(qtbot, session, 10, 10)
    path = session.project.annotation_path("a.png")
    go = hold_the_disk(session)
    session.open_folder(other)
    segment = Segment(square(10, 10), 1, Source("test"))
    session.commit("Add", edits.add_segments(session.document, [segment]))
    go.set()
    qtbot.waitUntil(lambda: session.image and session.image.name == "z.png")
    assert path.is_file()


def test_work_done_while_an_unreadable_image_is_read_is_saved(qtbot, session, folder):
    (folder / "b.png").write_bytes(b"<html>not an image</html>")
    go = hold_the_disk(session)
    session.show_image("b.png")
    segment = Segment(square(10, 10), 1, Source("test"))
    session.commit("Add", edits.add_segments(session.document, [segment]))
    go.set()
    qtbot.waitUntil(lambda: any(level == "error" for level, _ in session.heard))
    assert len(session.project.read_document("a.png").segments) == 1


def test_folder_work_never_reaches_into_the_next_folder(qtbot, session, tmp_path):
    other = write_images(tmp_path / "other")
    waits, go = threading.Event(), threading.Event()

    def compute(name, report):
        waits.set()
        go.wait(10)
        return lambda document: edits.set_state(document, "done")

    session.folder_work.start("Marked", ["a.png", "b.png", "c.png"], compute)
    assert waits.wait(10)
    session.open_folder(other)
    qtbot.waitUntil(lambda: session.project.folder == other and not session.busy)
    go.set()
    qtbot.waitUntil(lambda: not session.folder_work.running)
    qtbot.wait(50)
    assert {row.state for row in session.project.images} == {"untouched"}


def test_stopped_folder_work_says_how_many_images_it_did(qtbot, session):
    def compute(name, report):
        if name == "c.png":
            session.folder_work.cancel()
        return lambda document: edits.set_state(document, "done")

    names = [row.name for row in session.project.images]
    with qtbot.waitSignal(session.folder_work.finished, timeout=20_000):
        session.folder_work.start("Marked", names, compute)
    assert ("info", "2 images done, then stopped: marked.") in session.heard


def test_an_image_whose_edit_failed_is_not_counted_as_done(qtbot, session):
    def compute(name, report):
        def change(document):
            raise BadRequest(f"{name} cannot be marked.")

        return change if name == "b.png" else lambda d: edits.set_state(d, "done")

    names = [row.name for row in session.project.images]
    with qtbot.waitSignal(session.folder_work.finished, timeout=20_000) as done:
        session.folder_work.start("Marked", names, compute)
    result = done.args[1]
    assert result.done == ("a.png", "c.png")
    assert [failure.name for failure in result.failures] == ["b.png"]
    told = [text for level, text in session.heard if level in ("warning", "error")]
    assert told == ["b.png cannot be marked."]


def test_a_prediction_whose_classes_cannot_be_kept_is_a_sentence(
    qtbot, session, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        session.predict_image("model", "first run")
        qtbot.waitUntil(lambda: not session.predicting.running)
    assert session.document.segments == ()
    told = [text for level, text in session.heard if level in ("warning", "error")]
    assert "seggui.json" in told[0]
    assert "no class Cell" in told[1]


def test_the_window_never_waits_for_the_disk_to_confirm_a_gesture(
    qtbot, session, monkeypatch
):
    accept_at(qtbot, session, 50, 50)
    confirm, threads = os.fsync, []

    def watched(descriptor):
        threads.append(threading.current_thread().name)
        confirm(descriptor)

    monkeypatch.setattr("os.fsync", watched)
    session.saving._sync.setInterval(10)
    segment = Segment(square(10, 10), 1, Source("test"))
    session.commit("Add", edits.add_segments(session.document, [segment]))
    qtbot.waitUntil(lambda: bool(threads))
    assert all(name.startswith("disk") for name in threads), threads


def test_a_damaged_annotation_file_can_be_given_up_and_is_kept_aside(
    qtbot, session, folder
):
    path = session.project.annotation_path("b.png")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'{"format": 1, "segments": [')
    with qtbot.waitSignal(session.damaged) as told:
        session.show_image("b.png")
    assert "b.png" in told.args[0]
    assert session.read_only
    session.start_anew()
    assert not session.read_only
    accept_at(qtbot, session, 10, 10)
    session.saving.save_now()
    kept = [p for p in path.parent.iterdir() if p.read_bytes().endswith(b"[")]
    assert len(kept) == 1
    assert len(session.project.read_document("b.png").segments) == 1


def test_the_newest_of_two_folders_wished_for_is_opened(qtbot, session, tmp_path):
    other = write_images(tmp_path / "other", ("x.png",))
    last = write_images(tmp_path / "last", ("y.png",))
    session.open_folder(other)
    session.open_folder(last)
    qtbot.waitUntil(lambda: session.image is not None and session.image.name == "y.png")


def test_a_candidate_is_not_accepted_while_a_newer_one_is_looked_for(qtbot, session):
    click(qtbot, session, 10, 10)
    session.ask(Prompt((*session.prompt.points, Point(60, 60))))
    session.accept()
    assert session.document.segments == ()
    assert any("still looking" in text for _, text in session.heard)
    qtbot.waitUntil(lambda: not session.conversation.waiting)
    session.accept()
    assert len(session.document.segments) == 1
