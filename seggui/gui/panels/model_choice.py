"""Which model answers clicks: a list of those at hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from seggui.gui.panels.controls import choices, icon_button, label, row

_NAME = "Model for clicks"
_TITLE_PX = 78


class ModelChoice(QWidget):
    """Shows the models that can answer clicks now; wishes for another one."""

    wished = Signal(str)
    """Id of the model."""
    more_wished = Signal()
    """Models that have to be downloaded first are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.box = choices(_NAME)
        self.box.setToolTip("Who answers points, boxes and the other marks")
        self.box.activated.connect(lambda _: self.wished.emit(self.box.currentData()))
        self.more = icon_button(
            "models", "All models, with downloads", self.more_wished.emit
        )
        # Short, and in line with the options above: titles need the room.
        title = label("Model")
        title.setMinimumWidth(_TITLE_PX)
        title.setBuddy(self.box)
        line = row(title, self.box, self.more)
        line.setStretch(1, 1)
        self.setLayout(line)

    def show_models(self, models: Sequence[tuple[str, str]], chosen: str) -> None:
        """Show models by title and id, and which of them is in use."""
        with QSignalBlocker(self.box):
            self.box.clear()
            for title, model_id in models:
                self.box.addItem(title, model_id)
            self.box.setCurrentIndex(self.box.findData(chosen))
