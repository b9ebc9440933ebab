"""Which images a path on the command line means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seggui.errors import BadRequest
from seggui.files.images import is_image_name
from seggui.files.project import Project
from seggui.files.project_file import NAME as PROJECT_FILE

_MADE_BY_US = {"annotations", "runs", "masks", "instances"}


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file and its name below the folder that was named."""

    name: str
    path: Path


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
    if not (path / PROJECT_FILE).is_file():
        return images_at(path)
    with Project.open(path, read_only=True) as project:
        return open_images(project)
