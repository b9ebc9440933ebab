"""Small pictures for the image list, decoded quickly and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.errors import SaveFailed, Unreadable
from seggui.files import images, pillow_reader
from seggui.files.atomic import make_folder, write_whole
from seggui.files.display import to_rgb
from seggui.files.image_kinds import NotAnImage, kind_of
from seggui.files.settings import folders

MOST_CACHE_BYTES = 200 * 2**20
"""The oldest pictures are dropped above this."""

_DROP_EVERY = 500


def thumbnail(path: Path | str, page: int = 0, side: int = 160) -> NDArray[np.uint8]:
    """Return RGB, axes (y, x, 3), its longest side at most ``side``, upright.

    Raises ``Unreadable``. May be called on any thread.
    """
    kept = _kept_at(Path(path), page, side)
    small = _from_cache(kept)
    if small is None:
        small = _made(Path(path), page, side)
        # A cache that cannot be written costs time only.
        with contextlib.suppress(SaveFailed):
            _keep(kept, small)
    return small


def trim(folder: Path, most_bytes: int = MOST_CACHE_BYTES) -> int:
    """Drop the oldest pictures until the rest fits; return how many went."""
    found = []
    for path in folder.glob("*.png"):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime_ns, facts.st_size, path))
    excess, gone = sum(size for _, size, _ in found) - most_bytes, 0
    for _, size, path in sorted(found, key=lambda item: item[0]):
        if excess <= 0:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            gone += 1
        excess -= size
    return gone


def cache_folder() -> Path:
    return folders()["cache"] / "thumbnails"


def _kept_at(path: Path, page: int, side: int) -> Path | None:
    """Where the picture of this very state of the file would be kept."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    key = f"{path.absolute()}|{facts.st_size}|{facts.st_mtime_ns}|{page}|{side}"
    name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return cache_folder() / f"{name[:40]}.png"


def _from_cache(kept: Path | None) -> NDArray[np.uint8] | None:
    if kept is None:
        return None
    try:
        return images.decode_image(kept.read_bytes(), kept).display_hwc()
    except (OSError, Unreadable):
        return None


def _made(path: Path, page: int, side: int) -> NDArray[np.uint8]:
    data = images.read_bytes(path)
    if kind_of(data[:132]) == "tiff":
        full = images.decode_image(data, path, page)
        return _shrunk(full.display_hwc(), side)
    header = images.probe_image(path, page)
    if header.width * header.height > images.MOST_PIXELS:
        images.decode_image(data, path, page)  # says why it is refused
    try:
        raw = pillow_reader.read_small(data, page, side)
    except NotAnImage as error:
        raise Unreadable(path, str(error)) from error
    shown = to_rgb(raw.pixels, raw.alpha)
    return images.upright(_shrunk(shown, side), raw.orientation)


def _shrunk(shown: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = shown.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return shown
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _keep(kept: Path | None, small: NDArray[np.uint8]) -> None:
    if kept is None:
        return
    make_folder(kept.parent)
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(small).save(stream, "PNG", compress_level=1)
    write_whole(kept, stream.getvalue())
    # One name in so many starts the clean-up: no counter, no state.
    if int(kept.name[:8], 16) % _DROP_EVERY == 0:
        trim(kept.parent)
