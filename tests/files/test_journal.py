"""Journals and files in odd states: damaged, linked, moved away, half confirmed."""

import sys

import pytest
from file_strategies import dab, facts

from seggui.core import edits
from seggui.core.segment import Segment, Source
from seggui.errors import SaveFailed
from seggui.files import open_document
from seggui.files.atomic import write_whole
from seggui.files.loading import Places, open_image
from seggui.files.open_document import OpenDocument


def opened(folder):
    places = Places(folder / "annotations/a.png.json", folder / "annotations/a.journal")
    return OpenDocument(open_image(facts(), places, ""))


def paint(work):
    segment = Segment(dab(50, 50), 1, Source("test"))
    work.commit("add", edits.add_segments(work.document, [segment]))


def test_a_journal_with_a_damaged_beginning_is_kept_and_reported(tmp_path):
    work = opened(tmp_path)
    for _ in range(3):
        paint(work)
    work.close()
    journal = tmp_path / "annotations/a.journal"
    data = bytearray(journal.read_bytes())
    data[20] ^= 1
    journal.write_bytes(data)
    again = opened(tmp_path)
    (note,) = again.notes
    assert "its beginning is damaged" in note
    paint(again)
    again.close()
    (kept,) = journal.parent.glob("a.journal.kept-*")
    assert kept.read_bytes() == data
    assert kept.name in note


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_in_place_of_a_journal_leads_to_no_file_outside(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    folder = tmp_path / "project"
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations/a.journal").symlink_to(precious)
    work = opened(folder)
    with pytest.raises(SaveFailed):
        paint(work)
    work.close()
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("painted_before", [False, True])
def test_a_project_that_was_moved_away_is_not_made_again(tmp_path, painted_before):
    folder, moved = tmp_path / "project", tmp_path / "moved"
    folder.mkdir()
    work = opened(folder)
    if painted_before:
        paint(work)
    folder.rename(moved)
    with pytest.raises(SaveFailed, match="is not there any more"):
        paint(work)
    with pytest.raises(SaveFailed, match="is not there any more"):
        work.save()
    assert work.unsaved
    assert not folder.exists()
    moved.rename(folder)
    work.save()
    work.close()
    assert len(opened(folder).document.segments) == 1 + painted_before


def test_a_save_that_the_disk_did_not_confirm_can_be_made_again(tmp_path, monkeypatch):
    work = opened(tmp_path)
    paint(work)

    def fail(path, data):
        write_whole(path, data)
        raise SaveFailed(path, "the disk reported an error")

    with monkeypatch.context() as patch:
        patch.setattr(open_document, "write_whole", fail)
        with pytest.raises(SaveFailed):
            work.save()
    assert work.unsaved
    paint(work)
    work.save()  # what lies there is ours, not another program's
    assert not work.unsaved
    work.close()
