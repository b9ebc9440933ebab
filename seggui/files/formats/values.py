"""What formats take and give: items to export, what came back, what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seggui.core.classes import BACKGROUND, UNLABELLED, Classes, Rgb
from seggui.core.document import Document, ImageFacts, State
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.rle import mask_of_rle
from seggui.core.segment import Segment


@dataclass(frozen=True, slots=True, eq=False)
class ExportItem:
    """One image to export; its document is loaded when its turn comes."""

    name: str
    load: Callable[[], Document]


def item_of(document: Document) -> ExportItem:
    """An item whose document is at hand already."""
    return ExportItem(document.image.name, lambda: document)


@dataclass(frozen=True, slots=True)
class Holds:
    """What a format can carry; whatever it cannot is told before it writes."""

    overlaps: bool
    """Pixels that belong to several segments. Holes survive in every format here."""
    instances: bool
    """Several segments of one class on an image, kept apart."""
    names: bool
    """The names of single segments."""
    largest_class_id: int


def exported(document: Document, holds: Holds) -> tuple[Segment, ...]:
    """The segments that a format writes: accepted, not empty, of an id that fits."""
    return tuple(
        s
        for s in document.segments
        if s.accepted and not s.mask.is_empty and class_fits(s.class_id, holds)
    )


def class_fits(class_id: int, holds: Holds) -> bool:
    """Whether a format has room for that class id."""
    special = class_id in (BACKGROUND, UNLABELLED)
    return 0 < class_id <= holds.largest_class_id and not special


def counts_as_labelled(document: Document) -> bool:
    """Whether an image says something: it has accepted segments or is done.

    An open image without any is work not begun; written as background it would teach
    a model that there is nothing on it.
    """
    return document.state == "done" or bool(document.accepted)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote."""

    out: Path
    images: int
    segments: int
    files: tuple[str, ...]
    """Relative to ``out``, with ``/``."""
    losses: tuple[str, ...] = ()
    """Plain sentences: what the format could not carry."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that an import leaves out, and why."""

    file: str
    reason: str
    index: int | None = None
    """The place in the file, from 0; None when it is about the file as a whole."""
    section: str = "entry"
    """What is counted there: image, category or annotation."""

    def __str__(self) -> str:
        place = "" if self.index is None else f", {self.section} {self.index}"
        return f"{self.file}{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class FoundClass:
    """A class as the source has it; ``name`` is empty where it gives only ids."""

    id: int
    name: str = ""
    colour: Rgb | None = None
    thing: bool = True
    segments: int = 0


@dataclass(frozen=True, slots=True)
class ImportedSegment:
    """A segment as it was read, its mask checked and kept small as run lengths."""

    class_id: int
    """The id in the source; a mapping turns it into one of the project."""
    rle: str
    name: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)

    def mask(self, facts: ImageFacts) -> Mask:
        return mask_of_rle(self.rle, facts.height, facts.width)


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """All that was read for one image of the project."""

    facts: ImageFacts
    segments: tuple[ImportedSegment, ...]
    """From bottom to top."""
    state: State | None = None
    """None where the source does not say."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything a source holds for the images of a project; nothing is written yet."""

    documents: tuple[ImportedDocument, ...]
    classes: tuple[FoundClass, ...]
    refused: tuple[Refusal, ...]

    @property
    def segments(self) -> int:
        return sum(len(document.segments) for document in self.documents)


Put = Callable[[str, bytes], None]
"""``put(path, data)`` writes one file of an export, its path relative with ``/``."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a format tells of what it put."""

    images: int
    segments: int
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the export's own file should remember, as plain JSON values."""


Writer = Callable[[Iterable[ExportItem], Classes, Put, Report], Written]
Reader = Callable[[Path, "tuple[ImageFacts, ...]", Report], Imported]


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table of formats."""

    id: str
    title: str
    summary: str
    patterns: tuple[str, ...]
    """The files that an import looks for."""
    holds: Holds
    write: Writer
    read: Reader
    leaves_out: str = (
        "Which tool, model and prompts made a segment, and locks, stay in the project."
    )
    """What the format never carries, whatever the data."""
