"""What differs between two documents, small enough to be written down at each gesture.

Masks are compared tile by tile and tiles by identity first, so a dab on a mask of
100 megapixels gives a change of one tile. A change can be applied forwards and
backwards: that is how a journal is replayed and a history is rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seggui.core.document import Document, State
from seggui.core.mask import Mask, Tile, TileKey
from seggui.core.segment import Segment

TileSwap = tuple[Tile | None, Tile | None]
"""The tile before and after; None is an empty grid cell."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentChange:
    """One segment before and after; None where it did not exist.

    Both are kept with an empty mask: the pixels are in ``tiles``.
    """

    id: str
    before: Segment | None
    after: Segment | None
    tiles: Mapping[TileKey, TileSwap]

    def reversed(self) -> SegmentChange:
        swapped = {key: (new, old) for key, (old, new) in self.tiles.items()}
        return SegmentChange(self.id, self.after, self.before, swapped)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """All that differs between two documents of one image."""

    segments: tuple[SegmentChange, ...]
    order_before: tuple[str, ...]
    order_after: tuple[str, ...]
    state_before: State
    state_after: State

    @property
    def nothing(self) -> bool:
        return (
            not self.segments
            and self.order_before == self.order_after
            and self.state_before == self.state_after
        )

    def reversed(self) -> Change:
        """The change that leads back."""
        return Change(
            tuple(segment.reversed() for segment in self.segments),
            self.order_after,
            self.order_before,
            self.state_after,
            self.state_before,
        )


def difference(before: Document, after: Document) -> Change:
    """Return what leads from one document to the other."""
    old = {segment.id: segment for segment in before.segments}
    new = {segment.id: segment for segment in after.segments}
    changes = []
    for segment_id in {**old, **new}:
        a, b = old.get(segment_id), new.get(segment_id)
        if a is not b:
            changes.append(
                SegmentChange(segment_id, _bare(a), _bare(b), _tile_swaps(a, b))
            )
    return Change(tuple(changes), tuple(old), tuple(new), before.state, after.state)


def applied(document: Document, change: Change) -> Document:
    """Return the document after the change.

    Raises ``ValueError`` when the change does not belong to this document.
    """
    have = {segment.id: segment for segment in document.segments}
    if tuple(have) != change.order_before:
        raise ValueError("the change belongs to another state of the document")
    for item in change.segments:
        old = have.pop(item.id, None)
        if (old is None) != (item.before is None):
            raise ValueError("the change belongs to another state of the document")
        if item.after is not None:
            base = Mask.empty(document.image.height, document.image.width)
            if old is not None:
                base = old.mask
            mask = base.with_tiles({key: new for key, (_, new) in item.tiles.items()})
            have[item.id] = replace(item.after, mask=mask)
    if set(have) != set(change.order_after):
        raise ValueError("the change belongs to another state of the document")
    ordered = tuple(have[segment_id] for segment_id in change.order_after)
    return replace(document, segments=ordered, state=change.state_after)


def _bare(segment: Segment | None) -> Segment | None:
    if segment is None:
        return None
    return replace(segment, mask=Mask.empty(segment.mask.height, segment.mask.width))


def _tile_swaps(a: Segment | None, b: Segment | None) -> dict[TileKey, TileSwap]:
    old = a.mask.tiles if a is not None else {}
    new = b.mask.tiles if b is not None else {}
    if old is new:
        return {}
    return {
        key: (old.get(key), new.get(key))
        for key in {**old, **new}
        if old.get(key) is not new.get(key)
    }
