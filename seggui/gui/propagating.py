"""Segments of the shown image carried to the images after and before it.

Each image gets its candidates as one undoable step, the way predictions of a folder
come. A person corrects and accepts on any of them and propagates from there again.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from seggui.core.document import Document
from seggui.core.ports import ModelInfo, Report
from seggui.core.segment import Segment
from seggui.core.tracks import Seed, known_on, seeds_of, with_followed
from seggui.errors import BadRequest
from seggui.files.project import Project
from seggui.gui.dialogs.propagate import PropagateDialog, PropagateWish
from seggui.gui.folder_work import Change, lending
from seggui.gui.model_rows import Catalogue
from seggui.gui.session import Session
from seggui.jobs.batch import BatchResult
from seggui.jobs.propagation import (
    Direction,
    Propagation,
    range_from,
    sequence_around,
)

_REMEMBERED = "propagate"
"""Where the last wish is kept among the settings."""


class Propagating(QObject):
    """Opens the dialog and does what it wishes."""

    def __init__(
        self, session: Session, catalogue: Catalogue | None, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session = session
        self._catalogue = catalogue
        self._window = window
        self._work: Propagation | None = None
        self._follow_to = ""
        session.folder_work.finished.connect(self._finished)
        session.folder_work.failed.connect(lambda _: self._ended())

    def open_dialog(self) -> PropagateDialog | None:
        """Ask how to propagate; None when there is nothing to do it with."""
        seeds, models = self._seeds(), self._models()
        image, project = self._session.image, self._session.project
        if not seeds or not models or image is None or project is None:
            return None
        names = [item.name for item in project.images]
        sequence = sequence_around(names, image.name)
        at = sequence.index(image.name)

        def reach(direction: Direction, most: int) -> int:
            sides = {"forward": [len(sequence) - at - 1], "backward": [at]}
            counts = sides.get(direction, [at, len(sequence) - at - 1])
            return sum(min(count, most) if most else count for count in counts)

        dialog = PropagateDialog(
            self._what(seeds, image.name), reach, models, self._usual(), self._window
        )
        dialog.wished.connect(self._wished)
        dialog.open()
        return dialog

    def to_next(self) -> None:
        """Carry the segments to the next image and go there."""
        image, project = self._session.image, self._session.project
        models = self._models()
        if not models or image is None or project is None:
            return
        names = [item.name for item in project.images]
        sequence = sequence_around(names, image.name)
        at = sequence.index(image.name) + 1
        if at == len(sequence):
            self._session.say(f"{image.name} is the last image of its sequence.")
            return
        usual = self._usual()
        known = [info.id for info in models]
        model_id = usual.model_id if usual.model_id in known else known[0]
        wish = PropagateWish("forward", 1, model_id, usual.on_annotated)
        self._begin(wish, sequence[at])

    # -- what there is ---------------------------------------------------------

    def _seeds(self) -> tuple[Seed, ...]:
        """The selected segments, or else all accepted ones, or else the candidates."""
        session = self._session
        document = session.document
        if document is None:
            return ()
        if session.read_only:
            session.say(session.why_read_only, "warning")
            return ()
        seeds = seeds_of(_chosen(document, session.selected))
        if not seeds:
            session.say(
                "There is nothing to propagate yet: segment an object on this image "
                "first."
            )
        return seeds

    def _models(self) -> tuple[ModelInfo, ...]:
        if self._catalogue is None:
            return ()
        infos = self._catalogue.propagating()
        return tuple(info for info in infos if self._catalogue.at_hand(info))

    def _usual(self) -> PropagateWish:
        return PropagateWish.of_text(self._session.settings.blob(_REMEMBERED))

    def _what(self, seeds: Sequence[Seed], name: str) -> str:
        count = f"{len(seeds)} object" + ("" if len(seeds) == 1 else "s")
        kind = "selected on" if self._session.selected else "of"
        return f"{count} {kind} {name} will be carried to other images."

    # -- the work --------------------------------------------------------------

    def _wished(self, wish: PropagateWish) -> None:
        self._session.settings.set_blob(_REMEMBERED, wish.text())
        self._begin(wish)

    def _begin(self, wish: PropagateWish, follow_to: str = "") -> None:
        """Save, then begin: what a person said elsewhere is read from the disk.

        When that is done, the image ``follow_to`` is shown.
        """
        session = self._session
        seeds, image, project = self._seeds(), session.image, session.project
        if not seeds or image is None or project is None:
            return
        if session.folder_work.running:
            session.say(
                "Other folder work is still running; try again after it.", "warning"
            )
            return
        start, self._follow_to = image.name, follow_to
        session.saving.save(lambda: self._start(project, start, seeds, wish))

    def _start(
        self, project: Project, start: str, seeds: tuple[Seed, ...], wish: PropagateWish
    ) -> None:
        session = self._session
        if project is not session.project:
            return
        tracks = [seed.track for seed in seeds]
        try:
            images = range_from(
                [item.name for item in project.images],
                start,
                wish.direction,
                wish.most,
            )
            work = Propagation(
                lending(session.link.engine, session.link, project),
                wish.model_id,
                start,
                {seed.track: seed.mask for seed in seeds},
                images,
                lambda name: known_on(project.read_document(name), tracks),
                until_lost=wish.until_lost,
            )
        except BadRequest as error:
            session.say(str(error), "warning")
            return

        def compute(name: str, report: Report) -> Change:
            found = work(name, report)

            def change(document: Document) -> Document:
                return with_followed(
                    document, found, seeds, wish.model_id, start, wish.on_annotated
                )

            return change

        if session.folder_work.start(_label(start), images.names, compute):
            self._work = work
        else:
            session.say(
                "Other folder work is still running; try again after it.", "warning"
            )

    def _finished(self, label: str, result: BatchResult) -> None:
        work, goal = self._work, self._follow_to
        if work is None:
            return
        self._ended()
        for name in work.lost.values():
            self._session.say(
                f"After {name} all objects were out of sight, so it went no further. "
                "Correct one of the images and propagate from there."
            )
        if goal in result.done and self._session.project is not None:
            self._session.show_image(goal)

    def _ended(self) -> None:
        self._follow_to = ""
        if self._work is not None:
            self._work.close()
            self._work = None


def _chosen(document: Document, selected: Sequence[str]) -> tuple[Segment, ...]:
    wanted = set(selected)
    chosen = tuple(s for s in document.segments if s.id in wanted)
    return chosen or document.accepted or document.segments


def _label(start: str) -> str:
    return f"Propagated from {start}"
