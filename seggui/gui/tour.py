"""The main job, played through the real window with real mouse and key events.

Each step leaves a picture; the exported masks and the trained run lie beside them.
It is what ``make run`` shows where there is no display, and an end-to-end test.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox

from seggui.core.segment import told_model
from seggui.errors import SegguiError
from seggui.files.atomic import make_folder
from seggui.gui.dialogs.export import ExportDialog
from seggui.gui.tour_hands import Hands
from seggui.gui.tour_tools import QUICK_SHOWS, SHOWS, show_tool
from seggui.gui.window import MainWindow
from seggui.jobs.train_options import TrainOptions

COFFEE, CHELSEA = "photos/coffee.jpg", "photos/chelsea.jpg"
UNLABELLED = "cells/cells_j.png"


class Tour(Hands):
    """Plays the steps in their order and keeps a picture of each."""

    def __init__(
        self, window: MainWindow, sample: Path, out: Path, *, quick: bool = False
    ) -> None:
        super().__init__(window, out)
        self.sample, self.quick = sample, quick
        self.exit_code = 1

    def play(self) -> None:
        """Play all steps, say where everything lies, and end the application."""
        try:
            make_folder(self.out)
            self.window.show()
            # Without a window manager nobody else gives it the keyboard.
            self.window.activateWindow()
            self.settle()
            self.window.resize(1440, 900)
            self.settle()
            for step in STEPS:
                self._say(step.__doc__ or "")
                step(self)
            self._say(f"Pictures: {self.out.absolute()}")
            self._say(f"Masks:    {(self.out / 'masks').absolute()}")
            self.exit_code = 0
        except SegguiError as error:
            sys.stderr.write(f"seggui: {error}\n")
            self.picture("failed")
        except Exception:  # noqa: BLE001 - the top of the tour
            sys.stderr.write(traceback.format_exc())
            self.picture("failed")
        finally:
            self.window.close()
            application = QApplication.instance()
            if application is not None:
                application.exit(self.exit_code)

    # -- steps ----------------------------------------------------------------------

    def open(self) -> None:
        """Open the sample project."""
        self.session.open_folder(self.sample, COFFEE)
        self.wait(lambda: self.shown == COFFEE, "opening the sample project")
        self.wait_thumbnails()
        self.picture("open")

    def click(self) -> None:
        """Click the cup and get its mask."""
        self.window.trigger("tool_point")
        self.key(Qt.Key.Key_3)
        self.click_at(230, 150)
        self.wait_candidates()
        self.picture("click")

    def cycle(self) -> None:
        """Look at the other candidates with Tab, and come back."""
        before = self.session.candidate_index
        for _ in self.session.candidates:
            self.key(Qt.Key.Key_Tab)
        self.expect(self.session.candidate_index == before, "Tab goes round")

    def accept(self) -> None:
        """Accept it with Enter."""
        self.key(Qt.Key.Key_Return)
        self.wait(lambda: self._segments() == 1, "accepting the candidate")
        self.picture("accepted")

    def paint(self) -> None:
        """Paint with the brush and erase what is too much."""
        area = self._area()
        self.window.trigger("tool_brush")
        self.drag([(186, 170), (215, 212), (265, 232), (320, 225), (362, 190)])
        self.drag([(205, 215), (240, 240), (300, 240), (340, 222)])
        self.drag([(210, 190), (260, 212), (320, 206), (350, 185)])
        self.expect(self._area() > area, "the brush adds pixels")
        self.picture("brush")
        area = self._area()
        self.window.trigger("tool_eraser")
        self.drag([(414, 70), (410, 100)])
        self.expect(self._area() <= area, "the eraser takes pixels away")

    def undo(self) -> None:
        """Undo the eraser, then redo it."""
        areas = [self._area()]
        self.window.trigger("undo")
        self.settle()
        areas.append(self._area())
        self.window.trigger("redo")
        self.settle()
        areas.append(self._area())
        self.expect(areas[0] == areas[2], "redo brings back what undo took")

    def refine(self) -> None:
        """Refine the mask: keep the largest part, fill holes, smooth the outline."""
        panel = self.window.panels.refine
        self.window.show_dock("refine")
        panel.show_recipe("largest,fill:200,smooth:3")
        live = panel.findChild(QCheckBox)
        assert isinstance(live, QCheckBox)
        live.click()
        self.wait(lambda: bool(self.session.refining.preview), "the refine preview")
        self.picture("refine")
        steps = self._steps()
        panel.segment.click()
        self.wait(lambda: self._steps() > steps, "refining")

    def box(self) -> None:
        """Go to the cat and draw a box around its face."""
        self.show(CHELSEA)
        self.window.trigger("tool_box")
        self.key(Qt.Key.Key_2)
        self.drag([(30, 2), (200, 150), (380, 297)])
        self.wait_candidates()
        self.picture("box")
        self.key(Qt.Key.Key_Return)
        self.wait(lambda: self._segments() == 1, "accepting the cat")
        self.window.trigger("done")

    def zoom(self) -> None:
        """Zoom in at the eye until single pixels show."""
        at = self.window.canvas.widget_point(175, 110)
        for _ in range(14):
            self.wheel(at, 120)
        self.settle()
        self.picture("zoom")
        self.window.trigger("zoom_fit")

    def tools(self) -> None:
        """Take each tool of marks and each classical one to the cup."""
        self.show(COFFEE)
        self.window.trigger("select_none")
        for shown in QUICK_SHOWS if self.quick else SHOWS:
            show_tool(self, shown)

    def export(self) -> None:
        """Export the masks as class-index images."""
        self.window.trigger("export")
        dialog = self.window.findChild(ExportDialog)
        assert isinstance(dialog, ExportDialog)
        dialog.choose_format("png-index")
        dialog.folder.setText(str(self.out / "masks"))
        self.wait(lambda: "…" not in dialog.losses.text(), "what will be lost")
        self.picture("export", dialog)
        assert dialog.do is not None
        gone: list[int] = []
        dialog.finished.connect(gone.append)
        dialog.do.click()
        self.wait(lambda: bool(gone), "the export")
        masks = list((self.out / "masks").rglob("*.png"))
        self.expect(bool(masks), "masks are exported")

    def train(self) -> None:
        """Train a model on what is labelled, and watch it learn."""
        self.window.show_dock("training")
        options = TrainOptions(
            model="unet",
            epochs=2 if self.quick else 12,
            steps_per_epoch=4 if self.quick else 15,
            crop=160,
        )
        self.window.panels.training.start_wished.emit(options)
        training = self.session.training
        self.wait(lambda: training.running, "starting the training")
        epochs_seen = 1 if self.quick else 8
        self.wait(
            lambda: not training.running or _scores(training.view) >= epochs_seen,
            "the first epochs",
            seconds=900,
        )
        self.window.panels.training.show_runs_tab()
        self.settle()
        self.picture("train")
        self.wait(lambda: not training.running, "training", seconds=1800)
        view = training.view
        self.expect(
            view is not None and view.row.state == "finished", "the training finished"
        )

    def predict(self) -> None:
        """Let the trained model label an image that nobody labelled."""
        self.show(UNLABELLED)
        self.window.show_dock("segments")
        training, project = self.session.training, self.session.project
        assert project is not None
        run = project.runs_folder / training.rows[0].name
        self.session.predict_image(str(run), told_model(str(run)))
        self.wait(
            lambda: not self.session.predicting.running, "predicting", seconds=120
        )
        self.settle()
        self.picture("predict")
        self.window.trigger("accept_offered")
        self.settle()
        self.picture("predicted-accepted")

    def close(self) -> None:
        """Save and look at the whole once more."""
        self.session.saving.save_now()
        self.show(COFFEE)
        self.expect(self.session.saved, "everything is on disk")
        self.picture("end")

    # -- eyes -------------------------------------------------------------------------

    def _segments(self) -> int:
        document = self.session.document
        return len(document.segments) if document else 0

    def _area(self) -> int:
        document = self.session.document
        return sum(s.mask.area for s in document.segments) if document else 0

    def _steps(self) -> int:
        history = self.session.history
        return len(history.steps) if history else 0

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _scores(view: object) -> int:
    """How many epochs the shown run has measured."""
    curves = getattr(view, "curves", None)
    scores = curves.scores if curves is not None else {}
    return max((len(steps) for steps, _ in scores.values()), default=0)


STEPS: tuple[Callable[[Tour], None], ...] = (
    Tour.open,
    Tour.click,
    Tour.cycle,
    Tour.accept,
    Tour.paint,
    Tour.undo,
    Tour.refine,
    Tour.box,
    Tour.zoom,
    Tour.tools,
    Tour.export,
    Tour.train,
    Tour.predict,
    Tour.close,
)
