"""Documents, segments and edits as Hypothesis draws them."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from seggui.core import edits
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source

WIDTH, HEIGHT = 300, 270  # four tiles, three of them cut by the edge

texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
extras = st.dictionaries(texts.map(lambda text: f"x-{text}"), json_values, max_size=3)


@st.composite
def masks(draw):
    """Boxes and noise, so that tiles are absent, full and mixed."""
    mask = Mask.empty(HEIGHT, WIDTH)
    for _ in range(draw(st.integers(1, 3))):
        x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
        x1, y1 = draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT))
        shape = (y1 - y0, x1 - x0)
        pixels = np.ones(shape, dtype=bool)
        if draw(st.booleans()):
            seed = draw(st.integers(0, 99))
            pixels = np.random.default_rng(seed).random(shape) < 0.5
        mask = mask.painted(Box(x0, y0, x1, y1), pixels)
    return mask


@st.composite
def sources(draw):
    score = st.none() | st.floats(0, 1)
    prompts = st.lists(st.dictionaries(texts, json_values, max_size=2), max_size=2)
    return Source(
        tool=draw(texts),
        model=draw(texts),
        prompts=tuple(draw(prompts)),
        seconds=draw(st.floats(0, 1e6)),
        score=draw(score),
        created="2026-11-20T10:00:00+00:00",
    )


@st.composite
def segments(draw):
    return Segment(
        mask=draw(masks()),
        class_id=draw(st.integers(1, 65534)),
        source=draw(sources()),
        name=draw(texts),
        status=draw(st.sampled_from(["accepted", "candidate"])),
        locked=draw(st.booleans()),
        extra=draw(extras),
    )


def facts(name="a.png", digest="sha256:0"):
    return ImageFacts(name, WIDTH, HEIGHT, digest)


@st.composite
def documents(draw):
    return Document(
        facts(),
        tuple(draw(st.lists(segments(), max_size=4))),
        draw(st.sampled_from(["open", "done"])),
        draw(extras),
    )


def portrait(document):
    """A document as plain values, to compare by value."""
    rows = [
        (
            s.id, s.class_id, s.name, s.locked, s.status, s.source, dict(s.extra),
            s.mask.dense().tobytes(),
        )
        for s in document.segments
    ]  # fmt: skip
    return document.image, rows, document.state, dict(document.extra)


gestures = st.tuples(
    st.sampled_from(
        ["add", "remove", "paint", "erase", "class", "name", "order", "done", "merge",
         "lock", "fill"]
    ),
    st.integers(0, WIDTH - 1),
    st.integers(0, HEIGHT - 1),
)  # fmt: skip


def dab(x, y, size=40):
    box = Box(x - size // 2, y - size // 2, x + size // 2, y + size // 2)
    return Mask.from_window(HEIGHT, WIDTH, box, np.ones((size, size), dtype=bool))


def gesture(document, step):
    """Do one edit; locked segments are unlocked first."""
    kind, x, y = step
    if kind == "add" or not document.segments:
        segment = Segment(dab(x, y), 1 + x % 5, Source("test"))
        return edits.add_segments(document, [segment])
    chosen = document.segments[x % len(document.segments)]
    if kind == "lock":
        return edits.set_locked(document, [chosen.id], locked=not chosen.locked)
    document = replace(
        document,
        segments=tuple(
            replace(s, locked=False) if s.locked else s for s in document.segments
        ),
    )
    chosen = document.get(chosen.id)
    return _EDITS[kind](document, chosen, x, y)


_EDITS = {
    "remove": lambda d, s, x, y: edits.remove_segments(d, [s.id]),
    "paint": lambda d, s, x, y: edits.replace_mask(d, s.id, s.mask.union(dab(y, x))),
    "erase": lambda d, s, x, y: edits.replace_mask(
        d, s.id, s.mask.difference(dab(x, y, 60))
    ),
    "fill": lambda d, s, x, y: edits.replace_mask(d, s.id, Mask.full(HEIGHT, WIDTH)),
    "class": lambda d, s, x, y: edits.set_class(d, [s.id], 1 + y % 7),
    "name": lambda d, s, x, y: edits.rename(d, s.id, f"name {y}"),
    "order": lambda d, s, x, y: edits.move_segments(d, [s.id], y % 4),
    "done": lambda d, s, x, y: edits.set_state(d, "done" if x % 2 else "open"),
    "merge": lambda d, s, x, y: (
        edits.merge_segments(d, [s.id for s in d.segments[:2]])
        if len(d.segments) > 1
        else d
    ),
}
