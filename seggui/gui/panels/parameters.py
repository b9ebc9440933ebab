"""Controls made from rows of parameters: one line each, with a way back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QSlider,
    QSpinBox,
    QWidget,
)

from seggui.core.parameters import Parameter, Value
from seggui.gui.panels.controls import button, choices, column, inset, label, row

_NAME_PX = 78
_NUMBER_PX = 84
_MOST_STEPS = 1000
"""A range of more steps than this is too fine for a slider."""


class ParameterRows(QWidget):
    """Shows values; wishes for other ones."""

    wished = Signal(str, object)
    """The name of a parameter and its wished value."""
    defaults_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Parameter, ...] = ()
        self.controls: dict[str, _Control] = {}
        self._inside = column(self, margin=0)
        self._title = label("", "section", wrap=True)
        self.defaults = button("Defaults", "reset", "Set all of these back")
        self.defaults.clicked.connect(self.defaults_wished)
        self._inside.addWidget(self._title)
        self._inside.addLayout(row(None, self.defaults))

    def show_parameters(
        self, title: str, rows: Sequence[Parameter], values: Mapping[str, Value]
    ) -> None:
        """Show these rows with their values."""
        self.setVisible(bool(rows))
        self._title.setText(title)
        if tuple(rows) != self._rows:
            self._build(tuple(rows))
        for name, control in self.controls.items():
            control.show_value(values[name])
        self.defaults.setEnabled(any(values[r.name] != r.default for r in rows))

    def _build(self, rows: tuple[Parameter, ...]) -> None:
        for control in self.controls.values():
            self._inside.removeWidget(control)
            control.hide()
            control.deleteLater()
        self._rows = rows
        self.controls = {parameter.name: _control(parameter) for parameter in rows}
        names = [control.name for control in self.controls.values() if control.name]
        widest = max((name.sizeHint().width() for name in names), default=0)
        for name in names:
            name.setFixedWidth(max(widest, _NAME_PX))
        for place, control in enumerate(self.controls.values(), start=1):
            control.wished.connect(self.wished)
            self._inside.insertWidget(place, control)


class _Control(QWidget):
    """One parameter."""

    wished = Signal(str, object)

    def __init__(self, parameter: Parameter, *parts: QWidget | None) -> None:
        super().__init__()
        self.parameter = parameter
        self.name = parts[0] if isinstance(parts[0], QLabel) else None
        self.setToolTip(_tip(parameter))
        self.line = row(*parts)
        self.setLayout(self.line)

    def show_value(self, value: Value) -> None:
        """Show a value without wishing for it."""
        raise NotImplementedError

    def _wish(self, value: Value) -> None:
        self.wished.emit(self.parameter.name, value)


class _Truth(_Control):
    def __init__(self, parameter: Parameter) -> None:
        self.tick = QCheckBox(parameter.title)
        super().__init__(parameter, self.tick, None)
        self.tick.toggled.connect(self._wish)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.tick):
            self.tick.setChecked(bool(value))


class _Choice(_Control):
    def __init__(self, parameter: Parameter) -> None:
        rows = [(title, value) for value, title in parameter.choices]
        self.box: QComboBox = choices(parameter.title, rows)
        super().__init__(parameter, _name(parameter, self.box), self.box)
        self.line.setStretch(1, 1)
        self.box.currentIndexChanged.connect(
            lambda: self._wish(str(self.box.currentData()))
        )

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(value))


class _Number(_Control):
    """A slider where the range has few enough steps, and always the number."""

    def __init__(self, parameter: Parameter) -> None:
        self._steps = round((parameter.high - parameter.low) / parameter.step)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, self._steps)
        self.slider.setPageStep(max(1, self._steps // 10))
        self.slider.setAccessibleName(parameter.title)
        self.slider.setMinimumWidth(50)
        if self._steps > _MOST_STEPS:
            self.slider.hide()
        self.number = _spin(parameter)
        super().__init__(
            parameter, _name(parameter, self.number), self.slider, self.number
        )
        self.line.setStretch(1, 1)
        if self.slider.isHidden():
            # Its room stays, so that numbers stand below each other.
            self.line.insertStretch(1, 1)
        self.slider.valueChanged.connect(self._slid)
        self.number.valueChanged.connect(self._typed)

    def show_value(self, value: Value) -> None:
        number = float(value)
        place = round((number - self.parameter.low) / self.parameter.step)
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setValue(place)
            self._put(number)

    def _put(self, number: float) -> None:
        if isinstance(self.number, QSpinBox):
            self.number.setValue(round(number))
        else:
            self.number.setValue(number)

    def _slid(self, place: int) -> None:
        number = self.parameter.low + place * self.parameter.step
        number = min(number, self.parameter.high)
        with QSignalBlocker(self.number):
            self._put(number)
        self._wish(self.number.value())

    def _typed(self, number: float) -> None:
        self.show_value(number)
        self._wish(number)


def _control(parameter: Parameter) -> _Control:
    if parameter.choices:
        return _Choice(parameter)
    if isinstance(parameter.default, bool):
        return _Truth(parameter)
    return _Number(parameter)


def _spin(parameter: Parameter) -> QSpinBox | QDoubleSpinBox:
    suffix = f" {parameter.unit}" if parameter.unit else ""
    if isinstance(parameter.default, int):
        whole = QSpinBox()
        whole.setRange(int(parameter.low), int(parameter.high))
        whole.setSingleStep(max(1, round(parameter.step)))
        number: QSpinBox | QDoubleSpinBox = whole
    else:
        number = QDoubleSpinBox()
        number.setDecimals(max(0, math.ceil(-math.log10(parameter.step))))
        number.setRange(parameter.low, parameter.high)
        number.setSingleStep(parameter.step)
    number.setSuffix(suffix)
    number.setKeyboardTracking(False)
    number.setAccessibleName(f"{parameter.title}, number")
    inset(number)
    number.setFixedWidth(_NUMBER_PX)
    return number


def _name(parameter: Parameter, field: QWidget) -> QLabel:
    name = label(parameter.title)
    name.setBuddy(field)
    return name


def _tip(parameter: Parameter) -> str:
    default = parameter.default
    if isinstance(default, bool):
        default = "on" if default else "off"
    elif parameter.choices:
        default = dict(parameter.choices)[str(default)]
    unit = f" {parameter.unit}" if parameter.unit else ""
    lines = [parameter.hint] if parameter.hint else []
    return "\n".join([*lines, f"By default {default}{unit}"])
