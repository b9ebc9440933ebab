"""Choose a format, see what it will lose, choose a folder, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QLineEdit,
    QProgressBar,
    QRadioButton,
    QWidget,
)

from seggui.files.formats.values import Format
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import button, label, relook, row, thin_line


class ExportDialog(Dialog):
    """Shows formats and losses; wishes for a check and for the export."""

    check_wished = Signal(str)
    """Id of the format whose losses should be told."""
    export_wished = Signal(str, object)
    """Id of the format and the folder."""
    cancel_wished = Signal()

    def __init__(
        self, formats: Sequence[Format], out: Path, images: int, parent: QWidget | None
    ) -> None:
        super().__init__("Export masks", parent, "Export")
        self._formats = {form.id: form for form in formats}
        self._stem = out
        self._images = images
        self._running = False
        self.setMinimumWidth(560)
        self.content.addWidget(
            label(
                ("1 image" if images == 1 else f"{images:,} images")
                + " with segments or marked as done"
                if images
                else "No image has a segment yet, and none is marked as done: there is "
                "nothing to export.",
                "quiet" if images else "warn",
                wrap=True,
            )
        )
        self._group = QButtonGroup(self)
        for place, form in enumerate(formats):
            choice = QRadioButton(form.title)
            choice.setProperty("format_id", form.id)
            choice.setChecked(place == 0)
            self._group.addButton(choice, place)
            self.content.addWidget(choice)
            summary = label(_sentence(form.summary), "quiet", wrap=True)
            summary.setIndent(24)
            self.content.addWidget(summary)
        self.content.addWidget(thin_line())
        self.content.addWidget(label("What will be lost", "section"))
        self.losses = label("", wrap=True)
        self.content.addWidget(self.losses)
        self.content.addWidget(thin_line())
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder to write to")
        choose = button("Choose…", "open-folder")
        choose.clicked.connect(self._choose)
        line = row(label("Into"), self.folder, choose)
        line.setStretch(1, 1)
        self.content.addLayout(line)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the export")
        self._what = label("", "quiet", wrap=True)
        self.content.addWidget(self._bar)
        self.content.addWidget(self._what)
        self._bar.hide()
        self.setTabOrder(self.folder, choose)
        self._group.idClicked.connect(lambda _: self._chosen())
        self.folder.textChanged.connect(self._tell)
        self._propose()
        self._tell()

    @property
    def format_id(self) -> str:
        chosen = self._group.checkedButton()
        return "" if chosen is None else str(chosen.property("format_id"))

    def choose_format(self, format_id: str) -> None:
        """Mark a format as a click would."""
        for choice in self._group.buttons():
            if choice.property("format_id") == format_id:
                choice.click()

    def begin(self) -> None:
        """Ask for the losses of the first format."""
        self._chosen()

    def show_losses(self, format_id: str, losses: Sequence[str]) -> None:
        """Say what the format will lose of this project."""
        if format_id != self.format_id:
            return
        always = self._formats[format_id].leaves_out
        if losses:
            self.losses.setText("\n".join(f"• {text}" for text in (*losses, always)))
            relook(self.losses, "warn")
        else:
            self.losses.setText(f"Nothing of the masks. {always}")
            relook(self.losses, "good")

    def show_progress(self, done: int, total: int, what: str) -> None:
        self._running = True
        self._bar.show()
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._what.setText(what)
        relook(self._what, "quiet")
        self._tell()

    def show_problem(self, text: str) -> None:
        """The export did not work; the dialog stays so that it can be tried again."""
        self._running = False
        self._bar.hide()
        self._what.setText(text)
        relook(self._what, "bad")
        self._tell()

    def wish(self) -> None:
        self.show_progress(0, 0, "Starting")
        self.export_wished.emit(self.format_id, Path(self.folder.text()).expanduser())

    def reject(self) -> None:
        if self._running:
            self.cancel_wished.emit()
        super().reject()

    def _chosen(self) -> None:
        self.losses.setText("Looking…")
        relook(self.losses, "quiet")
        self._propose()
        self.check_wished.emit(self.format_id)

    def _propose(self) -> None:
        self.folder.setText(f"{self._stem}-{self.format_id}")

    def _choose(self) -> None:
        dialog = QFileDialog(self, "Folder to write to")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(str(self._stem.parent))
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _tell(self) -> None:
        if self.do is not None:
            ready = self._images > 0 and bool(self.folder.text().strip())
            self.do.setEnabled(ready and not self._running)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
