"""The status bar: what it says moves nothing that is above it."""

import pytest

from seggui.gui.status_bar import StatusBar
from seggui.gui.tools.table import TOOLS


@pytest.mark.parametrize("letters", [150, 220, 320])
def test_it_is_as_high_while_something_runs_as_before(qtbot, letters):
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_hint(max((row.hint for row in TOOLS), key=len))
    bar.resize(letters * bar.fontMetrics().averageCharWidth(), 40)
    bar.show()
    hint = bar._hint
    before, width = hint.sizeHint().height(), hint.width()
    bar.show_busy("Segmenting everything", 3, 10, cancellable=True)
    qtbot.waitUntil(lambda: hint.width() < width)
    assert hint.sizeHint().height() == before
