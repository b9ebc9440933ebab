"""All keys and gestures on one page, to search, print or keep as HTML."""

from __future__ import annotations

import html
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QTextBrowser, QWidget

from seggui.gui.actions import ACTIONS, MENUS
from seggui.gui.dialogs.frame import Dialog
from seggui.gui.docks import DOCKS
from seggui.gui.gestures import GESTURES
from seggui.gui.panels.controls import button, row
from seggui.gui.theme import LIGHT, Colours, theme

_PAPER = replace(
    LIGHT, field="#ffffff", text="#000000", quiet="#444444", accent="#000000"
)


def shortcuts_html(colours: Colours, wanted: str = "", title: str = "") -> str:
    """The page; ``wanted`` leaves only rows that hold this text."""
    head = f"<h2>{html.escape(title)}</h2>" if title else ""
    parts = [f"<html><body style='color:{colours.text}'>{head}"]
    low = wanted.casefold().strip()
    sections = [
        (
            menu,
            [
                (r.text.removesuffix("…"), _keys(r.shortcut), r.tip)
                for r in ACTIONS
                if r.menu == menu and r.shortcut
            ],
        )
        for menu in MENUS
    ]
    panels = [(row.title, _keys(row.shortcut), "Show or hide") for row in DOCKS]
    sections.append(("Panels", panels))
    sections.append(("On the image", [(what, keys, "") for keys, what in GESTURES]))
    for section, rows in sections:
        found = [r for r in rows if not low or low in " ".join(r).casefold()]
        if found:
            parts.append(_table(section, found, colours))
    if len(parts) == 1:
        parts.append(f"<p>Nothing here holds “{html.escape(wanted)}”.</p>")
    parts.append("</body></html>")
    return "".join(parts)


def _keys(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def _table(title: str, rows: list[tuple[str, str, str]], colours: Colours) -> str:
    lines = [
        f"<h3 style='color:{colours.accent}; margin:14px 0 4px 0'>"
        f"{html.escape(title)}</h3><table width='98%' cellspacing='0' cellpadding='3'>"
    ]
    for text, keys, tip in rows:
        lines.append(
            f"<tr><td width='30%'>{html.escape(text)}</td>"
            f"<td width='24%'><b>{html.escape(keys)}</b></td>"
            f"<td style='color:{colours.quiet}'>{html.escape(tip)}</td></tr>"
        )
    # Qt drops the margin of a heading after a table.
    lines.append("</table><div style='font-size:5px'>&nbsp;</div>")
    return "".join(lines)


class ShortcutsDialog(Dialog):
    """Shows the page; wishes to keep it as a file that any browser prints."""

    keep_wished = Signal(str)
    """The page as HTML, black on white."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__("Keyboard shortcuts", parent, cancel_text="Close")
        self.resize(720, 620)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search keys and actions")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Search keys and actions")
        self.page = QTextBrowser()
        self.page.setAccessibleName("Keyboard shortcuts")
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        keep = button("Save for printing…", "print")
        page = shortcuts_html(_PAPER, title="seggui: keyboard shortcuts")
        keep.clicked.connect(lambda: self.keep_wished.emit(page))
        self.content.addWidget(self.field)
        self.content.addWidget(self.page, 1)
        self.content.addLayout(row(keep, None))
        self.field.textChanged.connect(self._show)
        self._show("")
        self.field.setFocus()

    def _show(self, text: str) -> None:
        self.page.setHtml(shortcuts_html(theme().colours, text))
