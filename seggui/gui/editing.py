"""What a person does to the shown image, its segments and the classes.

Every change of a document is one step of its history and one line of its journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.errors import Cancelled, SegguiError
from seggui.files.open_document import OpenDocument
from seggui.gui.workplace import Workplace

FIRST_CLASS_NAME = "object"

_LOOK_AGAIN_MS = 50

Edit = Callable[[Document], Document]
EditDone = Callable[[Exception | None], None]
"""Told when an edit is made: ``SegguiError`` or ``Cancelled`` when it is not."""


class Editing(Workplace):
    """Edits, the selection and the classes, on top of what is open."""

    def mark_done(self, done: bool) -> None:
        """Mark the image as done; without segments it then counts as background."""
        if self.document is not None:
            label = "Marked as done" if done else "Opened again"
            self.commit(
                label, edits.set_state(self.document, "done" if done else "open")
            )

    # -- edits --------------------------------------------------------------------

    def commit(
        self, label: str, document: Document, select: Sequence[str] | None = None
    ) -> None:
        """Make this the document, as one undo step."""
        if self.opened is None:
            return
        if self.read_only:
            self.say(self.why_read_only, "warning")
            return
        self._make_first_class(document)
        self._apply(lambda opened: opened.commit(label, document))
        if select is not None:
            self.select(select)

    def edit(self, label: str, change: Edit) -> None:
        """Commit what ``change`` makes of the document; its refusal is shown."""
        error = self._try_edit(label, change)
        if error is not None:
            self.say(str(error), "warning")

    def _try_edit(self, label: str, change: Edit) -> SegguiError | None:
        """Commit; returns the refusal of ``change`` instead of showing it."""
        if self.document is None:
            return None
        try:
            document = change(self.document)
        except SegguiError as error:
            return error
        self.commit(label, document)
        return None

    def edit_image(self, name: str, label: str, change: Edit, done: EditDone) -> None:
        """Edit any image of the project as one saved, undoable step; then call back.

        An image that is shown is edited as if by hand; another one on the disk lane,
        where it cannot meet the loading of the same image.
        """
        project = self.project
        if project is None:
            done(Cancelled())
        elif name == self._loading:

            def again() -> None:
                if self.project is project:
                    self.edit_image(name, label, change, done)
                else:
                    done(Cancelled())

            QTimer.singleShot(_LOOK_AGAIN_MS, self, again)
        elif self.image is not None and name == self.image.name:
            done(self._try_edit(label, change))
        else:

            def edited(_changed: object) -> None:
                self._refresh_row(name)
                done(None)

            self.background.start(
                "disk",
                lambda _report: project.edit(name, label, change),
                edited,
                done,
                on_cancelled=lambda: done(Cancelled()),
            )

    def undo(self) -> None:
        self._apply(lambda opened: opened.undo())

    def redo(self) -> None:
        self._apply(lambda opened: opened.redo())

    def go_to_step(self, index: int) -> None:
        self._apply(lambda opened: opened.go_to(index))

    def _apply(self, change: Callable[[OpenDocument], object]) -> None:
        if self.opened is None:
            return
        try:
            change(self.opened)
        except SegguiError as error:
            # The edit is in memory; its journal line follows with the next one.
            self.say(str(error), "error")
        self.saving.edited()
        self._refresh_row(self.opened.name)
        ids = {segment.id for segment in self.opened.document.segments}
        if not ids.issuperset(self.selected):
            self.select([i for i in self.selected if i in ids])
        self.document_changed.emit()
        self.history_changed.emit()
        self.saved_changed.emit()

    def _refresh_row(self, name: str) -> None:
        """Bring an image's row of the list up to date."""
        if self.project is not None and self.project.refresh(name):
            self.images_changed.emit()

    def discard_recovered(self) -> None:
        """Go back to what was saved before the crash; a copy is kept aside."""
        if self.opened is not None:
            self._apply(lambda opened: opened.discard_recovered())

    def start_anew(self) -> None:
        """Begin without the damaged annotations; the file is kept aside."""
        if self.opened is not None:
            self._apply(lambda opened: opened.start_anew())
            self.images_changed.emit()

    def select(self, ids: Sequence[str]) -> None:
        if tuple(ids) != self.selected:
            self.selected = tuple(ids)
            self.selection_changed.emit()

    def toggle_hidden(self, segment_id: str) -> None:
        self.hidden = self.hidden ^ {segment_id}
        self.document_changed.emit()

    # -- classes ------------------------------------------------------------------

    def set_classes(self, classes: Classes) -> None:
        if self.project is None:
            return
        try:
            self.project.set_classes(classes)
        except SegguiError as error:
            self.say(str(error), "error")
        self.classes_changed.emit()

    def choose_class(self, class_id: int) -> None:
        """Give new segments that class from now on."""
        if self.classes.get(class_id) is not None:
            self._class_id = class_id
            self.classes_changed.emit()

    def set_class(self, class_id: int) -> None:
        """Choose the class of new segments; selected ones get it too."""
        self.choose_class(class_id)
        if self.selected and self.classes.get(class_id) is not None:
            chosen = self.selected
            self.edit("Class", lambda d: edits.set_class(d, chosen, class_id))

    def _make_first_class(self, document: Document) -> None:
        unknown = [
            s.class_id for s in document.segments if not self.classes.get(s.class_id)
        ]
        if unknown and not self.classes.rows:
            self.set_classes(Classes().added(FIRST_CLASS_NAME))
