"""What a recipe made of masks, put into a document in place of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seggui.core import edits
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.segment import Segment, new_segment_id

Refinement = Mapping[str, tuple[Mask, tuple[Mask, ...]]]
"""For each segment id: the mask that was refined, and what it became."""


def with_refined(document: Document, results: Refinement) -> Document:
    """Return the document with each segment replaced by what its mask became.

    A segment that was edited or locked in the meantime is left as it is.
    """
    for segment_id, (before, masks) in results.items():
        segment = document.get(segment_id)
        if segment is None or segment.locked or not before.same_pixels(segment.mask):
            continue
        held = [mask for mask in masks if not mask.is_empty]
        if len(held) == 1 and held[0].same_pixels(segment.mask):
            continue
        if not held:
            document = edits.remove_segments(document, [segment_id])
        elif len(held) == 1:
            document = edits.replace_mask(document, segment_id, held[0])
        else:
            parts = [_part(segment, mask, number) for number, mask in enumerate(held)]
            document = edits.split_segment(document, segment_id, parts)
    return document


def _part(segment: Segment, mask: Mask, number: int) -> Segment:
    """One of several masks that a segment became; the first keeps the id."""
    own_id = segment.id if number == 0 else new_segment_id()
    return replace(segment, id=own_id, mask=mask)
