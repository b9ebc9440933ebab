"""A change between two documents as JSON, as small as the journal needs it.

What can be told from the document at hand is left out: the fields of a segment whose
pixels alone changed, and the order where segments were only added on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seggui.core import rle
from seggui.core.change import Change, SegmentChange, TileSwap
from seggui.core.document import Document, State
from seggui.core.mask import TILE, Mask, Tile, TileKey
from seggui.errors import InvalidMask
from seggui.files.annotations import Json, bare_json, segment_of

TileText = str | int
_EMPTY, _FULL = 0, 1


def change_json(change: Change) -> Json:
    """Return a change as plain values."""
    out: Json = {"segments": [_segment_json(item) for item in change.segments]}
    removed = {item.id for item in change.segments if item.after is None}
    added = [item.id for item in change.segments if item.before is None]
    before, after = change.order_before, change.order_after
    if removed or before != tuple(i for i in after if i not in set(added)):
        out["before"] = list(before)
    if after != _order_after(before, removed, added):
        out["after"] = list(after)
    if change.state_before != change.state_after:
        out["state"] = [change.state_before, change.state_after]
    return out


def change_of(content: Json, at: Document, *, back: bool) -> Change:
    """Return the change that leads on from a document, or back from it.

    Raises ``ValueError`` when it is damaged or belongs to another document.
    """
    try:
        forwards = _change(content, at, back=back)
    except (KeyError, TypeError, IndexError, AttributeError, InvalidMask) as error:
        raise ValueError("the change is damaged") from error
    return forwards.reversed() if back else forwards


def _change(content: Json, at: Document, *, back: bool) -> Change:
    items = tuple(_segment_change(row, at, back=back) for row in content["segments"])
    here = tuple(segment.id for segment in at.segments)
    removed = {item.id for item in items if item.after is None}
    added = [item.id for item in items if item.before is None]
    if back:
        after = here
        before = tuple(content.get("before") or (i for i in here if i not in added))
    else:
        before = here
        told = content.get("after")
        after = tuple(told) if told else _order_after(here, removed, added)
    states = content.get("state") or [at.state, at.state]
    return Change(items, before, after, _state(states[0]), _state(states[1]))


def _order_after(
    before: Sequence[str], removed: set[str], added: Sequence[str]
) -> tuple[str, ...]:
    return (*(i for i in before if i not in removed), *added)


def _state(value: object) -> State:
    if value == "open" or value == "done":
        return value
    raise ValueError("the change is damaged")


def _segment_json(item: SegmentChange) -> Json:
    row: Json = {"id": item.id}
    before = None if item.before is None else bare_json(item.before)
    after = None if item.after is None else bare_json(item.after)
    if before is None or after is None or before != after:
        row["before"], row["after"] = before, after
    if item.tiles:
        row["tiles"] = [
            [key[0], key[1], _tile_text(old), _tile_text(new)]
            for key, (old, new) in item.tiles.items()
        ]
    return row


def _segment_change(row: Json, at: Document, *, back: bool) -> SegmentChange:
    height, width = at.image.height, at.image.width
    segment_id: str = row["id"]
    blank = Mask.empty(height, width)
    if "before" in row:
        before, after = (
            None if row[key] is None else segment_of(row[key], blank)
            for key in ("before", "after")
        )
    else:
        found = at.get(segment_id)
        if found is None:
            raise ValueError("the change belongs to another document")
        before = after = replace(found, mask=blank)
    # The tiles of the document at hand are shared; only the others are decoded.
    present = at.get(segment_id)
    here = present.mask.tiles if present is not None else {}
    tiles: dict[TileKey, TileSwap] = {}
    for y, x, old, new in row.get("tiles", ()):
        tile_height = min(TILE, height - y * TILE)
        tile_width = min(TILE, width - x * TILE)
        if y < 0 or x < 0 or tile_height <= 0 or tile_width <= 0:
            raise ValueError("the change belongs to another image")
        size = (tile_height, tile_width)
        shared, other = here.get((y, x)), _tile_of(old if back else new, size)
        tiles[(y, x)] = (other, shared) if back else (shared, other)
    return SegmentChange(segment_id, before, after, tiles)


def _tile_text(tile: Tile | None) -> TileText:
    if tile is None:
        return _EMPTY
    if tile.full:
        return _FULL
    return rle.rle_of(Mask(tile.height, tile.width, {(0, 0): tile}))


def _tile_of(text: TileText, size: tuple[int, int]) -> Tile | None:
    height, width = size
    if text == _EMPTY:
        return None
    if text == _FULL:
        return Tile(height, width, height * width, None)
    if not isinstance(text, str):
        raise TypeError("a tile is a text")
    return rle.mask_of_rle(text, height, width).tiles.get((0, 0))
