"""What every test obeys can fail: each leak and each unexpected word is caught."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BAD_TESTS = """
import logging
import multiprocessing
import threading
import time
import warnings

from PySide6.QtCore import QTimer, qWarning
from PySide6.QtWidgets import QWidget

kept = []


def test_log_warning():
    logging.getLogger("seggui").warning("unexpected")


def test_python_warning():
    warnings.warn("unexpected")


def test_qt_warning(qapp):
    qWarning("unexpected")


def test_thread():
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


def test_exception_in_a_thread():
    def fail():
        raise RuntimeError("nobody catches this")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_exception_in_a_slot(qtbot):
    QTimer.singleShot(0, lambda: 1 / 0)
    qtbot.wait(20)


def test_window(qapp):
    kept.append(QWidget())
    kept[-1].show()


def test_timer(qapp):
    kept.append(QTimer())
    kept[-1].start(1000)


def test_innocent(qtbot):
    widget = QWidget()
    timer = QTimer(widget)
    timer.start(1000)
    kept.append(widget)
    widget.show()
    widget.close()
"""


def test_every_leak_and_unexpected_word_fails_its_test(tmp_path):
    shutil.copyfile(Path(__file__).with_name("conftest.py"), tmp_path / "conftest.py")
    (tmp_path / "test_bad.py").write_text(BAD_TESTS)
    root = Path(__file__).parents[1]
    shutil.copyfile(root / "pyproject.toml", tmp_path / "pyproject.toml")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", "test_bad.py"],
        cwd=tmp_path,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
    )
    caught = set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE))
    wanted = set(re.findall(r"def (test_\w+)", BAD_TESTS)) - {"test_innocent"}
    assert caught == wanted, done.stdout
