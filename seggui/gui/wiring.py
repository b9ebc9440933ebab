"""What is connected to what: rows go down to panels, wishes come up to the session.

Changes are shown once per turn of the event loop, however many signals there were.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from seggui.core import edits
from seggui.core.document import Document
from seggui.core.segment import new_segment_id
from seggui.errors import SegguiError
from seggui.files.images import split_page
from seggui.files.project import Project
from seggui.files.thumbnails import thumbnail
from seggui.gui.notices import Notice
from seggui.gui.panels.batch_bar import BatchRow
from seggui.gui.panels.thumbnails import Loader
from seggui.gui.parts import Parts
from seggui.gui.rows import (
    class_rows,
    image_rows,
    segment_rows,
    step_rows,
)
from seggui.gui.tool_wiring import ToolWiring
from seggui.gui.turns import Turns
from seggui.jobs.batch import BatchProgress


class Wiring(QObject):
    """Connects the parts of one window."""

    _refused = Signal(object, str, str)
    """A project, the name of an image, and why it has no thumbnail."""

    def __init__(self, window: Parts, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._session = window.session
        self._panels = window.panels
        self._silence = ""
        """What was said of an engine that does not answer."""
        self._turns = Turns(window.show_facts, self)
        self._soon = self._turns.soon
        self._tools = ToolWiring(window, self._turns, self)
        self._connect_session()
        self._connect_lists()
        self._connect_work()
        self._connect_window()
        self._project_changed()
        self.show_all()

    def close(self) -> None:
        """Show nothing more; the window is going."""
        self._turns.close()

    def show_all(self) -> None:
        """Show everything anew."""
        for show in (
            self._show_image,
            self._show_images,
            self._show_classes,
            self._show_segments,
            self._show_history,
            self._show_busy,
            self._show_saved,
        ):
            self._soon(show)
        self._tools.show_all()

    # -- from the session ------------------------------------------------------

    def _connect_session(self) -> None:
        session = self._session
        session.project_changed.connect(self._project_changed)
        session.images_changed.connect(lambda: self._soon(self._show_images))
        session.image_changed.connect(self._image_changed)
        session.document_changed.connect(self._document_changed)
        session.selection_changed.connect(self._selection_changed)
        session.classes_changed.connect(lambda: self._soon(self._show_classes))
        session.prediction_changed.connect(self._prediction_changed)
        session.history_changed.connect(lambda: self._soon(self._show_history))
        session.busy_changed.connect(lambda: self._soon(self._show_busy))
        session.saved_changed.connect(lambda: self._soon(self._show_saved))
        self._refused.connect(session.note_unreadable)
        session.said.connect(self._window.notices.say)
        session.recovered.connect(self._recovered)
        session.damaged.connect(self._damaged)
        session.link.engine_silent.connect(self._engine_silent)
        session.changed_on_disk.connect(self._changed_on_disk)
        session.refining.preview_changed.connect(self._preview_changed)
        session.folder_work.progressed.connect(self._folder_progress)
        session.folder_work.finished.connect(lambda *_: self._folder_done())
        session.folder_work.failed.connect(lambda *_: self._folder_done())
        session.predicting.progressed.connect(self._predict_progress)

    def _project_changed(self) -> None:
        project = self._session.project
        loader = None if project is None else self._thumbnail_loader(project)
        self._panels.images.set_thumbnail_loader(loader)
        self._window.tasks.project_changed()
        self.show_all()

    def _thumbnail_loader(self, project: Project) -> Loader:
        """Loads on the list's threads; what cannot be read is told to the session."""

        def load(name: str, edge_px: int) -> NDArray[np.uint8]:
            path, page = project.path_of(name), split_page(name)[1]
            try:
                return thumbnail(path, page, edge_px)
            except SegguiError as error:
                self._refused.emit(project, name, str(error))
                raise

        return load

    def _image_changed(self) -> None:
        self._show_image()
        self._soon(self._show_images)
        self._tools.show_all()

    def _document_changed(self) -> None:
        # The canvas follows at once: a dab must not wait for lists.
        self._window.canvas.set_hidden(self._session.hidden)
        self._window.canvas.set_document(self._session.document)
        self._window.hand.refresh()
        self._soon(self._show_segments)

    def _selection_changed(self) -> None:
        self._window.canvas.set_selected(self._session.selected)
        self._window.hand.refresh()
        self._soon(self._show_segments)

    def _prediction_changed(self) -> None:
        self._soon(self._tools.show_uncertainty)
        self._soon(self._show_images)

    def _preview_changed(self) -> None:
        """Show what a recipe makes of the selected segments, in their place."""
        self._window.canvas.show_preview(self._preview_document())

    def _preview_document(self) -> Document | None:
        masks, document = self._session.refining.preview, self._session.document
        if not masks or document is None:
            return None
        chosen = [s for s in document.segments if s.id in self._session.selected]
        if not chosen:
            return None
        parts = [
            replace(chosen[0], id=new_segment_id(), mask=mask, locked=False)
            for mask in masks
            if not mask.is_empty
        ]
        unlocked = [s.id for s in chosen if not s.locked]
        return edits.add_segments(edits.remove_segments(document, unlocked), parts)

    def _recovered(self, gestures: int) -> None:
        steps = "1 step" if gestures == 1 else f"{gestures} steps"
        self._window.notices.put(
            Notice(
                f"The program ended unexpectedly last time. {steps} that had not been "
                "saved came back from the journal.",
                "warning",
                action="Discard them",
                do=self._session.discard_recovered,
            )
        )

    def _engine_silent(self, text: str) -> None:
        notices = self._window.notices
        notices.close_notice(self._silence)
        self._silence = text
        if text:
            restart = self._window.tasks.restart_engine
            notices.put(
                Notice(text, "warning", action="Restart the Engine", do=restart)
            )

    def _damaged(self, text: str) -> None:
        self._window.notices.put(
            Notice(
                text,
                "warning",
                action="Start anew, keep the file aside",
                do=self._session.start_anew,
            )
        )

    def _changed_on_disk(self, text: str) -> None:
        self._window.notices.put(
            Notice(
                text,
                "warning",
                action="Keep mine",
                do=lambda: self._session.saving.save(overwrite=True),
            )
        )

    # -- shown once per turn ---------------------------------------------------

    def _show_image(self) -> None:
        session, canvas = self._session, self._window.canvas
        image = session.image
        canvas.set_image(image.image_hwc if image else None)
        canvas.set_document(session.document)
        self._window.hand.refresh()
        self._window.show_stage(image=image is not None)
        if image is None:
            self._show_welcome()
            self._window.status.show_zoom(None)
            self._window.status.show_pixel(None, "")
        else:
            self._window.status.show_zoom(canvas.zoom)
            if not self._window.panels_have_focus:
                canvas.setFocus()

    def _show_welcome(self) -> None:
        session, welcome = self._session, self._window.welcome
        welcome.show_recent(session.settings.recent)
        if session.busy:
            welcome.show_loading(session.busy)
        elif session.project is not None and not session.project.images:
            welcome.show_empty_folder(session.project.folder)
        elif session.project is not None:
            welcome.show_no_image()
        else:
            welcome.show_nothing_open()

    def _show_images(self) -> None:
        name = self._session.image.name if self._session.image else ""
        self._panels.images.show_images(image_rows(self._session), name)

    def _show_classes(self) -> None:
        rows = class_rows(self._session.classes)
        self._window.canvas.set_classes(self._session.classes)
        self._panels.classes.show_classes(rows, self._session.class_id)
        self._panels.segments.show_classes(rows)
        self._soon(self._show_segments)

    def _show_segments(self) -> None:
        session = self._session
        rows = segment_rows(session.document, session.classes, session.hidden)
        self._panels.segments.show_segments(rows, session.selected)
        self._panels.refine.show_selected(
            len(session.selected), len(rows), writable=not session.read_only
        )

    def _show_history(self) -> None:
        history = self._session.history
        self._panels.history.show_steps(
            step_rows(history), history.at if history else 0
        )

    def _show_busy(self) -> None:
        session = self._session
        running = session.folder_work.running or session.predicting.running
        self._window.status.show_busy(session.busy, cancellable=running)
        if session.image is None:
            self._show_welcome()

    def _show_saved(self) -> None:
        session = self._session
        image, project = session.image, session.project
        if image is not None and project is not None:
            self._window.setWindowTitle(
                f"{image.name}[*] – {project.folder.name} – seggui"
            )
        elif project is not None:
            self._window.setWindowTitle(f"{project.folder.name} – seggui")
        else:
            self._window.setWindowTitle("seggui")
        # After the title: its mark has its place there.
        self._window.setWindowModified(image is not None and not session.saved)
        if image is None:
            self._window.status.show_saved("")
        elif session.read_only:
            self._window.status.show_saved("Read only", "warn")
        elif session.saved:
            self._window.status.show_saved("Saved", "good")
        else:
            self._window.status.show_saved("Not yet saved", "quiet")
        self._window.tasks.possible_changed()

    def _folder_progress(self, progress: BatchProgress) -> None:
        batch = BatchRow("Images", progress.done, progress.total, progress.left_s)
        self._panels.refine.show_batch(batch)
        self._panels.models.show_batch(batch)
        self._window.status.show_busy(
            progress.name, progress.done, progress.total, cancellable=True
        )

    def _folder_done(self) -> None:
        self._panels.refine.show_batch(None)
        self._panels.models.show_batch(None)
        self._soon(self._show_busy)

    def _predict_progress(self, done: int, total: int, what: str) -> None:
        self._window.status.show_busy(
            what or self._session.busy, done, total, cancellable=True
        )

    # -- from the panels -------------------------------------------------------

    def _connect_lists(self) -> None:
        session, edit, panels = self._session, self._window.edits, self._panels
        panels.images.show_wished.connect(session.show_image)
        panels.images.next_wished.connect(session.next_image)
        panels.images.previous_wished.connect(session.previous_image)
        panels.history.step_wished.connect(session.go_to_step)
        panels.history.undo_wished.connect(edit.undo)
        panels.history.redo_wished.connect(session.redo)
        panels.segments.select_wished.connect(session.select)
        panels.segments.rename_wished.connect(edit.rename)
        panels.segments.move_wished.connect(edit.move)
        panels.segments.hide_wished.connect(session.toggle_hidden)
        panels.segments.lock_wished.connect(edit.set_locked)
        panels.segments.class_wished.connect(edit.set_class)
        panels.segments.delete_wished.connect(edit.delete)
        panels.segments.merge_wished.connect(edit.merge)
        panels.segments.accept_wished.connect(edit.accept_segments)
        panels.segments.reject_wished.connect(edit.reject_segments)
        panels.segments.zoom_wished.connect(edit.zoom_to_selection)
        panels.classes.choose_wished.connect(session.choose_class)
        panels.classes.add_wished.connect(self._window.tasks.add_class)
        panels.classes.rename_wished.connect(edit.rename_class)
        panels.classes.colour_wished.connect(edit.colour_class)
        panels.classes.thing_wished.connect(edit.set_thing)
        panels.classes.remove_wished.connect(self._window.tasks.remove_class)

    def _connect_work(self) -> None:
        session, panels, tasks = self._session, self._panels, self._window.tasks
        refine = panels.refine
        refine.preview_wished.connect(session.preview_recipe)
        refine.segment_wished.connect(lambda text: tasks.apply_recipe(text, "segment"))
        refine.image_wished.connect(lambda text: tasks.apply_recipe(text, "image"))
        refine.folder_wished.connect(lambda text: tasks.apply_recipe(text, "folder"))
        refine.cancel_wished.connect(session.folder_work.cancel)
        refine.save_wished.connect(tasks.save_recipe)
        refine.forget_wished.connect(tasks.forget_recipe)
        models = panels.models
        models.prompted_wished.connect(tasks.choose_prompted)
        models.full_image_wished.connect(tasks.choose_full_image)
        models.predict_wished.connect(lambda _: tasks.predict_image())
        models.predict_rest_wished.connect(lambda _: tasks.predict_rest())
        models.rank_wished.connect(lambda _: tasks.rank_images())
        models.download_wished.connect(tasks.download)
        models.cancel_wished.connect(self._cancel)
        training, run = panels.training, session.training
        training.start_wished.connect(tasks.train)
        training.pause_wished.connect(run.pause)
        training.go_on_wished.connect(run.go_on)
        training.stop_wished.connect(run.stop)
        training.run_wished.connect(run.show)
        training.use_wished.connect(tasks.use_run)
        run.runs_changed.connect(tasks.show_runs)
        run.view_changed.connect(tasks.show_run)
        run.finished.connect(tasks.run_finished)

    def _connect_window(self) -> None:
        window, canvas = self._window, self._window.canvas
        window.tasks.dock_wished.connect(window.show_dock)
        window.tasks.facts_changed.connect(window.show_facts)
        canvas.zoom_changed.connect(window.status.show_zoom)
        window.hand.hint_changed.connect(window.status.show_hint)
        window.status.cancel_wished.connect(self._cancel)
        window.welcome.open_wished.connect(window.tasks.open_folder)
        window.welcome.sample_wished.connect(window.tasks.open_sample)
        window.welcome.recent_wished.connect(self._session.open_folder)

    def _cancel(self) -> None:
        self._session.folder_work.cancel()
        self._session.predicting.stop()
        self._window.tasks.cancel()
