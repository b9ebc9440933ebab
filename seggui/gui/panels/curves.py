"""Live curves of a run: loss and learning rate, and the scores on validation images."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from seggui.gui.panels.run_rows import Curves
from seggui.gui.theme import theme

_HEIGHT_PX = 150
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
        self.setAccessibleName("Curves of loss, learning rate and scores")
        theme().changed.connect(self._recolour)

    def show_curves(self, curves: Curves) -> None:
        """Show these numbers."""
        self._shown = curves
        if self._plots is None:
            if not curves.loss[0] and not curves.scores:
                return
            self._plots = self._made()
        top, rate, below = self._plots
        colours = theme().colours
        top.clear()
        pen = _pen(getattr(colours, _LOSS_COLOUR))
        top.plot(*curves.loss, pen=pen, name="loss")
        rate.setData(*curves.rate)
        below.clear()
        legend = below.plotItem.legend
        legend.clear()
        for place, (title, line) in enumerate(curves.scores.items()):
            colour = getattr(colours, _SCORE_COLOURS[place % len(_SCORE_COLOURS)])
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

    def _made(self) -> tuple[Any, Any, Any]:
        import pyqtgraph

        top = pyqtgraph.PlotWidget()
        below = pyqtgraph.PlotWidget()
        rate_view = pyqtgraph.ViewBox()
        item = top.plotItem
        item.showAxis("right")
        item.scene().addItem(rate_view)
        item.getAxis("right").linkToView(rate_view)
        rate_view.setXLink(item)
        rate = pyqtgraph.PlotDataItem()
        rate_view.addItem(rate)
        item.vb.sigResized.connect(
            lambda: rate_view.setGeometry(item.vb.sceneBoundingRect())
        )
        below.addLegend(offset=(-8, -8))
        below.setYRange(0, 1)
        below.setXLink(item)
        for plot in (top, below):
            plot.setFixedHeight(_HEIGHT_PX)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            self._layout.addWidget(plot)
        made = (top, rate, below)
        _paint(made)
        return made

    def _recolour(self) -> None:
        if self._plots is not None:
            _paint(self._plots)
            self.show_curves(self._shown)


def _pen(colour: str) -> object:
    import pyqtgraph

    return pyqtgraph.mkPen(colour, width=2)


def _paint(plots: tuple[Any, Any, Any]) -> None:
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
        if plot.plotItem.legend is not None:
            plot.plotItem.legend.setLabelTextColor(colours.text)
    # Each axis has the colour of its curve: which is which needs no legend.
    for side, words, name in (
        ("left", "loss", _LOSS_COLOUR),
        ("right", "learning rate", _RATE_COLOUR),
    ):
        colour = getattr(colours, name)
        top.setLabel(side, words, color=colour)
        top.getAxis(side).setTextPen(colour)
    below.setLabel("left", "score", color=colours.quiet)
    below.setLabel("bottom", "step", color=colours.quiet)
    rate.setPen(
        pyqtgraph.mkPen(
            getattr(colours, _RATE_COLOUR), width=1.5, style=Qt.PenStyle.DashLine
        )
    )
