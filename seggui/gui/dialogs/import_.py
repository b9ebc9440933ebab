"""Choose a source, see what is in it, say what its classes become, bring it in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from seggui.core.classes import Classes
from seggui.files.formats.importing import ClassMapping
from seggui.files.formats.values import Format, Imported
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import button, colour_chip, label, relook, row

_EXISTING = (
    ("Put the new segments on top", "add"),
    ("Replace the segments there (undo brings them back)", "replace"),
    ("Leave images with segments as they are", "skip"),
)
_REFUSALS_SHOWN = 5
_NAMES_PX = 168


class ImportDialog(Dialog):
    """Shows what was read; wishes to read and to bring it in."""

    read_wished = Signal(str, object)
    """Id of the format and the path of the source."""
    import_wished = Signal(str, object, object, str)
    """Format id, ``Imported``, wanted names by class key, what to do with segments."""
    cancel_wished = Signal()

    def __init__(self, formats: Sequence[Format], parent: QWidget | None) -> None:
        super().__init__("Import masks", parent, "Import")
        self._imported: Imported | None = None
        self._running = False
        self._boxes: list[tuple[str, QComboBox]] = []
        self.setMinimumWidth(600)
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        for form in formats:
            self.format.addItem(form.title, form.id)
        self.source = QLineEdit()
        self.source.setPlaceholderText("File or folder with masks")
        self.source.setAccessibleName("Source")
        pick_file = button("File…", "image")
        pick_folder = button("Folder…", "open-folder")
        line = row(_name("Format"), self.format)
        line.setStretch(1, 1)
        self.content.addLayout(line)
        line = row(_name("Source"), self.source, pick_file, pick_folder)
        line.setStretch(1, 1)
        self.content.addLayout(line)
        self._found = label("Nothing was read yet.", "quiet", wrap=True)
        self.content.addWidget(self._found)
        self.table = _table()
        self.content.addWidget(self.table, 1)
        self.existing = QComboBox()
        self.existing.setAccessibleName("Images that have segments")
        for text, value in _EXISTING:
            self.existing.addItem(text, value)
        line = row(_name("Images that have segments"), self.existing)
        line.setStretch(1, 1)
        self.content.addLayout(line)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._problem = label("", "bad", wrap=True)
        self.content.addWidget(self._bar)
        self.content.addWidget(self._problem)
        pick_file.clicked.connect(
            lambda: self._choose(QFileDialog.FileMode.ExistingFile)
        )
        pick_folder.clicked.connect(
            lambda: self._choose(QFileDialog.FileMode.Directory)
        )
        self.source.editingFinished.connect(self._read)
        self.format.currentIndexChanged.connect(self._read)
        self._tell()

    def choose_source(self, path: str) -> None:
        """Take a path as if it had been picked."""
        self.source.setText(path)
        self._read()

    def show_found(
        self, imported: Imported, mapping: ClassMapping, classes: Classes
    ) -> None:
        """Show what was read and what its classes would become."""
        self._imported = imported
        self._running = False
        self._bar.hide()
        images = len(imported.documents)
        text = f"{imported.segments:,} segments on {images:,} images of this project."
        refused = imported.refused
        relook(self._found, "warn" if refused else "quiet")
        if refused:
            shown = "\n".join(f"• {item}" for item in refused[:_REFUSALS_SHOWN])
            more = len(refused) - _REFUSALS_SHOWN
            rest = f"\n• and {more:,} more" if more > 0 else ""
            text += f"\nLeft out:\n{shown}{rest}"
        self._found.setText(text)
        self._boxes = []
        self.table.setRowCount(len(mapping.rows))
        for place, mapped in enumerate(mapping.rows):
            found = mapped.found
            name = QTableWidgetItem(found.name or f"id {found.id}")
            count = QTableWidgetItem(f"{found.segments:,}")
            count.setTextAlignment(
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
            box = QComboBox()
            box.setAccessibleName(f"What {name.text()} becomes")
            if mapped.new:
                box.addItem(f"new class {mapped.becomes.name}", "")
            for item in classes:
                box.addItem(colour_chip(item.colour), item.name, item.name)
            box.setCurrentIndex(0 if mapped.new else box.findData(mapped.becomes.name))
            box.setToolTip(mapped.note)
            self.table.setItem(place, 0, name)
            self.table.setItem(place, 1, count)
            self.table.setCellWidget(place, 2, box)
            self._boxes.append((found.name or str(found.id), box))
        self._tell()

    def show_progress(self, done: int, total: int, what: str) -> None:
        self._running = True
        self._bar.show()
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._found.setText(what)
        self._tell()

    def show_problem(self, text: str) -> None:
        self._running = False
        self._bar.hide()
        self._problem.setText(text)
        self._found.setText("Nothing was read; nothing was changed.")
        self._tell()

    def wish(self) -> None:
        if self._imported is None:
            return
        wanted = {
            key: str(box.currentData()) for key, box in self._boxes if box.currentData()
        }
        imported = self._imported
        self.show_progress(0, 0, "Bringing them in")
        self.import_wished.emit(
            str(self.format.currentData()),
            imported,
            wanted,
            str(self.existing.currentData()),
        )

    def reject(self) -> None:
        if self._running:
            self.cancel_wished.emit()
        super().reject()

    def _choose(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, "Masks to import")
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self.choose_source)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _read(self) -> None:
        text = self.source.text().strip()
        self._imported = None
        self._problem.setText("")
        self.table.setRowCount(0)
        if text:
            self.show_progress(0, 0, "Reading")
            self.read_wished.emit(
                str(self.format.currentData()), Path(text).expanduser()
            )
        self._tell()

    def _tell(self) -> None:
        self._problem.setVisible(bool(self._problem.text()))
        self.table.setVisible(self.table.rowCount() > 0)
        if self.do is not None:
            there = self._imported is not None and bool(self._imported.documents)
            self.do.setEnabled(there and not self._running)


def _name(text: str) -> QLabel:
    """The name of a line; all of them are equally wide."""
    made = label(text)
    made.setMinimumWidth(_NAMES_PX)
    return made


def _table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setHorizontalHeaderLabels(["Class there", "Segments", "Becomes"])
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    table.setMinimumHeight(150)
    table.setAccessibleName("Classes of the source and what they become")
    header = table.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
    return table
