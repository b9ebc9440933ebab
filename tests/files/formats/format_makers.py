"""Small documents for the tests of formats, made by hand or by Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seggui.core.classes import Classes, SegClass
from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source

CLASSES = Classes(
    (
        SegClass(1, "cell", (10, 20, 30)),
        SegClass(2, "Zelle, naïve", (200, 0, 0), thing=False),
        SegClass(254, "last", (0, 0, 9)),
        SegClass(300, "large id", (1, 2, 3)),
    )
)


def facts(name: str = "a/b.jpg", width: int = 7, height: int = 5) -> ImageFacts:
    return ImageFacts(name, width, height, "sha256:0")


def segment(pixels: object, class_id: int = 1, **more: object) -> Segment:
    mask = Mask.from_dense(np.array(pixels, dtype=bool))
    return Segment(mask, class_id, Source("brush"), **more)


def document(
    *segments: Segment, name: str = "a/b.jpg", state: str = "open"
) -> Document:
    mask = segments[0].mask
    return Document(facts(name, mask.width, mask.height), segments, state)


@st.composite
def documents(draw: st.DrawFn, class_ids: tuple[int, ...] = (1, 2, 254, 300)):
    """One to three documents with overlaps, holes, candidates, names, empty masks."""
    found = []
    for index in range(draw(st.integers(1, 3))):
        height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
        segments = [
            segment(
                draw(hnp.arrays(bool, (height, width))),
                draw(st.sampled_from(class_ids)),
                name=draw(st.sampled_from(["", "left eye"])),
                status=draw(st.sampled_from(["accepted", "accepted", "candidate"])),
            )
            for _ in range(draw(st.integers(0, 4)))
        ]
        state = draw(st.sampled_from(["open", "done"]))
        name = draw(st.sampled_from(["x.jpg", "sub/x.png", "ü y.tif"]))
        name = f"{index}{name}" if "/" not in name else f"{index}/{name}"
        found.append(Document(facts(name, width, height), tuple(segments), state))
    return tuple(found)


Said = tuple[str, str, str, bytes]


def said(documents: tuple[Document, ...], classes: Classes) -> Mapping[str, object]:
    """All that an export should carry, comparable: state and segments by image."""

    def named(class_id: int) -> str:
        row = classes.get(class_id)
        return row.name if row else f"class_{class_id}"

    return {
        d.image.name: (
            d.state,
            [
                (named(s.class_id), s.name, s.status, s.mask.dense().tobytes())
                for s in d.segments
            ],
        )
        for d in documents
    }
