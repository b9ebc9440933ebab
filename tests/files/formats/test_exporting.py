"""Exports as a whole: all or nothing, nobody's files touched, a dry run that is dry."""

from __future__ import annotations

import json

import numpy as np
import pytest
from format_makers import CLASSES, document, segment
from PIL import PngImagePlugin

from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, Cancelled, SaveFailed
from seggui.files.formats import exporting
from seggui.files.formats.coco import read as read_coco
from seggui.files.formats.exporting import export, losses_of
from seggui.files.formats.importing import suggest_mapping
from seggui.files.formats.png import ids_of_png
from seggui.files.formats.png_instance import read as read_instances
from seggui.files.formats.table import FORMATS, format_named
from seggui.files.formats.values import ExportItem, item_of

# pycocotools has not followed numpy 2's change of __array__ yet.
pycocotools_warns = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)
every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)


def items(count=3):
    return [
        item_of(document(segment(np.eye(5, 7, k), k % 2 + 1), name=f"{k}.jpg"))
        for k in range(count)
    ]


def tree(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


@every_format
def test_a_dry_run_writes_nothing(form, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert losses_of(form, items(), CLASSES, unwatched) == ()
    assert list(tmp_path.iterdir()) == []


@every_format
def test_a_failure_half_way_leaves_the_earlier_export_whole(form, tmp_path) -> None:
    out = tmp_path / "out"
    export(form, items(1), CLASSES, out, unwatched)
    before = tree(out)

    def broken() -> Document:
        raise SaveFailed("x", "the disk is full")

    rows = [*items(), ExportItem("x.jpg", broken)]
    with pytest.raises(SaveFailed):
        export(form, rows, CLASSES, out, unwatched)
    assert tree(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@every_format
def test_cancelling_leaves_nothing_behind(form, tmp_path) -> None:
    def report(done, total, what):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        export(form, items(), CLASSES, tmp_path / "out", report)
    assert list(tmp_path.iterdir()) == []


@every_format
def test_an_unchanged_earlier_export_is_replaced_as_a_whole(form, tmp_path) -> None:
    out = tmp_path / "out"
    export(form, items(3), CLASSES, out, unwatched)
    export(form, items(1), CLASSES, out, unwatched)
    fresh = tmp_path / "fresh"
    export(form, items(1), CLASSES, fresh, unwatched)
    assert tree(out) == tree(fresh)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fresh", "out"]


@every_format
def test_files_of_others_and_changed_ones_are_never_touched(form, tmp_path) -> None:
    out = tmp_path / "out"
    report = export(form, items(), CLASSES, out, unwatched)
    (out / report.files[0]).write_bytes(b"corrected by hand")
    with pytest.raises(BadRequest, match="were changed since"):
        export(form, items(), CLASSES, out, unwatched)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(BadRequest, match=r"no export wrote, such as mine\.txt"):
        export(form, items(), CLASSES, out, unwatched)
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / report.files[0]).read_bytes() == b"corrected by hand"


@every_format
def test_an_empty_folder_is_taken_and_a_file_is_refused(form, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    export(form, items(), CLASSES, tmp_path / "empty", unwatched)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadRequest, match="is a file"):
        export(form, items(), CLASSES, tmp_path / "file", unwatched)


def test_a_rename_that_fails_puts_the_old_export_back(tmp_path, monkeypatch) -> None:
    form, out = FORMATS[0], tmp_path / "out"
    export(form, items(1), CLASSES, out, unwatched)
    before = tree(out)
    real = exporting.Path.rename

    def rename(self, target):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(exporting.Path, "rename", rename)
    with pytest.raises(SaveFailed, match="disk is full"):
        export(form, items(2), CLASSES, out, unwatched)
    monkeypatch.undo()
    assert tree(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_report_names_files_counts_and_losses(tmp_path) -> None:
    rows = [
        *items(2),
        item_of(document(segment(np.eye(5, 7), status="candidate"), name="c.jpg")),
    ]
    report = export(FORMATS[0], rows, CLASSES, tmp_path / "out", unwatched)
    assert (report.images, report.segments) == (2, 2)
    assert report.files == ("masks/0.png", "masks/1.png", "seggui-masks.json")
    assert len(report.losses) == 2
    assert "1 candidate that nobody accepted" in report.losses[0]
    assert "1 image without accepted segments" in report.losses[1]


def test_index_masks_carry_the_colours_of_the_classes(tmp_path) -> None:
    export(FORMATS[0], items(2), CLASSES, tmp_path / "out", unwatched)
    with (tmp_path / "out/masks/1.png").open("rb") as file:
        image = PngImagePlugin.PngImageFile(file)
        assert image.mode == "P"
        assert image.getpalette()[6:9] == [200, 0, 0]
        assert np.unique(np.array(image)).tolist() == [0, 2]
    ids, palette = ids_of_png(tmp_path / "out/masks/1.png")
    assert palette[1] == (10, 20, 30)
    assert ids.max() == 2


def test_pillow_reads_instance_masks_as_sixteen_bit(tmp_path) -> None:
    masks = [np.zeros((20, 20), bool) for _ in range(400)]
    for index, mask in enumerate(masks):
        mask.flat[index] = True
    doc = document(*(segment(mask) for mask in masks))
    form = format_named("png-instance")
    export(form, [item_of(doc)], CLASSES, tmp_path / "out", unwatched)
    with (tmp_path / "out/instances/a/b.png").open("rb") as file:
        values = np.array(PngImagePlugin.PngImageFile(file))
    assert values.dtype == np.uint16
    assert values.reshape(-1).tolist() == list(range(1, 401))


@pycocotools_warns
def test_coco_is_what_pycocotools_expects(tmp_path, capsys) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    ring = np.ones((30, 40), bool)
    ring[10:20, 10:20] = False
    docs = [
        document(segment(ring, 1), segment(np.eye(30, 40), 2), name="a.jpg"),
        Document(document(segment(ring), name="done.jpg").image, (), "done"),
    ]
    form = format_named("coco")
    export(form, [item_of(d) for d in docs], CLASSES, tmp_path / "out", unwatched)
    coco = COCO(tmp_path / "out/instances.json")
    rows = coco.loadAnns(coco.getAnnIds())
    assert len(rows) == 2
    assert len(coco.getImgIds()) == 2
    for row, made in zip(rows, docs[0].segments, strict=True):
        assert (coco.annToMask(row).astype(bool) == made.mask.dense()).all()
        assert row["area"] == made.mask.area
    found = coco.loadRes([{**row, "score": 0.9} for row in rows])
    score = COCOeval(coco, found, "segm")
    score.evaluate()
    score.accumulate()
    score.summarize()
    assert score.stats[0] == pytest.approx(1.0)
    capsys.readouterr()


@pycocotools_warns
@pytest.mark.data
def test_polygons_of_a_real_coco_file_come_in_as_pycocotools_fills_them(
    data_dir, capsys
) -> None:
    from pycocotools.coco import COCO

    from seggui.core.document import ImageFacts

    source = data_dir / "fruits_nuts" / "annotations.coco.json"
    value = json.loads(source.read_text())
    coco = COCO(source)
    images = tuple(
        ImageFacts(row["file_name"], row["width"], row["height"], "")
        for row in value["images"]
    )
    found = read_coco(source, images, unwatched)
    assert found.refused == ()
    assert found.segments == len(value["annotations"]) > 100
    ids = {row["file_name"]: row["id"] for row in value["images"]}
    for doc in found.documents[:4]:
        rows = coco.loadAnns(coco.getAnnIds(imgIds=ids[doc.facts.name]))
        for row, made in zip(rows, doc.segments, strict=True):
            theirs, ours = coco.annToMask(row).astype(bool), made.mask(doc.facts)
            both = np.count_nonzero(theirs & ours.dense())
            assert both / (theirs.sum() + ours.area - both) > 0.95
    capsys.readouterr()


@pytest.mark.data
def test_a_foreign_folder_of_instance_masks_gets_its_classes_from_its_table(
    data_dir,
) -> None:
    from seggui.core.document import ImageFacts

    source = data_dir / "fruits_nuts"
    names = sorted(p.stem for p in (source / "instances").glob("*.png"))
    images = tuple(ImageFacts(f"{n}.jpg", 800, 600, "") for n in names)
    found = read_instances(source, images, unwatched)
    assert found.refused == ()
    assert len(found.documents) == len(names)
    mapping = suggest_mapping(found, Classes())
    assert sorted((r.becomes.id, r.becomes.name) for r in mapping.rows) == [
        (1, "date"),
        (2, "fig"),
        (3, "hazelnut"),
    ]
