"""Which images a project folder holds, in folders of any shape."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from seggui.errors import Unreadable
from seggui.files.images import is_image_name, probe_image

EXPORT_MARK = ".seggui-export.json"
"""A folder that holds a file of this name was written by an export."""

_OURS = frozenset({"annotations", "runs", "exports"})
# What lies beside ``images/`` in the plain layout of pairs is no image to annotate.
_TARGETS = frozenset({"masks", "instances"})
_MOST_TIFFS_LOOKED_INTO = 500
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class ImageList:
    """Names of images, ``/`` between folders, in the order people expect."""

    names: tuple[str, ...]
    notes: tuple[str, ...]
    """What was left out, as sentences."""


def list_images(folder: Path) -> ImageList:
    """Walk through a folder and those below it; raises ``Unreadable`` for the top."""
    walk = _Walk(folder)
    walk.enter("")
    names = sorted(walk.names, key=_natural)
    notes = []
    if walk.closed:
        shown = ", ".join(walk.closed[:3]) + (", …" if len(walk.closed) > 3 else "")
        notes.append(f"{len(walk.closed)} folders could not be read: {shown}.")
    with_pages = _with_pages(folder, names)
    return ImageList(tuple(with_pages), tuple(notes))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts 9 before 10 and upper case beside lower case."""
    parts = _DIGITS.split(name.casefold())
    # The whole name last: two names that differ in case only keep one order.
    key = [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]
    return [*key, (-1, name)]


class _Walk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[tuple[int, int]] = set()
        self.names: list[str] = []
        self.closed: list[str] = []

    def enter(self, start: str) -> None:
        """Take in a folder and, one after the other, those below it."""
        waiting = [start]
        while waiting:
            waiting.extend(self._one(waiting.pop()))

    def _one(self, below: str) -> list[str]:
        """Note the images right in a folder; return the folders in it."""
        path = self._folder / below if below else self._folder
        try:
            found = path.stat()
            # A folder reached twice through links is taken once, and loops end.
            if (found.st_dev, found.st_ino) in self._seen:
                return []
            self._seen.add((found.st_dev, found.st_ino))
            with os.scandir(path) as scan:
                entries = list(scan)
        except OSError as error:
            if not below:
                raise Unreadable(path, error.strerror or "the disk failed") from error
            self.closed.append(below)
            return []
        names = {entry.name for entry in entries}
        if EXPORT_MARK in names:
            return []
        skipped = _TARGETS if "images" in names else frozenset()
        if not below:
            skipped = skipped | _OURS
        folders = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in skipped:
                continue
            name = f"{below}/{entry.name}" if below else entry.name
            if _is(entry, "is_dir"):
                folders.append(name)
            elif is_image_name(entry.name) and _is(entry, "is_file"):
                self.names.append(name)
        return folders


def _is(entry: os.DirEntry[str], question: str) -> bool:
    try:
        return bool(getattr(entry, question)())
    except OSError:  # a link that leads in a circle
        return False


def _with_pages(folder: Path, names: list[str]) -> list[str]:
    """Put the further pages of TIFF files behind them."""
    tiffs = [name for name in names if name.lower().endswith((".tif", ".tiff"))]
    if not tiffs or len(tiffs) > _MOST_TIFFS_LOOKED_INTO:
        return names
    out = []
    wanted = set(tiffs)
    for name in names:
        out.append(name)
        if name in wanted:
            pages = _pages(folder / name)
            out.extend(f"{name}#{page}" for page in range(2, pages + 1))
    return out


def _pages(path: Path) -> int:
    try:
        return probe_image(path).pages
    except Unreadable:
        return 1  # listed all the same; opening it tells the reason
