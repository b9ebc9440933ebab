"""The command palette: type a few letters of an action, see its keys, do it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from seggui.gui.actions import ACTIONS, ActionRow
from seggui.gui.panels.controls import label

_WIDTH_PX = 560
_TOP_PX = 64
_MOST = 200
_UP_DOWN = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


def match(wanted: str, text: str) -> float | None:
    """How well letters fit a text, the higher the better; None when they do not.

    All letters must occur in their order; starts of words and runs count more.
    """
    letters, low = wanted.casefold().replace(" ", ""), text.casefold()
    if not letters:
        return 0.0
    score, at, last = 0.0, 0, -2
    for letter in letters:
        place = low.find(letter, at)
        starts = _word_start(low, letter, at)
        # The start of a word beats an earlier letter inside one that ends a run.
        if starts is not None and place != last + 1:
            place = starts
        if place < 0:
            return None
        score += 3 if place == last + 1 else 2 if _is_start(low, place) else 1
        last, at = place, place + 1
    if wanted.casefold() in low:
        score += 5
    return score - len(text) / 100


def _is_start(low: str, place: int) -> bool:
    return place == 0 or not low[place - 1].isalnum()


def _word_start(low: str, letter: str, at: int) -> int | None:
    for place in range(at, len(low)):
        if low[place] == letter and _is_start(low, place):
            return place
    return None


class CommandPalette(QFrame):
    """Closes itself when something was done or the focus goes elsewhere."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("look", "card")
        self.setFixedWidth(_WIDTH_PX)
        self.setObjectName("palette")
        self.setAccessibleName("Command palette")
        self._actions = actions
        self.field = QLineEdit()
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("Search actions")
        self.field.setMinimumHeight(30)
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setIconSize(QSize(18, 18))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._do)
        self._search("")

    def open_at(self, window: QWidget) -> None:
        """Show it in the upper middle of a window."""
        self.move((window.width() - _WIDTH_PX) // 2, _TOP_PX)
        self.resize(_WIDTH_PX, min(420, window.height() - 2 * _TOP_PX))
        self.show()
        self.raise_()
        self.field.setFocus()

    @property
    def found_ids(self) -> tuple[str, ...]:
        count = range(self.list.count())
        return tuple(
            str(self.list.item(i).data(Qt.ItemDataRole.UserRole)) for i in count
        )

    def run_current(self) -> None:
        """Do what is marked."""
        item = self.list.currentItem()
        if item is not None:
            self._do(item)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run_current()
                return True
            if event.key() in _UP_DOWN:
                self._step(event.key())
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close()
                return True
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            # The search is over when the person turns to something else.
            self.close()
        return super().eventFilter(watched, event)

    def _step(self, key: int) -> None:
        by = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -8,
            Qt.Key.Key_PageDown: 8,
        }[Qt.Key(key)]
        last = self.list.count() - 1
        self.list.setCurrentRow(min(max(self.list.currentRow() + by, 0), last))

    def _search(self, text: str) -> None:
        found: list[tuple[float, int, ActionRow]] = []
        for place, row in enumerate(ACTIONS):
            score = match(text, f"{row.text} {row.menu}")
            if score is not None:
                # What cannot be done now stays findable, below what fits as well; a
                # poor fit must not come before it and be done by mistake.
                usable = self._actions[row.id].isEnabled()
                found.append((-score + (0 if usable else 4), place, row))
        found.sort(key=lambda entry: entry[:2])
        self.list.clear()
        for _, _, row in found[:_MOST]:
            self._add(row)
        self.list.setCurrentRow(0)

    def _add(self, row: ActionRow) -> None:
        action = self._actions[row.id]
        item = QListWidgetItem(self.list)
        item.setData(Qt.ItemDataRole.UserRole, row.id)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, row.text)
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(6, 2, 8, 2)
        layout.setSpacing(10)
        picture = QLabel()
        picture.setPixmap(action.icon().pixmap(18, 18))
        layout.addWidget(picture)
        name = label(row.text.removesuffix("…"))
        name.setEnabled(action.isEnabled())
        layout.addWidget(name)
        layout.addWidget(label(row.menu, "quiet"))
        layout.addStretch(1)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if keys:
            layout.addWidget(label(keys, "key"))
        line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        item.setSizeHint(QSize(100, 32))
        self.list.setItemWidget(item, line)

    def _do(self, item: QListWidgetItem) -> None:
        action = self._actions[str(item.data(Qt.ItemDataRole.UserRole))]
        if action.isEnabled():
            self.close()
            action.trigger()
