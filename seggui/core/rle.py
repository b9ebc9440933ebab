"""Run-length masks, as COCO writes them: column by column, zeros first.

``counts`` are the lengths of runs of unset and set pixels in turn, in column-major
order. The compressed text packs them into characters of six bits (five of data),
each count from the fourth on as a difference to the one two before it
(format of the COCO API, https://github.com/cocodataset/cocoapi). Every text is
checked here before anything decodes it: other decoders trust it with their memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import InvalidMask

Counts = NDArray[np.int64]

_MOST_CHARACTERS = 8  # of one count: 40 bits, far over any image


def counts_of(mask: Mask) -> Counts:
    """Return the run lengths of a mask; the first run counts unset pixels."""
    total = mask.height * mask.width
    if mask.is_empty:
        return np.array([total], dtype=np.int64)
    box = mask.bbox
    columns = mask.window(box).T
    spans_columns = box.height == mask.height
    if not spans_columns:
        # One unset pixel under each column keeps runs from joining across columns.
        padded = np.zeros((box.width, box.height + 1), dtype=bool)
        padded[:, :-1] = columns
        columns = padded
    flat = np.ascontiguousarray(columns).reshape(-1).view(np.int8)
    steps = np.flatnonzero(np.diff(flat, prepend=np.int8(0), append=np.int8(0)))
    height = columns.shape[1]
    edges = (steps // height + box.x0) * mask.height + steps % height + box.y0
    if spans_columns and box.y0:
        raise AssertionError("a box of the image's height starts at its top")
    bounds = np.concatenate(([0], edges, [total]))
    counts = np.diff(bounds)
    return counts[:-1] if counts[-1] == 0 and len(counts) > 1 else counts


def mask_of_counts(counts: NDArray[np.integer], height: int, width: int) -> Mask:
    """Return the mask of run lengths.

    Raises ``InvalidMask`` when they are negative or do not cover the image exactly.
    """
    runs = np.asarray(counts, dtype=np.int64)
    total = height * width
    if runs.ndim != 1:
        raise InvalidMask("The mask's run lengths are not a plain list.")
    if len(runs) and (runs.min() < 0 or runs.max() > total):
        raise InvalidMask(
            f"The mask data holds a run of {int(runs[np.argmax(np.abs(runs))]):,} "
            f"pixels in an image of {total:,}."
        )
    covered = int(runs.sum())
    if covered != total:
        raise InvalidMask(f"The mask data describes {covered:,} of {total:,} pixels.")
    ends = np.cumsum(runs)
    starts = ends - runs
    set_starts, set_ends = starts[1::2], ends[1::2]
    held = set_ends > set_starts
    set_starts, set_ends = set_starts[held], set_ends[held]
    if not len(set_starts):
        return Mask.empty(height, width)
    # Only the columns between the first and the last set pixel are laid out.
    first = int(set_starts[0]) // height
    last = (int(set_ends[-1]) - 1) // height
    offset, size = first * height, (last + 1 - first) * height
    bounds = np.empty(2 * len(set_starts) + 2, dtype=np.int64)
    bounds[0], bounds[-1] = 0, size
    bounds[1:-1:2] = set_starts - offset
    bounds[2:-1:2] = set_ends - offset
    flags = np.zeros(len(bounds) - 1, dtype=bool)
    flags[1::2] = True
    columns = np.repeat(flags, np.diff(bounds)).reshape(-1, height)
    rows = np.flatnonzero(columns.any(axis=0))
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    window = columns[:, y0:y1].T
    return Mask.from_window(height, width, Box(first, y0, last + 1, y1), window)


def text_of_counts(counts: NDArray[np.integer]) -> str:
    """Return run lengths as COCO's compressed text."""
    values = np.array(counts, dtype=np.int64)
    values[3:] -= np.asarray(counts, dtype=np.int64)[1:-2]
    characters: list[NDArray[np.uint8]] = []
    wanted: list[NDArray[np.bool_]] = []
    going = np.ones(len(values), dtype=bool)
    while going.any():
        low = values & 0x1F
        values >>= 5
        more = np.where(low & 0x10, values != -1, values != 0) & going
        characters.append((low + 0x20 * more + 48).astype(np.uint8))
        wanted.append(going)
        going = more
    if not characters:
        return ""
    table, keep = np.stack(characters, axis=1), np.stack(wanted, axis=1)
    return table[keep].tobytes().decode("ascii")


def counts_of_text(text: str | bytes) -> Counts:
    """Return the run lengths in COCO's compressed text.

    Raises ``InvalidMask`` for characters that do not belong, a text that ends in
    the middle of a count, or counts no image can have.
    """
    if isinstance(text, str):
        try:
            text = text.encode("ascii")
        except UnicodeEncodeError:
            raise InvalidMask(
                "The mask data holds characters that do not belong in it."
            ) from None
    digits = np.frombuffer(text, dtype=np.uint8).astype(np.int64) - 48
    if len(digits) == 0:
        return np.zeros(0, dtype=np.int64)
    if digits.min() < 0 or digits.max() > 63:
        raise InvalidMask("The mask data holds characters that do not belong in it.")
    last = (digits & 0x20) == 0
    if not last[-1]:
        raise InvalidMask("The mask data is cut off in the middle of a number.")
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if int(lengths.max()) > _MOST_CHARACTERS:
        raise InvalidMask("The mask data holds a number no image can have.")
    place = np.arange(len(digits)) - np.repeat(starts, lengths)
    values = np.add.reduceat((digits & 0x1F) << (5 * place), starts)
    negative = (digits[ends] & 0x10) != 0
    values[negative] -= np.int64(1) << (5 * lengths[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def rle_of(mask: Mask) -> str:
    """Return the mask as COCO's compressed text."""
    return text_of_counts(counts_of(mask))


def mask_of_rle(text: str | bytes, height: int, width: int) -> Mask:
    """Return the mask of COCO's compressed text; raises ``InvalidMask``."""
    return mask_of_counts(counts_of_text(text), height, width)
