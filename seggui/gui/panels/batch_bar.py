"""Progress over many images, with the time left and a way to stop."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from seggui.gui.panels.controls import column, icon_button, label, row


@dataclass(frozen=True, slots=True)
class BatchRow:
    """How far work over many images is."""

    what: str
    done: int
    total: int
    left_s: float | None = None
    text: str = ""
    """Instead of the counts, where these say little."""
    tip: str = ""
    """What there is no room for."""


class BatchBar(QWidget):
    """Progress over many images, with the time left and a way to stop."""

    cancel_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        # A long name must not make the panel wide.
        self._text = label("", "quiet")
        self._text.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        stop = icon_button("stop", "Cancel", self.cancel_wished.emit)
        layout = column(self, margin=0)
        layout.addWidget(self._text)
        line = row(self._progress, stop)
        line.setStretch(0, 1)
        layout.addLayout(line)
        self.setVisible(False)

    def show_batch(self, batch: BatchRow | None) -> None:
        self.setVisible(batch is not None)
        if batch is None:
            return
        left = f" · {time_text(batch.left_s)} left" if batch.left_s is not None else ""
        counts = batch.text or f"{batch.done:,} of {batch.total:,}"
        what = f"{batch.what}: " if batch.what else ""
        self._text.setText(f"{what}{counts}{left}")
        self._text.setToolTip(batch.tip)
        self._progress.setRange(0, batch.total)
        self._progress.setValue(batch.done)


def time_text(seconds: float) -> str:
    """A duration as people say it, short."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s" if minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
