"""The tour plays the main job; once more in a real window under Xvfb."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from person import TRUTH
from PySide6.QtGui import QImage

from seggui.errors import SaveFailed
from seggui.files.images import read_index
from seggui.gui.sample import fresh_sample

STEPS = (
    *("open", "click", "brush", "refine", "box"),
    *("tool-scribble", "tool-wand", "tool-livewire"),
    *("export", "train", "predict", "end"),
)


def play(out, **environment):
    """Play the quick tour in a process of its own, as a person would start it."""
    return subprocess.run(
        [sys.executable, "-m", "seggui", "tour", "--quick", "--out", str(out)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=280,
    )


def test_the_tour_comes_to_its_end_and_leaves_pictures_and_masks(tmp_path):
    done = play(tmp_path / "tour", QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _unexpected(done.stderr) == []
    pictures = {path.stem[3:]: path for path in (tmp_path / "tour").glob("*.png")}
    assert set(STEPS) <= set(pictures)
    for name, path in pictures.items():
        picture = QImage(str(path))
        assert picture.width() > 300, name
        colours = {
            picture.pixel(x, y) for x in range(0, 300, 7) for y in range(0, 200, 7)
        }
        assert len(colours) > 2, f"{name} is empty"
    masks = list((tmp_path / "tour/masks").rglob("coffee*.png"))
    assert read_index(masks[0]).any()


def test_each_tour_begins_with_a_fresh_copy_and_takes_nobodys_folder(tmp_path):
    project = fresh_sample(tmp_path / "project")
    (project / "annotations/photos").mkdir()
    assert fresh_sample(project) == project
    assert not (project / "annotations/photos").exists()
    assert (project / "seggui.json").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/work.txt").write_text("mine")
    with pytest.raises(SaveFailed, match=r"mine.*there is a folder of that name"):
        fresh_sample(tmp_path / "mine")
    assert (tmp_path / "mine/work.txt").read_text() == "mine"


def _colours(picture):
    """The colours of a grid of pixels over the whole picture."""
    xs, ys = range(0, picture.width(), 17), range(0, picture.height(), 17)
    return {picture.pixel(x, y) for x in xs for y in ys}


def _unexpected(stderr):
    """Lines that are no progress and no known limit of the off-screen platform."""
    known = "This plugin does not support"
    return [line for line in stderr.splitlines() if line and known not in line]


@pytest.fixture
def display():
    """A display of its own, without a window manager."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed (make setup installs it)")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()
    if not number:
        server.kill()
        server.wait()
        pytest.skip("Xvfb could not start a display here")
    yield f":{number}"
    server.terminate()
    server.wait()


REAL_WINDOW = """
import sys
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from person import Person
from seggui.app import build_window, make_application
from seggui.files.settings import Settings

application = make_application()
assert QGuiApplication.platformName() == "xcb", QGuiApplication.platformName()
window = build_window(Settings.load())
window.show()
person = Person(window)
person.wait(window.windowHandle().isExposed, "the window on the screen")
# No window manager is there to give it the keyboard.
window.activateWindow()
person.wait(window.isActiveWindow, "the keyboard")
person.open(sys.argv[1], sys.argv[2])
segment = person.segment(128, 128)
assert segment.mask.area
window.trigger("tool_brush")
person.session.select([])
person.drag((60, 60), (90, 60))
assert len(person.document.segments) == 2
person.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
person.wait(lambda: person.session.saved, "saving")
shot = window.screen().grabWindow(0)
shot.save(sys.argv[3])
assert window.close()
print("done")
"""


def test_the_main_job_in_a_real_window(display, sample, tmp_path):
    shot = tmp_path / "screen.png"
    done = subprocess.run(
        [sys.executable, "-c", REAL_WINDOW, str(sample), TRUTH, str(shot)],
        env={
            **{n: v for n, v in os.environ.items() if n != "WAYLAND_DISPLAY"},
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": str(Path(__file__).parent),
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "done"
    assert _unexpected(done.stderr) == []
    assert (sample / "annotations" / f"{TRUTH}.json").is_file()
    # What is really on the screen is the window, not one colour.
    screen = QImage(str(shot))
    colours = {
        screen.pixel(x, y) for x in range(500, 900, 9) for y in range(300, 600, 9)
    }
    assert len(colours) > 20
