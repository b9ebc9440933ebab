"""A whole folder encoded in the background, so that every image is ready for clicks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from seggui.core.ports import Report
from seggui.errors import SegguiError
from seggui.files.encodings import own_folder
from seggui.files.project import Project
from seggui.gui.background import Background
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import FolderWork, lending
from seggui.jobs.batch import encoding
from seggui.jobs.messages import Encoded, Failed


@dataclass(frozen=True, slots=True)
class _Wish:
    project: Project
    names: tuple[str, ...]
    model_id: str
    title: str


class FolderEncoding(QObject):
    """Encodes the images of a folder that the cache on the disk does not hold yet.

    The shown image goes first: its encoding says how much room each one needs.
    """

    said = Signal(str, str)

    def __init__(
        self,
        link: EngineLink,
        background: Background,
        folder_work: FolderWork,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._link = link
        self._background = background
        self._folder_work = folder_work
        self._ticket = 0
        self._wish: _Wish | None = None
        link.encoded.connect(self._encoded)
        link.failed.connect(self._failed)

    def encode(
        self,
        project: Project,
        names: Sequence[str],
        shown_key: str,
        model_id: str,
        title: str,
    ) -> None:
        """Encode these images with a model; ``title`` is what people call it."""
        self.stop()
        self._wish = _Wish(project, tuple(names), model_id, title)
        self._ticket = self._link.encode(shown_key, model_id)

    def show(self, key: str) -> None:
        """Another image is shown: what was wished begins with it."""
        if self._ticket and self._wish is not None:
            self._link.cancel(self._ticket)
            self._ticket = self._link.encode(key, self._wish.model_id)

    def stop(self) -> None:
        """Forget what was wished and is not begun yet."""
        if self._ticket:
            self._link.cancel(self._ticket)
        self._ticket, self._wish = 0, None

    @Slot(object)
    def _encoded(self, reply: Encoded) -> None:
        wish = self._wish
        if reply.ticket != self._ticket or wish is None:
            return
        self._ticket = 0
        if reply.note:
            self._refuse(SegguiError(reply.note))
            return
        # Looking how full the cache is waits for the disk.
        self._background.start(
            "disk",
            lambda _: own_folder().check_room(
                len(wish.names), reply.bytes_on_disk, wish.title
            ),
            lambda _: self._begin(wish),
            self._refuse,
        )

    @Slot(object)
    def _failed(self, reply: Failed) -> None:
        if reply.ticket == self._ticket:
            self._ticket = 0
            self._refuse(SegguiError(reply.text))

    def _refuse(self, error: SegguiError) -> None:
        self._wish = None
        self.said.emit(str(error), "warning")

    def _begin(self, wish: _Wish) -> None:
        if wish is not self._wish:
            return
        self._wish = None
        place = replace(
            lending(self._link.engine, self._link, wish.project), read=_reader(wish)
        )
        work = encoding(place, wish.model_id)

        def compute(name: str, report: Report) -> None:
            work(name, report)

        label = f"Encoded by {wish.title}"
        if not self._folder_work.start(label, wish.names, compute):
            self.said.emit(
                "Other folder work is still running; try again after it.", "warning"
            )


def _reader(wish: _Wish) -> Callable[[str], tuple[str, NDArray[np.uint8]]]:
    def read(name: str) -> tuple[str, NDArray[np.uint8]]:
        loaded = wish.project.read_pixels(name)
        # The key under which the window will ask for it.
        return f"{loaded.digest}#{loaded.page}", loaded.display_hwc()

    return read
