"""Masks that a recipe made, put back into their document."""

from dataclasses import replace

import numpy as np

from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.refined import with_refined
from seggui.core.segment import Segment, Source


def square(x, size=10):
    box = Box(x, 0, x + size, size)
    return Mask.from_window(40, 60, box, np.ones((size, size)))


def document(*masks):
    facts = ImageFacts("a.png", 60, 40, "sha256:0")
    return Document(
        facts,
        tuple(Segment(m, 1, Source("test"), f"s{i}") for i, m in enumerate(masks)),
    )


def test_a_recipe_that_changes_no_pixel_changes_nothing():
    before = document(square(0))
    same = Mask.from_dense(square(0).dense())
    assert with_refined(before, {"s0": (square(0), (same,))}) is before


def test_parts_take_the_place_of_what_was_split_and_empty_ones_vanish():
    below, whole = square(0), square(20, 30)
    before = document(below, whole, square(50))
    parts = (square(20), Mask.empty(40, 60), square(40))
    results = {"s1": (whole, parts), "s2": (square(50), ())}
    after = with_refined(before, results)
    assert [s.mask.bbox.x0 for s in after.segments] == [0, 20, 40]
    assert [s.id for s in after.segments[:2]] == ["s0", "s1"]
    assert len({s.id for s in after.segments}) == 3


def test_what_was_edited_or_locked_meanwhile_is_left_alone():
    before = document(square(0), square(20))
    locked = replace(before.segments[1], locked=True)
    shown = replace(before, segments=(before.segments[0], locked))
    results = {"s0": (square(5), (square(6),)), "s1": (square(20), (square(21),))}
    assert with_refined(shown, results) is shown
