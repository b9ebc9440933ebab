"""One step of a recipe: its switch, its numbers, and where it stands."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from seggui.gui.panels.controls import column, icon_button, inset, row
from seggui.refine.recipe import RecipeStep
from seggui.refine.steps import Parameter

_SHORT = 2
"""Steps with more numbers than this show them only when opened."""


class StepCard(QFrame):
    """Shows a step; says when anything of it changed."""

    changed = Signal()
    remove_wished = Signal()
    move_wished = Signal(int)

    def __init__(self, step: RecipeStep) -> None:
        super().__init__()
        self.setProperty("look", "step")
        self._step = step
        self._on = QCheckBox(step.step.title)
        self._on.setChecked(True)
        self._on.setToolTip(step.step.effect)
        self._up = icon_button(
            "up", f"Move {step.step.title} up", lambda: self.move_wished.emit(-1)
        )
        self._down = icon_button(
            "down", f"Move {step.step.title} down", lambda: self.move_wished.emit(1)
        )
        self._more = icon_button("options", "Show the numbers", self._turn)
        remove = icon_button(
            "close", f"Remove {step.step.title}", self.remove_wished.emit
        )
        self._numbers = QWidget()
        self._fill_numbers()
        for tool in (self._more, self._up, self._down, remove):
            tool.setProperty("look", "tiny")
        layout = column(self, margin=6)
        layout.addLayout(
            row(self._on, None, self._more, self._up, self._down, remove, gap=0)
        )
        layout.addWidget(self._numbers)
        many = len(step.step.parameters) > _SHORT
        self._more.setVisible(many)
        self._numbers.setVisible(bool(step.step.parameters) and not many)
        self._on.toggled.connect(self._numbers.setEnabled)
        self._on.toggled.connect(self.changed)

    @property
    def step(self) -> RecipeStep:
        return self._step

    @property
    def switched_on(self) -> bool:
        return self._on.isChecked()

    def show_place(self, place: int, count: int) -> None:
        """Tell the card where it stands."""
        self._up.setEnabled(place > 0)
        self._down.setEnabled(place < count - 1)

    def _fill_numbers(self) -> None:
        grid = QGridLayout(self._numbers)
        grid.setContentsMargins(24, 0, 0, 2)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        for place, parameter in enumerate(self._step.step.parameters):
            name = QLabel(parameter.label)
            name.setToolTip(parameter.help)
            field = _field(parameter, self._step.values[parameter.name])
            name.setBuddy(field)
            field.valueChanged.connect(
                lambda value, key=parameter.name: self._take(key, float(value))
            )
            grid.addWidget(name, place, 0)
            grid.addWidget(field, place, 1)

    def _take(self, name: str, value: float) -> None:
        self._step = RecipeStep(self._step.id, {**self._step.values, name: value})
        self.changed.emit()

    def _turn(self) -> None:
        self._numbers.setVisible(self._numbers.isHidden())


def _field(parameter: Parameter, value: float) -> QSpinBox | QDoubleSpinBox:
    field: QSpinBox | QDoubleSpinBox
    if parameter.whole:
        field = QSpinBox()
        field.setRange(int(parameter.smallest), int(parameter.largest))
        field.setValue(int(value))
        field.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
    else:
        field = QDoubleSpinBox()
        field.setDecimals(2 if parameter.largest <= 10 else 1)
        field.setRange(parameter.smallest, parameter.largest)
        field.setValue(value)
        field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    if parameter.unit:
        field.setSuffix(f" {parameter.unit}")
    field.setKeyboardTracking(False)
    field.setAccessibleName(parameter.label)
    field.setToolTip(f"{parameter.help}\n{parameter.range_text.capitalize()}".strip())
    inset(field)
    field.setFixedWidth(108)
    return field
