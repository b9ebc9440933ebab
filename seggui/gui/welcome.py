"""What is shown instead of the canvas when there is no image: how to begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from seggui.gui.icons import app_icon, icon
from seggui.gui.panels.controls import button, column, label, row
from seggui.gui.theme import theme

_RECENT = 6
_CARD_PX = 440


class Welcome(QWidget):
    """Shows a way in; wishes for a folder."""

    open_wished = Signal()
    sample_wished = Signal()
    recent_wished = Signal(object)
    """The path of a folder."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "stage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        card = QFrame()
        card.setProperty("look", "card")
        card.setMaximumWidth(_CARD_PX)
        inside = column(card, margin=28)
        inside.setSpacing(10)
        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(QSize(56, 56)))
        picture.setFixedSize(56, 56)
        self._title = label("seggui", "title")
        self._text = label("", "quiet", wrap=True)
        self._open = button("Open a folder of images", main=True)
        self._sample = button("Open the sample project")
        for made in (self._open, self._sample):
            made.setIconSize(QSize(20, 20))
            made.setMinimumHeight(38)
        inside.addLayout(row(picture, self._title, None, gap=14))
        inside.addWidget(self._text)
        inside.addSpacing(6)
        inside.addWidget(self._open)
        inside.addWidget(self._sample)
        self._recent_title = label("Recent folders", "section")
        inside.addSpacing(4)
        inside.addWidget(self._recent_title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inside.addLayout(self._recent)
        hint = label("or drop a folder or an image here", "quiet")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside.addSpacing(4)
        inside.addWidget(hint)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(card, 100)
        line.addStretch(1)
        layout.addLayout(line)
        layout.addStretch(3)
        self._open.clicked.connect(self.open_wished)
        self._sample.clicked.connect(self.sample_wished)
        theme().changed.connect(self._paint)
        self._paint()
        self.show_nothing_open()
        self.show_recent(())

    def show_nothing_open(self) -> None:
        self._title.setText("seggui")
        self._text.setText(
            "Open a folder. Click an object, get its mask. Paint what is wrong. "
            "Train on what you have."
        )

    def show_empty_folder(self, folder: Path) -> None:
        """Say that the open folder holds no image."""
        self._title.setText("No images here")
        self._text.setText(
            f"{folder} holds no image that can be read. Put images into it, or open "
            "another folder."
        )

    def show_no_image(self) -> None:
        """Say that a folder is open and none of its images is shown."""
        self._title.setText("No image is shown")
        self._text.setText(
            "Choose one in the list of images. If it could not be opened, the message "
            "above and the tip of its row say why."
        )

    def show_loading(self, what: str) -> None:
        """Say that something is on its way."""
        self._title.setText("One moment")
        self._text.setText(f"{what}…")

    def show_recent(self, folders: Sequence[Path]) -> None:
        """Offer the folders that were open last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        shown = folders[:_RECENT]
        self._recent_title.setVisible(bool(shown))
        for folder in shown:
            made = button(f"{folder.name}   {_short(folder.parent)}", tip=str(folder))
            made.setProperty("look", "link")
            made.clicked.connect(lambda _=False, f=folder: self.recent_wished.emit(f))
            self._recent.addWidget(made)

    def _paint(self) -> None:
        colours = theme().colours
        self._open.setIcon(icon("open-folder", colours.on_accent))
        self._sample.setIcon(icon("sample", colours.text))


def _short(folder: Path, most: int = 40) -> str:
    text = str(folder)
    home = str(Path.home())
    if text == home or text.startswith(home + "/"):
        text = "~" + text[len(home) :]
    return text if len(text) <= most else "…" + text[-most:]
