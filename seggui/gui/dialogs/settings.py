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
from seggui.gui.panels.controls import (
    FIELD_PX,
    column,
    field_label,
    inset,
    label,
    scrolled,
)

Value = str | int | float | bool
_LARGEST = 1_000_000
_NAMES_PX = 190
_LEAST_PX = 520
_FRAME_PX = 200
"""Title, buttons and margins of the dialog, and what the desktop keeps."""


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
        self._before = {row.key: value_of(row.key) for row in SETTINGS}
        self._offers = offers or {}
        self._read: dict[str, Callable[[], Value]] = {}
        self.fields: dict[str, QWidget] = {}
        page = QWidget()
        lines = column(page, margin=0)
        for group in dict.fromkeys(row.group for row in SETTINGS):
            lines.addWidget(label(group, "section"))
            lines.addLayout(self._group([r for r in SETTINGS if r.group == group]))
        lines.addWidget(label("Folders", "section"))
        form = _form()
        for kind, path in folders.items():
            title = label(kind.capitalize())
            title.setMinimumWidth(_NAMES_PX)
            form.addRow(title, label(str(path), "quiet", wrap=True))
        lines.addLayout(form)
        lines.addStretch(1)
        area = scrolled(page)
        page.setObjectName("")  # the ground is that of the dialog
        area.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        self.content.addWidget(area, 1)
        room = self.screen().availableGeometry().height() - _FRAME_PX
        area.setMinimumHeight(min(page.sizeHint().height(), room))
        bar = area.verticalScrollBar().sizeHint().width()
        area.setMinimumWidth(max(_LEAST_PX, page.minimumSizeHint().width() + bar))

    def _group(self, rows: Sequence[Setting]) -> QFormLayout:
        form = _form()
        for row in rows:
            field = self._field(row, self._before[row.key])
            field.setToolTip(row.help)
            field.setAccessibleName(row.label)
            self.fields[row.key] = field
            name = field_label(row.label, field)
            # All groups in line, although each is a form of its own.
            name.setMinimumWidth(_NAMES_PX)
            form.addRow(name, field)
        return form

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


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setVerticalSpacing(6)
    form.setHorizontalSpacing(14)
    return form
