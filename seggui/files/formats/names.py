"""Names of files in exports, and which image of a project a foreign name means."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath

from seggui.core.document import ImageFacts

LONGEST_NAME = 4096


def stem_of(name: str) -> str:
    """The path without the file's extension, its folders kept."""
    path = PurePosixPath(name)
    return str(path.with_name(path.stem)) if path.name else name


def mask_names(image_names: Sequence[str], folder: str) -> dict[str, str]:
    """Return a PNG path in ``folder`` for each image, no two alike.

    ``a/b.jpg`` gets ``folder/a/b.png``. Images that differ only in their extension
    keep it: ``b.jpg.png``. Upper and lower case count as the same, since they are on
    some disks.
    """
    stems: dict[str, int] = defaultdict(int)
    for name in image_names:
        stems[_folded(stem_of(name))] += 1
    taken: set[str] = set()
    out = {}
    for name in image_names:
        alone = stems[_folded(stem_of(name))] == 1
        body = stem_of(name) if alone else name
        # A whole name could equal the stem of another image: a.jpg and a.jpg.tif.
        tries = [body, name, *(f"{name}~{n}" for n in range(2, len(image_names) + 3))]
        body = next(t for t in tries if _folded(t) not in taken)
        taken.add(_folded(body))
        out[name] = f"{folder}/{body}.png"
    return out


def trouble_with(name: object) -> str:
    """Say what is wrong with a foreign path; empty when it stays in its folder."""
    if not isinstance(name, str) or not name.strip():
        return "the file name is missing"
    if len(name) > LONGEST_NAME or any(ord(c) < 32 for c in name):
        return "the file name is too long or holds control characters"
    path, windows = PurePosixPath(name.replace("\\", "/")), PureWindowsPath(name)
    if ".." in path.parts or path.is_absolute() or windows.drive:
        return f"the path {name!r} points outside the folder"
    return ""


class ImageNames:
    """Finds the image of a project that a name in foreign data means."""

    def __init__(self, images: Iterable[ImageFacts]) -> None:
        self._whole: dict[str, ImageFacts] = {}
        self._by: dict[str, list[ImageFacts]] = defaultdict(list)
        for facts in images:
            self._whole[_plain(facts.name)] = facts
            name = PurePosixPath(_plain(facts.name))
            keys = {
                f"stem:{stem_of(str(name))}",
                f"stem:{stem_of(str(name).removeprefix('images/'))}",
                f"last:{name.name}",
                f"last-stem:{name.stem}",
            }
            for key in keys:
                self._by[key].append(facts)

    def of_image(self, name: str) -> ImageFacts | str:
        """The image of that path or, where only one has it, of that file name."""
        path = _plain(name)
        if path in self._whole:
            return self._whole[path]
        return self._one(name, [f"last:{PurePosixPath(path).name}"])

    def of_mask(self, name: str) -> ImageFacts | str:
        """The image for a mask file, its path given inside the folder of masks.

        Returns a sentence's end when there is none or more than one.
        """
        stem = stem_of(_plain(name))
        if stem in self._whole:
            return self._whole[stem]
        last = PurePosixPath(stem).name
        return self._one(name, [f"stem:{stem}", f"last:{last}", f"last-stem:{last}"])

    def _one(self, name: str, keys: Sequence[str]) -> ImageFacts | str:
        for key in keys:
            found = self._by.get(key, [])
            if len(found) == 1:
                return found[0]
            if found:
                names = " and ".join(facts.name for facts in found[:2])
                return f"{name} fits more than one image: {names}"
        return f"the project has no image for {name}"


def size_trouble(facts: ImageFacts, width: int, height: int, what: str) -> str:
    """Say that a mask does not fit its image; empty when it does."""
    if (width, height) == (facts.width, facts.height):
        return ""
    text = (
        f"{what} is {width} x {height} pixels, the image {facts.name} "
        f"is {facts.width} x {facts.height}"
    )
    if (height, width) == (facts.width, facts.height):
        turned = facts.orientation >= 5
        text += (
            " as shown; the mask was made without turning the photo"
            if turned
            else "; width and height seem to be swapped"
        )
    return text


def _plain(name: str) -> str:
    """One spelling of a path: forward slashes, composed letters."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    return str(PurePosixPath(path))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
