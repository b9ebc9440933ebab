"""The strip of candidates: what the model offers for the marks, to accept or drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from seggui.core.candidate import LEVEL
from seggui.gui.icons import icon
from seggui.gui.panels.controls import button, icon_button, label, row
from seggui.gui.theme import theme

_TITLES = {"whole": "Whole", "part": "Part", "sub-part": "Sub-part"}
_SHOWN = 6
_PICTURE = QSize(44, 40)
_WORDS_FRAME_PX, _PICTURE_FRAME_PX = 10, 62
"""What a choice adds to its words: padding and border, and the picture beside them."""
_GAP_PX = 8
_LEVEL_PX, _SHORT_LEVEL_PX = 96, 56
_LATE_MS = 250
"""Most answers come sooner; those are not worth a moving bar."""
_BESIDE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_WORDS = Qt.ToolButtonStyle.ToolButtonTextOnly


class Level(IntEnum):
    """How much of the threshold is shown."""

    NONE = 0
    SLIDER = 1
    NUMBER = 2
    FULL = 3


_FORMS = (
    (True, True, Level.FULL),
    (False, True, Level.FULL),
    (False, True, Level.NUMBER),
    (False, False, Level.NUMBER),
    (False, False, Level.SLIDER),
    (False, False, Level.NONE),
)
"""The strip from wide to narrow: pictures, the word Drop, the threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class CandidateRow:
    """One offered mask."""

    granularity: str
    score: float | None
    """0 to 1; None where a method has no opinion of its own answer."""
    picture: QImage | None = None
    stability: float | None = None
    """IoU of the masks at a little higher and a little lower threshold."""
    empty: bool = False
    """Whether nothing was found."""
    note: str = ""
    """A sentence on what is missing."""


class CandidatesPanel(QWidget):
    """Shows what is offered; wishes to see, accept or drop it."""

    show_wished = Signal(int)
    accept_wished = Signal()
    drop_wished = Signal()
    level_wished = Signal(float)
    """From which probability on a pixel belongs to the object, 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self._text = label("", "quiet", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._text.setMinimumWidth(130)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._choices = QHBoxLayout()
        self._choices.setSpacing(6)
        self._accept = button("Accept", tip="Make it a segment (Enter)", main=True)
        self._drop = button("Drop", "cross", "Forget it and the marks (Esc)")
        self._late = QTimer(self, singleShot=True, interval=_LATE_MS)
        self._moving = QProgressBar()
        self._moving.setRange(0, 0)
        self._moving.setTextVisible(False)
        self._moving.setFixedWidth(72)
        self._moving.setAccessibleName("The model is looking")
        self.level = _LevelBar()
        self.level.wished.connect(self.level_wished)
        self._late.timeout.connect(self._moving.show)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 5, 8, 5)
        layout.setSpacing(_GAP_PX)
        layout.addWidget(self._text, 100)
        layout.addLayout(self._choices)
        layout.addWidget(self._moving)
        layout.addStretch(1)
        layout.addWidget(self.level)
        layout.addWidget(self._drop)
        layout.addWidget(self._accept)
        self._accept.clicked.connect(self.accept_wished)
        self._drop.clicked.connect(self.drop_wished)
        self._group.idClicked.connect(self.show_wished)
        self.show_candidates((), 0, marks=0, waiting=False)

    def show_candidates(
        self,
        rows: Sequence[CandidateRow],
        shown: int,
        *,
        marks: int,
        waiting: bool,
        each: bool = False,
    ) -> None:
        """Show what is offered for that many marks; ``shown`` is on the canvas.

        With ``each`` all rows are, as objects of their own.
        """
        self._show_buttons(() if each else rows[:_SHOWN], shown)
        self._accept.setText(f"Accept {len(rows)}" if each and rows else "Accept")
        if waiting:
            text = "The model is looking…"
        elif each and rows:
            text = f"{len(rows)} object{'s' if len(rows) > 1 else ''}"
        elif marks:
            text = f"{marks} mark{'s' if marks > 1 else ''}"
        else:
            text = "Masks are offered here once an object is marked."
        self._text.setText(text)
        self._text.setVisible(not rows or each)
        # While the first answer is on its way, Accept shows that it comes.
        self._accept.setVisible(bool(rows) or waiting)
        self._accept.setEnabled(bool(rows) and (each or not rows[shown].empty))
        self._drop.setVisible(bool(rows) or marks > 0)
        self._show_waiting(waiting)
        self._fit()

    def show_level(self, level: float | None) -> None:
        """Show the level that is set; None when there are no probabilities."""
        self.level.show_level(level)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        # Many candidates must not force the window to be wide.
        return QSize(300, 62)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _show_waiting(self, waiting: bool) -> None:
        if not waiting:
            self._late.stop()
            self._moving.hide()
        elif not self._late.isActive() and self._moving.isHidden():
            self._late.start()

    def _fit(self) -> None:
        """Show as much as there is room for."""
        choices = self._group.buttons()
        words_px = [
            max(map(made.fontMetrics().horizontalAdvance, made.text().split("\n")))
            for made in choices
        ]
        room = self.width() - 2 * _GAP_PX
        if not self._text.isHidden():
            room -= self._text.minimumWidth()
        for pictures, word, level in _FORMS:
            # The cross alone says it too.
            self._drop.setText("Drop" if word else "")
            self.level.show_parts(level)
            frame_px = _PICTURE_FRAME_PX if pictures else _WORDS_FRAME_PX
            takes = sum(words_px) + len(words_px) * (frame_px + _GAP_PX)
            for part in (self.level, self._drop, self._accept):
                if not part.isHidden():
                    takes += part.sizeHint().width() + _GAP_PX
            if takes <= room:
                break
        for made, px in zip(choices, words_px, strict=True):
            assert isinstance(made, QToolButton)
            made.setToolButtonStyle(_BESIDE if pictures else _WORDS)
            made.setMinimumWidth(px + frame_px)

    def _show_buttons(self, rows: Sequence[CandidateRow], shown: int) -> None:
        buttons = self._group.buttons()
        for extra in buttons[len(rows) :]:
            self._group.removeButton(extra)
            self._choices.removeWidget(extra)
            extra.hide()
            extra.deleteLater()
        for place, item in enumerate(rows):
            made = self._group.button(place)
            if made is None:
                made = _choice()
                self._group.addButton(made, place)
                self._choices.addWidget(made)
            title = _TITLES.get(item.granularity, item.granularity.capitalize())
            if item.empty:
                title = "Nothing found"
            elif item.note:
                title = "In part"
            # Two lines: three of them must fit beside each other in a small window.
            made.setText(title if item.score is None else f"{title}\n{item.score:.0%}")
            made.setAccessibleName(made.text().replace("\n", ", score "))
            tip = f"{title} (Tab: next)"
            if item.score is not None:
                tip += f"\nThe model's own score is {item.score:.0%}"
            if item.stability is not None:
                tip += (
                    f"\nStability {item.stability:.0%}: how little the mask changes "
                    "with the threshold"
                )
            if item.note:
                tip += f"\n{item.note}"
            made.setToolTip(tip)
            if item.picture is not None:
                made.setIcon(QIcon(QPixmap.fromImage(item.picture)))
            else:
                made.setIcon(icon("candidates", theme().colours.accent))
            made.setChecked(place == shown)


class _LevelBar(QWidget):
    """How sure the model must be of a pixel; a double click sets it back."""

    wished = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        tip = "How sure the model must be of a pixel (, and . change it)"
        self.name = label("Threshold", "quiet")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(2, 98)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName("Threshold")
        self.number = label("", "quiet")
        self.number.setFixedWidth(34)
        self.number.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.reset = icon_button("reset", "Set the threshold back", self._wish_default)
        for part in (self.name, self.slider, self.number):
            part.setToolTip(tip)
        self.setLayout(row(self.name, self.slider, self.number, self.reset, gap=4))
        self.slider.valueChanged.connect(lambda value: self.wished.emit(value / 100))
        self._known = False
        self.hide()

    def show_parts(self, level: Level) -> None:
        """Show so much of it; without any the keys still change the threshold."""
        full = level is Level.FULL
        self.name.setVisible(full)
        self.reset.setVisible(full)
        self.number.setVisible(level >= Level.NUMBER)
        self.slider.setFixedWidth(_LEVEL_PX if full else _SHORT_LEVEL_PX)
        self.setVisible(self._known and level > Level.NONE)

    def show_level(self, level: float | None) -> None:
        self._known = level is not None
        self.setVisible(self._known)
        if level is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(level * 100))
            self.number.setText(f"{level:.0%}")
            self.reset.setEnabled(level != LEVEL)

    def _wish_default(self) -> None:
        self.wished.emit(LEVEL)


def _choice() -> QToolButton:
    made = QToolButton()
    made.setCheckable(True)
    made.setIconSize(_PICTURE)
    made.setToolButtonStyle(_BESIDE)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made
