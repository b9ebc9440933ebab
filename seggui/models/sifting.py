"""Many masks of one image: which of them are the same object, and who owns a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.everything import Overlaps
from seggui.core.geometry import Box
from seggui.core.mask import Bools, Mask

_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
"""How many bits of a byte are set."""
_ONES = _ONES.astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A mask that was found, eight pixels to a byte: thousands have to be held."""

    box: Box
    """The smallest box around it, in image pixels."""
    area: int
    bits_hw: NDArray[np.uint8]
    """Rows of the box; the first byte begins at a multiple of eight in x."""
    score: float
    stability: float | None
    granularity: str
    layer: int
    """0 for the whole image, more for closer looks."""

    @property
    def pixels_hw(self) -> Bools:
        """The pixels of the box, axes (y, x)."""
        left = self.box.x0 % 8
        bits = np.unpackbits(self.bits_hw, axis=1).view(np.bool_)
        return bits[:, left : left + self.box.width]

    def mask(self, height: int, width: int) -> Mask:
        return Mask.from_window(height, width, self.box, self.pixels_hw)


def piece_of(mask: Mask, offset_xy: tuple[int, int], candidate: Candidate) -> Piece:
    """The piece of a mask of a crop, whose corner lies at ``offset_xy``."""
    box = mask.bbox.moved(*offset_xy)
    pixels = np.pad(mask.window(mask.bbox), ((0, 0), (box.x0 % 8, 0)))
    return Piece(
        box,
        mask.area,
        np.packbits(pixels, axis=1),
        candidate.score,
        candidate.stability,
        candidate.granularity,
        0,
    )


def common_pixels(one: Piece, other: Piece) -> int:
    """How many pixels both have."""
    both = one.box.intersection(other.box)
    if both.empty:
        return 0
    parts = []
    for piece in (one, other):
        rows = slice(both.y0 - piece.box.y0, both.y1 - piece.box.y0)
        first = both.x0 // 8 - piece.box.x0 // 8
        count = (both.x1 - 1) // 8 - both.x0 // 8 + 1
        parts.append(piece.bits_hw[rows, first : first + count])
    return int(_ONES[parts[0] & parts[1]].sum(dtype=np.int64))


def distinct(
    pieces: Sequence[Piece], same_iou: float, known: Sequence[Piece] = ()
) -> list[Piece]:
    """Greedy non-maximum suppression by the IoU of masks.

    Of pieces whose IoU is above ``same_iou`` the one of the closest look stays, of
    equally close ones that of the best score. What is much like one of ``known`` goes.
    """
    kept = list(known)
    order = sorted(pieces, key=lambda p: (-p.layer, -p.score, -p.area))
    boxes = np.array([_corners(p) for p in (*kept, *order)]).reshape(-1, 4)
    areas = np.array([p.area for p in (*kept, *order)], dtype=np.float64)
    places = list(range(len(kept)))
    for place, piece in enumerate(order, start=len(kept)):
        # Two masks share no more than their boxes do: most pairs end here.
        most = _overlaps(boxes[place], boxes[places])
        most = np.minimum(most, np.minimum(areas[place], areas[places]))
        bound = most / (areas[place] + areas[places] - most)
        alike = any(
            _iou(piece, kept[index]) > same_iou
            for index in np.flatnonzero(bound > same_iou)
        )
        if not alike:
            kept.append(piece)
            places.append(place)
    return kept[len(known) :]


def shared_out(
    pieces: Sequence[Piece],
    overlaps: Overlaps,
    height: int,
    width: int,
    known: Sequence[Piece] = (),
) -> list[Mask]:
    """The masks of the pieces, in their order, each pixel with one owner.

    With ``keep`` pixels may have several. The pixels of ``known`` are taken already.
    """
    if overlaps == "keep":
        return [piece.mask(height, width) for piece in pieces]
    below = sorted(range(len(pieces)), key=lambda i: _standing(pieces[i], overlaps))
    owners_hw = np.zeros((height, width), np.int32)
    for index in below:
        piece = pieces[index]
        owners_hw[piece.box.slices][piece.pixels_hw] = index + 1
    for piece in known:
        owners_hw[piece.box.slices][piece.pixels_hw] = 0
    return [
        Mask.from_window(height, width, p.box, owners_hw[p.box.slices] == index + 1)
        for index, p in enumerate(pieces)
    ]


def _standing(piece: Piece, overlaps: Overlaps) -> float:
    """Pieces of a high standing lie above others."""
    if overlaps == "score":
        return piece.score
    return piece.area if overlaps == "large" else -piece.area


def _iou(one: Piece, other: Piece) -> float:
    common = common_pixels(one, other)
    return common / (one.area + other.area - common)


def _corners(piece: Piece) -> tuple[int, int, int, int]:
    return (piece.box.x0, piece.box.y0, piece.box.x1, piece.box.y1)


def _overlaps(
    box: NDArray[np.int64], boxes_n4: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How many pixels a box shares with each of others."""
    sides = np.minimum(box[2:], boxes_n4[:, 2:]) - np.maximum(box[:2], boxes_n4[:, :2])
    return np.asarray(np.prod(np.maximum(sides, 0), axis=1), dtype=np.float64)
