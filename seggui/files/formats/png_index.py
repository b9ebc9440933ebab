"""Class-index masks: PNG files whose values are class ids, with a palette.

0 is background and 255 unlabelled. Segments of one class on an image become one;
where classes overlap the upper segment wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from seggui.core.classes import BACKGROUND, UNLABELLED, Classes
from seggui.core.document import ImageFacts
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.rle import rle_of
from seggui.errors import Unreadable
from seggui.files.formats.class_rows import class_json, found_classes, used_rows
from seggui.files.formats.mask_folder import NOTE, MaskFile, note_bytes, open_folder
from seggui.files.formats.names import mask_names, size_trouble
from seggui.files.formats.painting import painted
from seggui.files.formats.png import ids_of_png, png_of_ids
from seggui.files.formats.values import (
    ExportItem,
    Format,
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

HOLDS = Holds(overlaps=False, instances=False, names=False, largest_class_id=254)


def write(
    items: Iterable[ExportItem], classes: Classes, put: Put, report: Report
) -> Written:
    """Write ``masks/NAME.png`` for each labelled image, and a note with the classes."""
    rows = list(items)
    names = mask_names([item.name for item in rows], "masks")
    colours = {row.id: row.colour for row in classes if row.id < UNLABELLED}
    notes: dict[str, object] = {}
    segments = 0
    used: set[int] = set()
    for done, item in enumerate(rows):
        report(done, len(rows), item.name)
        document = item.load()
        if not counts_as_labelled(document):
            continue
        written = exported(document, HOLDS)
        ids = painted(document.image, ((s.class_id, s.mask) for s in written))
        put(names[item.name], png_of_ids(ids.astype(np.uint8), colours))
        notes[names[item.name]] = {
            "image": item.name,
            "done": document.state == "done",
        }
        segments += len(written)
        used.update(s.class_id for s in written)
    all_rows = [class_json(row) for row in used_rows(classes, used)]
    put(NOTE, note_bytes(all_rows, notes))
    return Written(len(notes), segments)


def read(source: Path, images: tuple[ImageFacts, ...], report: Report) -> Imported:
    """Read masks of class ids: a folder of them, or an export of this format."""
    folder = open_folder(source, "masks", images)
    refused, documents, used = list(folder.refused), [], []
    for done, file in enumerate(folder.files):
        report(done, len(folder.files), file.name)
        found = _read_one(file)
        if isinstance(found, Refusal):
            refused.append(found)
            continue
        documents.append(found)
        used += [s.class_id for s in found.segments]
    return Imported(
        tuple(documents), found_classes(folder.classes, used), tuple(refused)
    )


def _read_one(file: MaskFile) -> ImportedDocument | Refusal:
    try:
        ids, _ = ids_of_png(file.path)
    except Unreadable as error:
        return Refusal(file.name, error.reason)
    facts = file.facts
    height, width = ids.shape
    trouble = size_trouble(facts, width, height, "the mask")
    if trouble:
        return Refusal(file.name, trouble)
    values = [int(v) for v in np.unique(ids)]
    wanted = [v for v in values if v not in (BACKGROUND, UNLABELLED)]
    if not wanted and UNLABELLED in values and BACKGROUND in values:
        return Refusal(
            file.name,
            "it holds only 0 and 255: a mask of one object, not class ids, where "
            "255 means unlabelled",
        )
    segments = tuple(
        ImportedSegment(value, rle_of(Mask.from_dense(ids == value)))
        for value in wanted
    )
    return ImportedDocument(facts, segments, file.state)


FORMAT = Format(
    id="png-index",
    title="PNG class masks",
    summary="one 8-bit PNG per image, its values are class ids, with a palette",
    patterns=("*.png",),
    holds=HOLDS,
    write=write,
    read=read,
)
