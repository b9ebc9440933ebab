"""``seggui export``, by the words a person types, and back in again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from seggui.cli.dispatch import run
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.files.atomic import write_whole
from seggui.files.formats.png import ids_of_png, png_of_ids
from seggui.files.formats.table import FORMATS
from seggui.files.project import Project

SHAPE = (12, 16)


def made(document: Document) -> Document:
    """Two overlapping segments and a candidate."""
    low, high = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    low[0:6], high[4:9] = True, True
    rows = (
        Segment(Mask.from_dense(low), 1, Source("brush")),
        Segment(Mask.from_dense(high), 2, Source("brush")),
        Segment(Mask.from_dense(low), 2, Source("unet"), status="candidate"),
    )
    return Document(document.image, rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    for name in ("a", "b"):
        grey = np.full(SHAPE, ord(name), np.uint8)
        write_whole(project / f"{name}.png", png_of_ids(grey))
    with Project.open(project) as opened:
        opened.set_classes(Classes().added("cell").added("sky", thing=False))
        opened.edit("a.png", "Paint", made)
    return project


def test_an_export_writes_the_masks_and_tells_the_losses(
    folder, tmp_path, capsys
) -> None:
    out = tmp_path / "out"
    words = ["export", str(folder), "--format", "png-index", "--out", str(out)]
    assert run([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], result["segments"]) == (1, 2)
    assert "32 pixels of lower segments are lost" in result["losses"][0]
    assert "1 candidate that nobody accepted" in result["losses"][1]
    ids, _ = ids_of_png(out / "masks" / "a.png")
    assert [int(ids[y, 0]) for y in (0, 4, 8, 9)] == [1, 2, 2, 0]


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)
def test_a_dry_run_says_what_is_lost_and_writes_nothing(
    form, folder, tmp_path, capsys
) -> None:
    before = sorted(tmp_path.rglob("*"))
    words = ["export", str(folder), "--format", form.id, "--dry-run"]
    assert run([*words, "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "1 candidate that nobody accepted will not be exported." in out
    assert ("pixels of lower segments" in out) == (form.id != "coco")
    assert out.endswith("Nothing was written.\n")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)
def test_what_was_exported_can_be_imported(form, folder, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    form_words = ["--format", form.id]
    assert run(["export", str(folder), *form_words, "--out", str(out)]) == 0
    more = ["--existing", "replace", "--json"]
    capsys.readouterr()
    assert run(["import", str(folder), *form_words, str(out), *more]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["segments"], result["refused"]) == (2, [])
    assert [r["ours"] for r in result["classes"]] == ["cell", "sky"]
    assert not any(r["new"] for r in result["classes"])


def test_an_export_into_the_project_is_refused(folder, capsys) -> None:
    out = folder / "export"
    assert run(["export", str(folder), "--format", "coco", "--out", str(out)]) == 1
    assert "lies inside the project" in capsys.readouterr().err
    assert not out.exists()


def test_without_a_place_to_write_it_is_wrong_usage(folder, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["export", str(folder), "--format", "coco"])
    assert stopped.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys) -> None:
    words = ["export", str(tmp_path / "no"), "--format", "coco", "--dry-run"]
    assert run(words) == 1
    assert str(tmp_path / "no") in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
@pytest.mark.parametrize("form", ["png-index", "png-instance", "coco"])
def test_a_name_that_is_no_text_goes_out_and_comes_back(
    form, folder, tmp_path, capsys
) -> None:
    name = os.fsdecode(b"odd\xff.png")
    (folder / "b.png").rename(folder / name)
    with Project.open(folder) as project:
        project.edit(name, "Paint", made)
    out = tmp_path / "out"
    assert run(["export", str(folder), "--format", form, "--out", str(out)]) == 0
    words = ["import", str(folder), str(out), "--format", form, "--existing", "replace"]
    assert run(words) == 0
    with Project.open(folder) as project:
        document = project.read_document(name)
        assert document is not None
        assert len(document.segments) == 2


def test_a_place_of_an_impossible_name_is_one_sentence(
    folder, tmp_path, capsys
) -> None:
    out = str(tmp_path / ("y" * 300))
    assert run(["export", str(folder), "--format", "coco", "--out", out]) == 1
    assert "the name is too long" in capsys.readouterr().err
