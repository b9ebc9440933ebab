"""Where a command may put its masks: never over those that somebody else made."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from seggui.errors import BadRequest
from seggui.files.project_file import NAME as PROJECT_FILE

_KINDS = ("masks", "instances")


def add_replace(parser: argparse.ArgumentParser) -> None:
    """Add the option that ``check_free`` asks for."""
    parser.add_argument(
        "--replace",
        action="store_true",
        help="write over files of the same names in the folder for the results",
    )


def check_free(out: Path, names: Iterable[str], *, replace: bool) -> None:
    """Raise ``BadRequest`` where one of the files to be written is there already.

    What a link leads to is written over by no option: it may be somebody's photograph.
    """
    paths = {out / name: _real(out) / name for name in names}
    for path, place in paths.items():
        if os.path.lexists(path) and _real(path) != place:
            raise BadRequest(
                f"{path} is or lies behind a link to {_real(path)}, which would be "
                "written over. Nothing was changed; choose another folder."
            )
    there = [path for path in paths if path.exists()]
    if there and not replace:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise BadRequest(
            f"{there[0]}{more} would be written over. Nothing was changed; "
            "choose another folder, or give --replace to write over what is there."
        )


def check_out(out: Path, source: Path) -> None:
    """Refuse a folder whose own images or masks would be mixed up with the new ones.

    ``source`` is what the command reads. Raises ``BadRequest``.
    """
    folder, place = _real(out), _real(source)
    for above in (folder, *folder.parents):
        if (above / PROJECT_FILE).is_file():
            raise BadRequest(
                f"{out} lies inside the project {above}, where masks would be taken "
                "for images. Choose a folder outside it."
            )
    if (folder / "images").is_dir() and any((folder / k).is_dir() for k in _KINDS):
        raise BadRequest(
            f"{out} holds images with masks of its own, which would be overwritten. "
            "Choose another folder."
        )
    for kind in _KINDS:
        if place.is_relative_to(_real(folder / kind)):
            raise BadRequest(
                f"{source} lies in {out / kind}, where the new {kind} would be written "
                "over it. Choose another folder."
            )
    if source.is_dir() and folder == place:
        raise BadRequest(
            f"{out} is the folder of the images themselves. Choose another folder."
        )


def _real(path: Path) -> Path:
    """The path without links; unlike ``Path.resolve`` it bears links in a circle."""
    return Path(os.path.realpath(path))
