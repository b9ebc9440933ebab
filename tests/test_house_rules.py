"""The rules that keep the house tidy, and the proof that the fence can fail."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "seggui").rglob("*.py"))
LIGHT = ("core", "refine", "files", "metrics", "jobs")
BANNED_NAMES = {"utils", "util", "misc", "helpers", "common", "manager", "base"}
WRITERS = {"atomic.py", "journal.py", "lock.py"}


def modules_after(code):
    out = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name.partition(".")[0] for name in out.split()}


@pytest.mark.parametrize(
    ("package", "heavy"),
    [(f"seggui.{room}", {"PySide6", "torch"}) for room in LIGHT]
    + [
        ("seggui.core", {"cv2", "scipy", "skimage", "PIL"}),
        ("seggui.gui.session", {"torch"}),
        ("seggui.gui.window", {"torch"}),
        ("seggui.models.catalog", {"PySide6", "torch"}),
    ],
)
def test_a_package_loads_without_what_it_must_not_know(package, heavy):
    code = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module({package!r})\n"
        "for found in pkgutil.walk_packages(getattr(package, '__path__', []), "
        f"{package!r} + '.'):\n    importlib.import_module(found.name)"
    )
    assert heavy.isdisjoint(modules_after(code))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_well_named_and_introduced(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem not in BANNED_NAMES
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 500, "two ideas in one file: name the second"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_written_in_one_place_only(path):
    """Everything else goes through ``files.atomic``, which never loses the old file."""
    if path.name in WRITERS:
        return
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    assert not names & {"write_text", "write_bytes"}, "write through files.atomic"


def test_the_project_speaks_of_itself_alone():
    text = "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for pattern in ("*.md", "*.toml", "Makefile", "packaging/*", "docs/**/*.md")
        for path in ROOT.glob(pattern)
        if path.is_file()
    )
    assert not re.search(r"(?<![\w.])/(work|root|farm)/", text)


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("gui/theme.py", "import torch", "torch lives in models and training"),
        ("core/mask.py", "import seggui.files", "Imports point down"),
        ("refine/recipe.py", "import PySide6", "Qt lives in gui"),
    ],
)
def test_the_fence_can_fail(tmp_path, module, line, contract):
    for name in ("seggui", "pyproject.toml"):
        source = ROOT / name
        target = tmp_path / name
        if source.is_dir():
            for path in SOURCES:
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        else:
            target.write_bytes(source.read_bytes())
    broken = tmp_path / "seggui" / module
    broken.write_text(broken.read_text(encoding="utf-8") + f"\n{line}\n")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert re.search(rf"{contract}.*BROKEN", done.stdout)
