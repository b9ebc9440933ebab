"""Which models there are, which answers clicks, and what becomes of their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from seggui.core.ports import ModelInfo
from seggui.errors import SegguiError
from seggui.files.atomic import make_folder
from seggui.files.model_store import models_folder
from seggui.gui.model_rows import Catalogue, for_clicks, model_rows
from seggui.gui.panels.all_panels import Panels
from seggui.gui.panels.models import ModelRow
from seggui.gui.session import Session
from seggui.gui.weights_work import WeightsWork


class ModelDesk(QObject):
    """Lists the models and chooses among them; another one steps in for a lost one."""

    panel_wished = Signal()
    """The models panel should come to the front."""

    def __init__(
        self,
        session: Session,
        panels: Panels,
        catalogue: Catalogue | None,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._panels = panels
        self._catalogue = catalogue
        self._infos: Mapping[str, ModelInfo] = {}
        settled = str(session.settings.value("prompted_model"))
        self._wished = settled or session.chosen_model
        """Who is to answer clicks, whenever that model can."""
        self.rows: Mapping[str, ModelRow] = {}
        """All models, by the id of the catalogue or the path of the run."""
        self.full_image = ""
        """The chosen model for whole images; may be empty."""
        self.weights = WeightsWork(session, window)
        self._connect()

    def _connect(self) -> None:
        models, choice = self._panels.models, self._panels.options.model_choice
        models.verify_wished.connect(lambda m: self._with(m, self.weights.verify))
        models.remove_wished.connect(lambda m: self._with(m, self.weights.remove))
        models.folder_wished.connect(self._open_folder)
        models.fetch_cancel_wished.connect(self.weights.cancel)
        self.weights.progressed.connect(models.show_fetching)
        self.weights.changed.connect(self.show)
        self.weights.came.connect(self._came)
        choice.wished.connect(self.choose_prompted)
        choice.more_wished.connect(self.panel_wished)
        self._session.conversation.failed.connect(self._look_again)

    def show(self) -> None:
        """List the models again, as after a training or a download."""
        session = self._session
        project = session.project
        rows = model_rows(self._catalogue, project.folder if project else None)
        self.rows = {row.id: row for row in rows}
        infos = self._catalogue.builtin() if self._catalogue else ()
        self._infos = {info.id: info for info in infos}
        if self.full_image not in self.rows:
            runs = [row.id for row in rows if row.run and row.usable and row.predicts]
            self.full_image = runs[0] if runs else ""
        taught = (
            self._catalogue.runs(project.folder) if self._catalogue and project else ()
        )
        session.know_models((*infos, *taught))
        self._keep_usable()
        self._panels.models.show_models(rows, session.chosen_model, self.full_image)
        self._panels.options.model_choice.show_models(self.clicks, session.chosen_model)

    @property
    def clicks(self) -> tuple[tuple[str, str], ...]:
        """The models that can answer clicks now, by title and id, the best first."""
        ready = for_clicks(tuple(self.rows.values()))
        return tuple((row.title, row.id) for row in ready)

    def choose_prompted(self, model_id: str) -> None:
        """Let that model answer clicks, also the next time."""
        self._session.settings.set("prompted_model", model_id)
        self.use_prompted(model_id)

    def use_prompted(self, model_id: str) -> None:
        """Let that model answer clicks, or the best at hand when it is empty."""
        self._wished = model_id or self._best()
        self._session.choose_model(self._wished)
        self.show()

    def use_run(self, name: str) -> ModelRow | None:
        """Choose the model that came out of a training, for what it can do."""
        self.show()
        row = next((r for r in self.rows.values() if r.run and r.name == name), None)
        if row is not None and row.predicts:
            self.full_image = row.id
            self._panels.models.choose(row.id)
        elif row is not None:
            self.choose_prompted(row.id)
        return row

    # -- weights ---------------------------------------------------------------

    def download(self, model_id: str) -> None:
        """Fetch the weights of a model, after asking."""
        self._with(model_id, self.weights.download)

    def _with(self, model_id: str, work: Callable[[ModelInfo], None]) -> None:
        info = self._infos.get(model_id)
        if info is not None:
            work(info)

    def _came(self, info: ModelInfo) -> None:
        """Use a new model for clicks, unless the person settled on one."""
        settled = str(self._session.settings.value("prompted_model"))
        if info.kind == "prompted" and not settled:
            self.use_prompted("")

    def _best(self) -> str:
        return self.clicks[0][1] if self.clicks else self._session.chosen_model

    def _keep_usable(self) -> None:
        """Let another model answer clicks while the wished one cannot.

        A run can while its project is open.
        """
        session = self._session
        wished, best = self.rows.get(self._wished), self.rows.get(self._best())
        use = wished if wished is not None and wished.usable else best
        before, gone = session.chosen_model, self.rows.get(session.chosen_model)
        if use is None or use.id == before:
            return
        session.choose_model(use.id)
        if use is wished:
            return
        if gone is None:
            why = f"The model {Path(before).name} is not in this folder"
        elif gone.weights == "damaged":
            why = f"The weights of {gone.title} are damaged"
        else:
            why = f"The weights of {gone.title} are not here any more"
        session.say(f"{why}; {use.title} answers clicks now.", "warning")

    def _look_again(self, _sentence: str) -> None:
        """A click was not answered: perhaps its model was deleted meanwhile."""
        session = self._session
        marks, before = session.prompts, session.chosen_model
        self.show()
        if session.chosen_model != before and len(marks) == 1:
            session.ask(marks[0])

    def _open_folder(self) -> None:
        try:
            make_folder(models_folder())
        except SegguiError as error:
            self._session.say(str(error), "error")
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(models_folder())))
