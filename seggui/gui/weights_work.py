"""Fetching, checking and removing the weights of models, one at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from seggui.core.ports import ModelInfo, Report, WeightsFile
from seggui.errors import SegguiError
from seggui.files import model_store
from seggui.files.atomic import size_in_words
from seggui.files.model_store import models_folder, size_text, state_of
from seggui.gui.background import Job
from seggui.gui.dialogs.download import DownloadDialog
from seggui.gui.panels.batch_bar import BatchRow
from seggui.gui.session import Session

_WINDOW_S = 8.0
"""Over how long the rate of a download is taken."""
_LANE = "download"


class Pace:
    """How fast bytes arrive, and how long the rest will take."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, done: int, now_s: float) -> None:
        """Say how many bytes are there at that time."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # another file, or the same one from the start
        self._seen.append((now_s, done))
        while now_s - self._seen[0][0] > _WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Bytes a second; 0 while it is not known."""
        if len(self._seen) < 2:
            return 0.0
        (began_s, first), (now_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now_s - began_s) if now_s > began_s else 0.0

    def left_s(self, total: int) -> float | None:
        """Seconds until the total is reached; None while that is not known."""
        if not total or not self._seen or self.rate <= 0:
            return None
        return (total - self._seen[-1][1]) / self.rate


def fetching_row(done: int, total: int, what: str, pace: Pace) -> BatchRow:
    """How far a download or a check is, short enough for a narrow panel."""
    counts = size_in_words(done)
    if total:
        whole = size_in_words(total)
        number, unit = counts.split(" ")
        # "9.0 of 13.1 MB", but "900.0 kB of 13.1 MB".
        counts = f"{number if whole.endswith(f' {unit}') else counts} of {whole}"
    if pace.rate > 0:
        counts = f"{counts} · {size_in_words(round(pace.rate))}/s"
    first = what.partition(" ")[0]
    known = {"Downloading": "", "Checking": "Checking"}
    # A progress bar of Qt counts up to 2 ** 31.
    return BatchRow(
        known.get(first, "Another window"),
        done // 1000,
        total // 1000,
        pace.left_s(total),
        counts,
        what,
    )


class WeightsWork(QObject):
    """Asks, then works in the background; says what came of it."""

    changed = Signal()
    """Something else is in the model folder now."""
    came = Signal(object)
    """The ``ModelInfo`` whose weights have just arrived."""
    progressed = Signal(object)
    """A ``BatchRow``; None when nothing is under way."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a download or a check is under way."""
        return self._job is not None

    def cancel(self) -> None:
        """Stop what is under way; what has arrived stays for the next time."""
        if self._job is not None:
            self._job.cancel()

    def download(self, info: ModelInfo) -> None:
        """Fetch the weights, after asking."""
        weights = info.weights
        if weights is None or self._told_busy():
            return
        resumed = state_of(weights) == "partly downloaded"
        if resumed or not self._session.settings.value("ask_before_download"):
            self._fetch(info)
            return
        dialog = DownloadDialog(info, models_folder(), self._window)
        dialog.download_wished.connect(self._fetch)
        dialog.open()

    def verify(self, info: ModelInfo) -> None:
        """Compare the files with what is stated for them."""
        weights = info.weights
        if weights is None or self._told_busy():
            return

        def done(_: object) -> None:
            known = weights.sha256 or weights.md5
            found = "what is stated for them" if known else "as they were downloaded"
            self._session.say(f"The weights of {info.title} are {found}.")

        self._start(
            weights, lambda report: model_store.verify_all(weights, report), done
        )

    def remove(self, info: ModelInfo) -> None:
        """Delete the weights, after asking."""
        weights = info.weights
        if weights is None or self._told_busy():
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove weights")
        box.setText(f"Remove the weights of {info.title} from this machine?")
        box.setInformativeText(
            f"{weights.name} ({size_text(weights)}) is deleted. It can be downloaded "
            "again; segments that the model made stay."
        )
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        remove.clicked.connect(lambda: self._remove(info, weights))
        box.open()

    def _remove(self, info: ModelInfo, weights: WeightsFile) -> None:
        try:
            model_store.remove(weights)
        except SegguiError as error:
            self._session.say(str(error), "error")
        else:
            self._session.say(f"The weights of {info.title} were removed.")
        self.changed.emit()

    def _fetch(self, info: ModelInfo) -> None:
        weights = info.weights
        if weights is None or self._told_busy():
            return

        def done(_: object) -> None:
            self._session.say(f"The weights of {info.title} are here.")
            self.came.emit(info)

        self._start(weights, lambda report: model_store.download(weights, report), done)

    def _told_busy(self) -> bool:
        if self.busy:
            self._session.say(
                "Another download or check is under way; try again after it, or "
                "cancel it in the Models panel.",
                "warning",
            )
        return self.busy

    def _start(
        self,
        weights: WeightsFile,
        work: Callable[[Report], object],
        on_done: Callable[[object], None],
    ) -> None:
        session, pace = self._session, Pace()
        session.working(_LANE, f"Weights {weights.name}")
        self.progressed.emit(BatchRow("", 0, 0, text="Connecting", tip=weights.url))

        def end() -> None:
            self._job = None
            session.working(_LANE, "")
            self.progressed.emit(None)
            self.changed.emit()

        def done(result: object) -> None:
            end()
            on_done(result)

        def failed(error: SegguiError) -> None:
            end()
            session.say(str(error), "error")

        def progress(count: int, total: int, what: str) -> None:
            pace.note(count, time.monotonic())
            self.progressed.emit(fetching_row(count, total, what, pace))

        self._job = session.background.start(_LANE, work, done, failed, progress, end)
