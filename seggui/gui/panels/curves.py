"""Live curves of a run: loss and learning rate, and the scores on validation images."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from seggui.gui.panels.run_rows import Curves
from seggui.gui.theme import theme

_HEIGHT_PX = 140
_LEFT_PX, _RIGHT_PX = 40, 48
"""Width of the numbers beside a plot; the same for both, so that their steps align."""
_LOSS_COLOUR, _RATE_COLOUR = "accent", "warn"
_SCORE_COLOURS = ("accent", "good", "warn", "bad")


class CurvesView(QWidget):
    """Two plots. The plotting library is loaded when there is something to show."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._plots: tuple[Any, Any, Any] | None = None
        self._shown = Curves()
        self._steps_key, self._scores_key = QLabel(), QLabel()
        for key in (self._steps_key, self._scores_key):
            key.setTextFormat(Qt.TextFormat.RichText)
            key.setWordWrap(True)
        self.setAccessibleName("Curves of loss, learning rate and scores")
        theme().changed.connect(self._recolour)

    def show_curves(self, curves: Curves) -> None:
        """Show these numbers."""
        self._shown = curves
        something = bool(curves.loss[0] or curves.scores)
        # A run that has only begun shows no empty axes of the one before.
        self.setVisible(something)
        if self._plots is None:
            if not something:
                return
            self._plots = self._made()
        top, rate, below = self._plots
        colours = theme().colours
        top.clear()
        top.plot(*curves.loss, pen=_pen(getattr(colours, _LOSS_COLOUR)))
        rate.setData(*curves.rate)
        below.clear()
        key = []
        for place, (title, line) in enumerate(curves.scores.items()):
            colour = getattr(colours, _SCORE_COLOURS[place % len(_SCORE_COLOURS)])
            key.append((title, colour))
            # A single epoch is a dot: a line needs two.
            below.plot(
                *line,
                pen=_pen(colour),
                name=title,
                symbol="o",
                symbolSize=4,
                symbolPen=None,
                symbolBrush=colour,
            )
        self._scores_key.setText(_key_html(key))

    def _made(self) -> tuple[Any, Any, Any]:
        import pyqtgraph

        top = pyqtgraph.PlotWidget()
        below = pyqtgraph.PlotWidget()
        rate_view = pyqtgraph.ViewBox()
        item = top.plotItem
        item.scene().addItem(rate_view)
        item.getAxis("right").linkToView(rate_view)
        rate_view.setXLink(item)
        rate = pyqtgraph.PlotDataItem()
        rate_view.addItem(rate)
        item.vb.sigResized.connect(
            lambda: rate_view.setGeometry(item.vb.sceneBoundingRect())
        )
        below.setYRange(0, 1)
        below.setXLink(item)
        for key, plot in ((self._steps_key, top), (self._scores_key, below)):
            plot.showAxis("right")
            plot.getAxis("left").setWidth(_LEFT_PX)
            plot.getAxis("right").setWidth(_RIGHT_PX)
            plot.setFixedHeight(_HEIGHT_PX)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            self._layout.addWidget(key)
            self._layout.addWidget(plot)
        below.getAxis("right").setStyle(showValues=False)
        made = (top, rate, below)
        self._paint(made)
        return made

    def _recolour(self) -> None:
        if self._plots is not None:
            self._paint(self._plots)
            self.show_curves(self._shown)

    def _paint(self, plots: tuple[Any, Any, Any]) -> None:
        import pyqtgraph

        colours = theme().colours
        top, rate, below = plots
        for plot in (top, below):
            plot.setBackground(colours.field)
            plot.showGrid(x=False, y=True, alpha=0.15)
            for side in ("left", "right", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(colours.line)
                axis.setTextPen(colours.quiet)
                axis.enableAutoSIPrefix(False)
        below.setLabel("bottom", "step", color=colours.quiet)
        loss, falling = (getattr(colours, c) for c in (_LOSS_COLOUR, _RATE_COLOUR))
        # Numbers have the colour of their curve: which is which is seen at once.
        top.getAxis("left").setTextPen(loss)
        top.getAxis("right").setTextPen(falling)
        dashes = Qt.PenStyle.DashLine
        rate.setPen(pyqtgraph.mkPen(falling, width=1.5, style=dashes))
        self._steps_key.setText(
            _key_html((("loss (left)", loss), ("learning rate (right)", falling)))
        )


def _key_html(rows: Iterable[tuple[str, str]]) -> str:
    """What each colour is, in one line."""
    return "&nbsp;&nbsp; ".join(
        f"<span style='color:{colour}'>●</span>&nbsp;{html.escape(title)}"
        for title, colour in rows
    )


def _pen(colour: str) -> object:
    import pyqtgraph

    return pyqtgraph.mkPen(colour, width=2)
