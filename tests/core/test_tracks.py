"""Which segments are one object, and what a propagation may change."""

import numpy as np
import pytest

from seggui.core import edits
from seggui.core.candidate import Followed
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.core.tracks import known_on, seeds_of, track_of, with_followed, writable
from seggui.files.annotations import document_bytes, parse_document

FACTS = ImageFacts("b.png", 40, 20, "sha256:0")


def square(x, side=6):
    return Mask.from_window(20, 40, Box(x, 4, x + side, 4 + side), np.ones((side,) * 2))


def segment(x, segment_id, **how):
    source = how.pop("source", Source("brush"))
    return Segment(square(x), 1, source, id=segment_id, **how)


def carried(x, track, segment_id, **how):
    source = Source("propagate", "flow", ({"track": track, "from": "a.png"},))
    return segment(x, segment_id, source=source, **how)


SEEDS = seeds_of([segment(2, "a", name="left"), segment(20, "b")])
FOUND = {"a": Followed(square(4), 0.91234), "b": Followed(square(22), 0.5)}


def test_a_segment_that_was_carried_keeps_the_track_of_the_first():
    assert track_of(segment(0, "a")) == "a"
    assert track_of(carried(0, "a", "z")) == "a"
    odd = Source("x", prompts=({"points": []}, {"track": 3}, {"track": ""}))
    assert track_of(segment(0, "q", source=odd)) == "q"


def test_parts_of_one_object_are_carried_as_one():
    [seed] = seeds_of([segment(0, "a"), carried(10, "a", "z"), segment(0, "a2")])[:1]
    assert seed.mask.same_pixels(square(0).union(square(10)))
    nothing = Segment(Mask.empty(20, 40), 1, Source("x"))
    assert seeds_of([nothing]) == ()


def test_what_was_found_comes_as_candidates_of_the_same_objects():
    document = with_followed(Document(FACTS), FOUND, SEEDS, "flow", "a.png")
    first, second = document.segments
    assert [track_of(s) for s in (first, second)] == ["a", "b"]
    assert (first.status, first.name, first.source.score) == (
        "candidate",
        "left",
        0.9123,
    )
    assert first.source.prompts == (
        {"track": "a", "from": "a.png", "made": [4, 4, 10, 10, 36, 1]},
    )
    again = parse_document(document_bytes(document), "x")
    assert [track_of(s) for s in again.segments] == ["a", "b"]


def test_candidates_of_an_earlier_propagation_go_and_all_others_stay():
    kept = (
        carried(0, "other", "of another object", status="candidate"),
        carried(0, "a", "locked", status="candidate", locked=True),
        segment(0, "by a model", status="candidate", source=Source("predict", "m")),
    )
    old = carried(30, "a", "old", status="candidate")
    document = Document(FACTS, (*kept, old))
    after = with_followed(document, FOUND, SEEDS, "flow", "a.png")
    assert after.segments[:3] == kept
    assert len(after.segments) == 5
    assert after.get("old") is None


@pytest.mark.parametrize("through_a_file", [False, True])
def test_a_candidate_that_a_person_changed_is_not_replaced(through_a_file):
    document = with_followed(Document(FACTS), FOUND, SEEDS, "flow", "a.png")
    first, second = document.segments
    document = edits.replace_mask(document, first.id, square(6))
    if through_a_file:
        document = parse_document(document_bytes(document), "x")
    later = {"a": Followed(square(9), 0.9), "b": Followed(square(25), 0.9)}
    after = with_followed(document, later, SEEDS, "flow", "a.png")
    mine, others = after.get(first.id), after.segments[-1]
    assert mine.mask.same_pixels(square(6))
    assert [track_of(s) for s in after.segments] == ["a", "b"]
    assert after.get(second.id) is None, "nobody touched that one"
    assert others.mask.same_pixels(square(25))


def test_an_object_that_is_gone_leaves_no_candidate_behind():
    old = carried(30, "a", "old", status="candidate")
    gone = {"a": Followed(Mask.empty(20, 40), 0.9)}
    document = Document(FACTS, (old,))
    assert with_followed(document, gone, SEEDS, "flow", "a.png").segments == ()


def test_images_with_accepted_segments_stay_as_they_are():
    document = Document(FACTS, (segment(5, "hand"),))
    assert with_followed(document, FOUND, SEEDS, "flow", "a.png") is document


def test_candidates_beside_accepted_segments_never_cover_them():
    document = Document(FACTS, (segment(7, "hand"),))
    after = with_followed(document, FOUND, SEEDS, "flow", "a.png", "add")
    hand, first, second = after.segments
    assert hand is document.segments[0]
    assert first.mask.same_pixels(square(4).difference(square(7)))
    assert second.mask.same_pixels(square(22))


@pytest.mark.parametrize("how", ["keep", "add"])
def test_an_image_that_is_done_is_not_touched(how):
    document = Document(FACTS, state="done")
    assert not writable(document, how)
    assert with_followed(document, FOUND, SEEDS, "flow", "a.png", how) is document


def test_only_what_a_person_accepted_of_these_objects_is_known():
    document = Document(
        FACTS,
        (
            carried(1, "a", "z"),
            carried(9, "b", "y", status="candidate"),
            segment(20, "other"),
        ),
    )
    known = known_on(document, ["a", "b"])
    assert set(known) == {"a"}
    assert known["a"].same_pixels(square(1))
    assert known_on(None, ["a"]) == {}
