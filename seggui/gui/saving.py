"""Saving: soon after each edit, on a lane, and before anything is left behind.

Every edit is in the journal at once; what is written here is the document's file.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from seggui.errors import SegguiError
from seggui.files.open_document import ChangedOnDisk, OpenDocument, SaveJob
from seggui.files.settings import Settings
from seggui.gui.background import Background

SYNC_MS = 1000


def _nothing(*_: object) -> None:
    """Nobody waits for it."""


class Saving(QObject):
    """Writes the open document when it should be, and says how that went."""

    changed = Signal()
    failed = Signal(str)
    changed_on_disk = Signal(str)
    """The file was changed by another program; the sentence asks what to do."""

    def __init__(
        self, background: Background, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._settings = settings
        self._opened: OpenDocument | None = None
        self._running = 0
        self._refused = ""
        self._sync = QTimer(self)
        self._sync.setSingleShot(True)
        self._sync.setInterval(SYNC_MS)
        self._sync.timeout.connect(self._sync_journal)
        self._auto = QTimer(self)
        self._auto.setSingleShot(True)
        self._auto.timeout.connect(self._autosave)

    @property
    def under_way(self) -> bool:
        return self._running > 0

    def watch(self, opened: OpenDocument | None) -> None:
        """Look after another document from now on."""
        self._sync.stop()
        self._auto.stop()
        self._opened = opened
        self._refused = ""

    def edited(self) -> None:
        """The document changed: it will be saved when the hand rests."""
        if not self._sync.isActive():
            self._sync.start()
        if self._settings.value("autosave"):
            self._auto.start(int(float(self._settings.value("autosave_s")) * 1000))

    def save(
        self,
        then: Callable[[], None] = _nothing,
        *,
        overwrite: bool = False,
        otherwise: Callable[[], None] = _nothing,
    ) -> None:
        """Write the document on a lane, then call back; failures are told.

        ``then`` is called when all is on disk, ``otherwise`` when it could not be
        put there.
        """
        opened = self._opened
        if opened is None or not opened.unsaved:
            then()
            return
        try:
            job = opened.begin_save(overwrite=overwrite)
        except SegguiError as error:
            self._tell(error)
            otherwise()
            return
        self._running += 1
        self.changed.emit()

        def done(digest: str) -> None:
            self._running -= 1
            self._finish(opened, job, digest)
            then()

        def failed(error: SegguiError) -> None:
            self._running -= 1
            self._tell(error)
            self.changed.emit()
            otherwise()

        self._background.start("disk", lambda _report: job.run(), done, failed)

    def save_now(self) -> bool:
        """Write the document before returning; False when that failed."""
        self._auto.stop()
        opened = self._opened
        if opened is None or not opened.unsaved:
            return True
        try:
            opened.save()
        except SegguiError as error:
            self._tell(error)
            return False
        self.changed.emit()
        return True

    def _finish(self, opened: OpenDocument, job: SaveJob, digest: str) -> None:
        try:
            opened.saved(job, digest)
        except SegguiError as error:
            self._tell(error)
        self._refused = ""
        self.changed.emit()

    def _autosave(self) -> None:
        # A file that changed on disk is asked about once, not at every autosave.
        if not self._refused:
            self.save()

    def _sync_journal(self) -> None:
        opened = self._opened
        if opened is not None:
            # On a lane: a busy disk may take seconds, and the brush goes on.
            self._background.start(
                "disk", lambda _report: opened.sync(), _nothing, self._tell
            )

    def _tell(self, error: SegguiError) -> None:
        if isinstance(error, ChangedOnDisk):
            self._refused = str(error)
            self.changed_on_disk.emit(str(error))
        else:
            self.failed.emit(str(error))
