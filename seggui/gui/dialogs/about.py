"""What this program is, its version and its licence."""

from __future__ import annotations

import platform

from PySide6.QtCore import QSize, qVersion
from PySide6.QtWidgets import QLabel, QWidget

from seggui import __version__
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.icons import app_icon
from seggui.gui.panels.controls import label, row


class AboutDialog(Dialog):
    """Shows facts; there is nothing to decide."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__("About seggui", parent, cancel_text="Close")
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(QSize(64, 64)))
        text = label(
            f"Version {__version__}\n"
            "Make segmentation data and the models trained on it.\n\n"
            "Free software under the Apache License 2.0.\n"
            f"Python {platform.python_version()}, Qt {qVersion()}",
        )
        self.content.addLayout(row(picture, text, None, gap=16))
        self.setMinimumWidth(420)
