"""The neighbours of the shown image, encoded while nothing else is to be done."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Slot

from seggui.core.ports import Report
from seggui.errors import SegguiError, Unreadable
from seggui.files.images import probe_image, split_page
from seggui.files.project import Project
from seggui.gui.background import Background, Job
from seggui.gui.engine_link import EngineLink
from seggui.jobs.messages import Encoded, Failed

REST_MS = 600
"""How long nothing is asked before a neighbour is begun."""
_MOST_PIXELS = 60_000_000
"""Larger neighbours are not read ahead: they would take too much memory."""
_REMEMBERED = 64

Read = tuple[str, NDArray[np.uint8]]


class EncodingAhead(QObject):
    """Encodes the next and then the previous image of the list, one at a time.

    Whatever is asked meanwhile goes first. A neighbour that cannot be read or encoded
    is no news: it is told when it is shown.
    """

    def __init__(
        self,
        link: EngineLink,
        background: Background,
        wished: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._link = link
        self._background = background
        self._wished = wished
        self._project: Project | None = None
        self._model_id = ""
        self._shown_ticket = 0
        self._waiting: list[str] = []
        self._ready: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Name and model of what was encoded lately."""
        self._job: Job | None = None
        self._name = ""
        self._key = ""
        self._ticket = 0
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._begin_next)
        link.encoded.connect(self._encoded)
        link.failed.connect(self._failed)
        link.candidates_ready.connect(self._busy)
        link.answers_ready.connect(self._busy)

    def show(self, project: Project, name: str, key: str, model_id: str) -> None:
        """Encode the image that is shown now, and its neighbours after it."""
        if name == self._name and model_id == self._model_id and self._ticket:
            # It is just being encoded: that goes on, for the window now.
            self._put_away()
        self.stop()
        if project is not self._project:
            self._ready.clear()
        self._project, self._model_id = project, model_id
        self._shown_ticket = self._link.encode(key, model_id)
        self._remember(name)
        names = [row.name for row in project.images]
        at = names.index(name) if name in names else -1
        near = [*names[at + 1 : at + 2], *names[max(at - 1, 0) : max(at, 0)]]
        self._waiting = [n for n in near if (n, model_id) not in self._ready]

    def pause(self) -> None:
        """Begin nothing more until another image is shown."""
        self._rest.stop()
        self._waiting.clear()

    def stop(self) -> None:
        """Begin nothing more, and end what is under way."""
        self.pause()
        self._shown_ticket = 0
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._ticket:
            self._link.cancel(self._ticket)
            self._put_away()

    @Slot()
    def _busy(self) -> None:
        if self._rest.isActive():
            self._rest.start()

    @Slot(object)
    def _encoded(self, reply: Encoded) -> None:
        if reply.ticket == self._shown_ticket:
            self._shown_ticket = 0
            self._rest.start()
        elif reply.ticket == self._ticket:
            self._remember(self._name)
            self._put_away()
            self._rest.start()

    @Slot(object)
    def _failed(self, reply: Failed) -> None:
        if reply.ticket in (self._shown_ticket, self._ticket):
            # What fails on one image may well fail on the next.
            self.stop()

    def _begin_next(self) -> None:
        project = self._project
        if not self._waiting or not self._wished() or project is None:
            return
        name = self._waiting.pop(0)

        self._job = self._background.start(
            "ahead",
            lambda report: _read(project, name, report),
            lambda read: self._encode(name, *read),
            self._unread,
        )

    def _unread(self, _: SegguiError) -> None:
        self._job = None
        self._rest.start()

    def _encode(self, name: str, key: str, image_hwc: NDArray[np.uint8]) -> None:
        self._job = None
        self._name, self._key = name, key
        self._link.open_image(key, image_hwc)
        self._ticket = self._link.encode(key, self._model_id, ahead=True)

    def _put_away(self) -> None:
        self._link.close_image(self._key)
        self._ticket = 0

    def _remember(self, name: str) -> None:
        self._ready[name, self._model_id] = None
        self._ready.move_to_end((name, self._model_id))
        while len(self._ready) > _REMEMBERED:
            self._ready.popitem(last=False)


def _read(project: Project, name: str, report: Report) -> Read:
    """The key and the pixels of an image as they are when it is shown."""
    path, page = project.path_of(name), split_page(name)[1]
    header = probe_image(path, page)
    if header.width * header.height > _MOST_PIXELS:
        raise Unreadable(path, "it is too large to be read ahead")
    report(0, 1, name)
    loaded = project.read_pixels(name)
    report(0, 1, name)
    return f"{loaded.digest}#{loaded.page}", loaded.display_hwc()
