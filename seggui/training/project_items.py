"""Labelled images of a project, as they were saved when the training began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.ports import Report
from seggui.errors import BadRequest, Unreadable
from seggui.files.images import file_digest, read_image, split_page
from seggui.files.project import Project
from seggui.files.project_file import NAME
from seggui.training.samples import IGNORE, LabelledImages, Sample

MOST_CLASSES = 254


@dataclass(frozen=True, slots=True, eq=False)
class DocumentItem:
    """An image of a project with its document."""

    path: Path
    page: int
    document: Document
    channel_of_id: Mapping[int, int]
    things: frozenset[int]
    """Ids of the classes whose segments are objects."""

    @property
    def name(self) -> str:
        return self.document.image.name

    @property
    def folder(self) -> str:
        return PurePosixPath(self.name).parent.as_posix()

    def digest(self) -> str:
        return file_digest(self.path)

    def load(self) -> Sample:
        """Paint the accepted segments in their order; candidates do not count."""
        image = read_image(self.path, self.page).display_hwc()
        facts = self.document.image
        if image.shape[:2] != (facts.height, facts.width):
            raise Unreadable(
                self.path,
                f"it is {image.shape[1]} x {image.shape[0]} pixels, but its segments "
                f"were made on {facts.width} x {facts.height}",
            )
        channels = np.zeros(image.shape[:2], np.uint8)
        objects = np.zeros(image.shape[:2], np.int32)
        labels = {}
        for number, segment in enumerate(self.document.accepted, start=1):
            box = segment.mask.bbox
            inside = segment.mask.window(box)
            channel = self.channel_of_id.get(segment.class_id, IGNORE)
            channels[box.slices][inside] = channel
            is_object = segment.class_id in self.things
            objects[box.slices][inside] = number if is_object else 0
            if is_object:
                labels[number] = channel
        return Sample(self.name, image, channels, objects, labels)


def is_project(folder: Path) -> bool:
    return (folder / NAME).exists()


def open_project(
    folder: Path, ignored_ids: Sequence[int], report: Report
) -> LabelledImages:
    """Read what is saved; a window that has the project open is not disturbed.

    Images with accepted segments count, and images marked as done without any: those
    are background. All others are left out and counted.
    """
    with Project.open_or_refuse(folder, to_change=False) as project:
        classes = project.classes
        _check_classes(folder, classes)
        learnt = [row for row in classes if row.id not in ignored_ids]
        channel_of_id = {row.id: place for place, row in enumerate(learnt, start=1)}
        things = frozenset(row.id for row in learnt if row.thing)
        items: list[DocumentItem] = []
        notes: list[str] = []
        unlabelled = 0
        for number, row in enumerate(project.images):
            report(number, len(project.images), "reading segments")
            try:
                document = project.read_document(row.name)
            except Unreadable as error:
                notes.append(f"{error} The image is left out.")
                continue
            if document is None or not _counts(document):
                unlabelled += 1
                continue
            page = split_page(row.name)[1]
            items.append(
                DocumentItem(
                    project.path_of(row.name), page, document, channel_of_id, things
                )
            )
    if unlabelled:
        notes.append(
            f"{unlabelled} images have no accepted segments, are not marked as done, "
            "and are left out."
        )
    if items and not any(item.document.accepted for item in items):
        raise BadRequest(
            f"No image of {folder} has an accepted segment: there is only background "
            "to learn. Label some objects first."
        )
    names = ("background", *(row.name for row in learnt))
    return LabelledImages(tuple(items), names, (0, *channel_of_id), tuple(notes))


def _counts(document: Document) -> bool:
    return bool(document.accepted) or document.state == "done"


def _check_classes(folder: Path, classes: Classes) -> None:
    if not len(classes):
        raise BadRequest(
            f"The project {folder} has no classes yet. Add one and label some objects "
            "first."
        )
    if len(classes) > MOST_CLASSES:
        raise BadRequest(
            f"The project {folder} has {len(classes)} classes; at most {MOST_CLASSES} "
            "can be trained."
        )
