"""Edits, changes and undo, against a plain model of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core import edits
from seggui.core.change import applied, difference
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.history import History
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source

SIDE = 300
EMPTY = Document(ImageFacts("a.png", SIDE, SIDE, "sha256:0"))


def square(x, y, size=20):
    return Mask.from_window(
        SIDE, SIDE, Box(x, y, x + size, y + size), np.ones((size, size))
    )


def portrait(document):
    """A document as plain values, to compare by value."""
    return [
        (s.id, s.class_id, s.name, s.locked, s.status, s.mask.dense().tobytes())
        for s in document.segments
    ], document.state


@st.composite
def edit_steps(draw):
    kind = draw(st.sampled_from(["add", "remove", "paint", "class", "order", "done"]))
    return kind, draw(st.integers(0, 250)), draw(st.integers(0, 250))


def do(document, step):
    kind, x, y = step
    if kind == "add" or not document.segments:
        return edits.add_segments(document, [Segment(square(x, y), 1, Source("test"))])
    chosen = document.segments[x % len(document.segments)]
    if kind == "remove":
        return edits.remove_segments(document, [chosen.id])
    if kind == "paint":
        return edits.replace_mask(document, chosen.id, chosen.mask.union(square(y, x)))
    if kind == "class":
        return edits.set_class(document, [chosen.id], 1 + y % 3)
    if kind == "order":
        return edits.move_segments(document, [chosen.id], y % 5)
    return edits.set_state(document, "done" if x % 2 else "open")


@settings(max_examples=60)
@given(st.lists(edit_steps(), max_size=12))
def test_undo_all_is_the_start_and_redo_all_is_the_end(steps):
    history, seen = History(EMPTY), [portrait(EMPTY)]
    for step in steps:
        if history.commit(step[0], do(history.document, step)):
            seen.append(portrait(history.document))
    while history.can_undo:
        assert portrait(history.document) == seen[history.at]
        history.undo()
    assert history.document is EMPTY
    while history.can_redo:
        history.redo()
    assert portrait(history.document) == seen[-1]


@settings(max_examples=60)
@given(st.lists(edit_steps(), max_size=12))
def test_a_change_leads_there_and_back(steps):
    start = end = EMPTY
    for index, step in enumerate(steps):
        end = do(end, step)
        if index == len(steps) // 2:
            start = end
    change = difference(start, end)
    assert portrait(applied(start, change)) == portrait(end)
    assert portrait(applied(end, change.reversed())) == portrait(start)
    assert difference(end, end).nothing


def test_a_dab_makes_a_change_of_one_tile():
    big = Document(ImageFacts("a.png", 4096, 4096, "sha256:0"))
    one = edits.add_segments(big, [Segment(Mask.full(4096, 4096), 1, Source("t"))])
    segment = one.segments[0]
    dab = segment.mask.erased(Box(300, 300, 320, 320), np.ones((20, 20)))
    change = difference(one, edits.replace_mask(one, segment.id, dab))
    assert [list(s.tiles) for s in change.segments] == [[(1, 1)]]


def test_a_new_edit_after_undo_forgets_the_undone():
    history = History(EMPTY)
    first = do(EMPTY, ("add", 0, 0))
    history.commit("one", first)
    history.undo()
    history.commit("two", do(EMPTY, ("add", 50, 50)))
    assert not history.can_redo
    assert [step.label for step in history.steps] == ["Opened", "two"]


def test_the_oldest_steps_go_when_the_budget_is_spent():
    history = History(EMPTY, budget_bytes=5 * 256 * 256)
    for index in range(20):
        history.commit(str(index), do(history.document, ("add", index, index)))
    assert len(history.steps) < 12
    assert history.steps[-1].label == "19"
    assert len(history.document.segments) == 20


def test_unsaved_follows_the_saved_document():
    history = History(EMPTY)
    history.commit("add", do(EMPTY, ("add", 0, 0)))
    assert history.unsaved
    history.mark_saved(history.document)
    assert not history.unsaved
    history.undo()
    assert history.unsaved
