"""Out and in again: what survives, and that whatever does not was told before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from format_makers import CLASSES, document, documents, said, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.classes import Classes, SegClass
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.files.formats.exporting import export, losses_of
from seggui.files.formats.importing import documents_after, suggest_mapping
from seggui.files.formats.table import FORMATS, format_named
from seggui.files.formats.values import item_of

every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)


def out_and_in(form, docs, classes, out):
    """Export, then import into an empty project with the same images."""
    items = [item_of(d) for d in docs]
    export(form, items, classes, out, unwatched)
    imported = form.read(out, tuple(d.image for d in docs), unwatched)
    assert imported.refused == ()
    mapping = suggest_mapping(imported, Classes())
    empty = [Document(d.image) for d in docs]
    after = documents_after(imported, empty, mapping, "add", form.id)
    by_name = {d.image.name: d for d in (*empty, *after)}
    return tuple(by_name[d.image.name] for d in docs), mapping.grown(Classes())


@every_format
@settings(max_examples=60, deadline=None)
@given(documents())
def test_what_changes_on_the_way_was_told_before(form, docs) -> None:
    told = losses_of(form, [item_of(d) for d in docs], CLASSES, unwatched)
    with tempfile.TemporaryDirectory() as folder:
        back, classes = out_and_in(form, docs, CLASSES, Path(folder) / "out")
    same = said(back, classes) == said(docs, CLASSES)
    if form.id == "png-index":
        # The order of classes that do not overlap has no meaning in an index mask.
        def ordered(value):
            return {k: (s, sorted(rows)) for k, (s, rows) in value.items()}

        same = ordered(said(back, classes)) == ordered(said(docs, CLASSES))
    # An open image without segments comes back just so: leaving it out changes nothing.
    told = [t for t in told if "not marked as done" not in t]
    assert same == (not told), told


@every_format
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 65534).filter(lambda n: n != 255),
            st.text(
                st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=9
            ),
            st.booleans(),
        ),
        max_size=6,
        unique_by=(lambda row: row[0], lambda row: row[1]),
    )
)
def test_classes_come_back_with_id_name_colour_and_kind(form, rows) -> None:
    classes = Classes(
        tuple(
            SegClass(number, name, (number % 256, 7, 0), thing)
            for number, name, thing in rows
        )
    )
    doc = document(segment(np.ones((2, 2))), state="done")
    doc = Document(doc.image, (), "done")
    with tempfile.TemporaryDirectory() as folder:
        _, back = out_and_in(form, (doc,), classes, Path(folder) / "out")
    assert sorted(back, key=lambda r: r.id) == sorted(classes, key=lambda r: r.id)


@every_format
def test_holes_survive(form, tmp_path) -> None:
    ring = np.ones((5, 7), dtype=bool)
    ring[1:4, 2:5] = False
    docs = (document(segment(ring)),)
    back, _ = out_and_in(form, docs, CLASSES, tmp_path / "out")
    assert (back[0].segments[0].mask.dense() == ring).all()


@every_format
def test_images_that_differ_only_in_extension_or_case_lose_nothing(
    form, tmp_path
) -> None:
    names = ["a.jpg", "a.png", "A.jpg", "a.jpg.png", "sub/a.jpg", "a.tif", "a.tif#2"]
    docs = []
    for index, name in enumerate(names):
        pixels = np.zeros((3, 9), dtype=bool)
        pixels[1, index] = True
        docs.append(document(segment(pixels), name=name))
    report = export(
        form, [item_of(d) for d in docs], CLASSES, tmp_path / "out", unwatched
    )
    assert len({f.casefold() for f in report.files}) == len(report.files)
    back, classes = out_and_in(form, tuple(docs), CLASSES, tmp_path / "second")
    assert said(back, classes) == said(tuple(docs), CLASSES)


def test_a_segment_of_a_class_that_is_gone_comes_back_under_its_number(
    tmp_path,
) -> None:
    docs = (document(segment(np.eye(4), 77)),)
    for form in FORMATS:
        back, classes = out_and_in(form, docs, CLASSES, tmp_path / form.id)
        assert said(back, classes) == said(docs, CLASSES)


def test_the_losses_of_overlaps_are_counted_in_pixels() -> None:
    low, high = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    low[:2], high[1:3] = True, True
    docs = [document(segment(low, 1), segment(high, 2))]
    for form_id in ("png-index", "png-instance"):
        form = format_named(form_id)
        (told,) = losses_of(form, [item_of(d) for d in docs], CLASSES, unwatched)
        assert "4 pixels of lower segments are lost on 1 image" in told
    items = [item_of(d) for d in docs]
    assert losses_of(format_named("coco"), items, CLASSES, unwatched) == ()


def test_overlap_within_a_class_joins_and_loses_no_pixel_of_an_index_mask() -> None:
    docs = [document(segment(np.ones((3, 3))), segment(np.eye(3)))]
    form = format_named("png-index")
    (told,) = losses_of(form, [item_of(d) for d in docs], CLASSES, unwatched)
    assert told.startswith("Segments of one class on an image become one: 2 ")


def test_large_masks_cross_tiles_unharmed(tmp_path) -> None:
    rng = np.random.default_rng(3)
    pixels = np.kron(rng.random((20, 30)) < 0.5, np.ones((31, 29))).astype(bool)
    docs = (document(segment(pixels)),)
    for form in FORMATS:
        back, _ = out_and_in(form, docs, CLASSES, tmp_path / form.id)
        assert back[0].segments[0].mask.same_pixels(Mask.from_dense(pixels))
