"""What every test obeys: its own home, no network, no leaks, no unexpected warning."""

import gc
import logging
import multiprocessing
import os
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Threads of numeric libraries fight over two cores and gain nothing on tiny data.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("SEGGUI_MODELS", None)

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real images with masks; skips where it is not there."""
    folder = Path(os.environ.get("SEGGUI_TEST_DATA", REPOSITORY.parent / "shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no real images at {folder} (set SEGGUI_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Settings, caches and models of a test stay in a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SEGGUI_HOME", str(home))
    monkeypatch.setenv("SEGGUI_MODELS", str(home / "models"))
    return home


@pytest.fixture(autouse=True)
def no_unexpected_log(caplog):
    """Fail on any log line of WARNING or above that the test did not take away.

    A test that expects one calls ``caplog.clear()`` after looking at it.
    """
    yield
    bad = [
        f"{record.name}: {record.getMessage()}"
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING
    ]
    assert not bad, f"unexpected log lines: {bad}"


@pytest.fixture(autouse=True)
def no_uncaught_exception(monkeypatch):
    """Fail on anything that reached a hook of the interpreter, in any thread."""
    caught = []
    monkeypatch.setattr(sys, "excepthook", lambda *what: caught.append(what[:2]))
    monkeypatch.setattr(
        threading, "excepthook", lambda what: caught.append(what.exc_value)
    )
    monkeypatch.setattr(
        sys, "unraisablehook", lambda what: caught.append(what.exc_value)
    )
    yield caught
    assert not caught, f"uncaught: {caught}"


def _settled(leaked, seconds=5.0):
    """What is still there after a grace period for things that are just ending."""
    end = time.monotonic() + seconds
    while (left := leaked()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


@pytest.fixture(autouse=True)
def no_leaks():
    """Fail on threads and child processes that a test leaves behind."""
    before = set(threading.enumerate())
    yield

    def threads():
        return [
            t
            for t in threading.enumerate()
            if t not in before and t.is_alive() and not t.name.startswith("Dummy-")
        ]

    assert not _settled(threads), f"threads left behind: {threads()}"
    assert not _settled(multiprocessing.active_children), "child processes left behind"


@pytest.fixture(autouse=True)
def no_leaked_windows(request, monkeypatch):
    """Fail on windows and running timers that a test leaves behind."""
    if "qapp" not in request.fixturenames:
        yield
        return
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from PySide6.QtWidgets import QApplication
    from shiboken6 import isValid

    started = weakref.WeakSet()
    start = QTimer.start

    def remembered(timer, *how):
        started.add(timer)
        start(timer, *how)

    monkeypatch.setattr(QTimer, "start", remembered)
    before = set(QApplication.topLevelWidgets())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    visible = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    for window in visible:
        window.close()
    assert not visible, f"windows left open: {visible}"

    def running():
        return [
            f"{timer.interval()} ms in {type(timer.parent()).__name__}"
            for timer in list(started)
            if isValid(timer) and timer.isActive()
        ]

    # Closed windows would live on, and hear of every change of theme of later tests.
    for window in set(QApplication.topLevelWidgets()) - before:
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if running():
        gc.collect()
    left = running()
    for timer in list(started):
        if isValid(timer):
            timer.stop()
    assert not left, f"timers left running: {left}"
