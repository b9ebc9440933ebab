"""Small pictures, loaded off the window's thread, the newest wish first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from seggui.errors import SegguiError

Loader = Callable[[str, int], NDArray[np.uint8]]
"""``load(name, edge_px)`` returns an RGB image, axes (y, x, 3), no side over the edge;
called on a worker thread."""

KEPT = 1500
"""Pictures in memory; about 40 MB at 96 x 72 pixels."""


class Thumbnails(QObject):
    """Gives the picture of a name, or None and a signal when it is there."""

    ready = Signal(str)
    _loaded = Signal(int, str, object)

    def __init__(self, edge_px: int = 128, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._edge_px = edge_px
        self._load: Loader | None = None
        self._kept: OrderedDict[str, QPixmap | None] = OrderedDict()
        self.problems: dict[str, str] = {}
        """Why pictures could not be read, in sentences, by name."""
        self._wanted: list[str] = []
        self._under_way: set[str] = set()
        self._lock = Lock()
        self._round = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._loaded.connect(self._receive)

    def set_loader(self, load: Loader | None) -> None:
        """Use another source; what was loaded from the last one is forgotten."""
        self._pool.clear()
        with self._lock:
            self._wanted.clear()
        self._round += 1
        self._load = load
        self._kept.clear()
        self.problems.clear()
        self._under_way.clear()

    def get(self, name: str) -> QPixmap | None:
        """The picture, or None while it is loaded or when it cannot be read."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if self._load is not None and name not in self._under_way:
            self._under_way.add(name)
            with self._lock:
                self._wanted.append(name)
            self._pool.start(_Job(self, self._round, self._load))
        return None

    def forget(self, name: str) -> None:
        """Load the picture again when it is next asked for."""
        self._kept.pop(name, None)
        self.problems.pop(name, None)

    def close(self) -> None:
        """Drop what waits and let what runs come to its end."""
        self._pool.clear()
        self._pool.waitForDone(3000)

    def next_wanted(self) -> str | None:
        """The newest wish; called by the workers."""
        with self._lock:
            return self._wanted.pop() if self._wanted else None

    @property
    def edge_px(self) -> int:
        return self._edge_px

    def deliver(self, turn: int, name: str, found: object) -> None:
        """Called by the workers with pixels, or the sentence why there are none.

        The picture is made on the window's thread.
        """
        self._loaded.emit(turn, name, found)

    def _receive(self, turn: int, name: str, found: object) -> None:
        if turn != self._round:
            return
        self._under_way.discard(name)
        pixmap: QPixmap | None = None
        if isinstance(found, np.ndarray):
            pixmap = QPixmap.fromImage(qimage_of(found))
        elif isinstance(found, str):
            self.problems[name] = found
        self._kept[name] = pixmap
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(name)


class _Job(QRunnable):
    def __init__(self, owner: Thumbnails, turn: int, load: Loader) -> None:
        super().__init__()
        self._owner = owner
        self._turn = turn
        self._load = load

    def run(self) -> None:
        name = self._owner.next_wanted()
        if name is None:
            return
        found: object
        try:
            found = self._load(name, self._owner.edge_px)
        except SegguiError as error:
            found = str(error)
        self._owner.deliver(self._turn, name, found)


def qimage_of(image_hwc: NDArray[np.uint8]) -> QImage:
    """An RGB image, axes (y, x, 3), as one of Qt's that owns its pixels."""
    pixels = np.ascontiguousarray(image_hwc)
    height, width = pixels.shape[:2]
    return QImage(
        pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888
    ).copy()
