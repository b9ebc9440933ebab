"""Instance masks: 16-bit PNG files whose values number the segments of an image.

A note beside them says which class and name each number has, so that they come back
whole. A foreign folder may have ``instances.csv`` with image, instance and class.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from seggui.core.classes import LARGEST_CLASS_ID, Classes
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.rle import rle_of
from seggui.errors import Unreadable
from seggui.files.formats.class_rows import class_json, found_classes, used_rows
from seggui.files.formats.json_text import list_in, text_in, whole_number
from seggui.files.formats.losses import MOST_INSTANCES
from seggui.files.formats.mask_folder import NOTE, MaskFile, note_bytes, open_folder
from seggui.files.formats.names import mask_names, size_trouble, stem_of
from seggui.files.formats.painting import Ids, painted
from seggui.files.formats.png import ids_of_png, png_of_ids
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
    overlaps=False, instances=True, names=True, largest_class_id=LARGEST_CLASS_ID
)
TABLE = "instances.csv"
LONE_CLASS = 1
"""The class of instances of which nothing says what they are."""

ByNumber = Mapping[int, tuple[int, str]]
"""Class id and name by instance number."""


def write(
    items: Iterable[ExportItem], classes: Classes, put: Put, report: Report
) -> Written:
    """Write ``instances/NAME.png`` for each labelled image, and the note."""
    rows = list(items)
    names = mask_names([item.name for item in rows], "instances")
    notes: dict[str, object] = {}
    segments = 0
    used: set[int] = set()
    for done, item in enumerate(rows):
        report(done, len(rows), item.name)
        document = item.load()
        if not counts_as_labelled(document):
            continue
        written = exported(document, HOLDS)[:MOST_INSTANCES]
        numbered = enumerate((s.mask for s in written), start=1)
        name = names[item.name]
        put(name, png_of_ids(painted(document.image, numbered)))
        notes[name] = _note(document)
        segments += len(written)
        used.update(s.class_id for s in written)
    all_rows = [class_json(row) for row in used_rows(classes, used)]
    put(NOTE, note_bytes(all_rows, notes))
    return Written(len(notes), segments)


def _note(document: Document) -> dict[str, object]:
    instances = []
    segments = exported(document, HOLDS)[:MOST_INSTANCES]
    for number, segment in enumerate(segments, start=1):
        row: dict[str, object] = {"id": number, "class": segment.class_id}
        if segment.name:
            row["name"] = segment.name
        instances.append(row)
    return {
        "image": document.image.name,
        "done": document.state == "done",
        "instances": instances,
    }


def read(source: Path, images: tuple[ImageFacts, ...], report: Report) -> Imported:
    """Read instance masks: a folder of them, or an export of this format."""
    folder = open_folder(source, "instances", images)
    table, names = _read_table(source)
    classes = {**folder.classes, **names}
    refused, documents, used = list(folder.refused), [], []
    for done, file in enumerate(folder.files):
        report(done, len(folder.files), file.name)
        rows = _rows_of_note(file)
        if not rows:
            rows = table.get(stem_of(Path(file.name).name), {})
        found = _read_one(file, rows, refused)
        if found is not None:
            documents.append(found)
            used += [s.class_id for s in found.segments]
    return Imported(tuple(documents), found_classes(classes, used), tuple(refused))


def _read_one(
    file: MaskFile, rows: ByNumber, refused: list[Refusal]
) -> ImportedDocument | None:
    try:
        ids, _ = ids_of_png(file.path)
    except Unreadable as error:
        refused.append(Refusal(file.name, error.reason))
        return None
    facts = file.facts
    height, width = ids.shape
    trouble = size_trouble(facts, width, height, "the mask")
    if trouble:
        refused.append(Refusal(file.name, trouble))
        return None
    segments = []
    for number, mask in _masks_of(ids):
        if number not in rows and rows:
            refused.append(
                Refusal(file.name, f"nothing says the class of instance {number}")
            )
            continue
        class_id, name = rows.get(number, (LONE_CLASS, ""))
        segments.append(ImportedSegment(class_id, rle_of(mask), name))
    return ImportedDocument(facts, tuple(segments), file.state)


def _masks_of(ids_hw: Ids) -> Iterator[tuple[int, Mask]]:
    """Each instance number with its mask, looked for only inside its own box."""
    height, width = ids_hw.shape
    flat = np.flatnonzero(ids_hw)
    numbers = ids_hw.reshape(-1)[flat]
    order = np.argsort(numbers, kind="stable")
    flat, numbers = flat[order], numbers[order]
    present, starts = np.unique(numbers, return_index=True)
    ends = np.append(starts[1:], len(flat))
    for number, start, end in zip(present, starts, ends[: len(starts)], strict=True):
        rows, columns = np.divmod(flat[start:end], width)
        box = Box(
            int(columns.min()),
            int(rows.min()),
            int(columns.max()) + 1,
            int(rows.max()) + 1,
        )
        window = np.zeros((box.height, box.width), dtype=bool)
        window[rows - box.y0, columns - box.x0] = True
        yield int(number), Mask.from_window(height, width, box, window)


def _rows_of_note(file: MaskFile) -> dict[int, tuple[int, str]]:
    rows = {}
    for entry in list_in(file.note, "instances"):
        if isinstance(entry, Mapping):
            number = whole_number(entry.get("id"))
            class_id = whole_number(entry.get("class"))
            if number is not None and class_id is not None:
                rows[number] = (class_id, text_in(entry, "name"))
    return rows


def _read_table(
    source: Path,
) -> tuple[dict[str, dict[int, tuple[int, str]]], dict[int, FoundClass]]:
    """Read ``instances.csv``: classes of instances by the stem of the image's file.

    Classes may be given as ids, as names, or both; names alone are numbered as met.
    """
    path = next(
        (p for p in (source / TABLE, source.parent / TABLE) if p.is_file()), None
    )
    if path is None:
        return {}, {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(path, f"it is not a table in UTF-8 ({error})") from error
    rows: dict[str, dict[int, tuple[int, str]]] = {}
    ids: dict[str, int] = {}
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        image = row.get("image") or row.get("file") or ""
        number = _int_of(row.get("instance_id") or row.get("instance"))
        name = row.get("class") or row.get("class_name") or ""
        class_id = _int_of(row.get("class_id"))
        if class_id is None and name:
            class_id = ids.setdefault(name, len(ids) + 1)
        if not image or number is None or class_id is None:
            raise Unreadable(path, f"line {line} has no image, instance or class")
        ids.setdefault(name or f"class_{class_id}", class_id)
        rows.setdefault(stem_of(Path(image).name), {})[number] = (class_id, "")
    return rows, {number: FoundClass(number, name) for name, number in ids.items()}


def _int_of(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


FORMAT = Format(
    id="png-instance",
    title="PNG instance masks",
    summary="one 16-bit PNG per image that numbers its segments, and their classes",
    patterns=("*.png",),
    holds=HOLDS,
    write=write,
    read=read,
)
