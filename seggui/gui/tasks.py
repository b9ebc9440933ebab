"""What needs a dialog, another folder or a model: the larger wishes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from PySide6.QtCore import QMimeData, QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from seggui.core.segment import told_model
from seggui.errors import SegguiError
from seggui.files.atomic import write_whole
from seggui.files.settings import folders
from seggui.gui.dialogs.about import AboutDialog
from seggui.gui.dialogs.new_class import NewClassDialog
from seggui.gui.dialogs.settings import SettingsDialog
from seggui.gui.dialogs.shortcuts import ShortcutsDialog
from seggui.gui.edit_wishes import EditWishes
from seggui.gui.exchange import Exchange
from seggui.gui.model_desk import ModelDesk
from seggui.gui.model_rows import Catalogue
from seggui.gui.panels.all_panels import Panels
from seggui.gui.panels.models import ModelRow
from seggui.gui.propagating import Propagating
from seggui.gui.ranking import rank
from seggui.gui.sample import copy_sample
from seggui.gui.session import Session
from seggui.gui.theme import Wanted, theme
from seggui.jobs.train_options import TrainOptions

_RECIPES = "recipes"
"""Where recipes saved by name are kept among the settings of a project."""


class Tasks(QObject):
    """Opens dialogs and starts work; the session does what changes anything."""

    dock_wished = Signal(str)
    """Id of a panel that should come to the front."""
    facts_changed = Signal()

    def __init__(
        self,
        window: QWidget,
        session: Session,
        panels: Panels,
        edits: EditWishes,
        catalogue: Catalogue | None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._panels = panels
        self._edits = edits
        self._exchange = Exchange(session, window)
        self._propagating = Propagating(session, catalogue, window)
        self.models = ModelDesk(session, panels, catalogue, window)
        self.models.panel_wished.connect(lambda: self.dock_wished.emit("models"))

    def close(self) -> None:
        """The window is going."""
        self.cancel()

    def cancel(self) -> None:
        """Stop what was started here."""
        self._exchange.cancel()
        self.models.weights.cancel()

    # -- folders ---------------------------------------------------------------

    def open_folder(self) -> None:
        """Ask for a folder of images."""
        dialog = QFileDialog(self._window, "Open a folder of images")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        project = self._session.project
        recent = self._session.settings.recent
        start = (
            project.folder.parent
            if project
            else recent[0].parent
            if recent
            else Path.home()
        )
        dialog.setDirectory(str(start))
        dialog.fileSelected.connect(self._session.open_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open_sample(self) -> None:
        """Open a copy of the images that come with the program."""
        try:
            self._session.open_folder(copy_sample())
        except SegguiError as error:
            self._session.say(str(error), "error")

    def export_masks(self) -> None:
        self._exchange.open_export()

    def import_masks(self) -> None:
        self._exchange.open_import()

    def dropped_path(self, data: QMimeData) -> Path | None:
        """The first file or folder of what is dropped."""
        for url in data.urls():
            if url.isLocalFile():
                return Path(url.toLocalFile())
        return None

    def project_changed(self) -> None:
        """Another folder is open: its models, recipes and runs are shown."""
        self.show_models()
        project = self._session.project
        saved = project.settings.get(_RECIPES, {}) if project else {}
        if isinstance(saved, dict):
            self._panels.refine.show_saved({str(k): str(v) for k, v in saved.items()})
        self.possible_changed()

    def possible_changed(self) -> None:
        """What can be done with models may have changed."""
        session = self._session
        writable = session.project is not None and not session.read_only
        self._panels.models.show_possible(
            image=session.image is not None, writable=writable
        )
        self._panels.refine.show_project(writable=writable)
        self._panels.training.show_possible(self._why_no_training())

    # -- look ------------------------------------------------------------------

    def set_theme(self, wanted: Wanted) -> None:
        theme().set_wanted(wanted)
        self._session.settings.set("theme", wanted)
        self.facts_changed.emit()

    def settings(self) -> None:
        """Open the settings."""
        settings = self._session.settings
        models = (("The best at hand", ""), *self.models.clicks)
        dialog = SettingsDialog(
            settings.value, folders(), self._window, {"prompted_model": models}
        )
        dialog.changed.connect(self._take_settings)
        dialog.open()

    def _take_settings(self, changed: Mapping[str, object]) -> None:
        settings = self._session.settings
        try:
            for key, value in changed.items():
                settings.set(key, value)
            settings.save()
        except SegguiError as error:
            self._session.say(str(error), "error")
        if "theme" in changed:
            self.set_theme(cast(Wanted, changed["theme"]))
        if "prompted_model" in changed:
            self.models.use_prompted(str(changed["prompted_model"]))

    def show_shortcuts(self) -> None:
        dialog = ShortcutsDialog(self._window)
        dialog.keep_wished.connect(self._keep_page)
        dialog.open()

    def show_about(self) -> None:
        AboutDialog(self._window).open()

    def _keep_page(self, page: str) -> None:
        """Ask where the page of shortcuts should be written."""
        dialog = QFileDialog(self._window, "Save the page of shortcuts")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("html")
        dialog.selectFile("seggui-shortcuts.html")
        dialog.fileSelected.connect(lambda path: self._write_page(Path(path), page))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _write_page(self, path: Path, page: str) -> None:
        try:
            write_whole(path, page.encode())
        except SegguiError as error:
            self._session.say(str(error), "error")
        else:
            self._session.say(f"{path.name} can be printed from any browser.")

    # -- classes ---------------------------------------------------------------

    def add_class(self) -> None:
        """Ask for a new class."""
        if self._session.project is None:
            self._session.say("Open a folder first: classes belong to its images.")
            return
        names = [row.name for row in self._session.classes]
        dialog = NewClassDialog(names, self._window)
        dialog.add_wished.connect(self._edits.add_class)
        dialog.open()

    def remove_class(self, class_id: int) -> None:
        """Remove a class that no segment of the shown image has."""
        row = self._session.classes.get(class_id)
        document = self._session.document
        if row is None:
            return
        if document is not None and any(
            s.class_id == class_id for s in document.segments
        ):
            self._session.say(
                f"Segments of this image are of the class {row.name}; give them "
                "another one first.",
                "warning",
            )
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove class")
        box.setText(f"Remove the class {row.name}?")
        box.setInformativeText(
            "Segments of other images that have it keep their masks; they are shown "
            f"as class {class_id} until they get another one."
        )
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        remove.clicked.connect(
            lambda: self._session.set_classes(self._session.classes.removed(class_id))
        )
        box.open()

    # -- recipes ---------------------------------------------------------------

    def refine_selected(self) -> None:
        self.apply_recipe(self._panels.refine.recipe_text, "segment")

    def apply_recipe(self, recipe: str, scope: str) -> None:
        """Apply to the selected segments, the image or the folder."""
        if not recipe:
            self._session.say("The recipe has no step; add one in the Refine panel.")
            return
        self._panels.refine.stop_preview()
        self._session.apply_recipe(recipe, scope)

    def save_recipe(self, name: str, recipe: str) -> None:
        self._keep_recipes({**self._saved_recipes(), name: recipe})

    def forget_recipe(self, name: str) -> None:
        left = {k: v for k, v in self._saved_recipes().items() if k != name}
        self._keep_recipes(left)

    def _saved_recipes(self) -> dict[str, str]:
        project = self._session.project
        saved = project.settings.get(_RECIPES, {}) if project else {}
        return dict(saved) if isinstance(saved, dict) else {}

    def _keep_recipes(self, recipes: dict[str, str]) -> None:
        project = self._session.project
        if project is None:
            self._session.say("Open a folder first: recipes are kept with its images.")
            return
        try:
            project.set_settings({**project.settings, _RECIPES: recipes})
        except SegguiError as error:
            self._session.say(str(error), "error")
            return
        self._panels.refine.show_saved(recipes)

    # -- models ----------------------------------------------------------------

    def show_models(self) -> None:
        """List the models again, as after a training or a download."""
        self.models.show()

    def choose_prompted(self, model_id: str) -> None:
        self.models.choose_prompted(model_id)

    def choose_full_image(self, model_id: str) -> None:
        self.models.full_image = model_id

    def download(self, model_id: str) -> None:
        self.models.download(model_id)

    def predict_image(self) -> None:
        model = self._chosen()
        if model is not None:
            self._session.predict_image(self._model_path(model), told_model(model.id))

    def predict_rest(self) -> None:
        """Predict every image nobody touched yet."""
        model, project = self._chosen(), self._session.project
        if model is None or project is None:
            return
        names = [row.name for row in project.images if row.state == "untouched"]
        names = [name for name in names if not project.row(name).reason]
        if names:
            source = told_model(model.id)
            self._session.predict_folder(names, self._model_path(model), source)
        else:
            self._session.say("No untouched image is left.")

    def propagate(self) -> None:
        """Carry segments of the shown image to other images."""
        self._propagating.open_dialog()

    def propagate_to_next(self) -> None:
        self._propagating.to_next()

    def rank_images(self) -> None:
        """Put first the images that the chosen model is least sure of."""
        session, project, model = self._session, self._session.project, self._chosen()
        if project is None or model is None:
            return
        names = [row.name for row in project.images if not row.reason]
        names = [name for name in names if project.row(name).state != "done"]
        path = self._model_path(model)
        if not rank(session, project, names, path):
            session.say(
                "Other folder work is still running; try again after it.", "warning"
            )
            return
        self.dock_wished.emit("images")
        self._panels.images.show_by_uncertainty()

    # -- training --------------------------------------------------------------

    def show_runs(self) -> None:
        """List the runs, and the models that came out of them."""
        training = self._session.training
        self._panels.training.show_runs(training.rows, training.shown)

    def show_run(self) -> None:
        view = self._session.training.view
        if view is not None:
            self._panels.training.show_run(view)

    def train(self, options: TrainOptions) -> None:
        self._session.train(options)
        self._panels.training.show_runs_tab()

    def teach(self) -> None:
        """Train the click network on the segments of this project, or say why not."""
        why_not = self._why_no_training()
        if why_not:
            self._session.say(why_not)
            return
        self.train(TrainOptions.from_json({"model": "clicknet"}))
        self.dock_wished.emit("training")

    def run_finished(self, name: str) -> None:
        """A run has a model now: it is chosen for what it can do, if it learnt."""
        view = self._session.training.view
        if view is not None and view.row.name == name and not view.gained:
            self.show_runs()
            self._session.say(
                f"The training {name} is done, but nothing was gained: the model "
                "before answers best, and stays in use."
            )
            return
        row = self.models.use_run(name)
        self.show_runs()
        if row is None or row.predicts:
            told = f"The training {name} is done; its model can predict now."
        else:
            told = (
                f"The training {name} is done; its model answers clicks now. "
                "The ones before it are in the list of models for clicks."
            )
        self._session.say(told)

    def use_run(self, name: str) -> None:
        self.models.use_run(name)
        self.dock_wished.emit("models")

    def _why_no_training(self) -> str:
        session = self._session
        if session.project is None:
            return "Open a folder of images first."
        if session.read_only:
            return session.why_read_only
        worked = sum(row.state != "untouched" for row in session.project.images)
        if worked < 2:
            return "Training needs at least two images with segments."
        return ""

    def _model_path(self, row: ModelRow) -> str:
        project = self._session.project
        return str(project.folder / row.id) if row.run and project else row.id

    def _chosen(self) -> ModelRow | None:
        row = self.models.rows.get(self.models.full_image)
        if row is None or not row.usable:
            self.dock_wished.emit("models")
            self._session.say(
                "Choose a full-image model in the Models panel first; train one, or "
                "download released weights."
            )
            return None
        return row

    def restart_engine(self) -> None:
        """End the processes of the models; they start again when needed."""
        self._session.link.stop_engine()
        self._session.say("The engine was stopped; it starts again when it is needed.")
