"""The frame of every dialog: title, content, and buttons with a way out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from seggui.gui.panels.controls import label


class Dialog(QDialog):
    """Esc and Cancel close it and change nothing; it vanishes when closed."""

    def __init__(
        self,
        title: str,
        parent: QWidget | None,
        do_text: str = "",
        cancel_text: str = "Cancel",
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 16)
        outer.setSpacing(12)
        self.content = QVBoxLayout()
        self.content.setSpacing(8)
        outer.addWidget(label(title, "heading"))
        outer.addLayout(self.content, 1)
        self.buttons = QDialogButtonBox()
        self.cancel = self.buttons.addButton(
            cancel_text, QDialogButtonBox.ButtonRole.RejectRole
        )
        self.cancel.setAutoDefault(False)
        self.do = None
        if do_text:
            self.do = self.buttons.addButton(
                do_text, QDialogButtonBox.ButtonRole.AcceptRole
            )
            self.do.setProperty("look", "main")
            self.do.setDefault(True)
        self.buttons.accepted.connect(self.wish)
        self.buttons.rejected.connect(self.reject)
        outer.addWidget(self.buttons)

    def wish(self) -> None:
        """What the main button does; a dialog that checks first overrides it."""
        self.accept()
