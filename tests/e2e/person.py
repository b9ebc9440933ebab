"""A person at the real window: real mouse and key events, and eyes that wait."""

import contextlib
import itertools
import time

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEYS = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

DONE = ("cells/cells_a.png", "cells/cells_b.png", "cells/cells_c.png")
UNTOUCHED = ("cells/cells_h.png", "cells/cells_j.png")
TRUTH = "cells/cells_h.png"
"""Its segments are known, but not in the copy."""

PATIENCE_S = 60.0
"""Machines that test are busy; nothing here measures time."""


def fill(disk):
    """Leave no room on a small disk."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb", 0) as stream:
        while stream.write(b"x" * 4096):
            pass


class Person:
    """Hands and eyes on one window."""

    def __init__(self, window):
        self.window = window
        self.session = window.session

    # -- hands ----------------------------------------------------------------

    def click_at(self, x, y, button=LEFT):
        """Click the middle of an image pixel."""
        QTest.mouseClick(self.window.canvas, button, NO_KEYS, self._at(x, y))

    def drag(self, *points_xy):
        canvas = self.window.canvas
        QTest.mousePress(canvas, LEFT, NO_KEYS, self._at(*points_xy[0]))
        for (x0, y0), (x1, y1) in itertools.pairwise(points_xy):
            for part in range(1, 6):
                x, y = x0 + (x1 - x0) * part / 5, y0 + (y1 - y0) * part / 5
                QTest.mouseMove(canvas, self._at(x, y))
        QTest.mouseRelease(canvas, LEFT, NO_KEYS, self._at(*points_xy[-1]))
        self.settle()

    def key(self, key, modifier=NO_KEYS):
        """Press a key while the canvas has the focus."""
        self.window.canvas.setFocus()
        QTest.keyClick(self.window.canvas, key, modifier)
        self.settle()

    def do(self, action_id):
        """Trigger an action as its menu entry would; it must be possible now."""
        self.settle()
        action = self.window.actions_by_id[action_id]
        assert action.isEnabled(), f"{action_id} cannot be done now"
        action.trigger()
        self.settle()

    # -- eyes -----------------------------------------------------------------

    def open(self, folder, show=""):
        self.session.open_folder(folder, show)
        self.wait(
            lambda: (
                self.session.image is not None
                and (not show or self.shown == show)
                and not self.session.busy.startswith("Opening")
            ),
            "the folder to open",
        )
        self.settle()

    def show(self, name):
        self.session.show_image(name)
        self.wait(lambda: self.shown == name, f"{name} to be shown")
        self.settle()

    def wait_candidates(self):
        self.wait(
            lambda: self.session.candidates and not self.session.conversation.waiting,
            "candidates",
        )
        self.settle()

    def segment(self, x, y):
        """Click an object, wait for its mask, accept it."""
        before = len(self.document.segments)
        self.click_at(x, y)
        self.wait_candidates()
        self.key(Qt.Key.Key_Return)
        assert len(self.document.segments) == before + 1
        return self.document.segments[-1]

    def wait(self, true, what, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited in vain for {what}; {self.told}"
            self.settle(10)

    def settle(self, milliseconds=20):
        """Let what is shown once per turn be shown.

        Not ``QTest.qWait``: it keeps Python's lock, so the lanes would starve.
        """
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    @property
    def shown(self):
        return self.session.image.name if self.session.image else ""

    @property
    def document(self):
        return self.session.document

    @property
    def told(self):
        """The sentences that are shown, the newest first."""
        return [notice.text for notice in self.window.notices.open]

    @property
    def journal(self):
        path = self.session.project.annotation_path(self.shown)
        return path.with_name(path.name.removesuffix(".json") + ".journal")

    @property
    def file(self):
        return self.session.project.annotation_path(self.shown)

    def _at(self, x, y):
        return self.window.canvas.widget_point(x + 0.5, y + 0.5).toPoint()
