"""Which images a path on the command line means, and what becomes of bad ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.errors import BadRequest, ReadOnly, SegguiError, Unreadable
from seggui.files.images import is_image_name, read_image, split_page
from seggui.files.project import Project
from seggui.files.project_file import NAME as PROJECT_FILE

_MADE_BY_US = {"annotations", "runs", "masks", "instances"}


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file and its name below the folder that was named."""

    name: str
    path: Path

    def display_hwc(self) -> NDArray[np.uint8]:
        """The pixels as they are shown; raises ``Unreadable``."""
        return read_image(self.path, split_page(self.name)[1]).display_hwc()


@contextmanager
def left_out(refused: list[str]) -> Iterator[None]:
    """Pass over an image that cannot be read, or whose segments may not be changed.

    The reason goes to stderr and to ``refused``, and the command goes on.
    """
    try:
        yield
    except (Unreadable, ReadOnly) as error:
        refused.append(str(error))
        sys.stderr.write(f"{error} It is left out.\n")


def none_done(images: Sequence[NamedImage]) -> SegguiError:
    """What to raise where every image was left out."""
    all_of = "The image was" if len(images) == 1 else f"All {len(images)} images were"
    return SegguiError(f"{all_of} left out, so nothing was done.")


def images_at(path: Path) -> list[NamedImage]:
    """The image at a path, or those in a folder and below it, by name.

    In a folder of pairs it is the folder ``images`` that counts. Raises ``BadRequest``
    when there are none.
    """
    if path.is_file():
        return [NamedImage(path.name, path)]
    if not path.is_dir():
        raise BadRequest(f"There is no file or folder {path}.")
    pairs = any((path / name).is_dir() for name in ("masks", "instances"))
    root = path / "images" if pairs and (path / "images").is_dir() else path
    found = []
    for file in sorted(root.rglob("*")):
        below = file.relative_to(root)
        if below.parts[0] in _MADE_BY_US or any(p.startswith(".") for p in below.parts):
            continue
        if is_image_name(file.name) and file.is_file():
            found.append(NamedImage(below.as_posix(), file))
    if not found:
        raise BadRequest(f"There are no images in {root}.")
    return found


def open_images(project: Project) -> list[NamedImage]:
    """The images of a project that are not marked as done.

    Raises ``BadRequest`` when there are none.
    """
    if not project.images:
        raise BadRequest(f"There are no images in {project.folder}.")
    rows = [row for row in project.images if row.state != "done"]
    if not rows:
        raise BadRequest(
            f"Every image of {project.folder} is done: there is nothing to do."
        )
    return [NamedImage(row.name, project.path_of(row.name)) for row in rows]


def images_to_label(path: Path) -> list[NamedImage]:
    """As ``images_at``, but of a project only those not marked as done."""
    if not (path / PROJECT_FILE).exists():
        return images_at(path)
    with Project.open_or_refuse(path, to_change=False) as project:
        return open_images(project)
