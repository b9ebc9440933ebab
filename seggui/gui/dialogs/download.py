"""Asks before anything is fetched from the network: what, from where, how large."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from seggui.core.ports import ModelInfo, WeightsFile
from seggui.files.model_store import size_text
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import label

_ACCESS = (
    "Its publisher gives it to approved people only: ask at {}, then start seggui with "
    "HF_TOKEN set."
)


class DownloadDialog(Dialog):
    """Wishes for the download only when the person says so."""

    download_wished = Signal(object)
    """The ``ModelInfo`` whose weights are wanted."""

    def __init__(self, info: ModelInfo, folder: Path, parent: QWidget | None) -> None:
        super().__init__(f"Download the weights of {info.title}?", parent, "Download")
        self._info = info
        weights = info.weights
        form = QFormLayout()
        form.setVerticalSpacing(6)
        rows = [("Licence", info.weights_licence or "not stated")]
        if weights is not None:
            rows += [
                ("From", weights.url),
                ("Size", size_text(weights)),
                ("Into", str(folder)),
                ("Checked by", _check_text(weights)),
            ]
            if weights.access:
                rows.append(("Access", _ACCESS.format(weights.access)))
        for name, value in rows:
            text = label(value, wrap=True)
            text.setMinimumWidth(360)
            form.addRow(label(name, "quiet"), text)
        self.content.addLayout(form)
        self.content.addWidget(
            label("Nothing else is fetched, and nothing of yours is sent.", "quiet")
        )

    def wish(self) -> None:
        self.download_wished.emit(self._info)
        self.accept()


def _check_text(weights: WeightsFile) -> str:
    if weights.sha256:
        return "SHA-256, as other open tools state it"
    if weights.md5:
        return "MD5, as stated; no SHA-256 is, so that of this download is written down"
    return "nothing is stated; the SHA-256 of this download is written down"
