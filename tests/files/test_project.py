"""A folder of images as a project: what is listed, loaded, kept and refused."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from seggui.core import edits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest, ReadOnly, SaveFailed, Unreadable
from seggui.files.image_list import EXPORT_MARK
from seggui.files.project import ImageRow, Project

H, W = 40, 60


def picture(path, height=H, width=W):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3))
    Image.fromarray(noise.astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("b10.png", "b9.png", "x/a.jpg"):
        picture(tmp_path / name)
    return tmp_path


def with_segment(document, at=0, class_id=1):
    image = document.image
    mask = Mask.from_window(
        image.height, image.width, Box(at, at, at + 9, at + 9), np.ones((9, 9))
    )
    return edits.add_segments(document, [Segment(mask, class_id, Source("test"))])


def names(project):
    return [row.name for row in project.images]


def test_images_are_listed_in_natural_order_with_their_folders(folder):
    with Project.open(folder) as project:
        assert names(project) == ["b9.png", "b10.png", "x/a.jpg"]
        assert {row.state for row in project.images} == {"untouched"}
        assert project.notes == ()


def test_what_is_not_to_be_annotated_is_not_listed(folder):
    for name in (
        "annotations/a.png", "runs/1/previews/a.png", "exports/a.png", ".hidden/a.png",
        ".seggui-1-00000000.tmp", "out/masks/a.png",
    ):  # fmt: skip
        picture(folder / "tmp.png")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tmp.png").rename(folder / name)
    (folder / "out" / EXPORT_MARK).write_text("{}")
    picture(folder / "pairs/images/p.png")
    picture(folder / "pairs/masks/p.png")
    picture(folder / "x/runs/kept.png")
    (folder / "notes.txt").write_text("no image")
    with Project.open(folder) as project:
        assert names(project) == [
            "b9.png", "b10.png", "pairs/images/p.png", "x/a.jpg", "x/runs/kept.png",
        ]  # fmt: skip


def test_loops_of_links_pipes_and_dead_links_do_no_harm(folder):
    (folder / "x/loop").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "dead.png").symlink_to(folder / "nowhere.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "linked.png").symlink_to(folder / "b9.png")
    with Project.open(folder) as project:
        assert names(project) == ["b9.png", "b10.png", "linked.png", "x/a.jpg"]


def test_a_missing_folder_a_file_and_an_empty_folder_are_told(tmp_path):
    with pytest.raises(Unreadable, match=r"gone: there is no such folder"):
        Project.open(tmp_path / "gone")
    picture(tmp_path / "one/a.png")
    with pytest.raises(Unreadable, match="it is a file; open the folder it lies in"):
        Project.open(tmp_path / "one/a.png")
    with pytest.raises(Unreadable, match=r"no such folder|not possible"):
        Project.open("a\0b")
    (tmp_path / "empty").mkdir()
    with Project.open(tmp_path / "empty") as project:
        assert project.images == ()
        assert any("no images" in note for note in project.notes)


def test_opening_writes_nothing_and_closing_leaves_nothing(folder):
    before = sorted(folder.rglob("*"))
    with Project.open(folder) as project:
        project.load("x/a.jpg")
    assert sorted(folder.rglob("*")) == before


def test_work_is_saved_beside_the_image_and_listed(folder):
    with Project.open(folder) as project:
        opened = project.load("x/a.jpg", project.read_pixels("x/a.jpg"))
        opened.commit("add", with_segment(opened.document))
        assert project.row("x/a.jpg") == ImageRow("x/a.jpg", "work", 1)
        assert project.names_with_unsaved_work() == ("x/a.jpg",)
        opened.save()
        assert project.names_with_unsaved_work() == ()
        done = edits.set_state(opened.document, "done")
        opened.commit("done", done)
        opened.save()
        opened.close()
        assert project.row("x/a.jpg").state == "done"
    assert (folder / "annotations/x/a.jpg.json").is_file()
    with Project.open(folder) as project:
        rows = {row.name: (row.state, row.segments) for row in project.images}
        assert rows["x/a.jpg"] == ("done", 1)
        assert rows["b9.png"] == ("untouched", 0)
        again = project.load("x/a.jpg")
        assert [step.label for step in again.history.steps] == ["Opened", "add", "done"]
        again.undo()
        assert again.document.state == "open"
        assert project.read_document("x/a.jpg").state == "done"
        assert project.read_document("b9.png") is None


def test_the_header_gives_the_same_facts_as_the_pixels(folder):
    with Project.open(folder) as project:
        one = project.load("x/a.jpg").facts
        assert one == project.read_pixels("x/a.jpg").facts("x/a.jpg")


def test_the_same_image_is_opened_once(folder):
    with Project.open(folder) as project:
        opened = project.load("b9.png")
        assert project.load("b9.png") is opened
        opened.close()
        assert project.load("b9.png") is not opened


def test_a_step_on_an_image_that_is_not_open_is_saved_and_can_be_undone(folder):
    with Project.open(folder) as project:
        assert project.edit("b9.png", "Import", with_segment)
        assert not project.edit("b9.png", "Import", lambda document: document)
        assert project.row("b9.png").segments == 1
        opened = project.load("b9.png")
        assert not opened.unsaved
        opened.undo()
        assert opened.document.segments == ()
        opened.redo()
        assert project.edit("b9.png", "Predict", lambda d: with_segment(d, 20))
        assert [s.label for s in opened.history.steps] == [
            "Opened", "Import", "Predict",
        ]  # fmt: skip
        assert not opened.closed


def test_an_image_that_cannot_be_read_is_named_with_its_reason(folder):
    (folder / "bad.png").write_bytes(b"<html></html>")
    with Project.open(folder) as project:
        with pytest.raises(Unreadable, match="looks like HTML"):
            project.load("bad.png")
        assert "looks like HTML" in project.row("bad.png").reason
        project.rescan()
        assert "looks like HTML" in project.row("bad.png").reason
        assert project.load("b9.png").document.segments == ()
        with pytest.raises(Unreadable, match="no such image"):
            project.row("nothing.png")


def test_a_damaged_annotation_file_is_named_in_the_list(folder):
    with Project.open(folder) as project:
        project.edit("b9.png", "Import", with_segment)
    path = folder / "annotations/b9.png.json"
    path.write_bytes(path.read_bytes()[:60])
    with Project.open(folder) as project:
        assert "damaged" in project.row("b9.png").reason
        with pytest.raises(Unreadable, match=r"b9\.png\.json"):
            project.read_document("b9.png")
        with pytest.raises(ReadOnly):
            project.edit("b9.png", "Import", with_segment)
    assert len(path.read_bytes()) == 60


def test_a_folder_in_the_place_of_an_annotation_file_is_damage(folder):
    (folder / "annotations" / "b9.png.json").mkdir(parents=True)
    with Project.open(folder) as project:
        row = project.row("b9.png")
        assert next(r for r in project.images if r.name == "b9.png") == row
        assert row.state == "work"
        assert "its segments: Is a directory" in row.reason
        assert project.load("b9.png").read_only
        with pytest.raises(ReadOnly, match="Is a directory"):
            project.check_editable("b9.png")
        project.check_editable("b10.png")


def test_the_state_is_read_from_files_of_another_layout_too(folder):
    with Project.open(folder) as project:
        project.edit("b9.png", "Import", with_segment)
    path = folder / "annotations/b9.png.json"
    path.write_text(json.dumps(json.loads(path.read_bytes())))
    with Project.open(folder) as project:
        assert (project.row("b9.png").state, project.row("b9.png").segments) == (
            "work", 1,
        )  # fmt: skip


def test_classes_and_settings_come_back_with_unknown_fields(folder):
    with Project.open(folder) as project:
        project.set_classes(project.classes.added("cell").added("sky", thing=False))
        project.set_settings({"order": [1, 2]})
    path = folder / "seggui.json"
    content = json.loads(path.read_bytes())
    content["future"] = {"a": 1}
    content["classes"][1]["mood"] = "blue"
    path.write_text(json.dumps(content))
    with Project.open(folder) as project:
        assert [(row.name, row.thing) for row in project.classes] == [
            ("cell", True), ("sky", False),
        ]  # fmt: skip
        assert project.settings == {"order": [1, 2]}
        project.set_classes(project.classes.renamed(1, "nucleus"))
    again = json.loads(path.read_bytes())
    assert again["future"] == {"a": 1}
    assert again["classes"][1]["mood"] == "blue"
    assert again["classes"][0]["name"] == "nucleus"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"format": 2, "classes": []}', "newer version of seggui"),
        ('{"format": 1, "classes": [{"id": 1}]}', "classes make no sense"),
        ('{"format": 1, "classes": [{"id": 0, "name": "a"}]}', "the id 0"),
        ('{"format": 1, "classes": [', "cut off at line 1"),
        ("", "empty"),
        ("[]", "no JSON object"),
        ('{"classes": []}', "no format number"),
    ],
)
def test_an_unusable_project_file_opens_read_only_and_stays(folder, content, words):
    path = folder / "seggui.json"
    path.write_text(content)
    with Project.open(folder) as project:
        assert words in project.read_only
        assert str(path) in project.read_only
        with pytest.raises(ReadOnly):
            project.set_classes(project.classes.added("cell"))
        opened = project.load("b9.png")
        with pytest.raises(ReadOnly):
            opened.commit("add", with_segment(opened.document))
    assert path.read_text() == content


def test_a_failed_save_of_the_classes_changes_nothing(folder, monkeypatch):
    with Project.open(folder) as project:
        project.set_classes(project.classes.added("cell"))
        before = (folder / "seggui.json").read_bytes()

        def full(*_):
            raise OSError(28, "full")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SaveFailed, match="the disk is full"):
            project.set_classes(project.classes.added("sky"))
        monkeypatch.undo()
        assert [row.name for row in project.classes] == ["cell"]
        assert (folder / "seggui.json").read_bytes() == before
        with pytest.raises(BadRequest):
            project.set_classes(project.classes.added("cell"))


def test_pages_of_a_tiff_are_images_of_their_own(folder):
    with tifffile.TiffWriter(folder / "stack.tif") as writer:
        for value in range(3):
            writer.write(np.full((H, W + value), value, dtype=np.uint8))
    with Project.open(folder) as project:
        assert names(project)[2:5] == ["stack.tif", "stack.tif#2", "stack.tif#3"]
        assert project.read_pixels("stack.tif#3").width == W + 2
        project.edit("stack.tif#2", "Import", with_segment)
        assert project.row("stack.tif").state == "untouched"
    assert (folder / "annotations/stack.tif#2.json").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "日本 😀 ünï.png", "quote'and%20percent#hash.png", "a.b.c.png", " space .png",
        "x" * 251 + ".png", "字" * 83 + ".png", "-rf.png", "a.json.png", "a\nb.png",
    ],
)  # fmt: skip
def test_every_name_a_disk_allows_works(tmp_path, name):
    picture(tmp_path / "t.png")
    (tmp_path / "t.png").rename(tmp_path / name)
    with Project.open(tmp_path) as project:
        assert names(project) == [name]
        project.edit(name, "Import", with_segment)
    with Project.open(tmp_path) as project:
        assert project.row(name).segments == 1
        opened = project.load(name)
        opened.undo()
        opened.save()
        assert opened.facts.name == name


def test_images_of_one_stem_and_twins_never_share_a_file(tmp_path):
    for name in ("a.png", "a.jpg", "A.PNG", "x/a.png", "\u00e9.png", "e\u0301.png"):
        picture(tmp_path / name)
    with Project.open(tmp_path) as project:
        count = len(project.images)
        for index, row in enumerate(project.images):
            project.edit(row.name, "Import", lambda d, i=index: with_segment(d, i))
        seen = {
            project.read_document(row.name).segments[0].mask.bbox.x0
            for row in project.images
        }
        assert len(seen) == count
        if count == 6:  # this disk tells both kinds of twins apart
            assert sum("differ only" in note for note in project.notes) == 2


def test_litter_of_a_killed_process_goes_at_the_next_start(folder):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with Project.open(folder) as project:
        project.edit("x/a.jpg", "Import", with_segment)
    litter = folder / f"annotations/x/.seggui-{ended.pid}-0123abcd.tmp"
    litter.write_bytes(b"half")
    with Project.open(folder, read_only=True):
        assert litter.exists()
    with Project.open(folder):
        assert not litter.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_opens_read_only(folder):
    folder.chmod(0o555)
    try:
        with Project.open(folder) as project:
            assert "may not be written to" in project.read_only
            assert len(project.images) == 3
    finally:
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_said_on_opening(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with Project.open(folder) as project:
        assert "may not be written to" in project.read_only
        opened = project.load("b9.png")
        with pytest.raises(ReadOnly, match="may not be written to"):
            opened.commit("add", with_segment(opened.document))
