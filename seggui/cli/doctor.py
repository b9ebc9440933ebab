"""``seggui doctor``: what is installed, what is wrong with it, and what to do."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from seggui import __version__

HELP = "Say what is installed, what is wrong with it, and what to do about it."

LIBRARIES = (
    "PySide6-Essentials",
    "numpy",
    "opencv-python-headless",
    "Pillow",
    "scikit-image",
    "scipy",
    "tifffile",
    "torch",
    "torchvision",
    "segmentation-models-pytorch",
    "pyqtgraph",
    "pycocotools",
)

_QT_CHECK = (
    "from PySide6.QtWidgets import QApplication\n"
    "from PySide6.QtCore import qVersion\n"
    "app = QApplication([])\n"
    "print(qVersion(), app.platformName())"
)
_TORCH_CHECK = (
    "import json, torch\n"
    "out = {'cuda': torch.cuda.is_available(), 'gpus': [], 'operators': True}\n"
    "if out['cuda']:\n"
    "    out['gpus'] = [torch.cuda.get_device_name(i)"
    " for i in range(torch.cuda.device_count())]\n"
    "mps = getattr(torch.backends, 'mps', None)\n"
    "out['mps'] = bool(mps and mps.is_available())\n"
    "try:\n"
    "    import torchvision\n"
    "    box = torch.tensor([[0., 0., 1., 1.]])\n"
    "    torchvision.ops.nms(box, torch.ones(1), 0.5)\n"
    "except (RuntimeError, ImportError, AttributeError) as error:\n"
    "    out['operators'] = str(error)\n"
    "print(json.dumps(out))"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["ok", "note", "problem"]
    text: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments of its own."""


def run(options: argparse.Namespace) -> int:
    findings = [finding for check in CHECKS for finding in check()]
    problems = sum(finding.level == "problem" for finding in findings)
    if options.json:
        print(json.dumps({"findings": [asdict(f) for f in findings]}, indent=1))
    else:
        marks = {"ok": "  ok     ", "note": "  note   ", "problem": "! PROBLEM"}
        for finding in findings:
            print(f"{marks[finding.level]} {finding.text}")
            if finding.advice:
                print(f"            {finding.advice}")
        print(f"\n{problems} problem{'' if problems == 1 else 's'} found.")
    return 1 if problems else 0


def check_program() -> Iterator[Finding]:
    where = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding(
        "ok", f"seggui {__version__}, Python {platform.python_version()}, {where}"
    )


def check_libraries() -> Iterator[Finding]:
    for name in LIBRARIES:
        try:
            yield Finding("ok", f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding(
                "problem",
                f"{name} is not installed",
                f"Install it: python -m pip install {name}",
            )
    if find_spec("pydensecrf") is None:
        yield Finding(
            "note",
            "pydensecrf2 is not installed: everything works but the CRF step",
            "It comes as source and needs a C++ compiler; on Python 3.13: "
            "pip install 'cython>=3' setuptools wheel numpy && "
            "pip install --no-build-isolation pydensecrf2",
        )
    else:
        yield Finding("ok", f"pydensecrf2 {version('pydensecrf2')}")


def check_opencv() -> Iterator[Finding]:
    found = []
    for name in (
        "opencv-python",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    if found:
        yield Finding(
            "problem",
            f"{' and '.join(found)} is installed beside opencv-python-headless; "
            "one of them hides the other, and its own Qt can get in the way",
            f"python -m pip uninstall {' '.join(found)} opencv-python-headless; "
            "then python -m pip install opencv-python-headless",
        )


def check_qt() -> Iterator[Finding]:
    has_display = sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    environment = dict(os.environ)
    if not has_display:
        yield Finding(
            "note",
            "there is no display here, so the window cannot be shown",
            "The command line works; seggui tour plays the window without one.",
        )
        environment["QT_QPA_PLATFORM"] = "offscreen"
    done = _child(_QT_CHECK, environment)
    if done.returncode == 0:
        qt, plugin = done.stdout.split()[-2:]
        yield Finding("ok", f"Qt {qt} starts (platform plugin {plugin})")
        yield from _check_binding()
        return
    last = _last_line(done.stderr)
    yield Finding(
        "problem",
        f"Qt does not start: {last}",
        "On Debian and Ubuntu: sudo apt-get install libegl1 libgl1 libxkbcommon-x11-0 "
        "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0",
    )


def _check_binding() -> Iterator[Finding]:
    """PySide6 6.12 loses references; before Python 3.12 that ends the program."""
    binding = version("PySide6-Essentials")
    if binding.startswith("6.12") and sys.version_info < (3, 12):
        yield Finding(
            "problem",
            f"PySide6 {binding} ends the window after a while on Python "
            f"{platform.python_version()}",
            "python -m pip install 'PySide6-Essentials<6.12'",
        )


def check_torch() -> Iterator[Finding]:
    if find_spec("torch") is None:
        return  # check_libraries has said so
    done = _child(_TORCH_CHECK, dict(os.environ))
    if done.returncode:
        yield Finding(
            "problem",
            f"torch cannot be imported: {_last_line(done.stderr)}",
            "Reinstall torch and torchvision together: "
            "python -m pip install --force-reinstall torch torchvision",
        )
        return
    facts = json.loads(done.stdout.splitlines()[-1])
    if facts["operators"] is not True:
        yield Finding(
            "problem",
            "torch and torchvision do not fit together (torchvision's operators do "
            f"not load: {facts['operators']})",
            "This happens with a CPU-only torch beside a torchvision made for CUDA. "
            "Install both from one place: "
            "python -m pip install --force-reinstall torch torchvision",
        )
    if facts["cuda"]:
        yield Finding("ok", f"GPU: {', '.join(facts['gpus'])}")
    elif facts["mps"]:
        yield Finding("ok", "GPU: Apple Metal")
    else:
        yield Finding("ok", f"no GPU; models run on {os.cpu_count()} CPU cores")


def check_folders() -> Iterator[Finding]:
    from seggui.files.settings import folders

    for what, folder in folders().items():
        nearest = next(p for p in (folder, *folder.parents) if p.exists())
        if os.access(nearest, os.W_OK):
            yield Finding("ok", f"{what} folder: {folder}{_contents(folder)}")
        else:
            yield Finding(
                "problem",
                f"the {what} folder {folder} cannot be written",
                f"Make it writable: chmod u+w '{nearest}'",
            )


def check_encodings() -> Iterator[Finding]:
    from seggui.files.atomic import size_in_words
    from seggui.files.encodings import own_folder
    from seggui.files.settings import Settings

    kept = own_folder().contents()
    most_gb = float(Settings.load().value("encoding_cache_gb"))
    yield Finding(
        "ok",
        f"encodings on disk: {kept.files}, {size_in_words(kept.nbytes)} of at most "
        f"{most_gb:g} GB, in {own_folder().folder}",
    )


def _contents(folder: Path) -> str:
    files = sum(1 for path in folder.glob("*") if path.is_file())
    return f" ({files} file{'' if files == 1 else 's'})" if files else ""


def _child(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python apart from this process: what is checked may crash it."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it ended without a word"


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_program,
    check_libraries,
    check_opencv,
    check_qt,
    check_torch,
    check_folders,
    check_encodings,
)
