"""Asks before anything is fetched from the network: what, from where, how large."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from seggui.core.ports import ModelInfo
from seggui.files.atomic import size_in_words
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import label


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
        size = weights.size_bytes if weights else None
        for name, value in (
            ("From", weights.url if weights else ""),
            ("Size", size_in_words(size) if size else "not stated"),
            ("Into", str(folder)),
            ("Licence", info.weights_licence or "not stated"),
            (
                "Checked by",
                "SHA-256" if weights and weights.sha256 else "its size only",
            ),
        ):
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
