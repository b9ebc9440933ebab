"""What other programs, accidents and attackers write: refused, never a crash."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from format_makers import document, facts, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.classes import Classes, SegClass
from seggui.core.document import Document, ImageFacts
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, SegguiError, Unreadable
from seggui.files.formats.coco import read as read_coco
from seggui.files.formats.importing import documents_after, suggest_mapping
from seggui.files.formats.json_text import read_json
from seggui.files.formats.png import png_of_ids
from seggui.files.formats.png_index import read as read_index
from seggui.files.formats.png_instance import read as read_instances

IMAGES = (facts("a.jpg", 7, 5), facts("sub/b.jpg", 7, 5))
SQUARE = [1, 1, 4, 1, 4, 4, 1, 4]


def coco_of(*annotations, images=None, categories=None):
    return {
        "images": images or [{"id": 1, "file_name": "a.jpg", "width": 7, "height": 5}],
        "categories": categories or [{"id": 1, "name": "cell"}],
        "annotations": list(annotations),
    }


def annotation(segmentation, **more):
    row = {"id": 9, "image_id": 1, "category_id": 1, "segmentation": segmentation}
    return {**row, **more}


def read(value, tmp_path):
    path = tmp_path / "x.json"
    text = value if isinstance(value, str) else json.dumps(value)
    path.write_text(text, encoding="utf-8")
    return read_coco(path, IMAGES, unwatched)


def runs(counts, size=(5, 7)):
    return {"size": list(size), "counts": counts}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (annotation(runs([10, 5])), "describes 15 of 35 pixels"),
        (annotation(runs([10, 5, 10**30])), "not all whole numbers"),
        (annotation(runs([40, -5])), "not all whole numbers"),
        (annotation(runs([10.5, 24.5])), "not all whole numbers"),
        (annotation(runs(["10", 25])), "not all whole numbers"),
        (annotation(runs([True, 34])), "not all whole numbers"),
        (annotation(runs([35])), "covers no pixel"),
        (annotation(runs("")), "describes 0 of 35"),
        (annotation(runs("é")), "characters that do not belong"),
        (annotation(runs("oooooooooooooooo0")), "no image can have"),
        (annotation(runs("a")), "cut off"),
        (annotation(runs([10, 25], size=(7, 5))), "width and height are swapped"),
        (annotation(runs([10, 25], size=(10**9, 10**9))), "the image of [5, 7]"),
        (annotation({"counts": [10, 25]}), "size None"),
        (annotation({"size": [5, 7]}), "no run lengths"),
        (annotation(None), "only a box or nothing"),
        (annotation([]), "only a box or nothing"),
        (annotation(7), "only a box or nothing"),
        (annotation([[1, 2]]), "three or more points"),
        (annotation([[1, 2, 3, 4, 5]]), "three or more points"),
        (annotation(["abcdef"]), "three or more points"),
        (annotation([[1, 2, 3, 4, 5, "6"]]), "not a number"),
        (annotation([[1, 2, 3, 4, 5, None]]), "not a number"),
        (annotation([[1, 2, 3, 4, 5, float("nan")]]), "no image has"),
        (annotation([[1, 2, 3, 4, 5, float("inf")]]), "no image has"),
        (annotation([[1, 2, 3, 4, 5, 1e308]]), "no image has"),
        (annotation([[1, 2, 3, 4, 5, 10**400]]), "no image has"),
        (annotation([[50, 50, 60, 50, 60, 60]]), "covers no pixel"),
        (annotation([[1, 1, 1, 1, 1, 1]]), "covers no pixel"),
        (annotation([SQUARE], image_id=2), "does not list"),
        (annotation([SQUARE], image_id=[1]), "does not list"),
        (annotation([SQUARE], image_id=float("nan")), "does not list"),
        (annotation([SQUARE], category_id=5), "does not describe"),
        (annotation([SQUARE], category_id=None), "does not describe"),
        ("nonsense", "not an annotation"),
        (None, "not an annotation"),
    ],
)
def test_a_bad_annotation_is_refused_alone_with_its_place(row, reason, tmp_path):
    found = read(coco_of(annotation([SQUARE], id=1), row), tmp_path)
    assert found.segments == 1
    (refusal,) = found.refused
    assert refusal.index == 1
    assert reason in refusal.reason
    assert str(refusal).startswith("x.json, annotation 1: ")


def test_compressed_and_plain_run_lengths_and_polygons_agree(tmp_path) -> None:
    from pycocotools import mask as coco_mask

    plain = [6, 3, 2, 3, 2, 3, 16]
    compressed = coco_mask.frPyObjects(runs(plain), 5, 7)["counts"].decode()
    rows = [
        annotation(runs(plain), id=1),
        annotation(runs(compressed), id=2),
        annotation([SQUARE], id=3),
    ]
    found = read(coco_of(*rows), tmp_path)
    masks = [s.mask(IMAGES[0]) for s in found.documents[0].segments]
    assert masks[0].area == 9
    assert all(mask.same_pixels(masks[0]) for mask in masks[1:])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "wrong at line 1"),
        ('{"images": [', "wrong at line 1"),
        ("[" * 200_000, "nested too deep"),
        ('{"images": [' + "9" * 5000 + "]}", "must not"),
        ('{"images": [], "images": []}', "'images' is given twice"),
        ("[1, 2]", "lists no images"),
        ('{"images": 3}', "lists no images"),
        (
            json.dumps(
                coco_of(categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}])
            ),
            "the category id 1 is given twice, as 'a' and 'b'",
        ),
    ],
)
def test_a_file_that_is_not_coco_is_named_with_its_reason(text, reason, tmp_path):
    with pytest.raises(Unreadable, match=reason) as caught:
        read(text, tmp_path)
    assert "x.json" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"images": "\xe9"}', "byte 12 does not belong in UTF-8"),
        (b"\xff\xfe\x00", "does not belong in UTF-16"),
    ],
)
def test_a_wrong_encoding_names_the_byte(data, reason, tmp_path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=reason):
        read_coco(path, IMAGES, unwatched)


def test_utf_16_and_utf_8_with_a_mark_are_read(tmp_path) -> None:
    for encoding in ("utf-16", "utf-8-sig"):
        path = tmp_path / f"{encoding}.json"
        path.write_bytes(json.dumps(coco_of(annotation([SQUARE]))).encode(encoding))
        assert read_coco(path, IMAGES, unwatched).segments == 1


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"id": 1, "file_name": "../a.jpg"}, "points outside"),
        ({"id": 1, "file_name": "/etc/passwd"}, "points outside"),
        ({"id": 1, "file_name": "\\\\host\\share\\a.jpg"}, "points outside"),
        ({"id": 1, "file_name": "C:\\a.jpg"}, "points outside"),
        ({"id": 1, "file_name": "a\0.jpg"}, "control characters"),
        ({"id": 1, "file_name": "x" * 40_000}, "too long"),
        ({"id": 1}, "missing"),
        ({"id": 1, "file_name": 3}, "missing"),
        ({"id": "1", "file_name": "a.jpg"}, "no id"),
        ({"file_name": "a.jpg"}, "no id"),
        ("a.jpg", "no id"),
        ({"id": 1, "file_name": "none.jpg"}, "no image for none.jpg"),
        (
            {"id": 1, "file_name": "a.jpg", "width": 5, "height": 7},
            "5 x 7 pixels, the image a.jpg is 7 x 5; width and height seem",
        ),
    ],
)
def test_an_image_that_cannot_be_meant_is_refused(image, reason, tmp_path) -> None:
    found = read(coco_of(annotation([SQUARE]), images=[image]), tmp_path)
    assert found.documents == ()
    assert reason in found.refused[0].reason
    assert len(found.refused) == 2, "its annotation is listed too"


def test_doubled_ids_are_refused_and_listed(tmp_path) -> None:
    one = {"id": 1, "file_name": "a.jpg"}
    found = read(
        coco_of(
            annotation([SQUARE]), images=[one, {"id": 1, "file_name": "sub/b.jpg"}]
        ),
        tmp_path,
    )
    assert [r.reason for r in found.refused[:2]] == [
        "the image id 1 is given more than once"
    ] * 2
    found = read(coco_of(annotation([SQUARE]), annotation([SQUARE])), tmp_path)
    assert found.segments == 1
    assert "annotation id 9 is used already" in found.refused[0].reason


def write_png(path, ids, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_of_ids(np.asarray(ids), **more))


def broken_png(kind):
    def chunk(name, data):
        return (
            struct.pack(">I", len(data))
            + name
            + data
            + struct.pack(">I", zlib.crc32(name + data))
        )

    good = png_of_ids(np.ones((5, 7), np.uint8))
    big = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0)
    head = good[:8]
    colour = struct.pack(">IIBBBBB", 7, 5, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (22 * 5))
    return {
        "cut": good[:-30],
        "empty": b"",
        "text": b"not a picture",
        "bomb": head + chunk(b"IHDR", big) + good[33:],
        "colour": head
        + chunk(b"IHDR", colour)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b""),
        "garbage": good[:45] + b"\x99" * 30,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cut", "damaged"),
        ("empty", "not a PNG"),
        ("text", "not a PNG"),
        ("bomb", "is not possible"),
        ("colour", "colour picture"),
        ("garbage", "damaged"),
    ],
)
@pytest.mark.parametrize("reader", [read_index, read_instances])
def test_a_bad_png_is_refused_and_the_others_are_read(reader, kind, reason, tmp_path):
    (tmp_path / "a.png").write_bytes(broken_png(kind))
    write_png(tmp_path / "sub" / "b.png", np.ones((5, 7), np.uint8))
    found = reader(tmp_path, IMAGES, unwatched)
    assert [d.facts.name for d in found.documents] == ["sub/b.jpg"]
    assert [r.file for r in found.refused] == ["a.png"]
    assert reason in found.refused[0].reason


def test_a_mask_of_another_size_or_without_image_is_told(tmp_path) -> None:
    write_png(tmp_path / "a.png", np.ones((7, 5), np.uint8))
    write_png(tmp_path / "zzz.png", np.ones((7, 5), np.uint8))
    found = read_index(tmp_path, IMAGES, unwatched)
    assert sorted(r.reason for r in found.refused) == [
        "the mask is 5 x 7 pixels, the image a.jpg is 7 x 5; width and height seem "
        "to be swapped",
        "the project has no image for zzz.png",
    ]
    turned = (ImageFacts("a.jpg", 7, 5, "", orientation=6),)
    found = read_index(tmp_path / "a.png", turned, unwatched)
    assert "without turning the photo" in found.refused[0].reason


def test_a_black_and_white_mask_is_not_taken_for_class_ids(tmp_path) -> None:
    ids = np.zeros((5, 7), np.uint8)
    ids[1] = 255
    write_png(tmp_path / "a.png", ids)
    found = read_index(tmp_path, IMAGES, unwatched)
    assert "a mask of one object" in found.refused[0].reason


def test_a_link_out_of_the_folder_is_not_followed(tmp_path) -> None:
    write_png(tmp_path / "secret" / "x.png", np.ones((5, 7), np.uint8))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").symlink_to(tmp_path / "secret" / "x.png")
    found = read_index(tmp_path / "in", IMAGES, unwatched)
    assert found.documents == ()
    assert "leads outside" in found.refused[0].reason


def test_grey_masks_of_two_and_four_bits_keep_their_ids(tmp_path) -> None:
    for depth, packed in ((4, b"\x01\x23\x40"), (2, b"\x1b\x00"), (1, b"\xa0")):
        raw = struct.pack(">IIBBBBB", 5, 1, depth, 0, 0, 0, 0)
        parts = [
            (b"IHDR", raw),
            (b"IDAT", zlib.compress(b"\0" + packed)),
            (b"IEND", b""),
        ]
        data = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d))
            for n, d in parts
        )
        (tmp_path / "a.png").write_bytes(data)
        images = (facts("a.jpg", 5, 1),)
        found = read_index(tmp_path, images, unwatched)
        ids = {
            s.class_id: s.mask(images[0]).dense() for s in found.documents[0].segments
        }
        want = {4: [0, 1, 2, 3, 4], 2: [0, 1, 2, 3, 0], 1: [1, 0, 1, 0, 0]}[depth]
        got = sum(k * v.astype(int) for k, v in ids.items())
        assert got.tolist() == [want]


# -- classes ------------------------------------------------------------------


def test_ids_without_names_become_named_classes_that_are_shown_first(tmp_path) -> None:
    ids = np.zeros((5, 7), np.uint8)
    ids[0], ids[1] = 1, 7
    write_png(tmp_path / "a.png", ids)
    found = read_index(tmp_path, IMAGES, unwatched)
    mapping = suggest_mapping(found, Classes((SegClass(1, "cell", (0, 0, 0)),)))
    assert [(r.becomes.name, r.becomes.id, r.new) for r in mapping.rows] == [
        ("cell", 1, False),
        ("class_7", 7, True),
    ]


def test_classes_are_never_merged_silently(tmp_path) -> None:
    names = ["Cell", "cell ", "car", "car"]
    rows = [{"id": i, "name": n} for i, n in enumerate(names)]
    found = read(coco_of(annotation([SQUARE]), categories=rows), tmp_path)
    project = Classes((SegClass(1, "cell", (0, 0, 0)), SegClass(9, "car", (0, 0, 1))))
    mapping = suggest_mapping(found, project)
    assert [(r.becomes.name, r.new) for r in mapping.rows] == [
        ("Cell", True),
        ("cell", False),
        ("car", False),
        ("car_2", True),
    ]
    assert mapping.rows[0].note == "spelt like cell, kept apart"
    assert "more than one class car" in mapping.rows[3].note
    asked = suggest_mapping(found, project, {"Cell": "cell"})
    assert asked.rows[0].becomes.id == 1
    with pytest.raises(BadRequest, match="no class dog"):
        suggest_mapping(found, project, {"dog": "cell"})


@pytest.mark.parametrize("number", [0, 255, 65535, 10**9, -4])
def test_a_class_id_that_cannot_stay_gets_a_free_one(number, tmp_path) -> None:
    rows = [{"id": number, "name": "odd"}]
    found = read(
        coco_of(annotation([SQUARE], category_id=number), categories=rows), tmp_path
    )
    mapping = suggest_mapping(found, Classes())
    assert mapping.rows[0].becomes.id == 1
    (after,) = documents_after(found, [Document(IMAGES[0])], mapping, "add", "coco")
    assert after.segments[0].class_id == 1


def test_existing_work_is_added_to_replaced_or_skipped_as_asked(tmp_path) -> None:
    old = document(segment(np.ones((5, 7))), name="a.jpg")
    found = read(coco_of(annotation([SQUARE])), tmp_path)
    mapping = suggest_mapping(found, Classes())

    def ids(existing):
        after = documents_after(found, [old], mapping, existing, "coco")
        return [[s.source.tool for s in d.segments] for d in after]

    assert ids("add") == [["brush", "import"]]
    assert ids("replace") == [["import"]]
    assert ids("skip") == []


def test_an_import_that_brings_nothing_takes_nothing_away(tmp_path) -> None:
    old = document(segment(np.ones((5, 7))), name="a.jpg")
    found = read(coco_of(annotation([])), tmp_path)
    mapping = suggest_mapping(found, Classes())
    assert documents_after(found, [old], mapping, "replace", "coco") == ()


# -- anything at all ------------------------------------------------------------

numbers = st.one_of(
    st.integers(-3, 40), st.sampled_from([2**63, 10**30, 1e308, 0.5, True])
)
json_values = st.recursive(
    st.one_of(
        st.none(),
        numbers,
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(["a.jpg", "cell", "66235"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "image_id",
                    "category_id",
                    "file_name",
                    "segmentation",
                    "size",
                    "counts",
                    "name",
                    "iscrowd",
                    "width",
                    "height",
                    "color",
                    "isthing",
                ]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(json_values, max_size=3),
    st.lists(json_values, max_size=3),
    st.lists(json_values, max_size=3),
)
def test_no_json_crashes_the_reader(tmp_path_factory, images, categories, rows) -> None:
    value = {
        "images": [{"id": 1, "file_name": "a.jpg"}, *images],
        "categories": [{"id": 1, "name": "cell"}, *categories],
        "annotations": [annotation(row) for row in rows] + rows,
    }
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(value))
    try:
        found = read_coco(path, IMAGES, unwatched)
    except SegguiError:
        return
    for read_document in found.documents:
        for row in read_document.segments:
            assert row.mask(read_document.facts).area > 0
    suggest_mapping(found, Classes())


GOOD_PNG = png_of_ids(np.arange(35, dtype=np.uint16).reshape(5, 7))


@settings(max_examples=300, deadline=None)
@given(st.integers(8, len(GOOD_PNG) - 1), st.integers(0, 255), st.integers(0, 40))
def test_no_damaged_png_crashes_the_reader(tmp_path_factory, place, value, cut) -> None:
    data = bytearray(GOOD_PNG)
    data[place] = value
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / "a.png").write_bytes(bytes(data[: len(data) - cut]))
    for reader in (read_index, read_instances):
        reader(folder, IMAGES, unwatched)


def test_a_device_is_not_read_to_its_end():
    with pytest.raises(Unreadable, match="not a regular file"):
        read_json(Path(os.devnull))
