"""The one loader of images: upright, true to their values, or refused with a reason."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.document import ImageFacts
from seggui.errors import Unreadable
from seggui.files import pillow_reader, tiff_reader
from seggui.files.atomic import size_in_words
from seggui.files.display import shows_through, split_alpha, to_rgb
from seggui.files.image_kinds import Alpha, ImageHeader, NotAnImage, kind_of
from seggui.files.pillow_reader import Raw

MOST_PIXELS = 2**28
"""Larger images are refused by their header: shown, one takes 0.8 GB."""

_MOST_BYTES = 2**32

_SUFFIXES = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".tif", ".tiff",
        ".webp", ".avif", ".bmp", ".dib", ".gif", ".ppm", ".pgm", ".pbm", ".pnm",
        ".jp2", ".j2k", ".jpx", ".ico", ".pcx",
    }
)  # fmt: skip
_PAGE = re.compile(r"(.+)#([1-9]\d{0,8})")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """A decoded image, upright, with what is known of its file."""

    pixels: NDArray[Any]
    """As stored: any type of number, axes (y, x) or (y, x, channel); read-only."""
    orientation: int
    """The EXIF orientation that was applied, 1 to 8."""
    digest: str
    """``sha256:`` and the hex digest of the file's bytes."""
    pages: int
    page: int
    alpha: Alpha = "none"
    """What the last channel is."""
    notes: tuple[str, ...] = ()
    """What a user should know: transparency, colours converted, more pages."""

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def display_hwc(self) -> NDArray[np.uint8]:
        """RGB, 8 bit, axes (y, x, 3), contiguous, read-only; the rule is in display."""
        shown = to_rgb(self.pixels, self.alpha)
        shown.flags.writeable = False
        return shown

    def facts(self, name: str) -> ImageFacts:
        """What a document keeps of its image."""
        return ImageFacts(name, self.width, self.height, self.digest, self.orientation)


def read_image(
    path: Path | str, page: int = 0, *, most_pixels: int = MOST_PIXELS
) -> LoadedImage:
    """Read a page of an image file, counted from 0; raises ``Unreadable``.

    ``most_pixels`` may be raised for one file after asking the user.
    """
    return decode_image(read_bytes(path), path, page, most_pixels=most_pixels)


def decode_image(
    data: bytes, path: Path | str, page: int = 0, *, most_pixels: int = MOST_PIXELS
) -> LoadedImage:
    """Decode the bytes of an image file; ``path`` is for messages only."""

    def decode() -> Raw:
        _check_size(_probed(io.BytesIO(data), page), most_pixels)
        if kind_of(data[:132]) == "tiff":
            return tiff_reader.read(data, page)
        return pillow_reader.read(data, page)

    raw = _told(path, decode)
    pixels = upright(raw.pixels, raw.orientation)
    pixels.flags.writeable = False
    return LoadedImage(
        pixels=pixels,
        orientation=raw.orientation,
        digest=digest_of(data),
        pages=raw.pages,
        page=page,
        alpha=raw.alpha,
        notes=(*raw.notes, *_further_notes(raw, page)),
    )


def probe_image(path: Path | str, page: int = 0) -> ImageHeader:
    """Read the size of an image without decoding it; raises ``Unreadable``."""

    def probe() -> ImageHeader:
        with open_regular(path) as stream:
            return _probed(stream, page)

    return _told(path, probe)


def read_index(path: Path | str) -> NDArray[Any]:
    """Read a mask image: whole numbers, axes (y, x), exactly as stored.

    Palette numbers are not turned into colours and no orientation is applied. Raises
    ``Unreadable``, also for an image of colours.
    """
    data = read_bytes(path)

    def decode() -> NDArray[Any]:
        _check_size(_probed(io.BytesIO(data), 0), MOST_PIXELS)
        if kind_of(data[:132]) == "tiff":
            return tiff_reader.read_indices(data)
        return pillow_reader.read_indices(data)

    return _told(path, decode)


def is_image_name(name: str) -> bool:
    """Whether a file of that name is taken for an image."""
    return os.path.splitext(name)[1].lower() in _SUFFIXES  # noqa: PTH122 - fast


def split_page(name: str) -> tuple[str, int]:
    """``a.tif#2`` is page 1, counted from 0, of ``a.tif``."""
    match = _PAGE.fullmatch(name)
    if match and is_image_name(match[1]):
        return match[1], int(match[2]) - 1
    return name, 0


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def file_digest(path: Path | str) -> str:
    """The digest of a file that need not fit into memory; raises ``Unreadable``."""

    def work() -> str:
        digest = hashlib.sha256()
        with open_regular(path) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return f"sha256:{digest.hexdigest()}"

    return _told(path, work)


def read_bytes(path: Path | str) -> bytes:
    """The bytes of a regular file; raises ``Unreadable``."""

    def read() -> bytes:
        with open_regular(path) as stream:
            return stream.read()

    return _told(path, read)


def open_regular(path: Path | str) -> BinaryIO:
    """Open a file, but no pipe or device: reading one of those could wait forever."""
    found = Path(path).stat()
    if stat.S_ISDIR(found.st_mode):
        raise NotAnImage("it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise NotAnImage("it is not a regular file")
    return Path(path).open("rb")


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn stored pixels as their EXIF orientation asks; contiguous.

    (Exif 2.32, tag 274: where row 0 and column 0 of the stored image are.)
    """
    if orientation >= 5:
        swapped = pixels.swapaxes(0, 1)
        simple = pixels.dtype.kind in "uif" and pixels.dtype.itemsize <= 4
        if simple and (pixels.ndim == 2 or pixels.shape[2] <= 4):
            # The same, ten times as fast on large images.
            swapped = cv2.transpose(np.ascontiguousarray(pixels)).reshape(swapped.shape)
        pixels = swapped
    flip_x = orientation in (2, 3, 6, 7)
    flip_y = orientation in (3, 4, 7, 8)
    turned = pixels[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    return np.ascontiguousarray(turned)


def _probed(stream: BinaryIO, page: int) -> ImageHeader:
    start = stream.read(132)
    stream.seek(0)
    if kind_of(start) == "tiff":
        return tiff_reader.probe(stream, page)
    return pillow_reader.probe(stream, page)


def _check_size(header: ImageHeader, most_pixels: int) -> None:
    pixels = header.width * header.height
    needed = pixels * (header.bytes_per_pixel + 3)
    if pixels > most_pixels or needed > max(_MOST_BYTES, most_pixels * 16):
        raise NotAnImage(
            f"it has {header.width:,} x {header.height:,} pixels and would need "
            f"{size_in_words(needed)} of memory; images of up to {most_pixels:,} "
            "pixels are opened"
        )


def _told(path: Path | str, work: Callable[[], T]) -> T:
    """Run work on a file; what goes wrong becomes ``Unreadable``."""
    try:
        return work()
    except NotAnImage as error:
        raise Unreadable(path, str(error)) from error
    except FileNotFoundError as error:
        raise Unreadable(path, "there is no such file") from error
    except PermissionError as error:
        raise Unreadable(path, "you are not allowed to read it") from error
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    except ValueError as error:  # a NUL in the name
        raise Unreadable(str(path), "its name is not possible") from error
    except MemoryError as error:
        reason = "there is not enough memory for it; close other programs"
        raise Unreadable(path, reason) from error


def _further_notes(raw: Raw, page: int) -> list[str]:
    notes = []
    if raw.pages > 1:
        notes.append(f"{raw.pages} pages, this is page {page + 1}")
    colour, cover = split_alpha(raw.pixels, raw.alpha)
    if cover is not None and shows_through(cover):
        notes.append("has transparency, shown over mid-grey")
    if colour.dtype.kind == "f":
        missing = int(np.count_nonzero(~np.isfinite(colour)))
        if missing:
            notes.append(f"{missing:,} values are not numbers, shown black")
    return notes
