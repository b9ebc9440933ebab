"""Run in a process of its own: Qt takes its pixel ratio only when it starts.

Checks at the ratio of QT_SCALE_FACTOR that a click lands on the pixel seen under it,
and that what is drawn is sharp there. Prints the number of places it looked at.
"""

import sys

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication

from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.canvas.style import SegmentsLook

WIDTH, HEIGHT = 90, 61


class Hand:
    """Remembers where it was pressed."""

    pans = False

    def __init__(self):
        self.pressed = []

    def press(self, pointer):
        self.pressed.append((int(np.floor(pointer.x)), int(np.floor(pointer.y))))

    def ignored(self, *_):
        return False

    move = release = double_click = hover = leave = wheel = key = ignored


def shot(canvas):
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8)
    rows = rows.reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), -1, 3).copy()


def click(canvas, device_x, device_y):
    ratio = canvas.devicePixelRatioF()
    place = QPointF(device_x / ratio, device_y / ratio)
    left, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(kind, place, canvas.mapToGlobal(place), left, left, keys)
        QApplication.sendEvent(canvas, event)


def main():
    app = QApplication(sys.argv[:1])
    # Each pixel has a colour of its own, so the picture says which one is seen.
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([xs * 2, ys * 4, (xs + ys) % 2 * 90], axis=2).astype(np.uint8)
    random = np.random.default_rng(1)
    canvas, hand = Canvas(), Hand()
    canvas.set_hand(hand)
    canvas.resize(403, 301)
    canvas.set_image(image)
    canvas.show()
    app.processEvents()
    ratio = canvas.devicePixelRatioF()
    assert ratio == float(sys.argv[1]), ratio
    looked = 0
    for factor in (0.2, 1.0, 1.31, 1.9, 2.6):
        canvas.zoom_fit()
        canvas.zoom_by(factor)
        shown = shot(canvas)
        if canvas.zoom < 1 or canvas.zoom >= 16:
            continue
        for _ in range(150):
            x = int(random.integers(0, shown.shape[1] - 2))
            y = int(random.integers(0, shown.shape[0] - 2))
            hand.pressed.clear()
            click(canvas, x, y)
            (pixel,) = hand.pressed
            if 0 <= pixel[0] < WIDTH and 0 <= pixel[1] < HEIGHT:
                seen = tuple(int(value) for value in shown[y, x])
                wanted = tuple(int(value) for value in image[pixel[1], pixel[0]])
                assert seen == wanted, (factor, x, y, pixel, seen, wanted)
                looked += 1
    mask_hw = (xs // 7 + ys // 5) % 2 == 0
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    facts = ImageFacts("a.png", WIDTH, HEIGHT, "x")
    segment = Segment(Mask.from_dense(mask_hw), 1, Source("test"))
    canvas.set_look(SegmentsLook(draw="fill"))
    canvas.set_document(Document(facts, (segment,)))
    shown = shot(canvas)
    for y in range(0, shown.shape[0], 5):
        for x in range(0, shown.shape[1], 5):
            ix, iy = canvas.view.image_xy(x + 0.5, y + 0.5)
            if 0 <= ix < WIDTH and 0 <= iy < HEIGHT:
                assert shown[y, x].any() == mask_hw[int(iy), int(ix)], (x, y)
                looked += 1
    canvas.close()
    sys.stdout.write(f"{looked}\n")


if __name__ == "__main__":
    main()
