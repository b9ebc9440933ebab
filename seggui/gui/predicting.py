"""Full-image models in the window: what they find becomes candidate segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from seggui.core import edits
from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.document import Document
from seggui.core.ports import Report
from seggui.core.segment import Segment, Source
from seggui.files.project import Project
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import Change, FolderWork, lending
from seggui.jobs.batch import predicting
from seggui.jobs.messages import Failed, Predict, Predicted, Progress, SharedImage

NO_IMAGE = SharedImage("", "", 0, 0)
"""Stands in a request that is the pattern for others."""

ClassOf = Callable[[str], int]
"""The project's class id for a model's class name."""


def with_classes_of(classes: Classes, names: Sequence[str]) -> Classes:
    """Return the classes with those added that the model names and nobody made yet."""
    known = {row.name.casefold() for row in classes}
    for name in names:
        if name.casefold() not in known:
            known.add(name.casefold())
            classes = classes.added(name)
    return classes


def things_of(classes: Classes) -> tuple[str, ...]:
    """Names of the classes whose objects are counted one by one."""
    return tuple(row.name for row in classes if row.thing)


def class_finder(classes: Classes) -> ClassOf:
    """Map a model's class name onto the class of that name, in any case."""
    ids = {row.name.casefold(): row.id for row in classes}
    return lambda name: ids[name.casefold()]


def with_prediction(
    document: Document, candidates: Sequence[Candidate], class_of: ClassOf, model: str
) -> Document:
    """Put candidates on top as segments to review; older ones of the model go."""
    old = [
        s.id
        for s in document.segments
        if not s.accepted and not s.locked and s.source.model == model
    ]
    segments = [
        Segment(
            candidate.mask,
            class_of(candidate.class_name or "object"),
            Source("predict", model, score=round(float(candidate.score), 4)),
            status="candidate",
        )
        for candidate in candidates
        if not candidate.mask.is_empty
    ]
    return edits.add_segments(edits.remove_segments(document, old), segments)


class Predicting(QObject):
    """Asks the engine for whole images, one or a folder of them."""

    predicted = Signal(str, object, object)
    """Model, candidates and uncertainty of the image that is shown."""
    classes_needed = Signal(object)
    """Names of classes that were found; the project may not have them yet."""
    uncertainty_known = Signal(str, float)
    """Image name and mean uncertainty, 0 to 1."""
    progressed = Signal(int, int, str)
    running_changed = Signal()
    said = Signal(str, str)

    def __init__(
        self, link: EngineLink, folder_work: FolderWork, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._link = link
        self._folder_work = folder_work
        self._ticket = 0
        self._model = ""
        link.predicted.connect(self._receive)
        link.progress.connect(self._progress)
        link.failed.connect(self._fail)

    @property
    def running(self) -> bool:
        return self._ticket != 0

    def predict(
        self, key: str, model: str, source: str, things: tuple[str, ...]
    ) -> None:
        """Find everything in the shown image.

        ``model`` is what the engine loads (an id, or the path of a run folder) and
        ``source`` the name that segments keep. Each object of the classes in
        ``things`` becomes a candidate of its own.
        """
        self.stop()
        self._model = source
        self._ticket = self._link.predict(key, model, things=things)
        self.running_changed.emit()

    def predict_folder(
        self, project: Project, names: Sequence[str], model: str, source: str
    ) -> None:
        """Find everything in these images; each gets one undoable step."""
        place = lending(self._link.engine, self._link, project)
        ask = predicting(
            place, Predict(0, NO_IMAGE, model, things=things_of(project.classes))
        )

        def compute(name: str, report: Report) -> Change | None:
            reply = ask(name, report)
            if reply.uncertainty_hw is not None:
                self.uncertainty_known.emit(name, mean_of(reply.uncertainty_hw))
            found = reply.candidates
            self.classes_needed.emit(names_in(found))
            # The classes are looked up when the edit is made: by then they exist.
            return lambda shown: with_prediction(
                shown, found, class_finder(project.classes), source
            )

        if not self._folder_work.start(f"Predicted by {source}", names, compute):
            self.said.emit("Other folder work is still running.", "warning")

    def stop(self) -> None:
        if self._ticket:
            self._link.cancel(self._ticket)
            self._ticket = 0
            self.running_changed.emit()

    @Slot(object)
    def _receive(self, reply: Predicted) -> None:
        if reply.ticket == self._ticket:
            self._ticket = 0
            self.running_changed.emit()
            self.classes_needed.emit(names_in(reply.candidates))
            self.predicted.emit(self._model, reply.candidates, reply.uncertainty_hw)

    @Slot(object)
    def _progress(self, reply: Progress) -> None:
        if reply.ticket == self._ticket:
            self.progressed.emit(reply.done, reply.total, reply.what)

    @Slot(object)
    def _fail(self, reply: Failed) -> None:
        if reply.ticket == self._ticket:
            self._ticket = 0
            self.running_changed.emit()
            self.said.emit(reply.text, "error")


def names_in(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The class names that candidates carry, each once, in their order."""
    names = [candidate.class_name or "object" for candidate in candidates]
    return tuple(dict.fromkeys(names))


def mean_of(uncertainty_hw: NDArray[np.uint8]) -> float:
    """Mean uncertainty of an image, 0 to 1."""
    return float(uncertainty_hw.mean()) / 255.0
