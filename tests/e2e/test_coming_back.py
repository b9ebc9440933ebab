"""What is left and what comes back: switches, restarts, crashes, a second window."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from person import DONE, TRUTH, UNTOUCHED, fill
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget

from seggui.files.atomic import process_runs
from seggui.jobs.run_state import state_of

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def same_masks(document, other):
    return len(document.segments) == len(other.segments) and all(
        a.id == b.id and a.mask.same_pixels(b.mask)
        for a, b in zip(document.segments, other.segments, strict=True)
    )


def test_undo_goes_on_after_another_image_and_after_a_restart(start, sample):
    person = start(sample, TRUTH)
    for x, y in ((60, 60), (150, 150)):
        person.window.trigger("tool_brush")
        person.session.select([])
        person.drag((x, y), (x + 20, y))
    two = person.document
    assert len(two.segments) == 2
    person.key(Qt.Key.Key_PageDown)
    person.wait(lambda: person.shown == UNTOUCHED[1], "the next image")
    person.key(Qt.Key.Key_PageUp)
    person.wait(lambda: person.shown == TRUTH, "the image before")
    person.settle()
    assert same_masks(person.document, two)
    person.key(Qt.Key.Key_Z, CONTROL)
    assert len(person.document.segments) == 1
    person.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert same_masks(person.document, two)
    person.window.close()

    again = start(sample, TRUTH)
    assert same_masks(again.document, two)
    assert not any("unexpectedly" in text for text in again.told)
    again.key(Qt.Key.Key_Z, CONTROL)
    again.key(Qt.Key.Key_Z, CONTROL)
    assert again.document.segments == ()
    again.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert len(again.document.segments) == 1


def test_the_engine_is_killed_while_it_answers(start, sample):
    person = start(sample, TRUTH)
    made = person.segment(128, 128)
    before, engine = person.document, person.session.link.engine
    killed = engine.pid
    # It stands still, so that the click is certainly under way when it dies.
    os.kill(killed, signal.SIGSTOP)
    person.click_at(40, 40)
    person.settle(100)
    assert person.session.conversation.waiting
    os.kill(killed, signal.SIGKILL)
    person.wait(lambda: not person.session.conversation.waiting, "the message")
    person.settle(100)
    [told] = [text for text in person.told if "engine has ended" in text]
    assert "Your work is untouched" in told
    assert person.document is before
    person.key(Qt.Key.Key_Escape)
    second = person.segment(60, 200)
    assert engine.pid not in (None, killed)
    assert [s.id for s in person.document.segments] == [made.id, second.id]


BEGIN = """
import json, sys
from dataclasses import replace
from person import Person
from seggui.app import build_window, make_application
from seggui.files.settings import Settings
application = make_application()
settings = Settings.load()
settings.set("autosave", False)
window = build_window(settings)
window.show()
person = Person(window)
person.open(sys.argv[1], sys.argv[2])
"""

WORK = """
first = person.segment(128, 128)
person.session.saving.save_now()
person.window.trigger("tool_brush")
person.session.select([])
person.drag((60, 60), (80, 60))
link = person.session.link
told = {
    "areas": [s.mask.area for s in person.document.segments],
    "saved": person.session.saved,
    "children": [p for p in (link.engine.pid, link.refiner.pid) if p],
}
"""

TRAIN = """
from test_main_path import TINY
training = person.session.training
person.session.train(replace(TINY, epochs=500))
person.wait(lambda: training.running, "the training")
run = person.session.project.runs_folder / training.rows[0].name
person.wait((run / "checkpoints/last.pt").is_file, "a checkpoint", 120)
told = {"run": str(run), "child": training._process.pid}
"""

END = """
print(json.dumps(told), flush=True)
application.exec()
"""


def killed_window(code, *words):
    """Run a window in a process, kill it with -9; returns what it told before."""
    child = subprocess.Popen(
        [sys.executable, "-c", BEGIN + code + END, *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    try:
        return json.loads(child.stdout.readline())
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_after_kill_9_the_next_start_offers_the_work_back(start, sample):
    told = killed_window(WORK, sample, TRUTH)
    assert told["saved"] is False
    assert told["children"]
    assert len(told["areas"]) == 2

    person = start(sample, TRUTH)
    assert not person.session.read_only, person.told
    assert [s.mask.area for s in person.document.segments] == told["areas"]
    notice = person.window.notices.open[0]
    assert "1 step that had not been saved came back" in notice.text
    person.wait(
        lambda: not any(process_runs(pid) for pid in told["children"]),
        "the children of the killed program to end",
    )
    # Taking it back is possible, and undo can bring it again.
    notice.do()
    person.settle()
    assert [s.mask.area for s in person.document.segments] == told["areas"][:1]


def test_a_training_ends_with_a_checkpoint_when_its_window_is_killed(start, sample):
    told = killed_window(TRAIN, sample, TRUTH)
    person = start(sample, TRUTH)
    person.wait(lambda: not process_runs(told["child"]), "the training to end", 120)
    assert state_of(Path(told["run"])) == "stopped"
    person.session.training.set_project(person.session.project.runs_folder)
    [row] = person.session.training.rows
    assert row.state == "stopped"


def test_a_second_window_looks_only_and_says_who_works(start, sample):
    first = start(sample, TRUTH)
    second = start(sample, TRUTH)
    assert not first.session.read_only
    assert second.session.read_only
    assert str(os.getpid()) in second.session.why_read_only
    assert second.session.why_read_only in second.told
    assert second.window.status._saved.text() == "Read only"
    before = second.document
    second.window.trigger("tool_brush")
    second.drag((60, 60), (90, 60))
    assert second.document is before
    first.window.trigger("tool_brush")
    first.drag((60, 60), (90, 60))
    assert len(first.document.segments) == 1
    second.window.close()
    first.do("save")
    first.wait(lambda: first.session.saved, "saving beside a reader")


def read_only_from_now_on(monkeypatch, folder):
    """What a disk does that the system found broken: no file opens for writing."""
    really = os.open

    def refuse(path, flags, *more, **named):
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and Path(path).is_relative_to(folder):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refuse)


def test_closing_asks_when_the_folder_became_read_only(start, sample, monkeypatch):
    person = start(sample, TRUTH)
    person.window.trigger("tool_brush")
    person.drag((60, 60), (90, 60))
    made = person.document
    asked, answers = [], ["Stay", "Close anyway"]

    def answer(box):
        asked.append(box.text())
        wanted = answers.pop(0)
        [button] = [b for b in box.buttons() if b.text() == wanted]
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    with monkeypatch.context() as broken:
        read_only_from_now_on(broken, sample)
        assert not person.window.close()
        assert person.window.isVisible()
        assert person.document is made
        [told] = [text for text in person.told if "the disk can only be read" in text]
        assert "cells_h.png.json" in told
        assert person.window.close()
    assert len(asked) == 2
    again = start(sample, TRUTH)
    assert same_masks(again.document, made), "the journal held it"


def test_a_full_disk_loses_nothing_and_saves_when_there_is_room(
    start, sample, small_disk
):
    project = small_disk / "project"
    shutil.copytree(sample, project)
    person = start(project, DONE[0])
    stored = person.file.read_bytes()
    filler = small_disk / "filler"
    person.window.trigger("tool_brush")
    person.drag((60, 60), (90, 60))
    made = person.document
    fill(small_disk)
    person.do("save")
    person.wait(lambda: not person.session.saving.under_way, "the save to end")
    person.settle()
    [told] = [text for text in person.told if "the disk is full" in text]
    assert "cells_a.png.json" in told
    assert person.file.read_bytes() == stored
    assert person.document is made
    assert not person.session.saved
    filler.unlink()
    person.do("save")
    person.wait(lambda: person.session.saved, "the save")
    assert person.file.read_bytes() != stored


def test_the_keyboard_alone_is_enough(start, sample):
    person = start(sample, DONE[0])
    count = len(person.document.segments)
    person.key(Qt.Key.Key_PageDown)
    person.wait(lambda: person.shown == DONE[1], "the next image")
    person.key(Qt.Key.Key_PageUp)
    person.wait(lambda: person.shown == DONE[0], "the image before")
    person.settle()
    person.key(Qt.Key.Key_A, CONTROL)
    assert len(person.session.selected) == count
    person.key(Qt.Key.Key_2)
    assert {s.class_id for s in person.document.segments} == {2}
    person.key(Qt.Key.Key_M, CONTROL)
    assert len(person.document.segments) == 1
    person.key(Qt.Key.Key_Delete)
    assert person.document.segments == ()
    for _ in range(3):
        person.key(Qt.Key.Key_Z, CONTROL)
    assert len(person.document.segments) == count
    assert {s.class_id for s in person.document.segments} == {1}
    person.key(Qt.Key.Key_Return, CONTROL)
    assert person.document.state == "open"
    for key, tool in ((Qt.Key.Key_B, "box"), (Qt.Key.Key_E, "eraser")):
        person.key(key)
        assert person.session.tool_id == tool
    person.key(Qt.Key.Key_S, CONTROL)
    person.wait(lambda: person.session.saved, "saving")


def test_the_command_palette_does_what_is_typed(start, sample):
    person = start(sample, DONE[0])
    person.key(Qt.Key.Key_P, CONTROL | SHIFT)
    palette = person.window.findChild(QWidget, "palette")
    QTest.keyClicks(palette.field, "image is done")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    person.settle()
    assert person.document.state == "open"
    assert person.window.findChild(QWidget, "palette") is None


def test_layout_and_settings_come_back_at_the_next_start(start):
    person = start()
    person.window.resize(900, 650)
    person.window.docks["history"].close()
    person.window.addDockWidget(
        Qt.DockWidgetArea.LeftDockWidgetArea, person.window.docks["layers"]
    )
    person.window.trigger("theme_dark")
    person.settle()
    person.window.close()
    again = start()
    again.settle()
    window = again.window
    assert window.docks["history"].isHidden()
    assert (
        window.dockWidgetArea(window.docks["layers"])
        == Qt.DockWidgetArea.LeftDockWidgetArea
    )
    assert (window.width(), window.height()) == (900, 650)
    assert again.session.settings.value("theme") == "dark"
