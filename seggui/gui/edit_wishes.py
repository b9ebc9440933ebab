"""What people wish for segments and classes, turned into edits of the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject

from seggui.core import edits
from seggui.core.classes import Rgb
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.segment import Segment, new_segment_id
from seggui.gui.borders import Borders
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.session import Session
from seggui.gui.tools.hand import Hand


class EditWishes(QObject):
    """One method for each wish; each is one undo step."""

    def __init__(self, session: Session, canvas: Canvas, hand: Hand) -> None:
        super().__init__(session)
        self._session = session
        self._canvas = canvas
        self._hand = hand
        self._borders = Borders(session)

    # -- candidates: what is being drawn comes first ---------------------------

    def accept(self) -> None:
        if not self._hand.finish():
            self._session.accept()

    def drop(self) -> None:
        if not self._hand.cancel():
            self._session.drop()

    def take_back(self) -> None:
        """Take back what was drawn last, or the last mark."""
        if not self._hand.take_back():
            self._session.take_back()

    def undo(self) -> None:
        """Take back what is being drawn; with nothing in hand, the last step."""
        if not self._hand.take_back():
            self._session.undo()

    # -- segments --------------------------------------------------------------

    def select_all(self) -> None:
        document = self._session.document
        if document is not None:
            self._session.select([s.id for s in document.segments])

    def select_none(self) -> None:
        self._session.select([])

    def delete(self) -> None:
        chosen = self._session.selected
        self._session.edit("Deleted", lambda d: edits.remove_segments(d, chosen))

    def rename(self, segment_id: str, name: str) -> None:
        self._session.edit("Renamed", lambda d: edits.rename(d, segment_id, name))

    def set_class(self, segment_ids: Sequence[str], class_id: int) -> None:
        self._session.edit("Class", lambda d: edits.set_class(d, segment_ids, class_id))

    def duplicate(self) -> None:
        document = self._session.document
        if document is None:
            return
        copies = [
            replace(s, id=new_segment_id(), locked=False)
            for s in document.segments
            if s.id in self._session.selected
        ]
        if copies:
            self._session.commit(
                "Duplicated",
                edits.add_segments(document, copies),
                [copy.id for copy in copies],
            )

    def merge(self) -> None:
        chosen = self._in_order()
        if len(chosen) < 2:
            self._session.say("Select at least two segments to merge them.", "info")
            return
        ids = [s.id for s in chosen]
        self._session.edit("Merged", lambda d: edits.merge_segments(d, ids))

    def move(self, segment_ids: Sequence[str], list_place: int) -> None:
        """Put segments before that row of the list, which shows the top one first."""
        document = self._session.document
        if document is None:
            return
        moving = set(segment_ids)
        before = document.segments[: max(0, len(document.segments) - list_place)]
        to_index = sum(s.id not in moving for s in before)
        ordered = [s.id for s in document.segments if s.id in moving]
        self._session.edit("Order", lambda d: edits.move_segments(d, ordered, to_index))

    def fill_gap(self) -> None:
        self._borders.fill_gap()

    def cut_by_neighbours(self) -> None:
        self._borders.cut_by_neighbours()

    def to_top(self) -> None:
        self.move(self._session.selected, 0)

    def to_bottom(self) -> None:
        document = self._session.document
        if document is not None:
            self.move(self._session.selected, len(document.segments))

    def set_locked(self, segment_ids: Sequence[str], locked: bool) -> None:
        self._session.edit(
            "Locked" if locked else "Unlocked",
            lambda d: edits.set_locked(d, segment_ids, locked=locked),
        )

    def toggle_locked(self) -> None:
        chosen = self._in_order()
        self.set_locked([s.id for s in chosen], not all(s.locked for s in chosen))

    def toggle_hidden(self) -> None:
        chosen, hidden = self._session.selected, self._session.hidden
        all_hidden = all(i in hidden for i in chosen)
        for segment_id in chosen:
            if (segment_id in hidden) == all_hidden:
                self._session.toggle_hidden(segment_id)

    def accept_segments(self, segment_ids: Sequence[str]) -> None:
        self._session.edit(
            "Accepted", lambda d: edits.set_status(d, segment_ids, "accepted")
        )

    def reject_segments(self, segment_ids: Sequence[str]) -> None:
        self._session.edit("Rejected", lambda d: edits.remove_segments(d, segment_ids))

    def accept_offered(self) -> None:
        self.accept_segments(self._offered())

    def reject_offered(self) -> None:
        self.reject_segments(self._offered())

    # -- classes ---------------------------------------------------------------

    def use_class_number(self, number: int) -> None:
        """Use the class at that place of the list, from 1."""
        rows = self._session.classes.rows
        if 0 < number <= len(rows):
            self._session.set_class(rows[number - 1].id)
        else:
            self._session.say(
                f"There is no class number {number} yet; New Class adds one.", "info"
            )

    def add_class(self, name: str, thing: bool) -> None:
        classes = self._session.classes.added(name, thing=thing)
        self._session.set_classes(classes)
        self._session.set_class(classes.rows[-1].id)

    def rename_class(self, class_id: int, name: str) -> None:
        if self._session.classes.named(name) is not None:
            self._session.say(f"There is already a class called {name}.", "warning")
            return
        self._session.set_classes(self._session.classes.renamed(class_id, name))

    def colour_class(self, class_id: int, colour: Rgb) -> None:
        row = self._session.classes.get(class_id)
        if row is not None:
            changed = self._session.classes.changed(replace(row, colour=colour))
            self._session.set_classes(changed)

    def set_thing(self, class_id: int, thing: bool) -> None:
        row = self._session.classes.get(class_id)
        if row is not None:
            changed = self._session.classes.changed(replace(row, thing=thing))
            self._session.set_classes(changed)

    # -- image and view --------------------------------------------------------

    def toggle_done(self) -> None:
        document = self._session.document
        if document is not None:
            self._session.mark_done(document.state != "done")

    def toggle_segments_layer(self) -> None:
        layers = self._session.layers
        wanted = not layers["segments"].visible
        for name in ("segments", "prediction"):
            self._session.set_layer(name, replace(layers[name], visible=wanted))

    def toggle_uncertainty_layer(self) -> None:
        """Show how unsure the candidate or the last prediction is, or hide it."""
        style = self._session.layers["uncertainty"]
        shown = replace(style, visible=not style.visible)
        self._session.set_layer("uncertainty", shown)
        offered = self._session.candidate
        known = offered is not None and offered.probability is not None
        if shown.visible and not known and self._session.uncertainty_hw is None:
            self._session.say(
                "Unsure places are shown of candidates, and of this image once a model "
                "predicted it."
            )

    def zoom_to_selection(self) -> None:
        boxes = [s.mask.bbox for s in self._in_order() if not s.mask.is_empty]
        if boxes:
            self._canvas.zoom_to_box(
                Box(
                    min(b.x0 for b in boxes),
                    min(b.y0 for b in boxes),
                    max(b.x1 for b in boxes),
                    max(b.y1 for b in boxes),
                )
            )

    def _in_order(self) -> list[Segment]:
        """The selected segments in the order they were selected."""
        document: Document | None = self._session.document
        if document is None:
            return []
        found = (document.get(i) for i in self._session.selected)
        return [segment for segment in found if segment is not None]

    def _offered(self) -> list[str]:
        document = self._session.document
        if document is None:
            return []
        return [s.id for s in document.segments if not s.accepted]
