"""Asks for the name of a new class and whether it is a thing or stuff."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QRadioButton, QWidget

from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import field_label, label


class NewClassDialog(Dialog):
    """Wishes for a class when it has a name that is free."""

    add_wished = Signal(str, bool)

    def __init__(self, taken: Iterable[str], parent: QWidget | None) -> None:
        super().__init__("New class", parent, "Add")
        self._taken = set(taken)
        self.name = QLineEdit()
        self.name.setPlaceholderText("leaf, cell, road…")
        self.name.setAccessibleName("Name of the class")
        self.name.setMinimumWidth(280)
        self.thing = QRadioButton("Thing: objects that can be counted")
        self.stuff = QRadioButton("Stuff: regions such as sky or soil")
        self.thing.setChecked(True)
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow(field_label("Name", self.name), self.name)
        form.addRow("", self.thing)
        form.addRow("", self.stuff)
        self.content.addLayout(form)
        self._problem = label("", "bad", wrap=True)
        self.content.addWidget(self._problem)
        self.name.textChanged.connect(self._check)
        self._check()

    def wish(self) -> None:
        self.add_wished.emit(self.name.text().strip(), self.thing.isChecked())
        self.accept()

    def _check(self) -> None:
        name = self.name.text().strip()
        taken = name in self._taken
        self._problem.setText(
            f"There is already a class called {name}." if taken else ""
        )
        self._problem.setVisible(taken)
        if self.do is not None:
            self.do.setEnabled(bool(name) and not taken)
