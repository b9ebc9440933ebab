"""A copy of the sample project that can be written."""

from __future__ import annotations

import shutil
from pathlib import Path

from seggui.errors import SaveFailed
from seggui.files.atomic import make_folder, write_whole
from seggui.files.resources import resource_path
from seggui.files.settings import sample_folder

_FRESH_MARK = ".seggui-tour"


def copy_sample(target: Path | None = None) -> Path:
    """Put the sample project where it can be written; an existing copy is kept.

    Raises ``SaveFailed`` when the folder cannot be made.
    """
    source = resource_path("sample")
    target = target or sample_folder()
    if not (target / "seggui.json").is_file():
        make_folder(target.parent)
        try:
            shutil.copytree(source, target, dirs_exist_ok=True)
        except OSError as error:
            raise SaveFailed(target, error.strerror or str(error)) from error
    return target


def fresh_sample(target: Path) -> Path:
    """Put a fresh copy there; one that this function made before is replaced.

    Raises ``SaveFailed`` when the folder cannot be made or is somebody's work.
    """
    mark = target / _FRESH_MARK
    if target.exists():
        if not mark.is_file():
            raise SaveFailed(
                target, "there is a folder of that name", "Choose another folder."
            )
        try:
            shutil.rmtree(target)
        except OSError as error:
            raise SaveFailed(target, error.strerror or str(error)) from error
    copy_sample(target)
    write_whole(mark, b"A copy that is made anew each time the tour is played.\n")
    return target
