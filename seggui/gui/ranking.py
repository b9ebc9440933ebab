"""Asks a full-image model how unsure it is of each image; no document is touched."""

from __future__ import annotations

from collections.abc import Sequence

from seggui.core.ports import Report
from seggui.files.project import Project
from seggui.gui.folder_work import lending
from seggui.gui.predicting import NO_IMAGE, mean_of
from seggui.gui.session import Session
from seggui.jobs.batch import predicting
from seggui.jobs.messages import Predict

LABEL = "Ranked by uncertainty"


def rank(session: Session, project: Project, names: Sequence[str], model: str) -> bool:
    """Begin; False when other folder work runs. ``model`` is an id or a run's folder.

    What the model says of each image goes the way of any prediction.
    """
    link = session.link
    ask = predicting(lending(link.engine, link, project), Predict(0, NO_IMAGE, model))

    def compute(name: str, report: Report) -> None:
        reply = ask(name, report)
        if reply.uncertainty_hw is not None:
            doubt = mean_of(reply.uncertainty_hw)
            session.predicting.uncertainty_known.emit(project, name, doubt)

    return session.folder_work.start(LABEL, names, compute)
