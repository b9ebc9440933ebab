"""A line of documents. Undo and redo only move along it.

There is no fixed number of steps, only a byte budget for the tiles that the steps
do not share; the oldest steps are forgotten first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from seggui.core.change import difference
from seggui.core.document import Document
from seggui.core.segment import now_iso

BUDGET_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A document and the name of the edit that led to it."""

    label: str
    document: Document
    when: str = field(default_factory=now_iso)


class History:
    """The steps of one image, and which of them is shown."""

    def __init__(
        self,
        first: Document,
        budget_bytes: int = BUDGET_BYTES,
        label: str = "Opened",
    ) -> None:
        self._steps = [Step(label, first)]
        self._costs = [0]
        self._at = 0
        self._budget_bytes = budget_bytes
        self._saved: Document | None = first

    @classmethod
    def restored(
        cls,
        steps: Sequence[Step],
        at: int,
        saved: Document | None,
        budget_bytes: int = BUDGET_BYTES,
    ) -> History:
        """Make a history of steps that were made before, the oldest first.

        ``at`` is the one shown and ``saved`` the document that is on disk.
        """
        history = cls(steps[0].document, budget_bytes)
        pairs = pairwise(steps)
        history._steps = list(steps)
        history._costs = [0, *(_new_bytes(a.document, b.document) for a, b in pairs)]
        history._at = at
        history._saved = saved
        history._forget_oldest()
        return history

    @property
    def document(self) -> Document:
        return self._steps[self._at].document

    @property
    def steps(self) -> Sequence[Step]:
        """All steps, the oldest first; the first is where this history begins."""
        return tuple(self._steps)

    @property
    def at(self) -> int:
        """The index of the step that is shown."""
        return self._at

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < len(self._steps) - 1

    @property
    def unsaved(self) -> bool:
        return self.document is not self._saved

    @property
    def saved(self) -> Document | None:
        """The document that is on disk, as far as this history knows."""
        return self._saved

    def mark_saved(self, document: Document) -> None:
        """Remember which document is on disk; it may no longer be the shown one."""
        self._saved = document

    def commit(self, label: str, document: Document) -> bool:
        """Add a step after the shown one; later ones are forgotten.

        Returns False, and adds nothing, when the document is the shown one.
        """
        if document is self.document:
            return False
        cost = _new_bytes(self.document, document)
        del self._steps[self._at + 1 :]
        del self._costs[self._at + 1 :]
        self._steps.append(Step(label, document))
        self._costs.append(cost)
        self._at += 1
        self._forget_oldest()
        return True

    def undo(self) -> Document:
        return self.go_to(self._at - 1)

    def redo(self) -> Document:
        return self.go_to(self._at + 1)

    def go_to(self, index: int) -> Document:
        """Show that step; an index outside the line shows its end."""
        self._at = min(max(index, 0), len(self._steps) - 1)
        return self.document

    def _forget_oldest(self) -> None:
        while sum(self._costs) > self._budget_bytes and self._at > 1:
            del self._steps[0]
            del self._costs[0]
            # The new first step is where the line begins; it frees nothing.
            self._costs[0] = 0
            self._at -= 1


def _new_bytes(before: Document, after: Document) -> int:
    """Bytes of the tiles that only one of the two documents holds."""
    return sum(
        tile.nbytes
        for segment in difference(before, after).segments
        for swap in segment.tiles.values()
        for tile in swap
        if tile is not None
    )
