"""The ``segmentation`` of a COCO annotation: checked, then turned into a mask.

Nothing here trusts the file: run lengths go through our own checks, since other
decoders write outside their memory when the counts do not fit the size.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seggui.core.mask import Mask
from seggui.core.rle import mask_of_counts, mask_of_rle
from seggui.errors import InvalidMask
from seggui.files.formats.json_text import whole_number
from seggui.files.formats.polygons import mask_of_polygons


def mask_of_segmentation(value: object, height: int, width: int) -> Mask:
    """Return the mask of polygons, of compressed or of plain run lengths.

    Raises ``InvalidMask`` with a sentence for anything else, and for an empty mask.
    """
    if isinstance(value, Mapping):
        mask = _mask_of_runs(value, height, width)
    elif isinstance(value, list) and value:
        mask = mask_of_polygons([_points(part) for part in value], height, width)
    else:
        raise InvalidMask("It has no mask, only a box or nothing.")
    if mask.is_empty:
        raise InvalidMask("Its mask covers no pixel of the image.")
    return mask


def _mask_of_runs(value: Mapping[str, object], height: int, width: int) -> Mask:
    size = value.get("size")
    parts = [whole_number(n) for n in size] if isinstance(size, list) else []
    if parts != [height, width]:
        swapped = " (width and height are swapped)" if parts == [width, height] else ""
        raise InvalidMask(
            f"Its mask is of size {size!r:.60}, the image of "
            f"[{height}, {width}] as height and width{swapped}."
        )
    counts = value.get("counts")
    if isinstance(counts, str | bytes):
        return mask_of_rle(counts, height, width)
    if not isinstance(counts, list):
        raise InvalidMask("Its mask has no run lengths.")
    total = height * width
    numbers = [whole_number(n) for n in counts]
    if any(n is None or not 0 <= n <= total for n in numbers):
        raise InvalidMask("Its run lengths are not all whole numbers of pixels.")
    runs = np.array([n or 0 for n in numbers], dtype=np.int64)
    return mask_of_counts(runs, height, width)


def _points(part: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if not isinstance(part, list) or len(part) % 2 or len(part) < 6:
        raise InvalidMask("A polygon is not a list of three or more points.")
    if not all(type(n) in (int, float) for n in part):
        raise InvalidMask("A polygon holds something that is not a number.")
    try:
        return np.array(part, dtype=np.float64).reshape(-1, 2)
    except OverflowError:
        raise InvalidMask("A polygon holds coordinates that no image has.") from None
