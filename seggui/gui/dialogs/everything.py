"""Asks how everything in the image is to be segmented."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from seggui.core.everything import PARAMETERS
from seggui.core.parameters import Settings, Value, values_of
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import label
from seggui.gui.panels.parameters import ParameterRows

_WIDTH_PX = 520


class EverythingDialog(Dialog):
    """Shows the options as they were last; wishes for those that are set."""

    wished = Signal(object)
    """``Settings``: names and values that differ from the defaults."""

    def __init__(
        self, model_title: str, usual: Settings, parent: QWidget | None
    ) -> None:
        super().__init__("Segment everything", parent, "Segment")
        self.setMinimumWidth(_WIDTH_PX)
        self._values = dict(values_of(PARAMETERS, usual))
        text = (
            f"{model_title} is asked on a grid of points. What it finds becomes "
            "candidate segments: accept or reject them all at once or one by one. "
            "Segments that are accepted already stay as they are."
        )
        self.content.addWidget(label(text, "quiet", wrap=True))
        self.rows = ParameterRows()
        self.rows.wished.connect(self._set)
        self.rows.defaults_wished.connect(self._reset)
        self.content.addWidget(self.rows)
        self.content.addStretch(1)
        self._show()
        layout = self.layout()
        if layout is not None:
            # Texts of several lines are taller than a layout expects.
            self.setMinimumHeight(layout.heightForWidth(_WIDTH_PX))

    def wish(self) -> None:
        different = [
            (row.name, self._values[row.name])
            for row in PARAMETERS
            if self._values[row.name] != row.default
        ]
        self.wished.emit(tuple(different))
        self.accept()

    def _set(self, name: str, value: Value) -> None:
        self._values[name] = value
        self._show()

    def _reset(self) -> None:
        self._values = dict(values_of(PARAMETERS, ()))
        self._show()

    def _show(self) -> None:
        self.rows.show_parameters("", PARAMETERS, self._values)
