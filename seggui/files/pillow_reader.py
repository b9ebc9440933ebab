"""Images that Pillow decodes, and PNG of 16 bit, which OpenCV does better."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from seggui.files.image_kinds import (
    PNG_SIGNATURE,
    Alpha,
    ImageHeader,
    NotAnImage,
    PngChunks,
    read_png_chunks,
    upright_size,
    why_not_an_image,
)

# What Pillow may decode. Others are left out because they run programs (EPS), are
# no images of pixels, or are read by tifffile.
_FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "AVIF",
    "BMP",
    "DIB",
    "GIF",
    "PPM",
    "JPEG2000",
    "ICO",
    "PCX",
)

_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# Pillow's plugins tell damage in all these ways.
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError,
    OverflowError, AttributeError, struct.error, zlib.error, *_BOMB,
)  # fmt: skip

_BYTES_PER_PIXEL = {
    "1": 1, "L": 1, "P": 3, "LA": 2, "PA": 4, "RGB": 3, "RGBA": 4, "RGBX": 4,
    "CMYK": 4, "YCbCr": 3, "LAB": 3, "HSV": 3, "I": 4, "F": 4,
    "I;16": 2, "I;16B": 2, "I;16L": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Pixels as stored, not yet turned upright."""

    pixels: NDArray[Any]
    """Axes (y, x) or (y, x, channel)."""
    orientation: int
    pages: int
    alpha: Alpha = "none"
    notes: tuple[str, ...] = ()


def probe(stream: BinaryIO, page: int) -> ImageHeader:
    """Read the header only; raises ``NotAnImage``."""
    image, chunks = _opened(stream, check=False)
    pages = _seek(image, page)
    orientation = orientation_of(image, chunks)
    depth = 2 if chunks is not None and chunks.bit_depth == 16 else 1
    per_pixel = _BYTES_PER_PIXEL.get(image.mode, 4) * depth
    width, height = upright_size(*image.size, orientation)
    name = str(image.format or "image")
    return ImageHeader(width, height, orientation, pages, name, per_pixel)


def read(data: bytes, page: int) -> Raw:
    """Decode one page; raises ``NotAnImage`` for anything but a whole image."""
    image, chunks = _opened(io.BytesIO(data))
    pages = _seek(image, page)
    orientation = orientation_of(image, chunks)
    if chunks is not None and chunks.bit_depth == 16 and page == 0:
        pixels, alpha = _read_deep_png(data)
        return Raw(pixels, orientation, pages, alpha)
    try:
        image.load()
    except MemoryError:
        raise
    except DAMAGE as error:
        raise NotAnImage(_damage_in_words(error)) from error
    pixels, alpha, notes = _pixels_of(image)
    return Raw(pixels, orientation, pages, alpha, notes)


def read_small(data: bytes, page: int, side: int) -> Raw:
    """Decode one page at reduced size where the format can do that quickly.

    The longest side of the result is at least ``side``, unless the image is smaller.
    """
    image, chunks = _opened(io.BytesIO(data))
    if image.format == "JPEG" and page == 0:
        image.draft(None, (side, side))
        orientation = orientation_of(image, chunks)
        try:
            image.load()
        except DAMAGE as error:
            raise NotAnImage(_damage_in_words(error)) from error
        image.thumbnail((side, side), Image.Resampling.BOX)
        pixels, alpha, notes = _pixels_of(image)
        return Raw(pixels, orientation, 1, alpha, notes)
    return read(data, page)


def read_indices(data: bytes) -> NDArray[Any]:
    """Decode numbers per pixel, axes (y, x); palette colours are not looked up."""
    image, chunks = _opened(io.BytesIO(data))
    if chunks is not None and chunks.bit_depth == 16:
        pixels, _ = _read_deep_png(data)
    else:
        try:
            image.load()
        except DAMAGE as error:
            raise NotAnImage(_damage_in_words(error)) from error
        pixels = np.asarray(image)
    if pixels.ndim != 2:
        raise NotAnImage("it holds colours where numbers per pixel are needed")
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


def orientation_of(image: Image.Image, chunks: PngChunks | None) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it is damaged."""
    try:
        if chunks is None:
            exif = image.getexif()
        elif chunks.exif:
            exif = Image.Exif()
            exif.load(chunks.exif)
        elif chunks.raw_profile:
            exif = image.getexif()
        else:
            return 1
        found = exif.get(0x0112, 1)
    except DAMAGE:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _opened(
    stream: BinaryIO, *, check: bool = True
) -> tuple[Image.Image, PngChunks | None]:
    """Open lazily, and without Pillow's limit on pixels: ours is checked instead."""
    # Damaged tags are worth no warning to anybody; damaged pixels raise.
    warnings.filterwarnings("ignore", module=r"PIL\..*")
    start = stream.read(512)
    if not start:
        raise NotAnImage(why_not_an_image(start))
    if start.startswith(PNG_SIGNATURE):
        chunks = read_png_chunks(stream, check=False)
        if check and chunks.bit_depth == 16:
            chunks = read_png_chunks(stream, check=True)
    else:
        chunks = None
    Image.preinit()
    for name in _FORMATS:
        if name not in Image.OPEN:
            Image.init()
        if name not in Image.OPEN:
            continue  # a Pillow built without that format
        factory, accept = Image.OPEN[name]
        if accept is None or accept(start) is not True:
            continue
        image = _made(factory, stream)
        if image is not None:
            return image, chunks
    raise NotAnImage(why_not_an_image(start))


def _made(factory: Callable[..., object], stream: BinaryIO) -> Image.Image | None:
    stream.seek(0)
    try:
        image = factory(stream, None)
    except _BOMB as error:
        raise NotAnImage(_damage_in_words(error)) from error
    except DAMAGE:
        return None
    return image if isinstance(image, Image.Image) else None


def _seek(image: Image.Image, page: int) -> int:
    """Go to the page; return how many there are."""
    try:
        pages = int(getattr(image, "n_frames", 1))
        if page >= pages:
            raise NotAnImage(f"it has no page {page + 1}, only {pages}")
        if page:
            image.seek(page)
    except DAMAGE as error:
        raise NotAnImage(_damage_in_words(error)) from error
    return pages


def _pixels_of(image: Image.Image) -> tuple[NDArray[Any], Alpha, tuple[str, ...]]:
    image, notes = _plain(image)
    pixels = np.asarray(image)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    alpha: Alpha = "straight" if image.mode in ("LA", "RGBA") else "none"
    return pixels, alpha, notes


def _plain(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the image in one of the modes 1, L, LA, RGB, RGBA, I, I;16, F."""
    mode = image.mode
    if mode in ("P", "PA"):
        see_through = mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if see_through else "RGB"), ()
    if mode in ("1", "L", "RGB") and "transparency" in image.info:
        return image.convert("RGBA"), ()
    if mode in ("CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
        return _to_srgb(image)
    if mode == "RGB" and image.info.get("icc_profile"):
        return _to_srgb(image)
    return image, ()


def _to_srgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert with the image's colour profile; without one, by plain formulas."""
    profile = image.info.get("icc_profile")
    plain = image if image.mode == "RGB" else image.convert("RGB")
    what = "" if image.mode == "RGB" else f"{image.mode} "
    unprofiled = (f"{what}converted to RGB without a colour profile",) if what else ()
    if not profile:
        return plain, unprofiled
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        title = ImageCms.getProfileDescription(source).strip()
        if image.mode == "RGB" and "srgb" in title.lower():
            return image, ()
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain, (*unprofiled, "its colour profile is damaged and was not used")
    if converted is None:
        return plain, unprofiled
    return converted, (f"{what}colours converted from {title!r} to sRGB",)


def _read_deep_png(data: bytes) -> tuple[NDArray[Any], Alpha]:
    # Pillow would silently reduce 16-bit colours to 8.
    import cv2

    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise NotAnImage("its pixels are damaged") from error
    if decoded is None:
        raise NotAnImage("its pixels are damaged or incomplete")
    if decoded.ndim == 2 or decoded.shape[2] == 1:
        return decoded.reshape(decoded.shape[:2]), "none"
    if decoded.shape[2] == 4:
        return decoded[..., [2, 1, 0, 3]], "straight"
    return np.ascontiguousarray(decoded[..., ::-1]), "none"


def _damage_in_words(error: BaseException) -> str:
    text = str(error).lower()
    if "trunc" in text or "not enough" in text or isinstance(error, EOFError):
        return "it is incomplete (the file ends before the image does)"
    if isinstance(error, _BOMB):
        return "its header asks for an unbelievable number of pixels"
    return f"its pixels are damaged ({error})" if text else "its pixels are damaged"
