"""The one place where sentences are shown: a bar that asks for nothing.

What is said before there is a window waits here. The same sentence said again is
counted, not stacked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from seggui.errors import SegguiError
from seggui.gui.icons import icon
from seggui.gui.panels.controls import button, icon_button
from seggui.gui.theme import theme

LEVELS = ("info", "warning", "error")
_MOST = 3
"""So many are shown at once, and one that goes by itself even so."""
_SHOWN_MS = {"info": 7000, "warning": 12_000}
"""How long a notice is there at least; those of other levels until they are closed."""
_LETTER_MS = 60
"""And how long for each of its letters: it must be read."""
_ICONS = {"info": "about", "warning": "warning", "error": "error"}
_COLOURS = {"info": "accent", "warning": "warn", "error": "bad"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence, how bad it is, and what can be done about it."""

    text: str
    level: str = "info"
    times: int = 1
    action: str = ""
    """The text of a button; empty for none."""
    do: Callable[[], object] | None = None

    @property
    def stays(self) -> bool:
        """Whether it waits to be closed or answered."""
        return self.shown_ms is None

    @property
    def shown_ms(self) -> int | None:
        """When it goes by itself; None for what stays."""
        least = _SHOWN_MS.get(self.level)
        if least is None or self.action:
            return None
        return max(least, _LETTER_MS * len(self.text))


class Notices(QObject):
    """Keeps what was said until it is closed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open: list[Notice] = []

    @property
    def open(self) -> tuple[Notice, ...]:
        """What was said and not closed, the newest first."""
        return tuple(reversed(self._open))

    @property
    def shown(self) -> tuple[Notice, ...]:
        """What there is room for; older errors and questions wait behind it."""
        waiting = [notice for notice in self.open if notice.stays][_MOST:]
        return tuple(n for n in self.open if not any(n is other for other in waiting))

    def say(self, text: str, level: str = "info") -> None:
        self.put(Notice(text, level))

    def error(self, error: SegguiError) -> None:
        """Show a sentence made for people, as written."""
        self.say(str(error), "error")

    def put(self, notice: Notice) -> None:
        """Show a notice, or count it when it is already shown."""
        for place, old in enumerate(self._open):
            if (old.text, old.level) == (notice.text, notice.level):
                self._open[place] = replace(notice, times=old.times + 1)
                self.changed.emit()
                return
        self._open.append(notice)
        # What waits to be closed or answered is never pushed out.
        going = [one for one in self._open if not one.stays]
        room = max(1, _MOST - (len(self._open) - len(going)))
        for old in sorted(going, key=_weight)[: max(0, len(going) - room)]:
            self._open.remove(old)
        self.changed.emit()

    def close(self, notice: Notice) -> None:
        self._open = [one for one in self._open if one is not notice]
        self.changed.emit()

    def close_all(self) -> None:
        self._open = []
        self.changed.emit()

    def close_notice(self, text: str) -> None:
        left = [notice for notice in self._open if notice.text != text]
        if len(left) != len(self._open):
            self._open = left
            self.changed.emit()


def _weight(notice: Notice) -> int:
    """How much it matters; of notices that matter the same the oldest goes first."""
    return LEVELS.index(notice.level)


class NoticeBar(QWidget):
    """Shows notices above the canvas; takes no room when there is none."""

    def __init__(self, notices: Notices, parent: QWidget) -> None:
        super().__init__(parent)
        self._notices = notices
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._shown: list[tuple[Notice, QWidget]] = []
        notices.changed.connect(self._show)
        self._more = QLabel()
        self._more_line = QFrame()
        self._more_line.setProperty("look", "notice")
        self._more_line.setProperty("level", "info")
        more = QHBoxLayout(self._more_line)
        more.setContentsMargins(12, 2, 8, 2)
        more.addWidget(self._more, 1)
        close_all = button("Close all", tip="Close all messages, also those that wait")
        close_all.clicked.connect(notices.close_all)
        more.addWidget(close_all)
        self._layout.addWidget(self._more_line)
        theme().changed.connect(self._again)
        self._show()

    def _again(self) -> None:
        for _, line in self._shown:
            line.hide()
            line.deleteLater()
        self._shown = []
        self._show()

    def _show(self) -> None:
        wanted = self._notices.shown
        kept = {id(notice): line for notice, line in self._shown if notice in wanted}
        for notice, line in self._shown:
            if id(notice) not in kept:
                self._layout.removeWidget(line)
                line.hide()
                line.deleteLater()
        shown = []
        for place, notice in enumerate(wanted):
            made = kept.get(id(notice)) or self._line(notice)
            self._layout.insertWidget(place, made)
            shown.append((notice, made))
        self._shown = shown
        waiting = len(self._notices.open) - len(wanted)
        older = (
            "1 older message waits"
            if waiting == 1
            else f"{waiting} older messages wait"
        )
        self._more.setText(f"{older} behind these.")
        self._more_line.setVisible(waiting > 0)
        self.setVisible(bool(wanted))

    def _line(self, notice: Notice) -> QWidget:
        line = QFrame()
        line.setProperty("look", "notice")
        line.setProperty("level", notice.level)
        mark = QLabel()
        colour = getattr(theme().colours, _COLOURS[notice.level])
        mark.setPixmap(icon(_ICONS[notice.level], colour).pixmap(18, 18))
        times = f"  (x {notice.times})" if notice.times > 1 else ""
        text = QLabel(notice.text + times)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setAccessibleName(f"{notice.level}: {notice.text}")
        layout = QHBoxLayout(line)
        layout.setContentsMargins(12, 7, 8, 7)
        layout.setSpacing(10)
        layout.addWidget(mark)
        layout.addWidget(text, 1)

        def close() -> None:
            self._notices.close(notice)

        if notice.action and notice.do is not None:
            act = button(notice.action)
            act.clicked.connect(notice.do)
            act.clicked.connect(close)
            layout.addWidget(act)
        layout.addWidget(icon_button("close", "Close this message", close))
        if notice.shown_ms is not None:

            def leave() -> None:
                # Not while somebody may be reading or copying it.
                if not line.underMouse():
                    close()

            timer = QTimer(line, interval=notice.shown_ms)
            timer.timeout.connect(leave)
            timer.start()
        return line
