"""TIFF of every depth and shape, through tifffile."""

from __future__ import annotations

import io
import logging
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from seggui.files.image_kinds import Alpha, ImageHeader, NotAnImage, upright_size
from seggui.files.pillow_reader import DAMAGE, Raw

_ORIENTATION = 274
_MOST_PAGES_LOOKED_AT = 1000

_DAMAGE = (*DAMAGE, tifffile.TiffFileError, RuntimeError, ZeroDivisionError)


def probe(stream: BinaryIO, page: int) -> ImageHeader:
    """Read the header only; raises ``NotAnImage``."""
    with _opened(stream) as tiff:
        found, pages = _page(tiff, page)
        orientation = _orientation(found)
        width, height = upright_size(found.imagewidth, found.imagelength, orientation)
        itemsize = found.dtype.itemsize if found.dtype is not None else 1
        per_pixel = itemsize * max(1, int(found.samplesperpixel))
        return ImageHeader(width, height, orientation, pages, "TIFF", per_pixel)


def read(data: bytes, page: int) -> Raw:
    """Decode one page; raises ``NotAnImage`` for anything but a whole image."""
    with _opened(io.BytesIO(data)) as tiff:
        found, pages = _page(tiff, page)
        pixels = _decoded(found, len(data))
        if found.photometric == tifffile.PHOTOMETRIC.PALETTE:
            pixels = _looked_up(pixels, found.colormap)
        if found.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            pixels = _inverted(pixels)
        if found.photometric == tifffile.PHOTOMETRIC.SEPARATED:
            rgb, notes = _from_cmyk(pixels)
            return Raw(rgb, _orientation(found), pages, "none", notes)
        alpha, notes = _alpha_of(found, pixels)
        if pixels.dtype == np.bool_:
            pixels = pixels.astype(np.uint8) * np.uint8(255)
        return Raw(pixels, _orientation(found), pages, alpha, notes)


def read_indices(data: bytes) -> NDArray[Any]:
    """Decode numbers per pixel, axes (y, x), as they are stored."""
    with _opened(io.BytesIO(data)) as tiff:
        found, _ = _page(tiff, 0)
        pixels = _decoded(found, len(data))
    if pixels.ndim != 2 or pixels.dtype.kind not in "uib":
        raise NotAnImage("it holds no whole numbers per pixel")
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


def _opened(stream: BinaryIO) -> tifffile.TiffFile:
    # It logs each odd tag; damage that matters is raised or checked below.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        return tifffile.TiffFile(stream)
    except MemoryError:
        raise
    except _DAMAGE as error:
        raise NotAnImage("it is incomplete, or its header is damaged") from error


def _page(tiff: tifffile.TiffFile, page: int) -> tuple[tifffile.TiffPage, int]:
    """Return that page and how many there are; smaller copies are not counted."""
    try:
        count = len(tiff.pages)
        if count <= _MOST_PAGES_LOOKED_AT:
            every = [_whole(tiff, index) for index in range(count)]
            pages = [one for one in every if not one.is_reduced] or every
            count = len(pages)
            found = pages[page] if page < count else None
        else:
            found = _whole(tiff, page) if page < count else None
    except _DAMAGE as error:
        raise NotAnImage("it is incomplete, or its header is damaged") from error
    if not count:
        raise NotAnImage("it holds no image")
    if found is None:
        raise NotAnImage(f"it has no page {page + 1}, only {count}")
    if found.imagewidth < 1 or found.imagelength < 1 or found.imagedepth > 1:
        raise NotAnImage("it does not hold a flat image")
    return found, count


def _whole(tiff: tifffile.TiffFile, index: int) -> tifffile.TiffPage:
    page = tiff.pages.get(index)
    # Frames, which lack most tags, are only made on request.
    assert isinstance(page, tifffile.TiffPage)
    return page


def _orientation(page: tifffile.TiffPage) -> int:
    tag = page.tags.get(_ORIENTATION)
    value = tag.value if tag is not None else 1
    return int(value) if value in range(1, 9) else 1


def _decoded(page: tifffile.TiffPage, size: int) -> NDArray[Any]:
    ends = [
        offset + count
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
        if count
    ]
    if not ends or max(ends) > size:
        needed = f" ({size:,} of {max(ends):,} bytes)" if ends else ""
        raise NotAnImage(f"it is incomplete{needed}")
    if page.dtype is None or page.dtype.kind not in "buif":
        raise NotAnImage("it holds a kind of value that cannot be shown")
    try:
        pixels = np.asarray(page.asarray())
        axes = page.axes
    except MemoryError:
        raise
    except _DAMAGE as error:
        raise NotAnImage(f"its pixels are damaged ({error})") from error
    if axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    elif axes not in ("YX", "YXS"):
        raise NotAnImage("it does not hold a flat image")
    return pixels


def _looked_up(
    pixels: NDArray[Any], colormap: NDArray[np.uint16] | None
) -> NDArray[np.uint8]:
    """Colours of palette numbers; TIFF keeps them as 16 bit, axes (channel, number)."""
    colours = np.asarray([] if colormap is None else colormap)
    if colours.ndim != 2 or int(pixels.max(initial=0)) >= colours.shape[1]:
        raise NotAnImage("its palette is damaged")
    # Some programs write 8-bit values where 16 bit are asked for.
    shift = 8 if int(colours.max(initial=0)) > 255 else 0
    table = np.ascontiguousarray((colours >> shift).astype(np.uint8).T)
    return np.asarray(table[pixels.astype(np.intp)])


def _inverted(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype == np.bool_:
        return ~pixels
    if pixels.dtype.kind == "u":
        return np.iinfo(pixels.dtype).max - pixels
    return -pixels


def _from_cmyk(pixels: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    note = "CMYK converted to RGB without a colour profile"
    if pixels.ndim != 3 or pixels.shape[2] < 4 or pixels.dtype.kind != "u":
        raise NotAnImage("its colour separation cannot be read")
    notes: tuple[str, ...] = (note,)
    if pixels.dtype != np.uint8:
        pixels = pixels >> (8 * (pixels.dtype.itemsize - 1))
        notes = (note, "reduced to 8 bit")
    ink = 255 - pixels[..., :4].astype(np.uint16)
    return (ink[..., :3] * ink[..., 3:] // 255).astype(np.uint8), notes


def _alpha_of(
    page: tifffile.TiffPage, pixels: NDArray[Any]
) -> tuple[Alpha, tuple[str, ...]]:
    extra = tuple(int(kind) for kind in (page.extrasamples or ()))
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels in (2, 4) and extra and extra[-1] in (1, 2):
        alpha: Alpha = "premultiplied" if extra[-1] == 1 else "straight"
        return alpha, ()
    if channels > 3:
        return "none", (f"{channels} channels, the first three shown",)
    if channels == 2:
        return "none", ("2 channels, the first shown",)
    return "none", ()
