"""Everything made on one image: its segments and their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from seggui.core.segment import Segment

State = Literal["open", "done"]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Which image a document belongs to.

    ``width`` and ``height`` are of the image as shown, its orientation applied.
    """

    name: str
    """Path inside the project, with ``/``; ``#2`` at its end names page 2."""
    width: int
    height: int
    digest: str
    """``sha256:`` and the hex digest of the file's bytes."""
    orientation: int = 1
    """The EXIF orientation that was applied, 1 to 8."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A frozen value; edits return a new one that shares what they did not touch."""

    image: ImageFacts
    segments: tuple[Segment, ...] = ()
    """From bottom to top."""
    state: State = "open"
    """An image marked ``done`` without segments counts as background."""
    extra: Mapping[str, object] = field(default_factory=dict)

    def get(self, segment_id: str) -> Segment | None:
        return next((s for s in self.segments if s.id == segment_id), None)

    def index_of(self, segment_id: str) -> int:
        """The segment's place, 0 at the bottom; raises ``KeyError``."""
        for index, segment in enumerate(self.segments):
            if segment.id == segment_id:
                return index
        raise KeyError(segment_id)

    @property
    def accepted(self) -> tuple[Segment, ...]:
        """The segments that count: those that are not candidates."""
        return tuple(s for s in self.segments if s.accepted)

    def at(self, x: float, y: float) -> Segment | None:
        """The topmost segment under a point, or None."""
        for segment in reversed(self.segments):
            if segment.mask.contains(x, y):
                return segment
        return None
