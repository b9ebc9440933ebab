"""Borders between segments: without gaps and without overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from seggui.core import edits
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.segment import Segment
from seggui.errors import SegguiError
from seggui.gui.session import Session
from seggui.refine.neighbours import cut_by_neighbours, fill_gap, gap_reach_px, meet

Masks = Sequence[Mask]


class Borders(QObject):
    """Changes the selected segments by those beside them; each wish is one step."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def fill_gap(self) -> None:
        """Let the selected segments grow to their neighbours' borders.

        Several selected ones grow towards each other as well, and meet in the middle.
        """
        document = self._session.document
        if document is None:
            return
        facts = document.image
        reach_px = gap_reach_px(facts.height, facts.width)

        def grown(chosen: Masks, others: Masks) -> list[Mask]:
            met = list(meet(chosen, reach_px))
            for place, mask in enumerate(met):
                beside = [*others, *met[:place], *met[place + 1 :]]
                met[place] = fill_gap(mask, beside, reach_px)
            return met

        nothing = f"No segment lies within {reach_px:.0f} pixels of the selected one."
        self._change("Gap filled", grown, nothing)

    def cut_by_neighbours(self) -> None:
        """Take from the selected segments what others have too."""
        nothing = "No other segment overlaps the selected one."

        def cut(chosen: Masks, others: Masks) -> list[Mask]:
            return [cut_by_neighbours(mask, others) for mask in chosen]

        self._change("Cut by neighbours", cut, nothing)

    def _change(
        self, label: str, work: Callable[[Masks, Masks], list[Mask]], nothing: str
    ) -> None:
        session, document = self._session, self._session.document
        if document is None:
            return
        if session.read_only:
            session.say(session.why_read_only, "warning")
            return
        ids = set(session.selected)
        chosen = [s for s in document.segments if s.id in ids and not s.locked]
        masks = [segment.mask for segment in chosen]
        others = [s.mask for s in document.segments if s.id not in ids]
        if not chosen:
            session.say("Select a segment that is not locked first.")
            return

        def done(changed: list[Mask]) -> None:
            if session.document is not document:
                session.say("The segments were changed meanwhile; nothing was done.")
            elif all(
                new.same_pixels(old) for new, old in zip(changed, masks, strict=True)
            ):
                session.say(nothing)
            else:
                session.edit(label, lambda d: _with_masks(d, chosen, changed))

        def failed(error: SegguiError) -> None:
            session.say(str(error), "error")

        session.background.start(
            "borders", lambda _report: work(masks, others), done, failed
        )


def _with_masks(
    document: Document, segments: Sequence[Segment], masks: Masks
) -> Document:
    """The document with new masks; one that became empty is removed."""
    for segment, mask in zip(segments, masks, strict=True):
        if not mask.same_pixels(segment.mask):
            document = edits.replace_mask(document, segment.id, mask)
    return document
