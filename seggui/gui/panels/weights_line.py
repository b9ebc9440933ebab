"""What can be done with the weights of the marked model, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from seggui.gui.panels.batch_bar import BatchBar, BatchRow
from seggui.gui.panels.controls import button, column, icon_button, row

_FETCH = {
    "missing": "Download…",
    "partly downloaded": "Resume",
    "damaged": "Download again…",
}
"""What the button says, by what is in the model folder."""


class WeightsLine(QWidget):
    """Buttons for one model; wishes for what its weights need."""

    use_wished = Signal()
    download_wished = Signal()
    verify_wished = Signal()
    remove_wished = Signal()
    folder_wished = Signal()
    cancel_wished = Signal()
    """Stop the download or the check that is under way."""

    def __init__(self) -> None:
        super().__init__()
        self._state = ""
        self._busy = False
        self.use = button("Use for clicks", tip="Answer marks with this model")
        self.use.clicked.connect(self.use_wished)
        self.download = button("Download…", "download", "Fetch the weights")
        self.download.clicked.connect(self.download_wished)
        self.verify = icon_button(
            "shield",
            "Verify: compare the file with the digest that is stated for it",
            self.verify_wished.emit,
        )
        self.remove = icon_button(
            "trash", "Remove the weights from this machine…", self.remove_wished.emit
        )
        self.folder = icon_button(
            "open-folder", "Open the model folder", self.folder_wished.emit
        )
        self.bar = BatchBar()
        self.bar.cancel_wished.connect(self.cancel_wished)
        layout = column(self, margin=0)
        layout.addLayout(
            row(self.use, self.download, None, self.verify, self.remove, self.folder)
        )
        layout.addWidget(self.bar)
        self.show_weights("")

    def show_use(self, *, possible: bool, ready: bool, used: bool) -> None:
        """Whether the model answers clicks, could do so now, and does so."""
        self.use.setVisible(possible and (ready or used))
        self.use.setEnabled(ready and not used)
        self.use.setText("In use for clicks" if used else "Use for clicks")

    def show_weights(self, state: str) -> None:
        """What is in the model folder; empty for a model without released weights."""
        self._state = state
        self.download.setVisible(state in _FETCH)
        self.download.setText(_FETCH.get(state, ""))
        self.verify.setVisible(state in ("there", "damaged"))
        self.remove.setVisible(state not in ("", "missing"))
        self.folder.setVisible(bool(state))
        for control in (self.download, self.verify, self.remove):
            control.setEnabled(not self._busy)

    def show_fetching(self, batch: BatchRow | None) -> None:
        """Show how far a download or a check is; None when none is under way."""
        self._busy = batch is not None
        self.bar.show_batch(batch)
        self.show_weights(self._state)
