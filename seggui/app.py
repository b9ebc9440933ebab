"""Puts the window together, once."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import cast

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from seggui import __version__
from seggui.errors import SegguiError
from seggui.files.atomic import make_folder
from seggui.files.settings import Settings, folders
from seggui.gui import theme
from seggui.gui.crash import CrashGuard
from seggui.gui.engine_link import EngineLink
from seggui.gui.sample import copy_sample, fresh_sample
from seggui.gui.session import Session
from seggui.gui.window import MainWindow
from seggui.models import catalog

log = logging.getLogger(__name__)


def open_window(options: argparse.Namespace) -> int:
    """Run the window, or the tour through it; returns the exit code."""
    if options.verb == "tour":
        return play_tour(options)
    if not has_display():
        sys.stderr.write(
            "seggui: there is no display here, so the window cannot be shown. "
            "The command line works without one (seggui --help), and seggui tour "
            "plays the window off-screen.\n"
        )
        return 1
    application = make_application()
    try:
        window = build_window(Settings.load())
    except SegguiError as error:
        sys.stderr.write(f"seggui: {error}\n")
        return 1
    guard = CrashGuard(folders()["settings"] / "crash", window.session.rescue, window)
    guard.install()
    window.listen_to(guard)
    window.show()
    path = copy_sample() if options.sample else options.path
    if path is not None:
        QTimer.singleShot(0, lambda: window.session.open_folder(Path(path)))
    try:
        return application.exec()
    finally:
        guard.uninstall()


def play_tour(options: argparse.Namespace) -> int:
    """Play the main job through the real window on a fresh copy of the sample."""
    from seggui.gui.tour import Tour

    application = make_application()
    out = Path(options.out)
    # Settings of its own: a tour begins the same everywhere and changes nobody's.
    settings = Settings(out / "settings.json")
    settings.set("theme", options.theme)
    try:
        make_folder(out)
        window = build_window(settings)
        sample = fresh_sample(out / "project")
        tour = Tour(window, sample, out, quick=options.quick)
    except SegguiError as error:
        sys.stderr.write(f"seggui: {error}\n")
        return 1
    QTimer.singleShot(0, tour.play)
    application.exec()
    return tour.exit_code


def has_display() -> bool:
    """Whether a window can be shown where this runs."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make_application() -> QApplication:
    """Make the one application object, with its name, theme and crash hooks."""
    # OpenCV's other build points Qt at plugins of its own when both are installed.
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]
    application = QApplication.instance() or QApplication(["seggui"])
    assert isinstance(application, QApplication)
    application.setApplicationName("seggui")
    application.setApplicationVersion(__version__)
    application.setApplicationDisplayName("seggui")
    return application


def build_window(settings: Settings) -> MainWindow:
    """Make the window with its session; processes start when they are needed."""
    theme.theme().set_wanted(cast(theme.Wanted, settings.value("theme")))
    chosen = str(settings.value("prompted_model"))
    prompted = {info.id for info in catalog.prompted()}
    model_id = chosen if chosen in prompted else catalog.best_prompted().id
    logs = folders()["cache"] / "logs"
    make_folder(logs)
    session = Session(EngineLink(log_folder=logs), settings, model_id=model_id)
    return MainWindow(session, catalogue=catalog)
