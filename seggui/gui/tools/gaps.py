"""Gaps between what was just drawn and its neighbours, filled in the same step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seggui.core import edits
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.refine.neighbours import fill_gap, gap_reach_px


def without_gaps(before: Document, after: Document, drawn: Sequence[str]) -> Document:
    """``after``, where the segments drawn since ``before`` grow into narrow gaps.

    Only gaps beside new pixels are looked for, and no other segment changes.
    """
    for segment_id in drawn:
        segment = after.get(segment_id)
        if segment is not None:
            old = before.get(segment_id)
            new = segment.mask if old is None else segment.mask.difference(old.mask)
            others = [s.mask for s in after.segments if s.id != segment_id]
            mask = _grown(segment.mask, new.bbox, others)
            if not mask.same_pixels(segment.mask):
                after = edits.replace_mask(after, segment_id, mask)
    return after


def _grown(mask: Mask, changed: Box, others: Sequence[Mask]) -> Mask:
    """The mask with the gaps that lie around ``changed``."""
    reach_px = gap_reach_px(mask.height, mask.width)
    around = changed.grown(math.ceil(reach_px)).clipped(mask.width, mask.height)
    # What decides whether there is a gap may lie farther away.
    room = around.grown(3 * math.ceil(reach_px)).clipped(mask.width, mask.height)
    beside = [m.window(room) for m in others if not m.bbox.intersection(room).empty]
    if changed.empty or not beside:
        return mask
    filled = fill_gap(
        Mask.from_dense(mask.window(room)), map(Mask.from_dense, beside), reach_px
    )
    inside = around.moved(-room.x0, -room.y0)
    return mask.painted(around, filled.window(inside))
