"""Images in shared memory: copied once, read by the worker processes in place.

On Linux the memory has no name that could be left behind: it is a memfd of the owner,
which the other side opens through ``/proc``. It ends with the last process that has it
open, also after ``kill -9`` of either side, and does not depend on the size of
``/dev/shm``, which containers keep at 64 MB. Elsewhere it is a named block of
``multiprocessing.shared_memory``, and the reader copies.
"""

from __future__ import annotations

import mmap
import os
import secrets
import sys
import threading
from collections import OrderedDict
from multiprocessing import shared_memory
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seggui.errors import SegguiError
from seggui.jobs.messages import SharedImage

Pixels = NDArray[np.uint8]

_MEMFD = "memfd"
_MOST_ATTACHED = 4


class _Block(Protocol):
    """Memory that another process can open by its name."""

    @property
    def name(self) -> str: ...

    def close(self) -> None: ...


class _Memfd:
    """Anonymous memory of this process; gone when nobody has it open."""

    def __init__(self, pixels: Pixels) -> None:
        token = secrets.token_hex(8)
        self._fd = os.memfd_create(f"seggui-{token}")
        self.name = f"{_MEMFD}:{os.getpid()}:{self._fd}:{token}"
        try:
            os.ftruncate(self._fd, pixels.nbytes)
            # Without this, memory that is not there shows as SIGBUS while writing.
            os.posix_fallocate(self._fd, 0, pixels.nbytes)
            _fill(mmap.mmap(self._fd, pixels.nbytes), pixels)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        os.close(self._fd)


class _Named:
    """A named block; the standard library removes it when the owner is killed."""

    def __init__(self, pixels: Pixels) -> None:
        self._memory = shared_memory.SharedMemory(create=True, size=pixels.nbytes)
        self.name = self._memory.name
        target = np.ndarray(pixels.shape, np.uint8, self._memory.buf)
        np.copyto(target, pixels)
        del target

    def close(self) -> None:
        self._memory.close()
        self._memory.unlink()


def _fill(memory: mmap.mmap, pixels: Pixels) -> None:
    target = np.frombuffer(memory, np.uint8).reshape(pixels.shape)
    np.copyto(target, pixels)
    # A mapping with an array on it refuses to close.
    del target
    memory.close()


def _new_block(pixels: Pixels) -> _Block:
    return _Memfd(pixels) if sys.platform == "linux" else _Named(pixels)


class SharedImages:
    """The owner's side: which images lie in shared memory. Safe to use from threads.

    ``share`` copies all pixels, so it belongs on a worker thread. An image that is
    shared twice is dropped at the second ``drop``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: dict[str, tuple[SharedImage, _Block]] = {}
        self._uses: dict[str, int] = {}

    def share(self, key: str, image_hwc: Pixels) -> SharedImage:
        """Copy an RGB image, axes (y, x, 3), to where workers can read it.

        Raises ``SegguiError`` when there is no room for it.
        """
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or not image_hwc.size:
            raise ValueError(f"an RGB image has axes (y, x, 3), got {image_hwc.shape}")
        with self._lock:
            if key not in self._blocks:
                height, width = image_hwc.shape[:2]
                block = _block_or_sentence(image_hwc)
                shared = SharedImage(key, block.name, height, width)
                self._blocks[key] = (shared, block)
            self._uses[key] = self._uses.get(key, 0) + 1
            return self._blocks[key][0]

    def get(self, key: str) -> SharedImage:
        """Where the image lies; raises ``SegguiError`` when it is not open."""
        with self._lock:
            found = self._blocks.get(key)
        if found is None:
            raise SegguiError("The image is not open any more; open it again.")
        return found[0]

    def drop(self, key: str) -> bool:
        """Give the memory back; returns whether this was the last use of it."""
        with self._lock:
            if key not in self._uses:
                return False
            self._uses[key] -= 1
            if self._uses[key] > 0:
                return False
            del self._uses[key]
            _, block = self._blocks.pop(key)
        block.close()
        return True

    def close(self) -> None:
        with self._lock:
            blocks = [block for _, block in self._blocks.values()]
            self._blocks.clear()
            self._uses.clear()
        for block in blocks:
            block.close()


def _block_or_sentence(pixels: Pixels) -> _Block:
    try:
        return _new_block(pixels)
    except (OSError, MemoryError) as error:
        height, width = pixels.shape[:2]
        reason = getattr(error, "strerror", None) or "out of memory"
        raise SegguiError(
            f"The image of {width} x {height} pixels does not fit into shared memory "
            f"({pixels.nbytes / 1e6:.0f} MB): {reason}. Your work is untouched; close "
            "other programs or use a smaller image, then try again."
        ) from error


class AttachedImages:
    """The reader's side: images that another process shares, the last few of them."""

    def __init__(self) -> None:
        self._images: OrderedDict[str, tuple[str, Pixels]] = OrderedDict()

    def get(self, shared: SharedImage) -> Pixels:
        """Return the pixels, read-only; axes (y, x, 3).

        Raises ``SegguiError`` when the owner has dropped them.
        """
        known = self._images.get(shared.key)
        if known is None or known[0] != shared.memory:
            self._images[shared.key] = (shared.memory, attach(shared))
        self._images.move_to_end(shared.key)
        while len(self._images) > _MOST_ATTACHED:
            self._images.popitem(last=False)
        return self._images[shared.key][1]

    def forget(self, key: str) -> None:
        self._images.pop(key, None)


def attach(shared: SharedImage) -> Pixels:
    """Return the pixels of a shared image, read-only; axes (y, x, 3).

    The memory stays until the array and all views of it are gone. Raises
    ``SegguiError`` when the owner has dropped it.
    """
    shape = (shared.height, shared.width, 3)
    try:
        if shared.memory.startswith(f"{_MEMFD}:"):
            return _attach_memfd(shared.memory, shape)
        return _copy_named(shared.memory, shape)
    except (OSError, ValueError) as error:
        raise SegguiError(
            "The image was closed before its turn came; nothing was done to it."
        ) from error


def _attach_memfd(name: str, shape: tuple[int, int, int]) -> Pixels:
    _, pid, number, token = name.split(":")
    path = Path("/proc", pid, "fd", number)
    fd = os.open(path, os.O_RDONLY)
    try:
        # The number may belong to another file by now.
        if token not in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise FileNotFoundError(name)
        size = shape[0] * shape[1] * shape[2]
        memory = mmap.mmap(fd, size, access=mmap.ACCESS_READ)
    finally:
        os.close(fd)
    return np.frombuffer(memory, np.uint8).reshape(shape)


def _copy_named(name: str, shape: tuple[int, int, int]) -> Pixels:
    memory = shared_memory.SharedMemory(name)
    try:
        pixels = np.ndarray(shape, np.uint8, memory.buf).copy()
    finally:
        memory.close()
    pixels.flags.writeable = False
    return pixels
