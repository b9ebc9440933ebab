"""When the program itself is wrong: rescue the work, write a report, say so.

The hooks run on whatever thread the exception came from, so they touch no widget:
what happened goes through a queued signal to the window's thread. A native crash is
written by ``faulthandler`` and told at the next start.
"""

from __future__ import annotations

import faulthandler
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
    qVersion,
)
from PySide6.QtWidgets import QWidget

from seggui import __version__
from seggui.errors import Cancelled, SegguiError
from seggui.files.atomic import make_folder, write_whole
from seggui.gui.dialogs.crash_report import CrashDialog, CrashReport

log = logging.getLogger(__name__)

_REPORTS_KEPT = 20
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

Rescue = Callable[[], object]
"""Puts all work on disk; may return a sentence that says where it is."""


class CrashGuard(QObject):
    """Hooks itself into everything that can raise; undoes it again."""

    crashed = Signal(object)
    """A ``CrashReport``; on the window's thread, after the work was rescued."""
    said = Signal(str, str)
    """A ``SegguiError`` that nobody caught: it is for people, not a crash."""

    _caught = Signal(str, str)
    _sentence = Signal(str)

    def __init__(
        self, folder: Path, rescue: Rescue, window: QWidget | None = None
    ) -> None:
        super().__init__(window)
        self._folder = folder
        self._rescue = rescue
        self._window = window
        self._native: IO[str] | None = None
        self._seen: set[str] = set()
        self._rescuing = False
        self._hooks: tuple[object, ...] = ()
        self.last_crash = ""
        """What a native crash of the last start left behind; empty when none did."""
        queued = Qt.ConnectionType.QueuedConnection
        self._caught.connect(self._handle, queued)
        self._sentence.connect(self._tell, queued)

    def install(self) -> None:
        """Take over the hooks of the interpreter and of Qt."""
        self.last_crash = self._open_native_log()
        before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        handler = qInstallMessageHandler(self._qt_message)
        self._hooks = (*before, handler)
        sys.excepthook = self._exception
        threading.excepthook = lambda args: self._exception(
            args.exc_type, args.exc_value, args.exc_traceback
        )
        sys.unraisablehook = lambda what: self._exception(
            what.exc_type, what.exc_value, what.exc_traceback
        )

    def uninstall(self) -> None:
        """Give the hooks back; the log of native crashes is empty after a good end."""
        if not self._hooks:
            return
        sys.excepthook, threading.excepthook, sys.unraisablehook, handler = self._hooks  # type: ignore[assignment]
        qInstallMessageHandler(handler)  # type: ignore[arg-type]
        self._hooks = ()
        if self._native is not None:
            faulthandler.disable()
            self._native.close()
            self._native = None
            (self._folder / "native.log").unlink(missing_ok=True)

    # -- any thread ------------------------------------------------------------

    def _exception(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, (KeyboardInterrupt, SystemExit, Cancelled)):
            return
        if isinstance(error, SegguiError):
            self._sentence.emit(str(error))
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        self._caught.emit(f"{kind.__name__}: {error}", text)

    def _qt_message(
        self, kind: QtMsgType, context: QMessageLogContext, message: str
    ) -> None:
        log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)

    # -- the window's thread ---------------------------------------------------

    @Slot(str)
    def _tell(self, sentence: str) -> None:
        self.said.emit(sentence, "error")

    @Slot(str, str)
    def _handle(self, summary: str, details: str) -> None:
        log.error("%s", details)
        # The same bug in every paint event must not bury the window in dialogs.
        if details in self._seen:
            return
        self._seen.add(details)
        rescued = self._rescue_work()
        report = CrashReport(summary, described(details), self._write(details), rescued)
        self.crashed.emit(report)
        if self._window is not None:
            CrashDialog(report, self._window).open()

    def _rescue_work(self) -> str:
        if self._rescuing:
            return ""
        self._rescuing = True
        try:
            text = self._rescue()
        except Exception as error:
            log.exception("the work could not be rescued")
            return f"The last change could not be saved: {error}."
        finally:
            self._rescuing = False
        return str(text or "Your work is saved.")

    def _write(self, details: str) -> Path | None:
        stamp = f"{datetime.now():%Y%m%d-%H%M%S-%f}"
        path = self._folder / f"crash-{stamp}.txt"
        try:
            make_folder(self._folder)
            write_whole(path, described(details).encode())
            for old in sorted(self._folder.glob("crash-*.txt"))[:-_REPORTS_KEPT]:
                old.unlink(missing_ok=True)
        except (SegguiError, OSError) as error:
            log.error("the crash report could not be written: %s", error)
            return None
        return path

    def _open_native_log(self) -> str:
        """Read what a native crash left, then listen for the next."""
        path = self._folder / "native.log"
        left = ""
        try:
            make_folder(self._folder)
            if path.is_file():
                left = path.read_text(encoding="utf-8", errors="replace").strip()
            # The one file that stays open for writing: faulthandler needs it while
            # the process dies, when nothing can be opened any more.
            self._native = path.open("w", encoding="utf-8")
            faulthandler.enable(self._native)
        except (SegguiError, OSError) as error:
            log.warning("native crashes will not be logged: %s", error)
        return left


def described(details: str) -> str:
    """A report: versions first, then what happened."""
    return (
        f"seggui {__version__}, Python {platform.python_version()}, "
        f"Qt {qVersion()}, {platform.platform()}\n\n{details}"
    )
