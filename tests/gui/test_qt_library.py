"""Faults of the Qt binding that would end the window, looked for at each start."""

import sys

from PySide6.QtCore import QObject, Signal


class Emitter(QObject):
    signal = Signal(str)


def test_emitting_a_signal_keeps_the_references_to_true(qapp):
    """PySide6 6.12.0 loses one each time; Python 3.11 dies when none is left."""
    emitter, heard = Emitter(), []
    emitter.signal.connect(heard.append)
    before = sys.getrefcount(True)
    for _ in range(100):
        emitter.signal.emit("x")
    assert len(heard) == 100
    assert sys.getrefcount(True) > before - 50
