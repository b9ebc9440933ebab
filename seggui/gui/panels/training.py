"""Training: options, start, pause, resume and stop, live curves, previews and runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from seggui.errors import BadRequest
from seggui.gui.panels.batch_bar import time_text
from seggui.gui.panels.controls import (
    button,
    choices,
    column,
    empty_text,
    label,
    relook,
    row,
    scrolled,
)
from seggui.gui.panels.curves import CurvesView
from seggui.gui.panels.run_rows import Preview, RunRow, RunView
from seggui.gui.panels.train_form import TrainForm
from seggui.jobs.train_options import TrainOptions

_STATES = {
    "preparing": "Preparing",
    "running": "Running",
    "paused": "Paused",
    "stopped": "Stopped",
    "finished": "Finished",
    "failed": "Failed",
    "lost": "Ended without a word",
}
_SCORE = Qt.ItemDataRole.UserRole + 1
_LOOKS = {"running": "good", "finished": "good", "failed": "bad", "lost": "bad"}


class TrainingPanel(QWidget):
    """Shows runs and one of them live; wishes to start and steer."""

    start_wished = Signal(object)
    """The ``TrainOptions`` to train with."""
    pause_wished = Signal(str)
    go_on_wished = Signal(str)
    """Run that is paused, or has stopped and should be resumed."""
    stop_wished = Signal(str)
    run_wished = Signal(str)
    """Show this run."""
    use_wished = Signal(str)
    """Predict with the model of this run."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[RunRow, ...] = ()
        self._view: RunView | None = None
        self._possible = False
        self.form = TrainForm()
        page = QWidget()
        inside = column(page, margin=2)
        inside.addWidget(self.form)
        self._why_not = label("", "quiet", wrap=True)
        self.start = button(
            "Start training", tip="Train a model on the images with segments", main=True
        )
        options = QWidget()
        new = column(options)
        new.addWidget(scrolled(page), 1)
        new.addWidget(self._why_not)
        new.addWidget(self.start)
        self._run_page = _RunPage()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(options, "New training")
        self.tabs.addTab(self._run_page, "Runs")
        column(self, margin=4).addWidget(self.tabs)
        self.start.clicked.connect(self._wish_start)
        self.form.changed.connect(self._tell)
        page_ = self._run_page
        page_.box.activated.connect(
            lambda: self.run_wished.emit(str(page_.box.currentData()))
        )
        page_.pause.clicked.connect(lambda: self.pause_wished.emit(self.shown_run))
        page_.go_on.clicked.connect(lambda: self.go_on_wished.emit(self.shown_run))
        page_.stop.clicked.connect(lambda: self.stop_wished.emit(self.shown_run))
        page_.use.clicked.connect(lambda: self.use_wished.emit(self.shown_run))
        self.show_possible("Open a folder of images first.")
        self.show_runs(())

    def show_possible(self, why_not: str) -> None:
        """Whether a training can be started; the sentence says why it cannot."""
        self._possible = not why_not
        self._why_not.setText(why_not)
        self._why_not.setVisible(bool(why_not))
        self._tell()

    def show_runs(self, rows: Sequence[RunRow], shown: str = "") -> None:
        """The runs of the project, the newest first."""
        self._runs = tuple(rows)
        self._run_page.show_runs(rows, shown or self.shown_run)
        self.tabs.setTabText(1, f"Runs ({len(rows)})" if rows else "Runs")
        if not rows:
            self._run_page.show_view(None)

    def show_run(self, view: RunView) -> None:
        """Show one run as it stands."""
        self._view = view
        self._run_page.show_view(view)

    def show_runs_tab(self) -> None:
        self.tabs.setCurrentIndex(1)

    @property
    def shown_run(self) -> str:
        return str(self._run_page.box.currentData() or "")

    def _tell(self) -> None:
        self.start.setEnabled(self._possible and self.form.valid)

    def _wish_start(self) -> None:
        try:
            options: TrainOptions = self.form.options
        except BadRequest as error:
            # The form shows the same sentence; a start needs options that make sense.
            self._why_not.setText(str(error))
            self._why_not.setVisible(True)
            return
        self.start_wished.emit(options)


class _WithScore(QStyledItemDelegate):
    """In the list that opens, a run's score stands beside its name."""

    def initStyleOption(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().initStyleOption(option, index)
        score = index.data(_SCORE)
        if score:
            option.text = f"{option.text}   {score}"


class _RunPage(QWidget):
    """One run: where it stands, its curves and previews, and how to steer it."""

    def __init__(self) -> None:
        super().__init__()
        self.box = choices("Runs of this project")
        self.box.setItemDelegate(_WithScore(self.box))
        self._state = label("", "heading")
        self._line = label("", "quiet", wrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the training")
        self.pause = button("Pause", "pause", "Hold the training; it keeps its memory")
        self.go_on = button("Resume", "play", "Go on where it stopped")
        self.stop = button("Stop", "stop", "End after this step; it can be resumed")
        self.use = button(
            "Use the model",
            tip="Choose the model of this run, for whole images or for clicks",
            main=True,
        )
        self.curves = CurvesView()
        self._previews = _Previews()
        self._problem = label("", "bad", wrap=True)
        self._notes = label("", wrap=True)
        self._empty = empty_text(
            "No run yet.\nStart a training, and its curves appear here live."
        )
        self._content = QWidget()
        inside = column(self._content, margin=0)
        inside.addWidget(self.box)
        inside.addLayout(row(self._state, None))
        inside.addWidget(self._line)
        inside.addWidget(self._bar)
        inside.addWidget(self._problem)
        inside.addLayout(row(self.pause, self.go_on, self.stop, self.use, None))
        inside.addWidget(self._notes)
        inside.addWidget(self.curves)
        inside.addWidget(self._previews)
        inside.addStretch(1)
        page = QWidget()
        outer = column(page)
        outer.addWidget(self._content)
        outer.addWidget(self._empty)
        outer.addStretch(1)
        column(self, margin=0).addWidget(scrolled(page))
        self.show_view(None)

    def show_runs(self, rows: Sequence[RunRow], shown: str) -> None:
        with QSignalBlocker(self.box):
            self.box.clear()
            for item in rows:
                self.box.addItem(item.name, item.name)
                if item.score:
                    place = self.box.count() - 1
                    self.box.setItemData(place, item.score, _SCORE)
            self.box.setCurrentIndex(max(0, self.box.findData(shown)) if rows else -1)

    def show_view(self, view: RunView | None) -> None:
        self._content.setVisible(view is not None)
        self._empty.setVisible(view is None)
        if view is None:
            return
        state = view.row.state
        with QSignalBlocker(self.box):
            # What is shown may not be what was chosen here: a training just began.
            self.box.setCurrentIndex(self.box.findData(view.row.name))
        self._state.setText(_STATES.get(state, state))
        relook(self._state, _LOOKS.get(state, "heading"))
        left = (
            f"{time_text(view.left_s)} left"
            if view.left_s is not None and view.row.going
            else ""
        )
        self._line.setText(" · ".join(part for part in (view.line, left) if part))
        self._bar.setValue(round(view.progress * 1000))
        self._bar.setVisible(view.row.going)
        self._problem.setText(view.problem)
        self._problem.setVisible(bool(view.problem))
        self._notes.setText("\n".join(view.notes))
        self._notes.setVisible(bool(view.notes))
        self.pause.setVisible(state == "running")
        self.go_on.setVisible(state == "paused" or view.row.resumable)
        self.stop.setVisible(view.row.going)
        self.use.setVisible(view.row.registered)
        self.curves.show_curves(view.curves)
        self._previews.show_previews(view.previews)


class _Previews(QWidget):
    """Validation images: the image, the truth and what the model says."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._title = label(
            "Validation: image, truth, prediction", "section", wrap=True
        )
        self._layout.addWidget(self._title)
        self._pictures: list[_Picture] = []
        self.setVisible(False)

    def show_previews(self, previews: Sequence[Preview]) -> None:
        """Show these pictures."""
        self.setVisible(bool(previews))
        while len(self._pictures) < len(previews):
            picture = _Picture()
            self._pictures.append(picture)
            self._layout.addWidget(picture)
        for place, picture in enumerate(self._pictures):
            picture.setVisible(place < len(previews))
            if place < len(previews):
                picture.show_preview(previews[place])


class _Picture(QLabel):
    """A picture as wide as the panel."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Preview | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_preview(self, preview: Preview) -> None:
        if preview is self._shown:
            return
        self._shown = preview
        self.setAccessibleName(f"Image, truth and prediction of {preview.name}")
        self.setToolTip(preview.name)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._shown is None or self._shown.picture.isNull() or self.width() < 8:
            return
        ratio = self.devicePixelRatioF()
        fitted = QPixmap.fromImage(self._shown.picture).scaledToWidth(
            int(self.width() * ratio), Qt.TransformationMode.SmoothTransformation
        )
        fitted.setDevicePixelRatio(ratio)
        self.setPixmap(fitted)
        self.setFixedHeight(int(fitted.height() / ratio))
