"""What a format will lose of given documents, said before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.segment import Segment
from seggui.files.formats.painting import Ids, painted, pixels_of
from seggui.files.formats.values import (
    Holds,
    class_fits,
    counts_as_labelled,
    exported,
)

MOST_INSTANCES = 65535


@dataclass
class Tally:
    """Counts what documents have and a format has not, over one pass."""

    holds: Holds
    classes: Classes
    hidden_pixels: int = 0
    hidden_images: int = 0
    vanished: int = 0
    joined_from: int = 0
    joined_into: int = 0
    names: int = 0
    candidates: int = 0
    empty: int = 0
    too_many: int = 0
    unlabelled_images: int = 0
    misfits: Counter[int] = field(default_factory=Counter)

    def add(self, document: Document) -> None:
        """Count one document."""
        self.candidates += len(document.segments) - len(document.accepted)
        if not counts_as_labelled(document):
            self.unlabelled_images += 1
            return
        for segment in document.accepted:
            self._add_left_out(segment)
        segments = exported(document, self.holds)
        if not self.holds.names:
            self.names += sum(bool(s.name) for s in segments)
        if not self.holds.instances:
            self._add_joined(segments)
        if not self.holds.overlaps:
            self._add_hidden(document, segments)

    def _add_left_out(self, segment: Segment) -> None:
        if segment.mask.is_empty:
            self.empty += 1
        elif not class_fits(segment.class_id, self.holds):
            self.misfits[segment.class_id] += 1

    def _add_joined(self, segments: tuple[Segment, ...]) -> None:
        for count in Counter(s.class_id for s in segments).values():
            if count > 1:
                self.joined_from += count
                self.joined_into += 1

    def _add_hidden(self, document: Document, segments: tuple[Segment, ...]) -> None:
        self.too_many += max(0, len(segments) - MOST_INSTANCES)
        segments = segments[:MOST_INSTANCES]
        if not _boxes_meet(segments):
            return
        numbered = list(enumerate((s.mask for s in segments), start=1))
        ids = painted(document.image, numbered)
        visible = np.bincount(ids.reshape(-1), minlength=len(segments) + 1)
        hidden = {
            n: mask.area - int(visible[n])
            for n, mask in numbered
            if mask.area > visible[n]
        }
        if hidden and not self.holds.instances:
            hidden = _hidden_by_other_classes(segments, ids, hidden)
        lost = sum(hidden.values())
        self.hidden_pixels += lost
        self.hidden_images += lost > 0
        self.vanished += sum(numbered[n - 1][1].area == h for n, h in hidden.items())

    def sentences(self) -> tuple[str, ...]:
        """What is lost, in plain sentences; none when everything survives."""
        told = [
            (
                self.hidden_pixels,
                f"Where segments overlap the upper one wins: "
                f"{self.hidden_pixels:,} pixels of lower segments are lost "
                f"on {_many(self.hidden_images, 'image')}.",
            ),
            (
                self.vanished,
                f"{_many(self.vanished, 'segment')} wholly covered by others "
                "will not be there.",
            ),
            (
                self.joined_from,
                f"Segments of one class on an image become one: {self.joined_from:,} "
                f"are joined into {self.joined_into:,}.",
            ),
            (
                self.names,
                f"The names of {_many(self.names, 'segment')} are not kept.",
            ),
            (
                self.candidates,
                f"{_many(self.candidates, 'candidate')} that nobody accepted "
                "will not be exported.",
            ),
            (
                self.empty,
                f"{_many(self.empty, 'segment')} without a pixel will not be exported.",
            ),
            (
                self.too_many,
                f"{_many(self.too_many, 'segment')} over the {MOST_INSTANCES:,} "
                "that fit an image will not be exported.",
            ),
            (
                self.unlabelled_images,
                f"{_many(self.unlabelled_images, 'image')} without accepted segments "
                "and not marked as done will be left out.",
            ),
        ]
        return tuple(text for count, text in told if count) + tuple(
            f"The class {self._named(number)} has the id {number}, the format holds "
            f"1 to {self.holds.largest_class_id} without 255: "
            f"{_many(count, 'segment')} will not be exported."
            for number, count in sorted(self.misfits.items())
        )

    def _named(self, class_id: int) -> str:
        row = self.classes.get(class_id)
        return row.name if row else f"class_{class_id}"


def losses(
    documents: Iterable[Document], classes: Classes, holds: Holds
) -> tuple[str, ...]:
    """Return what a format that holds so much will lose of the documents."""
    tally = Tally(holds, classes)
    for document in documents:
        tally.add(document)
    return tally.sentences()


def _boxes_meet(segments: tuple[Segment, ...]) -> bool:
    """Whether the boxes of any two segments overlap; most images need no painting."""
    boxes = [s.mask.bbox for s in sorted(segments, key=lambda s: s.mask.bbox.x0)]
    for index, box in enumerate(boxes):
        for other in boxes[index + 1 :]:
            if other.x0 >= box.x1:
                break
            if not box.intersection(other).empty:
                return True
    return False


def _hidden_by_other_classes(
    segments: tuple[Segment, ...], ids: Ids, hidden: dict[int, int]
) -> dict[int, int]:
    """Pixels under another class; those under their own class are not lost."""
    table = np.array([0, *(s.class_id for s in segments)], dtype=np.uint16)
    class_ids = table[ids]
    out = {}
    for number in hidden:
        segment = segments[number - 1]
        lost = segment.mask.area - pixels_of(segment.mask, class_ids, segment.class_id)
        if lost:
            out[number] = lost
    return out


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
