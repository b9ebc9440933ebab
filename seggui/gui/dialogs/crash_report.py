"""Says that the program is wrong, that the work is safe, and what to report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from seggui.gui.dialogs.frame import Dialog
from seggui.gui.panels.controls import button, label, row


@dataclass(frozen=True, slots=True)
class CrashReport:
    """One thing that went wrong, in words and in detail."""

    summary: str
    details: str
    file: Path | None = None
    rescued: str = ""


class CrashDialog(Dialog):
    """Shows one report; it can be copied."""

    def __init__(self, report: CrashReport, parent: QWidget | None) -> None:
        super().__init__(
            "Something went wrong inside seggui", parent, cancel_text="Go on"
        )
        self._details = report.details
        self.resize(640, 420)
        self.content.addWidget(
            label(
                f"{report.rescued} This is a fault of the program, not of what you "
                "did. You can go on; to be on the safe side, save and start again.",
                wrap=True,
            )
        )
        self.content.addWidget(label(report.summary, "bad", wrap=True))
        text = QPlainTextEdit(report.details)
        text.setReadOnly(True)
        text.setAccessibleName("Details of the fault")
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.content.addWidget(text, 1)
        self.copy = button("Copy report", "duplicate")
        self.copy.clicked.connect(self.copy_report)
        where = label(
            f"Also in {report.file}" if report.file else "", "quiet", wrap=True
        )
        line = row(self.copy, where)
        line.setStretch(1, 1)
        self.content.addLayout(line)

    def copy_report(self) -> None:
        """Put the report on the clipboard."""
        QGuiApplication.clipboard().setText(self._details)
        self.copy.setText("Copied")
