"""Full-image models in the window: what they find becomes candidate segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.everything import EverythingOptions
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.predicted import UNNAMED, class_finder, with_prediction
from seggui.files.project import Project
from seggui.gui.engine_link import EngineLink
from seggui.gui.folder_work import Change, FolderWork, lending
from seggui.jobs.batch import predicting
from seggui.jobs.messages import Failed, Predict, Predicted, Progress, SharedImage

NO_IMAGE = SharedImage("", "", 0, 0)
"""Stands in a request that is the pattern for others."""


def things_of(classes: Classes) -> tuple[str, ...]:
    """Names of the classes whose objects are counted one by one."""
    return tuple(row.name for row in classes if row.thing)


class Predicting(QObject):
    """Asks the engine for whole images, one or a folder of them."""

    predicted = Signal(str, object, object)
    """Model, candidates and uncertainty of the image that is shown."""
    classes_needed = Signal(object, object)
    """A project, None for the open one, and the names of classes that were found."""
    uncertainty_known = Signal(object, str, float)
    """A project, the name of an image and its mean uncertainty, 0 to 1."""
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
        self._doing = ""
        link.predicted.connect(self._receive)
        link.progress.connect(self._progress)
        link.failed.connect(self._fail)

    @property
    def running(self) -> bool:
        return self._ticket != 0

    @property
    def doing(self) -> str:
        """What runs on the shown image, in words; "" when nothing does."""
        return self._doing if self.running else ""

    def predict(
        self, key: str, model: str, source: str, things: tuple[str, ...]
    ) -> None:
        """Find everything in the shown image.

        ``model`` is what the engine loads (an id, or the path of a run folder) and
        ``source`` the name that segments keep. Each object of the classes in
        ``things`` becomes a candidate of its own.
        """
        self.stop()
        self._model, self._doing = source, "Predicting"
        self._ticket = self._link.predict(key, model, things=things)
        self.running_changed.emit()

    def everything(
        self,
        key: str,
        model_id: str,
        source: str,
        options: EverythingOptions,
        known: tuple[Mask, ...],
    ) -> None:
        """Let a prompted model find all objects but those that are known.

        ``source`` is the name that segments keep.
        """
        self.stop()
        self._model, self._doing = source, "Segmenting everything"
        self._ticket = self._link.everything(key, model_id, options, known)
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
                doubt = mean_of(reply.uncertainty_hw)
                self.uncertainty_known.emit(project, name, doubt)
            found = reply.candidates
            self.classes_needed.emit(project, names_in(found))
            # The classes are looked up when the edit is made: by then they exist.
            return lambda shown: with_prediction(
                shown, found, class_finder(project.classes), source
            )

        if not self._folder_work.start(f"Predicted by {source}", names, compute):
            self.said.emit(
                "Other folder work is still running; try again after it.", "warning"
            )

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
            self.classes_needed.emit(None, names_in(reply.candidates))
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
    names = [candidate.class_name or UNNAMED for candidate in candidates]
    return tuple(dict.fromkeys(names))


def mean_of(uncertainty_hw: NDArray[np.uint8]) -> float:
    """Mean uncertainty of an image, 0 to 1."""
    return float(uncertainty_hw.mean()) / 255.0
