"""A desk without a session, and a canvas that real mouse events go to."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from seggui.core.classes import Classes
from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.prompt import Prompt
from seggui.core.segment import Segment, Source
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.tools.hand import Hand

NO_KEYS = Qt.KeyboardModifier.NoModifier
_BUTTONS = {"left": Qt.MouseButton.LeftButton, "right": Qt.MouseButton.RightButton}


def picture(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def empty_document(width, height):
    return Document(ImageFacts("a.png", width, height, "sha256:0"))


def segment(mask_hw, **fields):
    return Segment(Mask.from_dense(mask_hw), 1, Source("test"), **fields)


class Desk:
    """Keeps what a tool wished for; commits like the session does."""

    def __init__(self, document):
        self.document = document
        self.selected = ()
        self.hidden = frozenset()
        self.class_id = 1
        self.options = ToolOptions(brush_px=5)
        self.prompts = ()
        self.unread = ""
        self.cycled = []
        self.image_hwc = None
        self.candidate = None
        self.read_only = False
        self.commits = []
        self.asked = []
        self.followed = []
        self.said = []
        self.changed = lambda: None

    @property
    def prompt(self):
        return self.prompts[0] if len(self.prompts) == 1 else Prompt()

    def commit(self, label, document, select=None):
        if document is self.document:
            return
        self.commits.append(label)
        self.document = document
        if select is not None:
            self.selected = tuple(select)
        self.changed()

    def ask(self, prompt):
        self.asked.append(prompt)
        self.prompts = () if prompt.empty else (prompt,)
        self.changed()

    def follow(self, prompt):
        self.followed.append(prompt)

    def ask_each(self, prompts):
        self.prompts = tuple(prompts)
        self.changed()

    def cycle_candidate(self, step=1):
        self.cycled.append(step)

    def why_not(self, part):
        return self.unread

    def select(self, ids):
        self.selected = tuple(ids)
        self.changed()

    def say(self, text, level="info"):
        self.said.append((text, level))

    def set_options(self, options):
        self.options = options


class Stand:
    """Canvas, desk and hand, wired as the window does it."""

    def __init__(self, qtbot, width=64, height=48, size=(400, 300), segments=()):
        document = replace(empty_document(width, height), segments=tuple(segments))
        self.desk = Desk(document)
        self.canvas = Canvas()
        qtbot.addWidget(self.canvas)
        self.canvas.resize(*size)
        self.desk.image_hwc = picture(width, height)
        self.canvas.set_image(self.desk.image_hwc)
        self.canvas.set_classes(Classes().added("thing").added("stuff"))
        self.hand = Hand(self.canvas, self.desk)
        self.desk.changed = self.follow
        self.follow()
        self.canvas.show()
        QApplication.processEvents()
        self._held = Qt.MouseButton.NoButton

    def follow(self):
        self.canvas.set_document(self.desk.document)
        self.canvas.set_selected(self.desk.selected)
        self.canvas.set_hidden(self.desk.hidden)
        self.canvas.set_prompts(self.desk.prompts)
        self.hand.refresh()

    def options(self, **changes):
        self.desk.options = replace(self.desk.options, **changes)

    def mask(self, index=-1):
        return self.desk.document.segments[index].mask.dense()

    # -- mouse, at image coordinates -------------------------------------------

    def _send(self, kind, x, y, button, held, keys):
        place = self.canvas.widget_point(x, y)
        # The mouse is always on a whole pixel of the screen.
        place = QPointF(int(place.x()), int(place.y()))
        event = QMouseEvent(
            kind, place, self.canvas.mapToGlobal(place), button, held, keys
        )
        QApplication.sendEvent(self.canvas, event)

    def press(self, x, y, button="left", keys=NO_KEYS):
        pressed = _BUTTONS[button]
        self._held = self._held | pressed
        kind = QEvent.Type.MouseButtonPress
        self._send(kind, x, y, pressed, self._held, keys)

    def move(self, x, y, keys=NO_KEYS):
        no = Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseMove, x, y, no, self._held, keys)

    def release(self, x, y, keys=NO_KEYS):
        no, button = Qt.MouseButton.NoButton, self._held
        self._held = no
        self._send(QEvent.Type.MouseButtonRelease, x, y, button, no, keys)

    def click(self, x, y, button="left", keys=NO_KEYS):
        self.press(x, y, button, keys)
        self.release(x, y, keys)

    def double_click(self, x, y):
        self.click(x, y)
        left = Qt.MouseButton.LeftButton
        self._held = left
        self._send(QEvent.Type.MouseButtonDblClick, x, y, left, left, NO_KEYS)
        self.release(x, y)

    def drag(self, *points_xy, keys=NO_KEYS, button="left"):
        self.press(*points_xy[0], button, keys)
        for x, y in points_xy[1:]:
            self.move(x, y, keys)
        self.release(*points_xy[-1], keys)


def shot(canvas):
    """What the canvas shows, axes (y, x, 4) in BGRA order, device pixels."""
    image = (
        canvas.grab()
        .toImage()
        .convertToFormat(canvas.grab().toImage().Format.Format_RGB32)
    )
    words = np.frombuffer(image.constBits(), np.uint8)
    return words.reshape(image.height(), image.bytesPerLine() // 4, 4)[
        :, : image.width()
    ].copy()
