"""Export and import in the window: dialogs in front, the work on a lane."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from seggui.core.document import ImageFacts
from seggui.core.ports import Report
from seggui.errors import SegguiError, Unreadable
from seggui.files.formats.exporting import (
    check_outside,
    export,
    items_of,
    losses_of,
)
from seggui.files.formats.importing import (
    ClassMapping,
    Existing,
    document_after,
    suggest_mapping,
)
from seggui.files.formats.table import FORMATS, format_named
from seggui.files.formats.values import ExportReport, Imported
from seggui.files.images import probe_image, split_page
from seggui.files.project import Project
from seggui.gui.background import Job
from seggui.gui.dialogs.export import ExportDialog
from seggui.gui.dialogs.import_ import ImportDialog
from seggui.gui.folder_work import Change
from seggui.gui.session import Session

_LANE = "exchange"


class Exchange(QObject):
    """Opens the two dialogs and does what they wish."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._job: Job | None = None

    def cancel(self) -> None:
        """Stop what runs; an export leaves nothing behind."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # -- export ----------------------------------------------------------------

    def open_export(self) -> ExportDialog | None:
        """Show the dialog; what is open is saved first, so that it is exported."""
        project = self._session.project
        if project is None:
            return None
        if not self._session.saving.save_now():
            return None
        dialog = ExportDialog(
            FORMATS, project.folder, len(items_of(project)), self._window
        )
        dialog.check_wished.connect(lambda i: self._check(dialog, project, i))
        dialog.export_wished.connect(
            lambda i, out: self._export(dialog, project, i, out)
        )
        dialog.cancel_wished.connect(self.cancel)
        # A late answer must not look for a dialog that is gone.
        dialog.finished.connect(self.cancel)
        dialog.begin()
        dialog.open()
        return dialog

    def _check(self, dialog: ExportDialog, project: Project, format_id: str) -> None:
        self.cancel()
        form, classes = format_named(format_id), project.classes
        self._job = self._session.background.start(
            _LANE,
            lambda report: losses_of(form, items_of(project), classes, report),
            lambda losses: dialog.show_losses(format_id, losses),
            lambda error: dialog.show_problem(str(error)),
        )

    def _export(
        self, dialog: ExportDialog, project: Project, format_id: str, out: Path
    ) -> None:
        self.cancel()
        form, classes = format_named(format_id), project.classes

        def work(report: Report) -> ExportReport:
            check_outside(out, project)
            return export(form, items_of(project), classes, out, report)

        def done(result: ExportReport) -> None:
            self._job = None
            dialog.accept()
            self._session.say(
                f"{result.segments:,} segments on {result.images:,} images exported "
                f"to {result.out}.",
                "info",
            )

        self._job = self._session.background.start(
            _LANE,
            work,
            done,
            lambda error: dialog.show_problem(str(error)),
            dialog.show_progress,
        )

    # -- import ----------------------------------------------------------------

    def open_import(self) -> ImportDialog | None:
        project = self._session.project
        if project is None:
            return None
        dialog = ImportDialog(FORMATS, self._window)
        dialog.read_wished.connect(lambda i, path: self._read(dialog, project, i, path))
        dialog.import_wished.connect(
            lambda i, found, wanted, existing: self._import(
                dialog, (project, i), found, wanted, existing
            )
        )
        dialog.cancel_wished.connect(self.cancel)
        # A late answer must not look for a dialog that is gone.
        dialog.finished.connect(self.cancel)
        dialog.open()
        return dialog

    def _read(
        self, dialog: ImportDialog, project: Project, format_id: str, path: Path
    ) -> None:
        self.cancel()
        form, classes = format_named(format_id), project.classes

        def work(report: Report) -> tuple[Imported, ClassMapping]:
            imported = form.read(path, images_of(project), report)
            return imported, suggest_mapping(imported, classes)

        self._job = self._session.background.start(
            _LANE,
            work,
            lambda result: dialog.show_found(result[0], result[1], classes),
            lambda error: dialog.show_problem(str(error)),
            dialog.show_progress,
        )

    def _import(
        self,
        dialog: ImportDialog,
        what: tuple[Project, str],
        imported: Imported,
        wanted: Mapping[str, str],
        existing: str,
    ) -> None:
        project, format_id = what
        try:
            mapping = suggest_mapping(imported, project.classes, wanted)
        except SegguiError as error:
            dialog.show_problem(str(error))
            return
        if any(row.new for row in mapping.rows):
            self._session.set_classes(mapping.grown(project.classes))
        found = {document.facts.name: document for document in imported.documents}
        how = cast(Existing, existing)

        def compute(name: str, report: Report) -> Change:
            new = found[name]
            return lambda shown: document_after(shown, new, mapping.ids, how, format_id)

        if self._session.folder_work.start("Imported", list(found), compute):
            dialog.accept()
        else:
            dialog.show_problem(
                "Other folder work is still running; try again after it."
            )


def images_of(project: Project) -> tuple[ImageFacts, ...]:
    """The size of each readable image, from its header."""
    found = []
    for row in project.images:
        path, page = project.path_of(row.name), split_page(row.name)[1]
        try:
            header = probe_image(path, page)
        except Unreadable:
            # The list of images says why; masks for it are refused by name.
            continue
        found.append(
            ImageFacts(row.name, header.width, header.height, "", header.orientation)
        )
    return tuple(found)
