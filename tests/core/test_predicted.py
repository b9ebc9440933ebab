"""What a model finds again replaces its own candidates, and nothing else."""

import numpy as np
import pytest

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.predicted import with_prediction
from seggui.core.segment import Segment, Source
from seggui.files.annotations import document_bytes, parse_document

FACTS = ImageFacts("b.png", 40, 20, "sha256:0")


def square(x, side=6):
    return Mask.from_window(20, 40, Box(x, 4, x + side, 4 + side), np.ones((side,) * 2))


def predicted(document, *places, model="m"):
    found = [Candidate(square(x), 0.9) for x in places]
    return with_prediction(document, found, lambda _name: 1, model)


def places(document):
    return [segment.mask.bbox.x0 for segment in document.segments]


def test_asking_again_replaces_what_nobody_touched():
    document = predicted(predicted(Document(FACTS), 2, 20), 3)
    assert places(document) == [3]
    assert places(predicted(document, 9, model="other")) == [3, 9]


@pytest.mark.parametrize("through_a_file", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda d, i: edits.replace_mask(d, i, square(30)),
        lambda d, i: edits.replace_mask(d, i, square(20, 5)),
        lambda d, i: edits.set_class(d, [i], 2),
        lambda d, i: edits.set_locked(d, [i], locked=True),
        lambda d, i: edits.set_status(d, [i], "accepted"),
    ],
)
def test_what_a_person_changed_stays(change, through_a_file):
    document = predicted(Document(FACTS), 2, 20)
    mine = document.segments[1].id
    document = change(document, mine)
    if through_a_file:
        document = parse_document(document_bytes(document), "x")
    after = predicted(document, 11)
    assert after.get(mine).mask.same_pixels(document.get(mine).mask)
    assert len(after.segments) == 2


def test_what_the_same_model_propagated_stays():
    carried = Segment(
        square(5), 1, Source("propagate", "m"), id="carried", status="candidate"
    )
    after = predicted(Document(FACTS, (carried,)), 20)
    assert after.segments[0] is carried


def test_candidates_of_files_without_that_note_are_replaced():
    old = Segment(square(5), 1, Source("predict", "m"), status="candidate")
    assert places(predicted(Document(FACTS, (old,)), 20)) == [20]
