"""The status bar: hint, what runs, pixel and value under the cursor, zoom, saved."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar

from seggui.gui.panels.controls import icon_button, relook

_ONE_LINE_LETTERS = 290
"""So many letters wide is a bar that holds the longest hint beside all else."""
_WORD_PX = 60
"""What the end of a line may leave empty."""


class StatusBar(QStatusBar):
    """Shows texts it is given; wishes that what runs be cancelled."""

    cancel_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._hint = _Hint()
        self._busy = QLabel()
        self._progress = QProgressBar()
        self._progress.setFixedWidth(120)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress of what runs")
        self._cancel = icon_button("stop", "Cancel what runs", self.cancel_wished.emit)
        self._pixel = QLabel()
        self._value = QLabel()
        self._zoom = QLabel()
        self._saved = QLabel()
        self._pixel.setAccessibleName("Pixel under the cursor")
        self._value.setAccessibleName("Value under the cursor")
        metrics = self.fontMetrics()
        self._pixel.setMinimumWidth(metrics.horizontalAdvance("x 00000  y 00000") + 16)
        self._value.setMinimumWidth(metrics.horizontalAdvance("255 255 255") + 16)
        self._zoom.setMinimumWidth(metrics.horizontalAdvance("1600 %") + 16)
        self.addWidget(self._hint, 1)
        for widget in (
            self._busy,
            self._progress,
            self._cancel,
            self._pixel,
            self._value,
            self._zoom,
            self._saved,
        ):
            self.addPermanentWidget(widget)
        self.show_busy("")
        self.show_pixel(None, "")

    def show_hint(self, text: str) -> None:
        self._hint.show_text(text)

    def show_busy(
        self, text: str, done: int = 0, total: int = 0, *, cancellable: bool = False
    ) -> None:
        """Say what runs; a total of 0 shows that it is not known."""
        self._busy.setText(text)
        self._busy.setVisible(bool(text))
        self._progress.setVisible(bool(text))
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._cancel.setVisible(bool(text) and cancellable)

    def show_pixel(self, xy: tuple[int, int] | None, value: str) -> None:
        self._pixel.setText(f"x {xy[0]}  y {xy[1]}" if xy else "")
        self._value.setText(value if xy else "")

    def show_zoom(self, zoom: float | None) -> None:
        self._zoom.setText("" if zoom is None else zoom_text(zoom))

    def show_saved(self, text: str, look: str = "quiet") -> None:
        self._saved.setText(text)
        relook(self._saved, look)


class _Hint(QLabel):
    """A text that gives way: figures on the right must not be pushed out.

    In all but the widest windows it has two lines, whatever it says: what is above
    stays in place when another tool is taken, or something runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        self._whole = text
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(0, self._lines * self.fontMetrics().lineSpacing())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
        self._fit()

    @property
    def _lines(self) -> int:
        bar = self.parentWidget() or self
        letters = bar.width() / self.fontMetrics().averageCharWidth()
        return 1 if letters >= _ONE_LINE_LETTERS else 2

    def _fit(self) -> None:
        # Lines end with whole words, so they hold a little less than their width.
        room = self.contentsRect().width() * self._lines - _WORD_PX * (self._lines - 1)
        shown = self.fontMetrics().elidedText(
            self._whole, Qt.TextElideMode.ElideRight, room
        )
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def zoom_text(zoom: float) -> str:
    percent = zoom * 100
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %"
