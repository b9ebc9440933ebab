"""COCO instance JSON: one file for all images, masks as run lengths, holes kept.

Format of the COCO data set (Lin et al. 2014, https://cocodataset.org/#format-data).
``isthing`` and ``color`` of a category are those of COCO's panoptic files; ``done``
of an image and ``name`` of an annotation are ours, and other readers pass them by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seggui.core.classes import LARGEST_CLASS_ID, Classes
from seggui.core.document import ImageFacts
from seggui.core.ports import Report
from seggui.core.rle import rle_of
from seggui.core.segment import Segment
from seggui.errors import InvalidMask, Unreadable
from seggui.files.formats.class_rows import colour_of, found_classes, used_rows
from seggui.files.formats.coco_masks import mask_of_segmentation
from seggui.files.formats.json_text import (
    json_file,
    list_in,
    read_json,
    text_in,
    whole_number,
)
from seggui.files.formats.names import ImageNames, size_trouble, trouble_with
from seggui.files.formats.values import (
    ExportItem,
    Format,
    FoundClass,
    Holds,
    Imported,
    ImportedDocument,
    ImportedSegment,
    Put,
    Refusal,
    Written,
    counts_as_labelled,
    exported,
)

HOLDS = Holds(
    overlaps=True, instances=True, names=True, largest_class_id=LARGEST_CLASS_ID
)
FILE = "instances.json"


def write(
    items: Iterable[ExportItem], classes: Classes, put: Put, report: Report
) -> Written:
    """Write ``instances.json``; annotations of an image are from bottom to top."""
    rows = list(items)
    images: list[str] = []
    annotations: list[str] = []
    used: set[int] = set()
    for done, item in enumerate(rows):
        report(done, len(rows), item.name)
        document = item.load()
        if not counts_as_labelled(document):
            continue
        facts = document.image
        image: dict[str, object] = {
            "id": len(images) + 1,
            "file_name": facts.name,
            "width": facts.width,
            "height": facts.height,
        }
        if document.state == "done":
            image["done"] = True
        images.append(_line(image))
        for segment in exported(document, HOLDS):
            row = _annotation(segment, len(annotations) + 1, len(images))
            annotations.append(_line(row))
            used.add(segment.class_id)
    categories = [
        _line(
            {
                "id": row.id,
                "name": row.name,
                "supercategory": "thing" if row.thing else "stuff",
                "isthing": int(row.thing),
                "color": list(row.colour),
            }
        )
        for row in used_rows(classes, used)
    ]
    sections = (
        ("images", images),
        ("annotations", annotations),
        ("categories", categories),
    )
    body = ",\n".join(
        f'"{name}": [\n' + ",\n".join(lines) + "\n]" for name, lines in sections
    )
    put(FILE, json_file(f'{{"info": {{"description": "seggui"}},\n{body}}}\n'))
    return Written(len(images), len(annotations))


def _annotation(segment: Segment, number: int, image: int) -> dict[str, object]:
    box = segment.mask.bbox
    row: dict[str, object] = {
        "id": number,
        "image_id": image,
        "category_id": segment.class_id,
        "iscrowd": int(segment.extra.get("iscrowd") == 1),
        "area": segment.mask.area,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "segmentation": {
            "size": [segment.mask.height, segment.mask.width],
            "counts": rle_of(segment.mask),
        },
    }
    if segment.name:
        row["name"] = segment.name
    return row


def _line(value: object) -> str:
    # One entry per line, so that version control shows useful differences.
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


@dataclass
class _Reading:
    """What is gathered while a file is read."""

    file: str
    images: dict[int, ImageFacts] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    classes: dict[int, FoundClass] = field(default_factory=dict)
    segments: dict[str, list[ImportedSegment]] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def refuse(self, reason: str, index: int, section: str) -> None:
        self.refused.append(Refusal(self.file, reason, index, section))


def read(source: Path, images: tuple[ImageFacts, ...], report: Report) -> Imported:
    """Read a COCO file, or the one in a folder; each annotation is checked alone."""
    path = _file_in(source)
    value = read_json(path)
    if not isinstance(value, Mapping) or not isinstance(value.get("images"), list):
        raise Unreadable(path, "it is not a COCO file: it lists no images")
    reading = _Reading(path.name)
    _read_categories(reading, value, path)
    _read_images(reading, value, ImageNames(images))
    rows = list_in(value, "annotations")
    for index, row in enumerate(rows):
        if index % 64 == 0:
            report(index, len(rows), path.name)
        trouble = _read_annotation(reading, row)
        if trouble:
            reading.refuse(trouble, index, "annotation")
    documents = tuple(
        ImportedDocument(
            facts,
            tuple(reading.segments.get(facts.name, ())),
            "done" if facts.name in reading.done else None,
        )
        for facts in reading.images.values()
    )
    used = (s.class_id for document in documents for s in document.segments)
    found = found_classes(reading.classes, used)
    return Imported(documents, found, tuple(reading.refused))


def _file_in(source: Path) -> Path:
    if not source.is_dir():
        return source
    if (source / FILE).is_file():
        return source / FILE
    found = sorted(source.glob("*.json"))
    if len(found) != 1:
        raise Unreadable(
            source,
            f"it holds {len(found)} JSON files; name the one that is meant",
        )
    return found[0]


def _read_categories(
    reading: _Reading, value: Mapping[str, object], path: Path
) -> None:
    for index, row in enumerate(list_in(value, "categories")):
        number = whole_number(row.get("id")) if isinstance(row, Mapping) else None
        name = text_in(row, "name")
        if not isinstance(row, Mapping) or number is None or not name:
            reading.refuse("it has no id or name", index, "category")
        elif number in reading.classes:
            raise Unreadable(
                path,
                f"the category id {number} is given twice, as "
                f"{reading.classes[number].name!r} and {name!r}",
            )
        else:
            thing = whole_number(row.get("isthing")) != 0
            colour = colour_of(row.get("color"))
            reading.classes[number] = FoundClass(number, name, colour, thing)


def _read_images(
    reading: _Reading, value: Mapping[str, object], names: ImageNames
) -> None:
    rows = list_in(value, "images")
    ids = [
        whole_number(row.get("id")) if isinstance(row, Mapping) else None
        for row in rows
    ]
    taken: set[str] = set()
    doubled = _taken_twice(ids)
    for index, (row, number) in enumerate(zip(rows, ids, strict=True)):
        trouble = _image_trouble(row, number, doubled)
        found = trouble or names.of_image(_file_name(row))
        if isinstance(found, ImageFacts):
            found = _fitting(found, row, taken)
        if isinstance(found, str):
            reading.refuse(found, index, "image")
            if number is not None:
                reading.absent.add(number)
            continue
        taken.add(found.name)
        reading.images[number or 0] = found
        if isinstance(row, Mapping) and row.get("done") is True:
            reading.done.add(found.name)


def _taken_twice(ids: Iterable[int | None]) -> set[int]:
    """The numbers that come more than once."""
    once: set[int] = set()
    twice: set[int] = set()
    for number in ids:
        if number is not None:
            (twice if number in once else once).add(number)
    return twice


def _file_name(row: object) -> str:
    name = row.get("file_name") if isinstance(row, Mapping) else None
    return name if isinstance(name, str) else ""


def _image_trouble(row: object, number: int | None, doubled: set[int]) -> str:
    if number is None:
        return "the image has no id"
    if number in doubled:
        return f"the image id {number} is given more than once"
    return trouble_with(_file_name(row))


def _fitting(facts: ImageFacts, row: object, taken: set[str]) -> ImageFacts | str:
    """The image, or what keeps the entry from being of it."""
    if facts.name in taken:
        return f"the image {facts.name} is listed already"
    if not isinstance(row, Mapping):
        return "the entry is not an image"
    width, height = whole_number(row.get("width")), whole_number(row.get("height"))
    if width is None or height is None:
        return facts  # Some files leave the size out; each mask is checked anyway.
    return size_trouble(facts, width, height, "the entry") or facts


def _read_annotation(reading: _Reading, row: object) -> str:
    """Take one annotation in; returns why not, empty when it was taken."""
    if not isinstance(row, Mapping):
        return "it is not an annotation"
    number = whole_number(row.get("id"))
    if number is not None:
        if number in reading.seen:
            return f"the annotation id {number} is used already"
        reading.seen.add(number)
    name = "it" if number is None else f"the annotation with id {number}"
    image, category = (whole_number(row.get(k)) for k in ("image_id", "category_id"))
    if image is None or image not in reading.images:
        skipped = image is not None and image in reading.absent
        why = "which is left out" if skipped else "which the file does not list"
        return f"{name} belongs to image {row.get('image_id')!r:.40}, {why}"
    if category is None or category not in reading.classes:
        return (
            f"{name} has the category {row.get('category_id')!r:.40}, "
            "which the file does not describe"
        )
    facts = reading.images[image]
    try:
        mask = mask_of_segmentation(row.get("segmentation"), facts.height, facts.width)
    except InvalidMask as error:
        return f"{name} has no usable mask. {error}"
    extra: dict[str, object] = {"iscrowd": 1} if row.get("iscrowd") == 1 else {}
    reading.segments.setdefault(facts.name, []).append(
        ImportedSegment(category, rle_of(mask), text_in(row, "name"), extra)
    )
    return ""


FORMAT = Format(
    id="coco",
    title="COCO instances",
    summary="one JSON file for all images, masks as run lengths with their holes",
    patterns=("*.json",),
    holds=HOLDS,
    write=write,
    read=read,
)
