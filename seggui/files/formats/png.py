"""PNG files whose values are ids: written with or without a palette, and read back.

Pillow scales grey values of 2 and 4 bits up to 255; here they are taken back to the
ids that the file holds.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from seggui.core.classes import UNLABELLED, Rgb
from seggui.errors import Unreadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 30
_LEVEL = 1  # long runs of equal ids pack well at any level, and this is the fastest
_SCALED = {2: 85, 4: 17}


def png_of_ids(
    ids_hw: NDArray[np.uint8] | NDArray[np.uint16],
    colours: Mapping[int, Rgb] | None = None,
) -> bytes:
    """Return the PNG of ids, axes (y, x); 8-bit ids may get a palette of colours."""
    height, width = ids_hw.shape
    depth, kind = (16, 0) if ids_hw.dtype == np.uint16 else (8, 0)
    palette = b""
    if colours is not None:
        kind = 3
        table = np.zeros((256, 3), dtype=np.uint8)
        table[UNLABELLED] = 224
        for number, colour in colours.items():
            table[number] = colour
        palette = _chunk(b"PLTE", table.tobytes())
    rows = np.ascontiguousarray(ids_hw.astype(">u2") if depth == 16 else ids_hw)
    rows = rows.view(np.uint8).reshape(height, -1)
    lines = np.empty((height, rows.shape[1] + 1), dtype=np.uint8)
    # Filter 2 of the PNG standard: each line as its difference to the one above.
    lines[:, 0] = 2
    lines[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    packed = zlib.compress(lines.tobytes(), _LEVEL)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", header),
            palette,
            _chunk(b"IDAT", packed),
            _chunk(b"IEND", b""),
        )
    )


def ids_of_png(path: Path) -> tuple[NDArray[np.uint16], dict[int, Rgb]]:
    """Return the ids in a PNG, axes (y, x), and its palette where it has one.

    Raises ``Unreadable`` for what is not a whole PNG of ids: a colour picture, a
    truncated file, one with an absurd size.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error
    if not data.startswith(SIGNATURE) or len(data) < 33:
        raise Unreadable(path, "it is not a PNG file")
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    if not 0 < width * height <= MOST_PIXELS:
        raise Unreadable(path, f"a size of {width} x {height} pixels is not possible")
    if kind not in (0, 3):
        raise Unreadable(
            path,
            "it is a colour picture; a mask of ids is grey or has a palette",
        )
    image = _decoded(path, data)
    values = np.array(image)
    if kind == 0 and depth in _SCALED:
        values //= _SCALED[depth]
    return values.astype(np.uint16), _palette_of(image)


def _decoded(path: Path, data: bytes) -> Image.Image:
    try:
        # The plugin itself, not Image.open: no other format is tried on the bytes.
        image = PngImagePlugin.PngImageFile(io.BytesIO(data))
        image.load()
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise Unreadable(path, f"the PNG is damaged ({error})") from error
    return image


def _palette_of(image: Image.Image) -> dict[int, Rgb]:
    flat = image.getpalette("RGB") if image.mode == "P" else None
    if not flat:
        return {}
    return {i // 3: (flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)}


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
