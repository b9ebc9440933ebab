"""The options of a training as a form, made from the table of options."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from seggui.errors import BadRequest
from seggui.gui.icons import put_icon
from seggui.gui.panels.controls import (
    FIELD_PX,
    choices,
    column,
    field_label,
    inset,
    label,
)
from seggui.jobs.architectures import ARCHITECTURES, OptionValue, architecture
from seggui.jobs.train_options import OPTIONS, Option, TrainOptions

_GROUPS = {
    "main": "",
    "data": "Data",
    "learning": "Learning",
    "augmentation": "Augmentation",
    "machine": "Machine",
}
_LOSSES = ("ce+dice", "ce", "dice", "focal", "focal+dice")
_LARGEST = 2**31 - 1
_NAMES_PX = 98
_AT_ZERO = {
    "minutes": "No limit",
    "longest_side": "As it is",
    "steps_per_epoch": "Every image",
    "clip": "No limit",
    "patience": "Never",
    "threads": "All cores",
}
"""What a 0 means, where it is not a number."""


class TrainForm(QWidget):
    """Shows one field for each option."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[str, Callable[[], OptionValue]] = {}
        self._forms: dict[str, QFormLayout] = {}
        self._fields: dict[str, QWidget] = {}
        layout = column(self, margin=0)
        for group, title in _GROUPS.items():
            rows = QWidget()
            form = QFormLayout(rows)
            form.setContentsMargins(0, 0, 0, 4)
            form.setHorizontalSpacing(10)
            form.setVerticalSpacing(5)
            form.setLabelAlignment(
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            )
            form.setFieldGrowthPolicy(
                QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow
            )
            form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
            for option in OPTIONS:
                if option.group == group:
                    self._add(form, option)
            if title:
                layout.addWidget(_head(title, rows))
                rows.setVisible(False)
            layout.addWidget(rows)
        self._problem = label("", "bad", wrap=True)
        layout.addWidget(self._problem)
        layout.addStretch(1)
        self._model_chosen()
        self.changed.connect(self._check)
        self._check()

    @property
    def options(self) -> TrainOptions:
        """What the fields say; raises ``BadRequest``."""
        return TrainOptions.from_json(
            {name: read() for name, read in self._read.items()}
        )

    @property
    def valid(self) -> bool:
        return not self._problem.text()

    def field(self, name: str) -> QWidget:
        """The field of an option."""
        return self._fields[name]

    def _add(self, form: QFormLayout, option: Option) -> None:
        field = self._field(option)
        field.setAccessibleName(option.label)
        field.setToolTip(option.help[:1].upper() + option.help[1:])
        self._fields[option.name] = field
        self._forms[option.name] = form
        if isinstance(field, QCheckBox):
            form.addRow("", field)
        else:
            name = field_label(option.label, field)
            # All groups in line, although each is a form of its own.
            name.setMinimumWidth(_NAMES_PX)
            form.addRow(name, field)

    def _field(self, option: Option) -> QWidget:
        if option.name == "encoder":
            return self._encoders()
        if option.name == "loss":
            return self._list(option, [(text, text) for text in _LOSSES])
        if option.name == "model":
            made = self._list(option, [(row.title, row.id) for row in ARCHITECTURES])
            made.currentIndexChanged.connect(self._model_chosen)
            return made
        if option.choices:
            return self._list(option, [(text, text) for text in option.choices])
        return self._plain(option)

    def _plain(self, option: Option) -> QWidget:
        default = option.default
        if isinstance(default, bool):
            tick = QCheckBox(option.label)
            tick.setChecked(default)
            tick.setMinimumHeight(FIELD_PX)
            tick.toggled.connect(self.changed)
            self._read[option.name] = tick.isChecked
            return tick
        if isinstance(default, int):
            whole = QSpinBox()
            whole.setRange(int(max(option.least, 0)), int(min(option.most, _LARGEST)))
            whole.setSpecialValueText(_AT_ZERO.get(option.name, ""))
            whole.setValue(default)
            if option.name == "crop":
                whole.setSingleStep(32)
            inset(whole)
            whole.valueChanged.connect(self.changed)
            self._read[option.name] = whole.value
            return whole
        if isinstance(default, float):
            number = QDoubleSpinBox()
            number.setDecimals(
                6 if default < 0.01 and default > 0 else 3 if option.most <= 1 else 2
            )
            number.setRange(option.least, min(option.most, 1e6))
            number.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            number.setSpecialValueText(_AT_ZERO.get(option.name, ""))
            number.setValue(default)
            inset(number)
            number.valueChanged.connect(self.changed)
            self._read[option.name] = number.value
            return number
        text = QLineEdit(str(default))
        text.setMinimumWidth(64)
        text.textChanged.connect(self.changed)
        self._read[option.name] = lambda: text.text().strip()
        return text

    def _list(self, option: Option, rows: list[tuple[str, str]]) -> QComboBox:
        box = choices(option.label, rows)
        box.setCurrentIndex(max(0, box.findData(option.default)))
        box.currentIndexChanged.connect(self.changed)
        self._read[option.name] = lambda: str(box.currentData())
        return box

    def _encoders(self) -> QComboBox:
        box = choices("Encoder")
        box.currentIndexChanged.connect(self.changed)
        self._read["encoder"] = lambda: str(box.currentData() or "")
        return box

    def choose_model(self, model_id: str) -> None:
        """Choose what to train, with its defaults."""
        box = self._fields["model"]
        assert isinstance(box, QComboBox)
        box.setCurrentIndex(box.findData(model_id))

    def _model_chosen(self) -> None:
        """Show what means something to the model, at its own defaults."""
        if len(self._fields) < len(OPTIONS):
            return
        row = architecture(str(self._read["model"]()))
        box = self._fields["encoder"]
        assert isinstance(box, QComboBox)
        with QSignalBlocker(box):
            box.clear()
            for name in row.encoders:
                box.addItem(name, name)
        own = dict(row.defaults)
        ever = {name for each in ARCHITECTURES for name, _ in each.defaults}
        for option in OPTIONS:
            form, field = self._forms[option.name], self._fields[option.name]
            form.setRowVisible(field, option.name not in row.unused)
            # What another model changed goes back; what a person typed stays.
            if option.name in ever:
                _put(field, own.get(option.name, option.default))

    def _check(self) -> None:
        problem = ""
        try:
            _ = self.options
        except BadRequest as error:
            problem = str(error)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))


def _put(field: QWidget, value: OptionValue) -> None:
    if isinstance(field, QSpinBox):
        field.setValue(int(value))
    elif isinstance(field, QDoubleSpinBox):
        field.setValue(float(value))


def _head(title: str, rows: QWidget) -> QToolButton:
    """A title that opens and closes the rows below it."""
    head = QToolButton()
    head.setText(title)
    head.setCheckable(True)
    head.setAutoRaise(True)
    head.setProperty("look", "head")
    head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    put_icon(head, "next")

    def turn(opened: bool) -> None:
        rows.setVisible(opened)
        put_icon(head, "down" if opened else "next")

    head.toggled.connect(turn)
    return head
