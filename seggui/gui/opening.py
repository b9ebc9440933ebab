"""Opening projects and images, on a lane; nothing here touches the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.errors import Unreadable
from seggui.files.images import LoadedImage, is_image_name
from seggui.files.open_document import OpenDocument
from seggui.files.project import Project


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """The image that is shown."""

    name: str
    image_hwc: NDArray[np.uint8]
    """As displayed and as models see it: RGB, 8 bit."""
    loaded: LoadedImage

    @property
    def key(self) -> str:
        """The same pixels have the same key, whatever the file is called."""
        return f"{self.loaded.digest}#{self.loaded.page}"

    @property
    def notes(self) -> tuple[str, ...]:
        return self.loaded.notes

    def value_at(self, x: int, y: int) -> str:
        """The pixel's own value, in the file's depth, as the status bar shows it."""
        height, width = self.loaded.pixels.shape[:2]
        if not (0 <= x < width and 0 <= y < height):
            return ""
        value = np.atleast_1d(self.loaded.pixels[y, x])
        return " ".join(f"{number:g}" for number in value.tolist())


def open_project(path: Path, show: str = "") -> tuple[Project, str]:
    """Open a folder, or the folder of an image; the second value is what to show."""
    if path.is_file():
        if not is_image_name(path.name):
            raise Unreadable(
                path, "it is not an image", "Open a folder of images or an image."
            )
        folder, show = _project_of(path)
        return Project.open(folder), show
    return Project.open(path), show


def _project_of(image: Path) -> tuple[Path, str]:
    """The project an image belongs to: the nearest folder above with a project file."""
    image = image.absolute()
    for folder in image.parents:
        if (folder / "seggui.json").is_file():
            return folder, image.relative_to(folder).as_posix()
    return image.parent, image.name


def load_image(project: Project, name: str) -> tuple[OpenImage, OpenDocument]:
    """Read an image's pixels and what was made on it."""
    loaded = project.read_pixels(name)
    image = OpenImage(name, loaded.display_hwc(), loaded)
    return image, project.load(name, loaded)
