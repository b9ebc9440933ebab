"""What a file is by its first bytes, and the little we read from it ourselves."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO, Literal

Kind = Literal["tiff", "png", "other"]
Alpha = Literal["none", "straight", "premultiplied"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# What people give by mistake: the first bytes, and what they look like.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "it is not an image (looks like HTML)"),
    (b"<html", "it is not an image (looks like HTML)"),
    (b"<?xml", "it is not an image of pixels (looks like XML or SVG)"),
    (b"<svg", "it is not an image of pixels (looks like SVG)"),
    (b"%pdf", "it is not an image (looks like PDF)"),
    (b"pk\x03\x04", "it is not an image (looks like a ZIP archive)"),
    (b"version https://git-lfs", "only its Git LFS pointer is here, not the image"),
)
_TEXT = frozenset(range(32, 127)) | {9, 10, 13}


class NotAnImage(Exception):
    """The reason, in words, why bytes are no image we can read."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What is known of an image before it is decoded.

    ``width`` and ``height`` are as shown, the orientation applied.
    """

    width: int
    height: int
    orientation: int
    """The EXIF orientation, 1 to 8."""
    pages: int
    format: str
    bytes_per_pixel: int


def kind_of(start: bytes) -> Kind:
    """Which reader a file needs, by its first bytes and whatever its name."""
    if start.startswith(_TIFF) and start[128:132] != b"DICM":
        return "tiff"
    return "png" if start.startswith(PNG_SIGNATURE) else "other"


def why_not_an_image(start: bytes) -> str:
    """Say what bytes are that no reader knows."""
    if not start:
        return "the file is empty"
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for prefix, words in _FOREIGN:
        if lowered.startswith(prefix):
            return words
    if start[128:132] == b"DICM":
        return "it is a DICOM file, a kind that cannot be read yet"
    if all(byte in _TEXT for byte in start[:64]):
        return "it is not an image (looks like text)"
    if not any(start):
        return "it is not an image (it starts with zeros only)"
    return "it is not an image of a known kind, or its beginning is damaged"


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height once the orientation is applied."""
    return (height, width) if orientation >= 5 else (width, height)


@dataclass(frozen=True, slots=True)
class PngChunks:
    """What the chunks of a PNG say beyond its pixels."""

    bit_depth: int
    exif: bytes
    """The content of the eXIf chunk; empty where there is none."""
    raw_profile: bool
    """Whether ImageMagick's old way of storing EXIF as text is used."""


def read_png_chunks(stream: BinaryIO, *, check: bool) -> PngChunks:
    """Walk over the chunks of a PNG; with ``check``, read and verify all of them.

    Raises ``NotAnImage`` when the file ends too early or a checksum is wrong.
    (PNG specification, third edition, section 5.)
    """
    stream.seek(0, 2)
    size = stream.tell()
    stream.seek(len(PNG_SIGNATURE))
    depth, exif, raw_profile = 0, b"", False
    while True:
        at = stream.tell()
        head = stream.read(8)
        if len(head) < 8:
            raise NotAnImage(f"it is incomplete (it ends after {size:,} bytes)")
        length, name = struct.unpack(">I4s", head)
        if at + 12 + length > size:
            raise NotAnImage(
                f"it is incomplete ({size:,} of at least {at + 12 + length:,} bytes)"
            )
        wanted = check or name in (b"IHDR", b"eXIf", b"tEXt", b"zTXt", b"iTXt")
        data = stream.read(length) if wanted else b""
        if check:
            (told,) = struct.unpack(">I", stream.read(4))
            if told != zlib.crc32(data, zlib.crc32(name)):
                raise NotAnImage(f"it is damaged (a wrong checksum at byte {at:,})")
        stream.seek(at + 12 + length)
        if name == b"IHDR" and length >= 13:
            depth = data[8]
        elif name == b"eXIf":
            exif = data
        elif data.startswith(b"Raw profile type exif\0"):
            raw_profile = True
        elif name == b"IEND":
            return PngChunks(depth, exif, raw_profile)
