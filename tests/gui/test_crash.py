"""A fault of the program: the work is rescued, a report written, nothing closed."""

import logging
import sys
import threading

import pytest
from PySide6.QtCore import QTimer, qWarning

from seggui.errors import SegguiError
from seggui.gui.crash import CrashGuard


@pytest.fixture
def rescued():
    return []


@pytest.fixture
def guard(qtbot, tmp_path, rescued, no_uncaught_exception):
    def rescue():
        rescued.append(threading.current_thread())
        return "All work is saved."

    guard = CrashGuard(tmp_path / "crash", rescue)
    guard.install()
    yield guard
    guard.uninstall()


def fall(error):
    raise error


def crash(qtbot, guard, what):
    with qtbot.waitSignal(guard.crashed) as crashed:
        what()
    return crashed.args[0]


def test_a_bug_in_a_slot_rescues_the_work_and_writes_a_report(
    qtbot, guard, rescued, caplog
):
    report = crash(
        qtbot, guard, lambda: QTimer.singleShot(0, lambda: fall(KeyError(1)))
    )
    assert report.summary == "KeyError: 1"
    assert report.rescued == "All work is saved."
    assert "test_crash.py" in report.file.read_text()
    assert len(rescued) == 1
    caplog.clear()


def test_a_bug_in_a_thread_is_handled_on_the_windows_thread(
    qtbot, guard, rescued, caplog
):
    thread = threading.Thread(target=lambda: fall(ValueError("no")))
    report = crash(qtbot, guard, thread.start)
    thread.join()
    assert report.summary == "ValueError: no"
    assert rescued == [threading.main_thread()]
    caplog.clear()


def test_the_same_bug_again_is_reported_once(qtbot, guard, caplog):
    reports = []
    guard.crashed.connect(reports.append)

    def again():
        try:
            fall(KeyError(2))
        except KeyError:
            sys.excepthook(*sys.exc_info())

    for _ in range(5):
        again()
    qtbot.waitUntil(lambda: len(reports) == 1)
    qtbot.wait(20)
    assert len(reports) == 1
    caplog.clear()


def test_a_sentence_for_people_is_said_and_no_crash(qtbot, guard, rescued):
    with qtbot.waitSignal(guard.said) as said:
        QTimer.singleShot(0, lambda: fall(SegguiError("The disk is full.")))
    assert said.args == ["The disk is full.", "error"]
    assert rescued == []


def test_work_that_cannot_be_rescued_does_not_stop_the_report(
    qtbot, tmp_path, caplog, no_uncaught_exception
):
    guard = CrashGuard(tmp_path, lambda: fall(OSError("gone")))
    guard.install()
    report = crash(
        qtbot, guard, lambda: QTimer.singleShot(0, lambda: fall(KeyError(3)))
    )
    guard.uninstall()
    assert "could not be saved: gone" in report.rescued
    caplog.clear()


@pytest.mark.qt_log_level_fail("NO")
def test_messages_of_qt_go_to_the_log(guard, caplog):
    qWarning("something about a timer")
    assert "something about a timer" in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING
    caplog.clear()


def test_a_native_crash_is_told_at_the_next_start(qtbot, tmp_path):
    (tmp_path / "native.log").write_text("Fatal Python error: Segmentation fault")
    guard = CrashGuard(tmp_path, lambda: "")
    guard.install()
    assert "Segmentation fault" in guard.last_crash
    guard.uninstall()
    again = CrashGuard(tmp_path, lambda: "")
    again.install()
    assert again.last_crash == ""
    again.uninstall()


def test_the_hooks_are_given_back(qtbot, tmp_path):
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    guard = CrashGuard(tmp_path, lambda: "")
    guard.install()
    assert sys.excepthook is not before[0]
    guard.uninstall()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
