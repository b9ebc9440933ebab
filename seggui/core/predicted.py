"""What a full-image model found, put into a document as segments to review."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.made import KEY, as_made, was_changed
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest

TOOL = "predict"
UNNAMED = "object"
"""The class of what a model finds without knowing what it is."""


def with_classes_of(classes: Classes, names: Sequence[str]) -> Classes:
    """Return the classes with those added that the model names and nobody made yet."""
    known = {row.name.casefold() for row in classes}
    for name in names:
        if name.casefold() not in known:
            known.add(name.casefold())
            classes = classes.added(name)
    return classes


def class_finder(classes: Classes) -> Callable[[str], int]:
    """Map a model's class name onto the id of the class of that name, in any case.

    The function that is returned raises ``BadRequest`` for a name no class has.
    """
    ids = {row.name.casefold(): row.id for row in classes}

    def class_of(name: str) -> int:
        found = ids.get(name.casefold())
        if found is None:
            raise BadRequest(
                f"The project has no class {name}, so what the model found cannot be "
                "put into it. Add the class and predict again."
            )
        return found

    return class_of


def with_prediction(
    document: Document,
    candidates: Sequence[Candidate],
    class_of: Callable[[str], int],
    model: str,
) -> Document:
    """Put candidates on top as segments to review; older ones of the model go.

    What a person changed on one of those stays, and so does what the model made in
    another way, such as by propagation.
    """
    old = [
        segment.id
        for segment in document.segments
        if not segment.accepted
        and not segment.locked
        and (segment.source.tool, segment.source.model) == (TOOL, model)
        and not was_changed(segment)
    ]
    segments = []
    for candidate in candidates:
        if candidate.mask.is_empty:
            continue
        class_id = class_of(candidate.class_name or UNNAMED)
        made = {KEY: as_made(candidate.mask, class_id)}
        score = round(float(candidate.score), 4)
        source = Source(TOOL, model, (made,), score=score)
        segments.append(Segment(candidate.mask, class_id, source, status="candidate"))
    return edits.add_segments(edits.remove_segments(document, old), segments)
