"""The options of the tool in hand, and what can be set of the model it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QLineEdit, QWidget

from seggui.core.parameters import Parameter, Value
from seggui.gui.panels.controls import (
    SliderRow,
    button,
    choices,
    column,
    inset,
    label,
    row,
    scrolled,
)
from seggui.gui.panels.model_choice import ModelChoice
from seggui.gui.panels.parameters import ParameterRows
from seggui.gui.tools.desk import BRUSH_LARGEST_PX, BRUSH_SMALLEST_PX, ToolOptions
from seggui.gui.tools.table import TOOLS

_ASKING = tuple(tool.id for tool in TOOLS if tool.asks and not tool.model)
"""Tools that ask the model for clicks."""
_MARKS = tuple(tool.id for tool in TOOLS if tool.asks and not tool.reads)
_SHOWN: dict[str, tuple[str, ...]] = {
    "text": ("text", "example"),
    "brush_px": ("brush", "eraser"),
    "scribble_px": tuple(tool.id for tool in TOOLS if tool.width == "scribble_px"),
    "rough_px": ("rough",),
    "brush_shape": ("brush", "eraser"),
    "paint_into": ("brush", "polygon", "livewire", "fill"),
    "point_positive": tuple(tool for tool in _MARKS if tool != "box"),
    "snap_corners": ("polygon",),
    "snap_anchors": ("livewire",),
    "polygon_tolerance_px": ("polygon",),
    "follow_edges": ("brush", "eraser"),
    "fill_gaps": ("brush", "polygon", "livewire", *_MARKS),
    "protect_others": ("brush", "polygon", "livewire", "fill", *_MARKS),
}
"""Which tools each option belongs to."""


class ToolOptionsPanel(QWidget):
    """Shows the options of one tool; wishes for other values."""

    options_wished = Signal(object)
    """The wished ``ToolOptions``."""
    parameter_wished = Signal(str, object)
    """The name of a parameter of the model, and its wished value."""
    defaults_wished = Signal()
    text_wished = Signal(str)
    """What is to be found."""

    def __init__(self) -> None:
        super().__init__()
        self._options = ToolOptions()
        page = QWidget()
        inside = column(page)
        self._title = label("", "heading")
        self._hint = label("", "quiet", wrap=True)
        self.why_not = label("", "warn", wrap=True)
        inside.addWidget(self._title)
        inside.addWidget(self._hint)
        inside.addWidget(self.why_not)
        inside.addSpacing(4)
        self._rows: dict[str, QWidget] = {}
        self._make_text()
        self._make_widths()
        self._make_choices()
        self._make_ticks()
        for key in _SHOWN:
            inside.addWidget(self._rows[key])
        self._none = label("This tool has no options.", "quiet")
        inside.addWidget(self._none)
        inside.addSpacing(6)
        self.model_choice = ModelChoice()
        inside.addWidget(self.model_choice)
        self.parameters = ParameterRows()
        self.parameters.wished.connect(self.parameter_wished)
        self.parameters.defaults_wished.connect(self.defaults_wished)
        inside.addWidget(self.parameters)
        inside.addStretch(1)
        column(self, margin=0).addWidget(scrolled(page))
        self.show_model("", (), {})
        self.show_tool("point", "Point", "")

    def _make_text(self) -> None:
        self.text = QLineEdit()
        self.text.setPlaceholderText("What is to be found")
        self.text.setAccessibleName("What is to be found")
        self.text.setClearButtonEnabled(True)
        self.search = button("Find", "search", "Offer every such object (Enter)")
        self.text.returnPressed.connect(self._wish_text)
        self.search.clicked.connect(self._wish_text)
        line = row(self.text, self.search)
        line.setStretch(0, 1)
        self._rows["text"] = QWidget()
        self._rows["text"].setLayout(line)

    def _make_widths(self) -> None:
        bounds = (BRUSH_SMALLEST_PX, BRUSH_LARGEST_PX)
        self.widths: dict[str, SliderRow] = {}
        for key, name in (
            ("brush_px", "Brush size"),
            ("scribble_px", "Line width"),
            ("rough_px", "Stroke width"),
        ):
            default: int = getattr(ToolOptions(), key)
            made = SliderRow(name, bounds, default, " px")
            made.changed.connect(lambda value, key=key: self._wish(**{key: value}))
            self.widths[key] = self._rows[key] = made

    def _make_choices(self) -> None:
        self.shape = choices("Brush shape", (("Round", "round"), ("Square", "square")))
        self.into = choices(
            "Paint into",
            (("Selected segment", "selected"), ("New segment", "new")),
        )
        self.sign = choices("Left button", (("Adds", True), ("Takes away", False)))
        self._choices = {
            "brush_shape": self.shape,
            "paint_into": self.into,
            "point_positive": self.sign,
        }
        for key, box in self._choices.items():
            box.currentIndexChanged.connect(
                lambda _, key=key, box=box: self._wish(**{key: box.currentData()})
            )
            self._rows[key] = _named(box.accessibleName(), box)
        self.tolerance = QDoubleSpinBox()
        self.tolerance.setRange(0.0, 50.0)
        self.tolerance.setSingleStep(0.5)
        self.tolerance.setDecimals(1)
        self.tolerance.setSuffix(" px")
        inset(self.tolerance)
        self.tolerance.setToolTip(
            "How far a polygon made from a mask may lie off its edge"
        )
        self.tolerance.valueChanged.connect(
            lambda value: self._wish(polygon_tolerance_px=value)
        )
        self._rows["polygon_tolerance_px"] = _named("Tolerance", self.tolerance)

    def _make_ticks(self) -> None:
        self._ticks: dict[str, QCheckBox] = {}
        for key, text, tip in (
            (
                "protect_others",
                "Leave other segments as they are",
                "Never take pixels that another segment has",
            ),
            (
                "follow_edges",
                "Follow edges",
                "The stroke stops at edges of the image; its middle always paints",
            ),
            (
                "fill_gaps",
                "Fill gaps to neighbours",
                "What is drawn grows into narrow gaps to the segments beside it",
            ),
            (
                "snap_corners",
                "Snap to edges",
                "A corner goes to the strongest edge of the image nearby",
            ),
            (
                "snap_anchors",
                "Snap to edges",
                "An anchor goes to the strongest edge of the image nearby",
            ),
        ):
            tick = QCheckBox(text)
            tick.setToolTip(tip)
            tick.toggled.connect(lambda on, key=key: self._wish(**{key: on}))
            self._ticks[key] = self._rows[key] = tick
        self.protect = self._ticks["protect_others"]

    def show_tool(self, tool_id: str, title: str, hint: str) -> None:
        """Show what belongs to this tool."""
        self._title.setText(title)
        self.show_hint(hint)
        for key, tools in _SHOWN.items():
            self._rows[key].setVisible(tool_id in tools)
        self.model_choice.setVisible(tool_id in _ASKING)
        self._none.setVisible(not any(tool_id in tools for tools in _SHOWN.values()))

    def show_hint(self, hint: str) -> None:
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def show_why_not(self, why_not: str) -> None:
        """Say why the tool is of no use with the chosen model; empty when it is."""
        self.why_not.setText(why_not)
        self.why_not.setVisible(bool(why_not))
        self.text.setEnabled(not why_not)
        self.search.setEnabled(not why_not)

    def show_model(
        self, title: str, rows: Sequence[Parameter], values: Mapping[str, Value]
    ) -> None:
        """Show what can be set of the model that the tool asks."""
        self.parameters.show_parameters(title, rows, values)

    def show_options(self, options: ToolOptions) -> None:
        self._options = options
        for key, width in self.widths.items():
            width.show_value(getattr(options, key))
        for key, box in self._choices.items():
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(getattr(options, key)))
        for key, tick in self._ticks.items():
            with QSignalBlocker(tick):
                tick.setChecked(getattr(options, key))
        with QSignalBlocker(self.tolerance):
            self.tolerance.setValue(options.polygon_tolerance_px)

    def take_text(self) -> None:
        """Put the keyboard where the words are typed."""
        if self.text.isEnabled():
            self.text.setFocus()
            self.text.selectAll()

    def _wish_text(self) -> None:
        self.text_wished.emit(self.text.text().strip())

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
