"""What the canvas draws and how: layers, the look of segments, brightness."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QLabel, QSlider, QToolButton, QWidget

from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.style import LAYERS, LayerStyle, SegmentsLook
from seggui.gui.icons import put_icon
from seggui.gui.panels.controls import (
    SliderRow,
    choices,
    column,
    icon_button,
    label,
    row,
    scrolled,
)

_TIPS = {
    "image": "The image itself",
    "prediction": "Classes that a full-image model sees",
    "segments": "What is in the list of segments",
    "uncertainty": "How unsure a model is of each pixel: bright is unsure.\n"
    "Of the candidate while there is one, else of the last prediction",
    "candidate": "The mask a model offers for your marks",
    "prompt": "Your marks",
}
_GAMMA_STEPS = 100
"""Steps of the gamma slider for each power of ten."""


class LayersPanel(QWidget):
    """Shows styles; wishes for other ones."""

    layer_wished = Signal(str, object)
    """Layer id and its wished ``LayerStyle``."""
    look_wished = Signal(object)
    """A ``SegmentsLook``."""
    adjustment_wished = Signal(object)
    """An ``Adjustment``."""

    def __init__(self) -> None:
        super().__init__()
        page = QWidget()
        inside = column(page)
        inside.addWidget(label("Layers, the top one first", "section"))
        self._lines: dict[str, _LayerLine] = {}
        for item in reversed(LAYERS):
            line = _LayerLine(item.id, item.title)
            line.wished.connect(self.layer_wished)
            line.show_style(item.default)
            self._lines[item.id] = line
            inside.addWidget(line)
        inside.addSpacing(6)
        inside.addWidget(label("Segments", "section"))
        self._draw = choices(
            "Drawn as",
            (("Fill and outline", "both"), ("Fill", "fill"), ("Outline", "outline")),
        )
        self._colour_by = choices(
            "Coloured by", (("Class", "class"), ("Instance", "instance"))
        )
        for name, box in (("Drawn as", self._draw), ("Coloured by", self._colour_by)):
            title = QLabel(name)
            title.setFixedWidth(84)
            line_layout = row(title, box)
            line_layout.setStretch(1, 1)
            inside.addLayout(line_layout)
            box.currentIndexChanged.connect(self._wish_look)
        inside.addSpacing(6)
        self._reset = icon_button(
            "reset", "Set brightness, contrast and gamma back", self._reset_all
        )
        inside.addLayout(
            row(label("Image, for display only", "section"), None, self._reset)
        )
        self._brightness = SliderRow("Brightness", (-100, 100), 0, " %")
        self._contrast = SliderRow("Contrast", (-100, 100), 0, " %")
        self._gamma = _GammaRow()
        for control in (self._brightness, self._contrast, self._gamma):
            inside.addWidget(control)
            control.changed.connect(self._wish_adjustment)
        inside.addStretch(1)
        column(self, margin=0).addWidget(scrolled(page))
        self.show_adjustment(Adjustment())

    def show_layers(self, styles: Mapping[str, LayerStyle]) -> None:
        for layer_id, style in styles.items():
            if layer_id in self._lines:
                self._lines[layer_id].show_style(style)

    def show_look(self, look: SegmentsLook) -> None:
        for box, value in ((self._draw, look.draw), (self._colour_by, look.colour_by)):
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(value))

    def show_adjustment(self, adjustment: Adjustment) -> None:
        self._brightness.show_value(round(adjustment.brightness * 100))
        self._contrast.show_value(round(adjustment.contrast * 100))
        self._gamma.show_gamma(adjustment.gamma)
        self._reset.setEnabled(not adjustment.neutral)

    def _wish_look(self) -> None:
        self.look_wished.emit(
            SegmentsLook(self._draw.currentData(), self._colour_by.currentData())
        )

    def _wish_adjustment(self) -> None:
        wished = Adjustment(
            self._brightness.value / 100, self._contrast.value / 100, self._gamma.gamma
        )
        self._reset.setEnabled(not wished.neutral)
        self.adjustment_wished.emit(wished)

    def _reset_all(self) -> None:
        self.show_adjustment(Adjustment())
        self.adjustment_wished.emit(Adjustment())


class _GammaRow(SliderRow):
    """Gamma on a logarithmic slider; its number is in hundredths."""

    def __init__(self) -> None:
        super().__init__("Gamma", (-_GAMMA_STEPS, _GAMMA_STEPS), 0)
        self._number.setVisible(False)
        self._text = QLabel("1.00")
        self._text.setFixedWidth(78)
        self._text.setIndent(8)
        layout = self.layout()
        if layout is not None:
            layout.addWidget(self._text)
        self.changed.connect(self._tell)

    @property
    def gamma(self) -> float:
        return float(10 ** (self.value / _GAMMA_STEPS))

    def show_gamma(self, gamma: float) -> None:
        self.show_value(round(math.log10(min(max(gamma, 0.1), 10)) * _GAMMA_STEPS))
        self._tell()

    def _tell(self) -> None:
        self._text.setText(f"{self.gamma:.2f}")


class _LayerLine(QWidget):
    """One layer: eye, name, opacity."""

    wished = Signal(str, object)

    def __init__(self, layer_id: str, title: str) -> None:
        super().__init__()
        self._id = layer_id
        self._title = title
        self._eye = QToolButton()
        self._eye.setCheckable(True)
        self._eye.setProperty("look", "plain")
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setAccessibleName(f"Opacity of {title}")
        self._opacity.setMinimumWidth(60)
        self._number = label("", "quiet")
        self._number.setFixedWidth(42)
        self._number.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        name = QLabel(title)
        name.setToolTip(_TIPS[layer_id])
        name.setFixedWidth(84)
        layout = row(self._eye, name, self._opacity, self._number)
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self._eye.clicked.connect(self._wish)
        self._opacity.valueChanged.connect(self._wish)

    def show_style(self, style: LayerStyle) -> None:
        with QSignalBlocker(self._eye), QSignalBlocker(self._opacity):
            self._eye.setChecked(style.visible)
            self._opacity.setValue(round(style.opacity * 100))
        self._tell(style)

    def _wish(self) -> None:
        style = LayerStyle(self._eye.isChecked(), self._opacity.value() / 100)
        self._tell(style)
        self.wished.emit(self._id, style)

    def _tell(self, style: LayerStyle) -> None:
        put_icon(self._eye, "eye" if style.visible else "eye-off")
        tip = f"{'Hide' if style.visible else 'Show'} {self._title.lower()}"
        self._eye.setToolTip(tip)
        self._eye.setAccessibleName(tip)
        self._opacity.setEnabled(style.visible)
        self._number.setText(f"{style.opacity:.0%}")
