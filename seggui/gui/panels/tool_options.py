"""The options of the tool in hand: brush size and shape, where paint goes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QWidget

from seggui.gui.panels.controls import (
    SliderRow,
    choices,
    column,
    inset,
    label,
    row,
    scrolled,
)
from seggui.gui.tools.desk import BRUSH_LARGEST_PX, BRUSH_SMALLEST_PX, ToolOptions

_BRUSHES = ("brush", "eraser")
_SHOWN: dict[str, tuple[str, ...]] = {
    "size": _BRUSHES,
    "shape": _BRUSHES,
    "into": ("brush", "polygon", "fill"),
    "sign": ("point",),
    "tolerance": ("polygon",),
    "protect": ("brush", "polygon", "fill", "point", "box"),
}
"""Which tools each option belongs to."""


class ToolOptionsPanel(QWidget):
    """Shows the options of one tool; wishes for other values."""

    options_wished = Signal(object)
    """The wished ``ToolOptions``."""

    def __init__(self) -> None:
        super().__init__()
        self._options = ToolOptions()
        page = QWidget()
        inside = column(page)
        self._title = label("", "heading")
        self._hint = label("", "quiet", wrap=True)
        inside.addWidget(self._title)
        inside.addWidget(self._hint)
        inside.addSpacing(4)
        self.brush_size = SliderRow(
            "Brush size", (BRUSH_SMALLEST_PX, BRUSH_LARGEST_PX), 24, " px"
        )
        self.shape = choices("Brush shape", (("Round", "round"), ("Square", "square")))
        self.into = choices(
            "Paint into",
            (("Selected segment", "selected"), ("New segment", "new")),
        )
        self.sign = choices("Left click", (("Adds", True), ("Takes away", False)))
        self.protect = QCheckBox("Leave other segments as they are")
        self.protect.setToolTip("Paint never takes pixels that another segment has")
        self.tolerance = QDoubleSpinBox()
        self.tolerance.setRange(0.0, 50.0)
        self.tolerance.setSingleStep(0.5)
        self.tolerance.setDecimals(1)
        self.tolerance.setSuffix(" px")
        inset(self.tolerance)
        self.tolerance.setToolTip(
            "How far a polygon made from a mask may lie off its edge"
        )
        self._rows: dict[str, QWidget] = {
            "size": self.brush_size,
            "protect": self.protect,
        }
        for key, name, control in (
            ("shape", "Brush shape", self.shape),
            ("into", "Paint into", self.into),
            ("sign", "Left click", self.sign),
            ("tolerance", "Tolerance", self.tolerance),
        ):
            self._rows[key] = _named(name, control)
        for key in _SHOWN:
            inside.addWidget(self._rows[key])
        self._none = label("This tool has no options.", "quiet")
        inside.addWidget(self._none)
        inside.addStretch(1)
        column(self, margin=0).addWidget(scrolled(page))
        self.brush_size.changed.connect(lambda value: self._wish(brush_px=value))
        self.shape.currentIndexChanged.connect(
            lambda: self._wish(brush_shape=self.shape.currentData())
        )
        self.into.currentIndexChanged.connect(
            lambda: self._wish(paint_into=self.into.currentData())
        )
        self.sign.currentIndexChanged.connect(
            lambda: self._wish(point_positive=self.sign.currentData())
        )
        self.protect.toggled.connect(lambda on: self._wish(protect_others=on))
        self.tolerance.valueChanged.connect(
            lambda value: self._wish(polygon_tolerance_px=value)
        )
        self.show_tool("point", "Point", "")

    def show_tool(self, tool_id: str, title: str, hint: str) -> None:
        """Show what belongs to this tool."""
        self._title.setText(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        for key, tools in _SHOWN.items():
            self._rows[key].setVisible(tool_id in tools)
        self._none.setVisible(not any(tool_id in tools for tools in _SHOWN.values()))

    def show_hint(self, hint: str) -> None:
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def show_options(self, options: ToolOptions) -> None:
        self._options = options
        self.brush_size.show_value(options.brush_px)
        for box, value in (
            (self.shape, options.brush_shape),
            (self.into, options.paint_into),
            (self.sign, options.point_positive),
        ):
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(value))
        with QSignalBlocker(self.protect):
            self.protect.setChecked(options.protect_others)
        with QSignalBlocker(self.tolerance):
            self.tolerance.setValue(options.polygon_tolerance_px)

    def _wish(self, **change: object) -> None:
        self._options = replace(self._options, **change)  # type: ignore[arg-type]
        self.options_wished.emit(self._options)


def _named(name: str, control: QWidget) -> QWidget:
    holder = QWidget()
    title = QLabel(name)
    title.setMinimumWidth(78)
    title.setBuddy(control)
    control.setAccessibleName(name)
    layout = row(title, control)
    layout.setStretch(1, 1)
    holder.setLayout(layout)
    return holder
