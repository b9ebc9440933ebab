"""Small controls that several panels are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from seggui.core.classes import Rgb
from seggui.gui.icons import SIZES, put_icon

MARGIN_PX = 8
GAP_PX = 6
FIELD_PX = 28
"""Height of one line of a form."""
_INSET_PX = 7
_NUMBER_PX = 64


def button(
    text: str, icon_name: str = "", tip: str = "", *, main: bool = False
) -> QPushButton:
    """A push button; ``main`` is the one that most people want."""
    made = QPushButton(text)
    if icon_name and not main:
        put_icon(made, icon_name)
    made.setToolTip(tip)
    made.setAccessibleName(text)
    if main:
        made.setProperty("look", "main")
    made.setAutoDefault(False)
    return made


def icon_button(
    icon_name: str, tip: str, wish: Callable[[], object] | None = None
) -> QToolButton:
    """A small button that shows an icon only; its tip is also its accessible name."""
    made = QToolButton()
    put_icon(made, icon_name)
    made.setIconSize(QSize(16, 16))
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setAutoRaise(True)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if wish is not None:
        made.clicked.connect(lambda: wish())
    return made


def label(text: str, look: str = "", *, wrap: bool = False) -> QLabel:
    """A text in one of the looks of the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    # The style's padding would otherwise make Qt shift the text to the right.
    made.setIndent(0)
    if look:
        made.setProperty("look", look)
    return made


def field_label(text: str, field: QWidget) -> QLabel:
    """The name of a field in a form, on the same line as what the field says."""
    made = label(text, "field", wrap=False)
    made.setBuddy(field)
    return made


def inset(field: QAbstractSpinBox) -> None:
    """Keep the digits off the border: Qt ignores the style's padding on the left."""
    field.lineEdit().setTextMargins(_INSET_PX, 0, 0, 0)
    # The largest number of the range must not make a narrow panel wide.
    field.setMinimumWidth(_NUMBER_PX)


def relook(widget: QWidget, look: str) -> None:
    """Change the look of a widget that is already shown."""
    if widget.property("look") != look:
        widget.setProperty("look", look)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def empty_text(text: str) -> QLabel:
    """What a panel says when it has nothing to show."""
    made = label(text, "quiet", wrap=True)
    made.setAlignment(Qt.AlignmentFlag.AlignCenter)
    made.setMargin(18)
    return made


def column(parent: QWidget, *, margin: int = MARGIN_PX) -> QVBoxLayout:
    """The usual vertical layout of a panel."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(GAP_PX)
    return layout


def row(*parts: QWidget | None, gap: int = GAP_PX) -> QHBoxLayout:
    """Widgets side by side; None is a gap that takes all room left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        else:
            layout.addWidget(part)
    return layout


def thin_line() -> QFrame:
    made = QFrame()
    made.setProperty("look", "line")
    made.setFixedHeight(1)
    return made


def scrolled(page: QWidget) -> QScrollArea:
    """Make a page scroll when the panel is too low for it."""
    page.setObjectName("page")
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area


@lru_cache(maxsize=512)
def colour_chip(colour: Rgb) -> QIcon:
    """A small rounded square of one colour, sharp at every scale.

    A chosen row must not tint it: its colour is what it tells.
    """
    out = QIcon()
    for size in SIZES:
        pixmap = _chip_pixmap(colour, size)
        out.addPixmap(pixmap, QIcon.Mode.Normal)
        out.addPixmap(pixmap, QIcon.Mode.Selected)
    return out


def _chip_pixmap(colour: Rgb, size: int) -> QPixmap:
    """The chip in a square of ``size`` device pixels."""
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    edge, corner = size / 8, size / 5
    painter.drawRoundedRect(
        QRectF(edge, edge, size - 2 * edge, size - 2 * edge), corner, corner
    )
    painter.end()
    return pixmap


def choices(name: str, rows: Iterable[tuple[str, object]] = ()) -> QComboBox:
    """A list to choose from that gives way when its panel is narrow."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    box.setMinimumContentsLength(4)
    for text, value in rows:
        box.addItem(text, value)
    return box


class _Name(QLabel):
    """The name of a slider; a double click sets it back."""

    back_wished = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.back_wished.emit()
        event.accept()


class SliderRow(QWidget):
    """A name, a slider and its number; a double click on the name sets it back."""

    changed = Signal(int)

    def __init__(
        self,
        name: str,
        bounds: tuple[int, int],
        default: int,
        suffix: str = "",
        name_width_px: int = 78,
    ) -> None:
        super().__init__()
        self._default = default
        self._name = _Name(name)
        self._name.setMinimumWidth(name_width_px)
        self._name.setToolTip(f"{name}; double click sets it back to {default}{suffix}")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(*bounds)
        self._slider.setValue(default)
        self._slider.setPageStep(max(1, (bounds[1] - bounds[0]) // 10))
        self._slider.setAccessibleName(name)
        self._slider.setMinimumWidth(60)
        self._number = QSpinBox()
        self._number.setRange(*bounds)
        self._number.setSuffix(suffix)
        self._number.setValue(default)
        self._number.setAccessibleName(f"{name}, number")
        self._number.setKeyboardTracking(False)
        inset(self._number)
        self._number.setFixedWidth(78)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self._name)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._number)
        self._name.back_wished.connect(lambda: self._slider.setValue(self._default))
        self._slider.valueChanged.connect(self._slid)
        self._number.valueChanged.connect(self._slider.setValue)
        self.setFocusProxy(self._slider)

    @property
    def value(self) -> int:
        return self._slider.value()

    def show_value(self, value: int) -> None:
        """Show a value without wishing for it."""
        with QSignalBlocker(self._slider), QSignalBlocker(self._number):
            self._slider.setValue(value)
            self._number.setValue(value)

    def wish(self, value: int) -> None:
        """Move the slider as a person would."""
        self._slider.setValue(value)

    def _slid(self, value: int) -> None:
        with QSignalBlocker(self._number):
            self._number.setValue(value)
        self.changed.emit(value)
