"""History, journal and file together: what was done is there again, always."""

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from file_strategies import dab, facts, gesture, gestures, portrait
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core import edits
from seggui.core.change import applied, difference
from seggui.core.document import Document
from seggui.core.segment import Segment, Source
from seggui.errors import ReadOnly, SaveFailed
from seggui.files import open_document
from seggui.files.annotations import document_bytes, parse_document
from seggui.files.changes import change_json, change_of
from seggui.files.journal import read_journal
from seggui.files.loading import Places, open_image
from seggui.files.open_document import ChangedOnDisk, OpenDocument


def opened(folder, image=None, read_only=""):
    places = Places(folder / "annotations/a.png.json", folder / "annotations/a.journal")
    return OpenDocument(open_image(image or facts(), places, read_only))


def add(document, x=50, y=50):
    segment = Segment(dab(x, y), 1, Source("test"))
    return edits.add_segments(document, [segment])


def history_portrait(work):
    """Everything a person sees of a history."""
    steps = [(step.label, step.when, portrait(step.document)) for step in
             work.history.steps]  # fmt: skip
    return steps, work.history.at


@settings(max_examples=60, deadline=None)
@given(st.lists(gestures, max_size=8), st.lists(gestures, max_size=3))
def test_a_change_as_json_leads_there_and_back(first, second):
    start = Document(facts())
    for step in first:
        start = gesture(start, step)
    end = start
    for step in second:
        end = gesture(end, step)
    content = json.loads(json.dumps(change_json(difference(start, end))))
    there = applied(start, change_of(content, start, back=False))
    assert portrait(there) == portrait(end)
    back = applied(end, change_of(content, end, back=True))
    assert portrait(back) == portrait(start)


actions = st.one_of(
    gestures,
    gestures,
    st.sampled_from(["undo", "redo", "save", "restart", "sync"]),
    st.tuples(st.just("go"), st.integers(0, 9)),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(actions, max_size=25))
def test_after_any_actions_and_a_kill_everything_is_as_it_was(actions):
    """A kill is a second opening of the same files without closing the first."""
    folder = Path(tempfile.mkdtemp())
    try:
        work = opened(folder)
        on_disk = portrait(work.document)
        for action in actions:
            if action == "save":
                work.save()
                on_disk = portrait(work.document)
                assert not work.unsaved
            elif action == "restart":
                expected = history_portrait(work)
                work.close()
                work = opened(folder)
                if (folder / "annotations/a.journal").exists():
                    assert history_portrait(work) == expected
            elif action in ("undo", "redo", "sync"):
                getattr(work, action)()
            elif action[0] == "go":
                work.go_to(action[1])
            else:
                work.commit(action[0], gesture(work.document, action))
            killed = opened(folder)
            assert portrait(killed.document) == portrait(work.document)
            if (folder / "annotations/a.journal").exists():
                assert history_portrait(killed) == history_portrait(work)
            if portrait(work.document) != on_disk:
                assert killed.unsaved
                assert killed.recovered
                assert killed.notes
            killed.close()
        path = folder / "annotations/a.png.json"
        if path.exists():
            saved = parse_document(path.read_bytes(), path)
            assert portrait(saved) == on_disk
        work.close()
    finally:
        shutil.rmtree(folder)


def test_at_any_cut_of_the_journal_all_whole_lines_count(tmp_path):
    work, states = opened(tmp_path), []
    journal = tmp_path / "annotations/a.journal"
    for index in range(6):
        work.commit("add", add(work.document, 20 + 30 * index, 60))
        states.append((journal.stat().st_size, portrait(work.document)))
        if index == 2:
            work.save()
            since_save = journal.stat().st_size
        if index == 4:
            work.undo()
            states.append((journal.stat().st_size, portrait(work.document)))
    work.close()
    data = journal.read_bytes()
    for end in range(0, len(data), 7):
        journal.write_bytes(data[:end])
        again = opened(tmp_path)
        reached = [state for size, state in states if size <= end]
        if end >= since_save:
            assert portrait(again.document) == reached[-1]
        else:  # the file on disk is of a step that this journal does not know
            assert len(again.document.segments) == 3
        # Going on after a torn line spoils nothing.
        again.commit("more", add(again.document, 200, 200))
        expected = portrait(again.document)
        again.close()
        third = opened(tmp_path)
        assert portrait(third.document) == expected
        third.close()
        for kept in journal.parent.glob("*.kept-*"):
            kept.unlink()


def test_a_kill_between_the_journals_line_and_the_rename_loses_nothing(
    tmp_path, monkeypatch
):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.commit("add", add(work.document, 150, 90))

    def killed(path, data):
        raise SystemExit

    monkeypatch.setattr(open_document, "write_whole", killed)
    with pytest.raises(SystemExit):
        work.save()
    again = opened(tmp_path)
    assert portrait(again.document) == portrait(work.document)
    assert again.recovered == 1


def test_a_failing_save_keeps_unsaved_and_says_why(tmp_path, monkeypatch):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    before = (tmp_path / "annotations/a.png.json").read_bytes()
    work.commit("add", add(work.document, 150, 90))
    real = os.fsync
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:  # the first is the journal's
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveFailed, match="the disk is full"):
        work.save()
    assert work.unsaved
    assert (tmp_path / "annotations/a.png.json").read_bytes() == before
    work.save()
    assert not work.unsaved


@pytest.mark.parametrize("partly", [False, True])
def test_a_journal_that_cannot_be_written_catches_up_later(
    tmp_path, monkeypatch, partly
):
    work = opened(tmp_path)
    work.commit("one", add(work.document))
    real = os.write

    def full(descriptor, data):
        if partly:
            real(descriptor, bytes(data)[:20])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SaveFailed, match=r"the disk is full.*still open here"):
        work.commit("two", add(work.document, 100, 100))
    assert len(work.document.segments) == 2
    with pytest.raises(SaveFailed):
        work.undo()
    monkeypatch.setattr(os, "write", real)
    work.commit("three", add(work.document, 200, 200))
    again = opened(tmp_path)
    assert history_portrait(again) == history_portrait(work)


def test_a_file_changed_by_others_is_not_overwritten_unasked(tmp_path):
    work = opened(tmp_path)
    path = tmp_path / "annotations/a.png.json"
    work.commit("add", add(work.document))
    work.save()
    theirs = path.read_bytes().replace(b'"state": "open"', b'"state": "done"')
    modified = path.stat().st_mtime_ns
    path.write_bytes(theirs)
    os.utime(path, ns=(modified, modified))  # same size, same time
    work.commit("add", add(work.document, 150, 90))
    with pytest.raises(ChangedOnDisk, match="Nothing was overwritten"):
        work.save()
    assert path.read_bytes() == theirs
    assert work.unsaved
    work.save(overwrite=True)
    assert len(parse_document(path.read_bytes(), path).segments) == 2
    (kept,) = path.parent.glob("a.png.json.kept-*")
    assert kept.read_bytes() == theirs


def test_a_journal_for_another_state_of_the_file_is_kept_and_reported(tmp_path):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.close()
    path = tmp_path / "annotations/a.png.json"
    theirs = path.read_bytes().replace(b'"state": "open"', b'"state": "done"')
    path.write_bytes(theirs)
    again = opened(tmp_path)
    assert again.document.state == "done"
    assert not again.can_undo
    assert any("journal of a.png was not used" in note for note in again.notes)
    (kept,) = path.parent.glob("a.journal.kept-*")
    assert read_journal(kept).entries


def test_a_journal_of_another_image_is_kept_and_reported(tmp_path):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.close()
    again = opened(tmp_path, facts(digest="sha256:other"))
    assert not again.document.segments
    assert any("belongs to another image" in note for note in again.notes)
    assert list((tmp_path / "annotations").glob("a.journal.kept-*"))


def test_a_damaged_place_in_the_journal_costs_only_what_follows(tmp_path):
    work = opened(tmp_path)
    for index in range(4):
        work.commit("add", add(work.document, 40 + 50 * index, 60))
    work.close()
    journal = tmp_path / "annotations/a.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    whole = b"".join(lines)
    lines[3] = lines[3].replace(b"add", b"dad")
    journal.write_bytes(b"".join(lines))
    again = opened(tmp_path)
    assert len(again.document.segments) == 2
    assert any("journal" in note and "damaged" in note for note in again.notes)
    (kept,) = journal.parent.glob("a.journal.kept-*")
    assert len(kept.read_bytes()) == len(whole)


def test_recovered_work_can_be_discarded_and_a_copy_stays(tmp_path):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.commit("add", add(work.document, 150, 90))
    again = opened(tmp_path)
    assert again.recovered == 1
    assert "1 change of a.png was not saved" in again.notes[0]
    again.discard_recovered()
    assert len(again.document.segments) == 1
    assert not again.unsaved
    assert list((tmp_path / "annotations").glob("a.journal.kept-*"))
    again.commit("add", add(again.document, 200, 200))
    third = opened(tmp_path)
    assert portrait(third.document) == portrait(again.document)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[: len(data) // 2], "damaged or cut off at line"),
        (lambda data: b"", "it is empty"),
        (lambda data: bytes(len(data)), "damaged"),
        (lambda data: data.replace(b'"format": 1', b'"format": 9'), "newer version"),
        (lambda data: data.replace(b'"rle": "', b'"rle": "zz'), "segment 1"),
    ],
)
def test_an_unusable_file_opens_read_only_and_is_never_overwritten(
    tmp_path, damage, words
):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.close()
    path = tmp_path / "annotations/a.png.json"
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    again = opened(tmp_path)
    assert words in again.read_only
    assert str(path) in again.read_only
    assert again.read_only in again.notes
    again.save(overwrite=True)  # there is nothing to save
    with pytest.raises(ReadOnly):
        again.begin_save()
    with pytest.raises(ReadOnly):
        again.undo()
    with pytest.raises(ReadOnly):
        again.commit("add", add(again.document))
    assert path.read_bytes() == damaged
    if "newer" in words:
        assert len(again.document.segments) == 1
        with pytest.raises(ReadOnly):
            again.start_anew()
        return
    again.start_anew()
    again.commit("add", add(again.document, 99, 99))
    again.save()
    (kept,) = path.parent.glob("a.png.json.kept-*")
    assert kept.read_bytes() == damaged
    assert len(parse_document(path.read_bytes(), path).segments) == 1


def test_an_image_of_another_size_shows_nothing_and_keeps_the_file(tmp_path):
    from dataclasses import replace

    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.close()
    again = opened(tmp_path, replace(facts(), width=100, digest="sha256:1"))
    assert "300 x 270 pixels, but the file now has 100 x 270" in again.read_only
    assert not again.document.segments


def test_an_image_changed_at_the_same_size_is_noted(tmp_path):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.close()
    again = opened(tmp_path, facts(digest="sha256:1"))
    assert len(again.document.segments) == 1
    assert any("changed since its segments were made" in note for note in again.notes)
    assert again.document.image.digest == "sha256:1"


def test_looking_only_changes_nothing_on_disk(tmp_path):
    work = opened(tmp_path)
    work.commit("add", add(work.document))
    work.save()
    work.close()
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    looking = opened(tmp_path, read_only="Held by somebody.")
    with pytest.raises(ReadOnly, match="Held by somebody"):
        looking.commit("add", add(looking.document))
    assert not looking.can_undo
    looking.close()
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}


def test_a_long_journal_loses_its_oldest_steps_only(tmp_path, monkeypatch):
    monkeypatch.setattr(open_document, "MOST_JOURNAL_BYTES", 20_000)
    work = opened(tmp_path)
    noise = np.random.default_rng(0)
    for index in range(60):
        work.commit(f"step {index}", add(work.document, *noise.integers(0, 260, 2)))
        if index % 10 == 9:
            work.undo()
            work.save()
    journal = tmp_path / "annotations/a.journal"
    assert journal.stat().st_size < 30_000
    work.commit("last", add(work.document, 9, 9))
    again = opened(tmp_path)
    assert portrait(again.document) == portrait(work.document)
    kept = len(again.history.steps)
    assert 3 < kept < len(work.history.steps)
    mine, theirs = history_portrait(work)[0], history_portrait(again)[0]
    assert theirs[1:] == mine[-kept + 1 :]
    assert theirs[0][2] == mine[-kept][2]


def test_a_save_may_run_elsewhere_while_work_goes_on(tmp_path):
    import threading

    work = opened(tmp_path)
    work.commit("one", add(work.document))
    job, results = work.begin_save(), []
    thread = threading.Thread(target=lambda: results.append(job.run()))
    thread.start()
    for index in range(20):
        work.commit("more", add(work.document, 10 * index, 99))
    thread.join()
    work.saved(job, results[0])
    assert work.unsaved
    path = tmp_path / "annotations/a.png.json"
    assert path.read_bytes() == document_bytes(job.document)
    again = opened(tmp_path)
    assert again.recovered == 20
    assert history_portrait(again) == history_portrait(work)


def test_nothing_is_written_for_an_image_that_was_only_looked_at(tmp_path):
    work = opened(tmp_path)
    work.save()
    work.undo()
    work.sync()
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_saves_that_overtake_each_other_leave_the_newest(tmp_path):
    work = opened(tmp_path)
    work.commit("one", add(work.document))
    first = work.begin_save()
    again = work.begin_save()
    work.saved(first, first.run())
    work.saved(again, again.run())  # not taken for another program's file
    work.commit("two", add(work.document, 99, 99))
    late = work.begin_save()
    work.commit("three", add(work.document, 150, 99))
    work.save()  # as when the window closes while an autosave waits its turn
    work.saved(late, late.run())
    path = tmp_path / "annotations/a.png.json"
    assert path.read_bytes() == document_bytes(work.document)
    assert not work.unsaved
    work.close()
    again = opened(tmp_path)
    assert again.recovered == 0
    assert history_portrait(again) == history_portrait(work)
