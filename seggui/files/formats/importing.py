"""Imports: a preview of classes and documents first, then whole documents.

Nothing here writes: ``documents_after`` gives the documents to save, all of them
made and checked before the first one is written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from seggui.core.classes import (
    LARGEST_CLASS_ID,
    UNLABELLED,
    Classes,
    SegClass,
    colour_number,
)
from seggui.core.document import Document
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.files.formats.values import FoundClass, Imported, ImportedDocument

Existing = Literal["add", "replace", "skip"]
"""What happens to an image that has segments already: put the new ones on top, in
their place, or leave the image as it is."""


@dataclass(frozen=True, slots=True)
class MappedClass:
    """A row of the mapping table: a class of the source and what it becomes."""

    found: FoundClass
    becomes: SegClass
    new: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClassMapping:
    """Which class of the project each class of the source becomes."""

    rows: tuple[MappedClass, ...]

    @property
    def ids(self) -> Mapping[int, int]:
        return {row.found.id: row.becomes.id for row in self.rows}

    def grown(self, classes: Classes) -> Classes:
        """The project's classes with the new ones at the end."""
        return Classes((*classes, *(row.becomes for row in self.rows if row.new)))


def suggest_mapping(
    imported: Imported, classes: Classes, wanted: Mapping[str, str] | None = None
) -> ClassMapping:
    """Map classes of the source onto the project's, none of them silently.

    A class becomes the one of exactly the same name, or a new one; ids count only
    where the source gives no name. ``wanted`` maps names (or ids, as text) of the
    source to names of classes. Raises ``BadRequest`` for a name that is not there.
    """
    chosen = dict(wanted or {})
    project = classes
    rows: list[MappedClass] = []
    known = {key for row in imported.classes for key in _keys(row)}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise BadRequest(f"The source has no class {unknown[0]}.")
    for found in imported.classes:
        target = next((chosen[k] for k in _keys(found) if k in chosen), None)
        row = _mapped(found, target, project, rows)
        if row.new:
            project = Classes((*project, row.becomes))
        rows.append(row)
    return ClassMapping(tuple(rows))


def _keys(found: FoundClass) -> tuple[str, ...]:
    return (found.name, str(found.id)) if found.name else (str(found.id),)


def _mapped(
    found: FoundClass, target: str | None, project: Classes, rows: list[MappedClass]
) -> MappedClass:
    name = target or found.name
    same = project.named(name) if name else project.get(found.id)
    # Two classes of the source meet in one of the project only when asked for.
    used = same is not None and any(row.becomes.id == same.id for row in rows)
    if same is not None and (target is not None or not used):
        note = "" if name else f"by its id {found.id}"
        return MappedClass(found, same, False, note)
    note = ""
    if used:
        note = f"the source has more than one class {name}"
    elif name:
        alike = next((r.name for r in project if _alike(r.name, name)), None)
        note = f"spelt like {alike}, kept apart" if alike else ""
    name = name or f"class_{found.id}"
    free, number = name, 2
    while project.named(free) is not None:
        free, number = f"{name}_{number}", number + 1
    return MappedClass(found, _new_class(found, free, project), True, note)


def _new_class(found: FoundClass, name: str, project: Classes) -> SegClass:
    colour = found.colour or colour_number(len(project))
    fresh = project.get(found.id) is None
    if fresh and 0 < found.id <= LARGEST_CLASS_ID and found.id != UNLABELLED:
        return SegClass(found.id, name, colour, found.thing)
    return SegClass(project.free_id, name, colour, found.thing)


def _alike(a: str, b: str) -> bool:
    def plain(name: str) -> str:
        folded = unicodedata.normalize("NFKC", name).casefold()
        return "".join(c for c in folded if c.isalnum())

    return plain(a) == plain(b) != ""


def documents_after(
    imported: Imported,
    documents: Iterable[Document],
    mapping: ClassMapping,
    existing: Existing,
    format_id: str,
) -> tuple[Document, ...]:
    """Return those of the project's documents that the import changes, changed."""
    found = {document.facts.name: document for document in imported.documents}
    ids = mapping.ids
    out = []
    for document in documents:
        new = found.get(document.image.name)
        if new is None:
            continue
        after = document_after(document, new, ids, existing, format_id)
        if after is not document:
            out.append(after)
    return tuple(out)


def document_after(
    document: Document,
    new: ImportedDocument,
    ids: Mapping[int, int],
    existing: Existing,
    format_id: str,
) -> Document:
    """Return the document with what was read for it; the same when that is nothing."""
    if existing == "skip" and document.segments:
        return document
    segments = tuple(
        Segment(
            mask=segment.mask(document.image),
            class_id=ids[segment.class_id],
            source=Source("import", format_id),
            name=segment.name,
            extra=segment.extra,
        )
        for segment in new.segments
    )
    if not segments and new.state in (None, document.state):
        return document
    # An import takes nothing away without giving something in its place.
    kept = document.segments if existing == "add" or not segments else ()
    return replace(
        document, segments=(*kept, *segments), state=new.state or document.state
    )
