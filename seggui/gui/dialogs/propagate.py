"""Asks where to propagate, how far, with which model, and what stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from seggui.core.ports import ModelInfo
from seggui.core.tracks import OnAnnotated
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import choices, field_label, inset, label, row
from seggui.jobs.propagation import Direction

_WAYS: tuple[tuple[Direction, str], ...] = (
    ("forward", "Forward"),
    ("backward", "Backward"),
    ("both", "Both ways"),
)
_ANNOTATED: tuple[tuple[str, OnAnnotated], ...] = (
    ("Leave these images as they are", "keep"),
    ("Add candidates beside them", "add"),
)
_MOST = 100_000
_FIELD_PX = 300


@dataclass(frozen=True, slots=True)
class PropagateWish:
    """How segments are to be carried to other images."""

    direction: Direction = "forward"
    most: int = 0
    """Images to a side; 0 is all of them."""
    model_id: str = ""
    on_annotated: OnAnnotated = "keep"
    until_lost: bool = True

    def text(self) -> str:
        """The wish as text, to be remembered."""
        return json.dumps(asdict(self))

    @staticmethod
    def of_text(text: str) -> PropagateWish:
        """A remembered wish; what cannot be read gives the usual one."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return PropagateWish()
        usual = PropagateWish()
        if not isinstance(values, dict):
            return usual
        # Lists: what is looked for may be anything, also what has no hash.
        ways = [way for way, _ in _WAYS]
        kinds = [kind for _, kind in _ANNOTATED]
        most, model_id = values.get("most"), values.get("model_id")
        return PropagateWish(
            values["direction"] if values.get("direction") in ways else usual.direction,
            most if type(most) is int and 0 <= most <= _MOST else usual.most,
            model_id if isinstance(model_id, str) else "",
            values["on_annotated"]
            if values.get("on_annotated") in kinds
            else usual.on_annotated,
            values.get("until_lost") is not False,
        )


class PropagateDialog(Dialog):
    """Wishes for a propagation from the shown image."""

    wished = Signal(object)
    """A ``PropagateWish``."""

    def __init__(
        self,
        what: str,
        reach: Callable[[Direction, int], int],
        models: Sequence[ModelInfo],
        usual: PropagateWish,
        parent: QWidget | None,
    ) -> None:
        """``reach`` gives how many images a direction and a number come to."""
        super().__init__("Propagate segments", parent, "Propagate")
        self._reach = reach
        self.content.addWidget(label(what, "quiet", wrap=True))
        self.ways = {way: QRadioButton(text) for way, text in _WAYS}
        self.ways[usual.direction].setChecked(True)
        self.most = QSpinBox()
        self.most.setRange(0, _MOST)
        self.most.setSpecialValueText("All images")
        self.most.setAccessibleName("How many images to a side")
        self.most.setValue(usual.most)
        inset(self.most)
        self.model = choices("Model", [(info.title, info.id) for info in models])
        self.model.setCurrentIndex(max(0, self.model.findData(usual.model_id)))
        self.annotated = choices("Images with accepted segments", _ANNOTATED)
        self.annotated.setCurrentIndex(
            max(0, self.annotated.findData(usual.on_annotated))
        )
        for field in (self.most, self.model, self.annotated):
            field.setMinimumWidth(_FIELD_PX)
        self.until_lost = QCheckBox("Stop when all objects are out of sight")
        self.until_lost.setToolTip("After three images in a row without any of them")
        self.until_lost.setChecked(usual.until_lost)
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow(label("Direction", "field"), row(*self.ways.values(), None, gap=14))
        form.addRow(field_label("How far", self.most), self.most)
        form.addRow(field_label("Model", self.model), self.model)
        form.addRow(field_label("Accepted segments", self.annotated), self.annotated)
        form.addRow("", self.until_lost)
        self.content.addLayout(form)
        self._summary = label("", "quiet", wrap=True)
        self.content.addWidget(self._summary)
        for way in self.ways.values():
            way.clicked.connect(lambda _: self._tell())
        self.most.valueChanged.connect(lambda _: self._tell())
        self._tell()

    @property
    def direction(self) -> Direction:
        return next(way for way, choice in self.ways.items() if choice.isChecked())

    def wish(self) -> None:
        self.wished.emit(
            PropagateWish(
                self.direction,
                self.most.value(),
                str(self.model.currentData()),
                self.annotated.currentData(),
                self.until_lost.isChecked(),
            )
        )
        self.accept()

    def _tell(self) -> None:
        count = self._reach(self.direction, self.most.value())
        self._summary.setText(
            f"{count:,} image{'' if count == 1 else 's'} will be looked at. What is "
            "found comes as candidates to review; images marked as done stay as they "
            "are."
            if count
            else "There is no image in that direction."
        )
        if self.do is not None:
            self.do.setEnabled(count > 0)
