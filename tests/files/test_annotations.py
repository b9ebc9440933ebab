"""Documents come back from their files as they were, or are refused with the place."""

import json
from dataclasses import replace

import numpy as np
import pytest
from file_strategies import documents, facts, portrait
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.errors import Unreadable
from seggui.files.annotations import Newer, document_bytes, parse_document


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_document_comes_back_as_it_was_with_its_unknown_fields(document):
    data = document_bytes(document)
    again = parse_document(data, "a.json")
    assert portrait(again) == portrait(document)
    assert document_bytes(again) == data


def small():
    mask = Mask.from_dense(np.eye(40, dtype=bool))
    document = Document(replace(facts(), width=40, height=40))
    segment = Segment(mask, 3, Source("brush"), id="abc")
    return replace(document, segments=(segment, replace(segment, id="def")))


def content():
    return json.loads(document_bytes(small()))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
def test_there_is_one_segment_per_line_and_masks_decode_elsewhere():
    data = document_bytes(small())
    lines = data.decode().splitlines()
    assert sum('"rle"' in line for line in lines) == 2
    row = json.loads(data)["segments"][0]
    decoded = coco.decode({"size": [40, 40], "counts": row["rle"]})
    np.testing.assert_array_equal(decoded, np.eye(40))
    assert row["bbox"] == [0, 0, 40, 40]
    assert row["area"] == 40


def test_unknown_fields_survive_at_every_level():
    old = content()
    old["future"] = {"a": [1, None]}
    old["image"]["camera"] = "x"
    old["segments"][0]["mood"] = "blue"
    old["segments"][0]["source"]["weather"] = 1.5
    data = document_bytes(parse_document(json.dumps(old).encode(), "a"))
    assert json.loads(data) == old


def test_the_order_field_decides_the_order():
    old = content()
    old["segments"][0]["order"] = 5
    document = parse_document(json.dumps(old).encode(), "a")
    assert [s.id for s in document.segments] == ["def", "abc"]


def test_a_newer_format_says_so():
    old = content() | {"format": 2}
    with pytest.raises(Newer, match="newer version of seggui"):
        parse_document(json.dumps(old).encode(), "a.json")


def set_at(content, path, value):
    *above, last = path
    for key in above:
        content = content[key]
    if value is ...:
        del content[last]
    else:
        content[last] = value


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("format",), ..., "format"),
        (("format",), "one", "format"),
        (("image",), ..., "'image' is missing"),
        (("image", "width"), 0, "width"),
        (("image", "width"), 41, "segment 1"),
        (("image", "width"), True, "width"),
        (("image", "orientation"), 9, "orientation"),
        (("state",), "lost", "'lost'"),
        (("segments",), {}, "'segments' is of a wrong kind"),
        (("segments", 1), 7, "segment 2"),
        (("segments", 1, "rle"), "zzz", "segment 2"),
        (("segments", 1, "rle"), ..., "segment 2.*'rle' is missing"),
        (("segments", 1, "id"), "abc", "two segments have the id 'abc'"),
        (("segments", 1, "id"), "", "segment 2 has an empty id"),
        (("segments", 1, "class"), -1, "segment 2.*class"),
        (("segments", 1, "class"), 1e9, "segment 2.*class"),
        (("segments", 1, "order"), "x", "segment 2.*order"),
        (("segments", 1, "status"), "maybe", "segment 2.*'maybe'"),
        (("segments", 1, "source"), [], "segment 2.*source"),
        (("segments", 1, "source", "seconds"), "x", "seconds"),
        (("segments", 1, "source", "seconds"), 10**400, "seconds"),
        (("segments", 1, "source", "prompts"), [1], "prompts"),
        (("segments", 1, "locked"), 1, "locked"),
    ],
)
def test_nonsense_is_refused_with_its_place(path, value, place):
    changed = content()
    set_at(changed, path, value)
    with pytest.raises(Unreadable, match=place) as caught:
        parse_document(json.dumps(changed).encode(), "x/a.json")
    assert "x/a.json" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"  ", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"a": 1e999}'],
)
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(Unreadable, match=r"damaged|empty"):
        parse_document(data, "a.json")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data):
    whole = bytearray(document_bytes(small()))
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole)))]
    for _ in range(data.draw(st.integers(0, 4))):
        if whole:
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(
                st.integers(0, 255)
            )
    try:
        read = parse_document(bytes(whole), "a.json")
    except Unreadable:
        return
    assert {s.mask.height for s in read.segments} <= {read.image.height}
