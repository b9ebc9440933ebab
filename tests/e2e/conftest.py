"""The window as a person starts it, on a small copy of the sample project."""

import shutil
import subprocess

import pytest
from person import DONE, TRUTH, UNTOUCHED, Person

from seggui.app import build_window, make_application
from seggui.files.project import Project
from seggui.files.resources import resource_path
from seggui.files.settings import Settings
from seggui.gui.theme import theme

"""Names in the copy."""


@pytest.fixture
def sample(tmp_path):
    """Five images of the sample project; three of them are done."""
    source, target = resource_path("sample"), tmp_path / "project"
    names = [*DONE, *UNTOUCHED, "seggui.json"]
    for name in [*names, *(f"annotations/{name}.json" for name in DONE)]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    return target


@pytest.fixture(scope="session")
def truth(tmp_path_factory):
    """The exact segments of the image ``TRUTH``, the largest first."""
    folder = tmp_path_factory.mktemp("truth") / "sample"
    shutil.copytree(resource_path("sample"), folder)
    with Project.open(folder, read_only=True) as project:
        document = project.read_document(TRUTH)
    return sorted(document.segments, key=lambda s: s.mask.area, reverse=True)


@pytest.fixture
def start(qtbot):
    """Starts the program's window, with real processes; a second call is a restart."""
    make_application()
    windows = []

    def start(folder=None, show=""):
        settings = Settings.load()
        settings.set("prompted_model", "classic")
        # Tests say themselves when something is saved.
        settings.set("autosave", False)
        window = build_window(settings)
        windows.append(window)
        window.show()
        person = Person(window)
        person.settle()
        if folder is not None:
            person.open(folder, show)
        return person

    yield start
    for window in windows:
        window.close()
        window.deleteLater()
    theme().set_wanted("system")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own with room for little; skips where none may be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(words, capture_output=True).returncode
    ):
        pytest.skip("this test needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
