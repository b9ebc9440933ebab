"""Hands and eyes of the tour: real mouse and key events, and pictures."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from seggui.errors import SegguiError
from seggui.files.atomic import write_whole
from seggui.gui.pictures import png_of
from seggui.gui.window import MainWindow

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


class TourFailed(SegguiError):
    """A step of the tour did not come to its end."""


class Hands:
    """On one window; pictures go into a folder, in their order."""

    def __init__(self, window: MainWindow, out: Path) -> None:
        self.window = window
        self.session = window.session
        self.out = out
        self._number = 0

    # -- hands ------------------------------------------------------------------------

    def click_at(self, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
        """Click the middle of an image pixel."""
        QTest.mouseClick(
            self.window.canvas,
            button,
            Qt.KeyboardModifier.NoModifier,
            self._at(x, y),
        )

    def drag(
        self,
        points_xy: Sequence[tuple[float, float]],
        button: Qt.MouseButton = LEFT,
        keys: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        """Press at the first image point, move through the others, release."""
        canvas = self.window.canvas
        QTest.mousePress(canvas, button, keys, self._at(*points_xy[0]))
        for start, end in itertools.pairwise(points_xy):
            for part in range(1, 7):
                x = start[0] + (end[0] - start[0]) * part / 6
                y = start[1] + (end[1] - start[1]) * part / 6
                place = QPointF(self._at(x, y))
                moved = QMouseEvent(
                    QEvent.Type.MouseMove,
                    place,
                    canvas.mapToGlobal(place),
                    Qt.MouseButton.NoButton,
                    button,
                    keys,
                )
                QApplication.sendEvent(canvas, moved)
                self.settle(5)
        QTest.mouseRelease(canvas, button, keys, self._at(*points_xy[-1]))
        self.settle()

    def key(self, key: Qt.Key) -> None:
        self.window.canvas.setFocus()
        QTest.keyClick(self.window.canvas, key)
        self.settle(20)

    def wheel(self, at: QPointF, angle: int) -> None:
        canvas = self.window.canvas
        event = QWheelEvent(
            at,
            QPointF(canvas.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(canvas, event)

    def show(self, name: str) -> None:
        self.session.show_image(name)
        self.wait(lambda: self.shown == name, f"opening {name}")

    @property
    def shown(self) -> str:
        """The name of the image that is shown."""
        return self.session.image.name if self.session.image else ""

    # -- eyes -------------------------------------------------------------------------

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Keep a picture of the window, or of one of its dialogs, as it is."""
        self.settle(150)
        self._number += 1
        path = self.out / f"{self._number:02}-{name}.png"
        write_whole(path, png_of(widget or self.window))

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Let the window work until that is true."""
        end_s = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end_s:
                raise TourFailed(f"The tour waited {seconds:.0f} s for {what} in vain.")
            self.settle(10)

    def wait_candidates(self) -> None:
        self.wait(
            lambda: (
                bool(self.session.candidates) and not self.session.conversation.waiting
            ),
            "the mask",
        )

    def wait_thumbnails(self) -> None:
        self.settle(800)

    def settle(self, milliseconds: int = 60) -> None:
        """Let events come for a while.

        Not ``QTest.qWait``: it keeps Python's lock, so the lanes would starve.
        """
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def expect(self, true: bool, what: str) -> None:
        if not true:
            raise TourFailed(f"The tour expected that {what}; it is not so.")

    def _at(self, x: float, y: float) -> QPoint:
        return self.window.canvas.widget_point(x + 0.5, y + 0.5).toPoint()
