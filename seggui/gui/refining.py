"""Recipes in the window: live on selected segments, then on an image or a folder."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.refined import Refinement, with_refined
from seggui.core.segment import Segment
from seggui.errors import SegguiError
from seggui.files.project import Project
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import Change, FolderWork, lending
from seggui.jobs.batch import refining
from seggui.jobs.messages import Failed, Refined
from seggui.refine.recipe import parse


class Refining(QObject):
    """Asks the refine process, shows what would come, and applies it."""

    preview_changed = Signal()
    edit_wished = Signal(str, object)
    """Label and change for the document that is shown."""
    said = Signal(str, str)

    def __init__(
        self, link: EngineLink, folder_work: FolderWork, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._link = link
        self._folder_work = folder_work
        self._ticket = 0
        self._apply = False
        self._segments: tuple[Segment, ...] = ()
        self._recipe = ""
        self.preview: tuple[Mask, ...] = ()
        """What the selected segments would become; empty when nothing is shown."""
        link.refined.connect(self._receive)
        link.failed.connect(self._fail)

    @property
    def running(self) -> bool:
        return self._ticket != 0

    def show(self, key: str, segments: Sequence[Segment], recipe: str) -> None:
        """Show what the recipe makes of these segments; no recipe ends the preview."""
        if not recipe or not segments or not key:
            self.stop()
        elif not self._apply:
            self._ask(key, tuple(segments), recipe, apply=False)

    def apply(self, key: str, segments: Sequence[Segment], recipe: str) -> None:
        """Replace these segments by what the recipe makes of them, in one step."""
        chosen = tuple(s for s in segments if not s.locked)
        if chosen and recipe and key:
            self._ask(key, chosen, recipe, apply=True)
        else:
            self.said.emit("There is no unlocked segment to refine.", "warning")

    def apply_to_folder(
        self, project: Project, names: Sequence[str], recipe: str
    ) -> None:
        """Run the recipe over every accepted segment of these images."""
        label = f"Refined: {recipe}"

        place = lending(self._link.refiner, self._link, project)

        def compute(name: str, report: Report) -> Change | None:
            document = project.read_document(name)
            accepted = () if document is None else document.accepted
            chosen = tuple(s for s in accepted if not s.locked)
            if not chosen:
                return None
            masks = tuple(s.mask for s in chosen)
            reply = refining(place, lambda _name: masks, recipe)(name, report)
            results = _results(chosen, reply.masks)
            return lambda shown: with_refined(shown, results)

        if not self._folder_work.start(label, names, compute):
            self.said.emit(
                "Other folder work is still running; try again after it.", "warning"
            )

    def stop(self) -> None:
        """End the preview; an answer under way is dropped."""
        if self._ticket:
            self._link.cancel(self._ticket)
        self._ticket, self._apply = 0, False
        if self.preview:
            self.preview = ()
            self.preview_changed.emit()

    def _ask(
        self, key: str, segments: tuple[Segment, ...], recipe: str, *, apply: bool
    ) -> None:
        try:
            parse(recipe)
        except SegguiError as error:
            self.said.emit(str(error), "warning")
            return
        if self._ticket:
            self._link.cancel(self._ticket)
        self._segments, self._recipe, self._apply = segments, recipe, apply
        masks = tuple(segment.mask for segment in segments)
        self._ticket = self._link.refine(key, masks, recipe)

    @Slot(object)
    def _receive(self, reply: Refined) -> None:
        if reply.ticket != self._ticket:
            return
        self._ticket = 0
        if self._apply:
            self._apply = False
            self.stop()
            results, recipe = _results(self._segments, reply.masks), self._recipe
            self.edit_wished.emit(
                f"Refined: {recipe}",
                lambda document: with_refined(document, results),
            )
        else:
            self.preview = tuple(mask for masks in reply.masks for mask in masks)
            self.preview_changed.emit()

    @Slot(object)
    def _fail(self, reply: Failed) -> None:
        if reply.ticket == self._ticket:
            self.stop()
            self.said.emit(reply.text, "error")


def _results(
    segments: Sequence[Segment], masks: Sequence[tuple[Mask, ...]]
) -> Refinement:
    return {
        segment.id: (segment.mask, became)
        for segment, became in zip(segments, masks, strict=True)
    }
