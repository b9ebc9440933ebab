"""The truth that ``seggui evaluate`` compares with: mask files, or a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.core.document import Document
from seggui.errors import BadRequest, Unreadable
from seggui.files.formats.names import stem_of
from seggui.files.formats.painting import painted
from seggui.files.formats.png import ids_of_png
from seggui.files.formats.values import counts_as_labelled
from seggui.metrics.instances import Labelled

Ids = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What an image truly shows."""

    ids_hw: Ids
    """Class ids, axes (y, x); 0 is background, 255 unlabelled."""
    objects: tuple[Labelled, ...] | None = None
    """The single objects, where the truth tells them apart."""


@dataclass(frozen=True, slots=True, eq=False)
class TruthItem:
    """An image of the truth, its labels read when its turn comes."""

    name: str
    image: Path
    labels: Callable[[], Labels]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The labelled images of a folder."""

    items: tuple[TruthItem, ...]
    names: Mapping[int, str]
    """Names of classes by id, where they are known."""
    left_out: tuple[str, ...] = ()


def masks_in(folder: Path) -> dict[str, Path]:
    """The PNG masks of a folder, or of its folder ``masks``, by path without .png."""
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {folder}.")
    top = folder / "masks" if (folder / "masks").is_dir() else folder
    found = {
        stem_of(path.relative_to(top).as_posix()): path
        for path in sorted(top.rglob("*"))
        if path.suffix.lower() == ".png" and path.is_file()
    }
    if not found:
        raise BadRequest(f"There are no PNG masks in {top}.")
    return found


def truth_of_folder(folder: Path) -> Truth:
    """The truth in a project, or in pairs of ``images/`` and ``masks/``."""
    if (folder / "seggui.json").is_file():
        return _truth_of_project(folder)
    if not (folder / "images").is_dir():
        raise BadRequest(
            f"{folder} is neither a project nor has it folders images and masks."
        )
    images = {
        stem_of(path.relative_to(folder / "images").as_posix()): path
        for path in sorted((folder / "images").rglob("*"))
        if path.is_file()
    }
    masks = masks_in(folder)
    items = tuple(
        TruthItem(name, images[name], partial(_labels_in, path))
        for name, path in masks.items()
        if name in images
    )
    left_out = tuple(f"{n} has a mask and no image" for n in masks if n not in images)
    if not items:
        raise BadRequest(f"No mask in {folder} belongs to an image.")
    return Truth(items, {}, left_out)


def _truth_of_project(folder: Path) -> Truth:
    from seggui.files.project import Project

    items, left_out = [], []
    with Project.open_or_refuse(folder, to_change=False) as project:
        classes = project.classes
        for row in project.images:
            try:
                document = project.read_document(row.name)
            except Unreadable as error:
                left_out.append(str(error))
                continue
            if document is None or not counts_as_labelled(document):
                continue
            path = project.path_of(row.name)
            items.append(TruthItem(row.name, path, partial(labels_of, document)))
    if not items:
        raise BadRequest(
            f"No image in {folder} is labelled. Make segments, or mark images "
            "without any as done."
        )
    return Truth(tuple(items), {row.id: row.name for row in classes}, tuple(left_out))


def _labels_in(path: Path) -> Labels:
    return Labels(ids_of_png(path)[0])


def labels_of(document: Document) -> Labels:
    """The labels of a document: accepted segments, later ones on top."""
    accepted = document.accepted
    ids = painted(document.image, ((s.class_id, s.mask) for s in accepted))
    return Labels(ids, tuple(Labelled(s.mask, s.class_id) for s in accepted))
