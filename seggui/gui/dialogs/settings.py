"""The settings, one field for each row of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from seggui.files.settings import SETTINGS, Setting
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import FIELD_PX, field_label, inset, label

Value = str | int | float | bool
_LARGEST = 1_000_000
_NAMES_PX = 190


class SettingsDialog(Dialog):
    """Shows values; wishes for those that were changed."""

    changed = Signal(object)
    """A mapping of key to value, of the changed ones only."""

    def __init__(
        self,
        value_of: Callable[[str], Value],
        folders: dict[str, Path],
        parent: QWidget | None,
        offers: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        """``offers`` has texts and values of settings whose choices come and go."""
        super().__init__("Settings", parent, "Save")
        self.setMinimumWidth(520)
        self._before = {row.key: value_of(row.key) for row in SETTINGS}
        self._offers = offers or {}
        self._read: dict[str, Callable[[], Value]] = {}
        self.fields: dict[str, QWidget] = {}
        groups = dict.fromkeys(row.group for row in SETTINGS)
        for group in groups:
            self.content.addWidget(label(group, "section"))
            form = QFormLayout()
            form.setVerticalSpacing(6)
            form.setHorizontalSpacing(14)
            for row in SETTINGS:
                if row.group == group:
                    field = self._field(row, self._before[row.key])
                    field.setToolTip(row.help)
                    field.setAccessibleName(row.label)
                    self.fields[row.key] = field
                    name = field_label(row.label, field)
                    # All groups in line, although each is a form of its own.
                    name.setMinimumWidth(_NAMES_PX)
                    form.addRow(name, field)
            self.content.addLayout(form)
        self.content.addWidget(label("Folders", "section"))
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        for kind, path in folders.items():
            title = label(kind.capitalize())
            title.setMinimumWidth(_NAMES_PX)
            form.addRow(title, label(str(path), "quiet", wrap=True))
        self.content.addLayout(form)
        self.content.addStretch(1)

    def wish(self) -> None:
        now = {key: read() for key, read in self._read.items()}
        self.changed.emit({k: v for k, v in now.items() if v != self._before[k]})
        self.accept()

    def _field(self, row: Setting, value: Value) -> QWidget:
        if row.choices:
            return self._choice(row, value, [(c.capitalize(), c) for c in row.choices])
        if row.key in self._offers:
            return self._choice(row, value, self._offers[row.key])
        if isinstance(row.default, bool):
            tick = QCheckBox(row.help)
            tick.setChecked(bool(value))
            tick.setMinimumHeight(FIELD_PX)
            self._read[row.key] = tick.isChecked
            return tick
        if isinstance(row.default, int | float):
            return self._number(row, float(value))
        text = QLineEdit(str(value))
        text.setPlaceholderText(row.help)
        self._read[row.key] = lambda: text.text().strip()
        return text

    def _choice(
        self, row: Setting, value: Value, choices: Sequence[tuple[str, str]]
    ) -> QWidget:
        box = QComboBox()
        for text, choice in choices:
            box.addItem(text, choice)
        if box.findData(value) < 0:
            box.addItem(f"{value} (not at hand)", value)
        box.setCurrentIndex(box.findData(value))
        self._read[row.key] = lambda: str(box.currentData())
        return box

    def _number(self, row: Setting, value: float) -> QWidget:
        low = 0.0 if row.smallest is None else row.smallest
        high = _LARGEST if row.largest is None else row.largest
        if isinstance(row.default, int):
            whole = QSpinBox()
            whole.setRange(int(low), int(high))
            whole.setValue(int(value))
            inset(whole)
            self._read[row.key] = whole.value
            return whole
        number = QDoubleSpinBox()
        number.setRange(low, high)
        number.setSingleStep(0.05 if high <= 1 else 0.5)
        number.setDecimals(2)
        number.setValue(value)
        inset(number)
        self._read[row.key] = number.value
        return number
