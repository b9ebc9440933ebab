"""The wheel: built, installed elsewhere, and used from there."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from seggui import __version__
from seggui.files.images import read_index

REPOSITORY = Path(__file__).parents[1]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built with the tools that are here and no network."""
    out = tmp_path_factory.mktemp("dist")
    words = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), "."]
    done = subprocess.run(
        [sys.executable, *words], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment outside the checkout that has the wheel.

    It borrows the libraries of this one (installing them again would take minutes),
    but not the program: the link to the checkout is left behind.
    """
    place = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(place / "env")], check=True
    )
    python = place / "env/bin/python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(
        subprocess.run(
            [python, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    # A folder named in a .pth is not searched for .pth files, and the link is one.
    borrowed = sysconfig.get_path("purelib")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    words = ["--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, *words], check=True)
    return place


def python_in(place, code, *words):
    """Run code in the environment, in an empty folder with a home of its own."""
    (place / "work").mkdir(exist_ok=True)
    keep = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")
    variables = {name: os.environ[name] for name in keep if name in os.environ}
    done = subprocess.run(
        [place / "env/bin/python", "-c", code, *map(str, words)],
        cwd=place / "work",
        env={
            **variables,
            "SEGGUI_HOME": str(place / "home"),
            "QT_QPA_PLATFORM": "offscreen",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_wheel_holds_the_program_and_its_resources_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"seggui"}
    files = {
        str(path.relative_to(REPOSITORY))
        for path in (REPOSITORY / "resources").rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert {f"seggui/{name}" for name in files} <= set(names)
    assert "seggui/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [n for n in names if "test" in n.lower() or "bench" in n.lower()]


def test_the_installed_program_is_not_the_checkout(installed):
    where = python_in(installed, "import seggui; print(seggui.__file__)")
    assert Path(where).is_relative_to(installed)


def test_an_icon_and_the_sample_project_open_from_the_wheel(installed):
    code = """
from PySide6.QtGui import QImage
from seggui.app import make_application
from seggui.files.project import Project
from seggui.gui.icons import app_icon, icon
from seggui.gui.sample import copy_sample
from seggui.files.resources import resource_path
from seggui.gui.theme import theme

application = make_application()
theme()
path = resource_path("icons", "tool-brush.svg")
assert not icon("tool-brush").pixmap(20, 20).isNull()
assert not app_icon().isNull()
with Project.open(copy_sample()) as project:
    rows = project.images
    document = project.load(next(r.name for r in rows if r.segments)).document
    assert document.segments[0].mask.area
    assert not project.read_only, project.read_only
print(path, len(rows), sep="|")
"""
    path, count = python_in(installed, code).split("|")
    assert Path(path).is_relative_to(installed)
    assert int(count) > 10


def test_the_installed_command_tells_its_version_and_segments(installed):
    command = installed / "env/bin/seggui"
    assert command.is_file()
    code = "import sys, subprocess; sys.exit(subprocess.call(sys.argv[1:]))"
    assert python_in(installed, code, command, "--version") == f"seggui {__version__}"
    [image] = installed.glob(
        "env/lib/*/site-packages/seggui/resources/sample/cells/cells_h.png"
    )
    python_in(
        installed,
        code,
        command,
        "segment",
        image,
        "--point",
        "100,100",
        "--out",
        "m.png",
    )

    mask = read_index(installed / "work/m.png")
    assert mask.shape == (256, 256)
    assert set(mask.ravel().tolist()) <= {0, 255}
