"""``seggui import``, by the words a person types."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.errors import SaveFailed
from seggui.files.atomic import write_whole
from seggui.files.formats.png import png_of_ids
from seggui.files.project import Project

SHAPE = (12, 16)


def square(x0: int, class_id: int = 0) -> np.ndarray:
    ids = np.zeros(SHAPE, np.uint8)
    ids[2:6, x0 : x0 + 4] = class_id
    return ids


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three images with a class and no segments."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("a", "b", "c"):
        grey = np.full(SHAPE, ord(name), np.uint8)
        write_whole(project / f"{name}.png", png_of_ids(grey))
    with Project.open(project) as opened:
        opened.set_classes(Classes().added("cell"))
    return project


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Class masks of two of the images and of one that is not there."""
    source = tmp_path / "masks"
    source.mkdir()
    for name, ids in (("a", square(1, 1)), ("b", square(5, 7)), ("z", square(5, 7))):
        write_whole(source / f"{name}.png", png_of_ids(ids))
    return source


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.endswith("lock")
    }


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def words(folder, source, *more):
    return ["import", str(folder), "--format", "png-index", str(source), *more]


def test_masks_come_in_as_segments_of_the_right_class(folder, masks, capsys) -> None:
    assert run(words(folder, masks, "--json")) == 0
    result = said(capsys)
    assert (result["images"], result["segments"], result["changed"]) == (2, 2, 2)
    assert [(r["theirs"], r["ours"], r["new"]) for r in result["classes"]] == [
        ("1", "cell", False),
        ("7", "class_7", True),
    ]
    assert [r["file"] for r in result["refused"]] == ["z.png"]
    with Project.open(folder, read_only=True) as project:
        assert [row.name for row in project.classes] == ["cell", "class_7"]
        (segment,) = project.read_document("b.png").segments
        assert segment.class_id == 7
        assert segment.mask.same_pixels(Mask.from_dense(square(5, 7)))
        assert (segment.source.tool, segment.source.model) == ("import", "png-index")


def test_a_dry_run_shows_all_and_writes_nothing(folder, masks, capsys) -> None:
    before = tree(folder)
    assert run(words(folder, masks, "--dry-run")) == 0
    out = capsys.readouterr().out
    assert "7 becomes new class class_7 (id 7), 1 segments" in out
    assert "left out: z.png: the project has no image for z.png" in out
    assert "2 segments on 2 images would come in. Nothing was written." in out
    assert tree(folder) == before


def test_classes_are_mapped_as_asked(folder, masks, capsys) -> None:
    assert run(words(folder, masks, "--map", "7=cell", "--json")) == 0
    assert [r["ours"] for r in said(capsys)["classes"]] == ["cell", "cell"]
    with pytest.raises(SystemExit) as stopped:
        run(words(folder, masks, "--map", "7"))
    assert stopped.value.code == 2


def test_existing_work_is_never_changed_without_being_asked(
    folder, masks, capsys
) -> None:
    with Project.open(folder) as project:
        mask = Mask.from_dense(np.ones(SHAPE))
        project.edit(
            "a.png",
            "Paint",
            lambda d: type(d)(d.image, (Segment(mask, 1, Source("brush")),)),
        )
    before = tree(folder)
    assert run(words(folder, masks)) == 1
    assert "--existing add, replace or skip" in capsys.readouterr().err
    assert tree(folder) == before
    assert run(words(folder, masks, "--existing", "skip")) == 0
    assert run(words(folder, masks, "--existing", "add")) == 0
    with Project.open(folder) as project:
        tools = [s.source.tool for s in project.read_document("a.png").segments]
        assert tools == ["brush", "import"]
    assert run(words(folder, masks, "--existing", "replace")) == 0
    with Project.open(folder) as project:
        opened = project.load("a.png")
        assert [s.source.tool for s in opened.document.segments] == ["import"]
        assert len(opened.undo().segments) == 2
        opened.close()


def test_a_failure_half_way_takes_everything_back(
    folder, masks, capsys, monkeypatch
) -> None:
    real = Project.edit

    def edit(self, name, label, change):
        if name == "b.png" and label == "Import":
            raise SaveFailed("b.png.json", "the disk is full")
        return real(self, name, label, change)

    monkeypatch.setattr(Project, "edit", edit)
    assert run(words(folder, masks)) == 1
    assert "the disk is full" in capsys.readouterr().err
    with Project.open(folder, read_only=True) as project:
        assert [row.name for row in project.classes] == ["cell"]
        document = project.read_document("a.png")
        assert document is None or document.segments == ()


def test_a_source_without_a_mask_of_these_images_changes_nothing(
    folder, tmp_path, capsys
) -> None:
    source = tmp_path / "other"
    source.mkdir()
    write_whole(source / "z.png", png_of_ids(square(5, 7)))
    before = tree(folder)
    assert run(words(folder, source)) == 1
    said = capsys.readouterr()
    assert "left out: z.png: the project has no image for z.png" in said.out
    assert "Nothing in" in said.err
    assert tree(folder) == before


def test_a_source_that_is_not_there_is_one_sentence(folder, tmp_path, capsys) -> None:
    assert run(words(folder, tmp_path / "none")) == 1
    error = capsys.readouterr().err
    assert "there is no such file or folder" in error
    assert run(["import", str(folder), "--format", "voc", str(tmp_path)]) == 1
    assert "There is no format voc; there are png-index" in capsys.readouterr().err
