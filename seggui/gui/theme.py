"""Colours and style of the window, light and dark, following the system.

Every pair of text and ground has a contrast of at least 4.5 (WCAG 2 AA), which a test
computes. Widgets take colours from here and never write them down themselves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from seggui.files.resources import resource_path

Wanted = Literal["system", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one theme, as hex texts."""

    name: str
    window: str
    """Behind panels and bars."""
    panel: str
    """Inside panels."""
    field: str
    """Inside lists and entry fields."""
    raised: str
    """Buttons at rest."""
    hover: str
    line: str
    """Between areas."""
    edge: str
    """Around controls; at least 3 to 1 against what they lie on."""
    text: str
    quiet: str
    """Secondary text; still 4.5 to 1."""
    off: str
    """Text of what cannot be used now."""
    accent: str
    """Filled buttons, selection marks, focus."""
    accent_hover: str
    on_accent: str
    chosen: str
    """Ground of chosen rows."""
    good: str
    warn: str
    bad: str
    canvas: str


DARK = Colours(
    name="dark",
    window="#16181d",
    panel="#1d2026",
    field="#14161a",
    raised="#2a2e37",
    hover="#343a45",
    line="#2b2f38",
    edge="#6a7282",
    text="#e7eaf0",
    quiet="#a3abb9",
    off="#6f7785",
    accent="#4c9aff",
    accent_hover="#74b1ff",
    on_accent="#08131f",
    chosen="#1f3a5f",
    good="#54c98c",
    warn="#f0b54a",
    bad="#ff7b72",
    canvas="#0f1114",
)

LIGHT = Colours(
    name="light",
    window="#e9ecf1",
    panel="#f7f8fa",
    field="#ffffff",
    raised="#ffffff",
    hover="#e8edf5",
    line="#d3d8e0",
    edge="#868f9e",
    text="#1a1f29",
    quiet="#525b6b",
    off="#8c94a1",
    accent="#0b63ce",
    accent_hover="#0a55b1",
    on_accent="#ffffff",
    chosen="#d5e6fd",
    good="#127a47",
    warn="#8a5a00",
    bad="#b3261e",
    canvas="#d5d9e0",
)

PAIRS = (
    ("text", "window"),
    ("text", "panel"),
    ("text", "field"),
    ("text", "raised"),
    ("text", "hover"),
    ("text", "chosen"),
    ("quiet", "window"),
    ("quiet", "panel"),
    ("quiet", "field"),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("good", "panel"),
    ("warn", "panel"),
    ("bad", "panel"),
)
"""Texts and what they are written on."""


def contrast(first: str, second: str) -> float:
    """The contrast of two colours as WCAG 2 defines it, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return float(
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        )

    rgb = QColor(colour)
    red, green, blue = (linear(v) for v in (rgb.redF(), rgb.greenF(), rgb.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Theme(QObject):
    """Which colours are shown; there is one, made with the application."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._wanted: Wanted = "system"
        self._style_text = resource_path("style", "style.qss").read_text(
            encoding="utf-8"
        )
        self.colours = LIGHT
        app.setStyle(QStyleFactory.create("Fusion"))
        app.styleHints().colorSchemeChanged.connect(self._show)
        self._show()

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def set_wanted(self, wanted: Wanted) -> None:
        """Follow the system, or keep to one theme."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._show()

    def _show(self) -> None:
        scheme = self._app.styleHints().colorScheme()
        dark = self._wanted == "dark" or (
            self._wanted == "system" and scheme == Qt.ColorScheme.Dark
        )
        self.colours = DARK if dark else LIGHT
        self._app.setPalette(palette_of(self.colours))
        self._app.setStyleSheet(style_of(self.colours, self._style_text))
        self.changed.emit()


def theme() -> Theme:
    """The theme of the running application."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("there is no application yet")
    found = app.findChild(Theme, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return found if isinstance(found, Theme) else Theme(app)


def style_of(colours: Colours, style_text: str) -> str:
    """The style sheet with colours and picture paths filled in."""
    values = asdict(colours)
    pictures = resource_path("style", colours.name)
    return Template(style_text).substitute(values, pictures=pictures.as_posix())


def palette_of(colours: Colours) -> QPalette:
    """Return Qt's palette of a theme."""
    role = QPalette.ColorRole
    rows = {
        role.Window: colours.panel,
        role.WindowText: colours.text,
        role.Base: colours.field,
        role.AlternateBase: colours.panel,
        role.Text: colours.text,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.BrightText: colours.bad,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.PlaceholderText: colours.quiet,
        role.Highlight: colours.chosen,
        role.HighlightedText: colours.text,
        role.Accent: colours.accent,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Light: colours.hover,
        role.Midlight: colours.line,
        role.Mid: colours.line,
        role.Dark: colours.edge,
        role.Shadow: colours.line,
    }
    palette = QPalette()
    for name, colour in rows.items():
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.off))
    return palette
