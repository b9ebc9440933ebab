"""Edits: functions from a document to the next one.

None of them changes what it is given. An edit of a locked segment raises
``ReadOnly``; an edit that changes nothing returns the very same document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from seggui.core.document import Document, State
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Status
from seggui.errors import BadRequest, ReadOnly


def add_segments(document: Document, segments: Iterable[Segment]) -> Document:
    """Put segments on top of the others."""
    new = tuple(segments)
    for segment in new:
        _check_size(document, segment.mask)
        if document.get(segment.id) is not None:
            raise BadRequest(f"The image already has a segment {segment.id}.")
    return replace(document, segments=document.segments + new) if new else document


def remove_segments(document: Document, segment_ids: Iterable[str]) -> Document:
    gone = set(segment_ids)
    for segment in document.segments:
        if segment.id in gone:
            _check_unlocked(segment)
    rest = tuple(s for s in document.segments if s.id not in gone)
    if len(rest) == len(document.segments):
        return document
    return replace(document, segments=rest)


def replace_mask(document: Document, segment_id: str, mask: Mask) -> Document:
    """Give a segment another mask; one that becomes empty is removed."""
    if mask.is_empty:
        return remove_segments(document, [segment_id])

    def edit(segment: Segment) -> Segment:
        return segment if segment.mask is mask else replace(segment, mask=mask)

    _check_size(document, mask)
    return _each(document, [segment_id], edit)


def set_class(
    document: Document, segment_ids: Iterable[str], class_id: int
) -> Document:
    return _each(
        document,
        segment_ids,
        lambda s: s if s.class_id == class_id else replace(s, class_id=class_id),
    )


def rename(document: Document, segment_id: str, name: str) -> Document:
    return _each(
        document,
        [segment_id],
        lambda s: s if s.name == name else replace(s, name=name),
    )


def set_locked(
    document: Document, segment_ids: Iterable[str], *, locked: bool
) -> Document:
    wanted = set(segment_ids)
    segments = tuple(
        replace(s, locked=locked) if s.id in wanted and s.locked != locked else s
        for s in document.segments
    )
    return _with(document, segments)


def set_status(
    document: Document, segment_ids: Iterable[str], status: Status
) -> Document:
    return _each(
        document,
        segment_ids,
        lambda s: s if s.status == status else replace(s, status=status),
    )


def set_state(document: Document, state: State) -> Document:
    """Mark the image as done, or open it again."""
    return document if document.state == state else replace(document, state=state)


def move_segments(
    document: Document, segment_ids: Sequence[str], to_index: int
) -> Document:
    """Put segments, kept in their order, so that the first gets place ``to_index``.

    Places count from 0 at the bottom, among the segments that stay where they are.
    """
    moving = set(segment_ids)
    moved = [s for s in document.segments if s.id in moving]
    rest = [s for s in document.segments if s.id not in moving]
    at = min(max(to_index, 0), len(rest))
    return _with(document, (*rest[:at], *moved, *rest[at:]))


def merge_segments(document: Document, segment_ids: Sequence[str]) -> Document:
    """Join segments into the first named, which keeps its class and place."""
    parts = [s for s in (document.get(i) for i in segment_ids) if s is not None]
    if len(parts) < 2:
        raise BadRequest("Merging needs at least two segments.")
    mask = parts[0].mask
    for part in parts[1:]:
        mask = mask.union(part.mask)
    kept = remove_segments(document, [part.id for part in parts[1:]])
    return replace_mask(kept, parts[0].id, mask)


def split_segment(
    document: Document, segment_id: str, parts: Sequence[Segment]
) -> Document:
    """Put ``parts`` where one segment was."""
    index = document.index_of(segment_id)
    _check_unlocked(document.segments[index])
    for part in parts:
        _check_size(document, part.mask)
    before, after = document.segments[:index], document.segments[index + 1 :]
    return replace(document, segments=(*before, *parts, *after))


def _each(
    document: Document,
    segment_ids: Iterable[str],
    edit: Callable[[Segment], Segment],
) -> Document:
    wanted = set(segment_ids)
    segments = []
    for segment in document.segments:
        if segment.id in wanted:
            _check_unlocked(segment)
            segment = edit(segment)
        segments.append(segment)
    return _with(document, tuple(segments))


def _with(document: Document, segments: tuple[Segment, ...]) -> Document:
    same = len(segments) == len(document.segments) and all(
        new is old for new, old in zip(segments, document.segments, strict=True)
    )
    return document if same else replace(document, segments=segments)


def _check_unlocked(segment: Segment) -> None:
    if segment.locked:
        raise ReadOnly(
            f"The segment {segment.name or segment.id} is locked and stays as it is. "
            "Unlock it in the segments list to change it."
        )


def _check_size(document: Document, mask: Mask) -> None:
    image = document.image
    if (mask.width, mask.height) != (image.width, image.height):
        raise BadRequest(
            f"A mask of {mask.width} x {mask.height} pixels does not fit the image "
            f"{image.name} of {image.width} x {image.height}."
        )
