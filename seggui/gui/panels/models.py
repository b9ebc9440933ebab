"""The models at hand: what each is, whether its weights are there, and what to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHeaderView,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from seggui.gui.icons import icon
from seggui.gui.panels.batch_bar import BatchBar, BatchRow
from seggui.gui.panels.controls import (
    button,
    column,
    empty_text,
    icon_button,
    label,
    row,
    scrolled,
    thin_line,
)
from seggui.gui.panels.weights_line import WeightsLine
from seggui.gui.theme import theme

_FACTS_PX, _FACTS_LEAST_PX = 128, 34
_LIST_LEAST_PX = 104
_ID = Qt.ItemDataRole.UserRole
_GROUPS = {
    "clicks": "For clicks and other marks",
    "images": "For whole images",
    "sequences": "For following objects",
    "runs": "My runs",
}
_TONES = {"ready": "good", "damaged": "bad", "in part": "warn"}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the list."""

    id: str
    """Id of the catalogue, or the path of a run."""
    title: str
    kind: str
    usable: bool = True
    """Whether it can run as it stands."""
    state: str = ""
    """About its weights, in few words: built in, ready, 375.0 MB."""
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values for the lines below the list: licence, paper, metrics."""
    weights: str = ""
    """What is in the model folder; empty for a model without released weights."""
    run: bool = False
    """It was trained here."""

    @property
    def name(self) -> str:
        """Of a run: that of its folder."""
        return self.id.replace("\\", "/").rpartition("/")[2]

    @property
    def group(self) -> str:
        if self.run:
            return "runs"
        others = {"prompted": "clicks", "propagating": "sequences"}
        return others.get(self.kind, "images")

    @property
    def predicts(self) -> bool:
        """It finds everything in a whole image."""
        return self.kind not in ("prompted", "propagating")


class ModelsPanel(QWidget):
    """Shows models; wishes which to use and where."""

    prompted_wished = Signal(str)
    full_image_wished = Signal(str)
    predict_wished = Signal(str)
    predict_rest_wished = Signal(str)
    rank_wished = Signal(str)
    download_wished = Signal(str)
    verify_wished = Signal(str)
    remove_wished = Signal(str)
    folder_wished = Signal()
    cancel_wished = Signal()
    fetch_cancel_wished = Signal()
    """Stop the download or the check that is under way."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, ModelRow] = {}
        self._prompted = ""
        self._full_image = ""
        self._image = self._writable = False
        self.list = _tree()
        self._empty = empty_text("The models are being looked up.")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._pages.setMinimumHeight(_LIST_LEAST_PX)
        self._facts = label("", "quiet", wrap=True)
        self._facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.weights = WeightsLine()
        self._predict = button(
            "This image", tip="Find everything on the shown image", main=True
        )
        self._rest = button(
            "Untouched images",
            "predict-rest",
            "Find everything on all images without segments",
        )
        self._rank = icon_button("sort", "Order the images by how unsure this model is")
        self._rank.clicked.connect(lambda: self.rank_wished.emit(self._target_id()))
        self._bar = BatchBar()
        self._bar.cancel_wished.connect(self.cancel_wished)
        self._predict_line = QWidget()
        predict = column(self._predict_line, margin=0)
        predict.addWidget(thin_line())
        self._predict_title = label("", "section", wrap=True)
        predict.addWidget(self._predict_title)
        line = row(self._predict, self._rest, self._rank)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        predict.addLayout(line)
        layout = column(self)
        layout.addWidget(self._pages, 1)
        facts = QWidget()
        column(facts, margin=0).addWidget(self._facts)
        self._facts_area = scrolled(facts)
        self._facts_area.setMaximumHeight(_FACTS_PX)
        self._facts_area.setMinimumHeight(_FACTS_LEAST_PX)
        layout.addWidget(self._facts_area)
        layout.addWidget(self.weights)
        layout.addWidget(self._predict_line)
        layout.addWidget(self._bar)
        self.list.currentItemChanged.connect(self._chosen)
        for made, wish in (
            (self.weights.use_wished, self.prompted_wished),
            (self.weights.download_wished, self.download_wished),
            (self.weights.verify_wished, self.verify_wished),
            (self.weights.remove_wished, self.remove_wished),
        ):
            made.connect(lambda wish=wish: wish.emit(self.current_id))
        self.weights.folder_wished.connect(self.folder_wished)
        self.weights.cancel_wished.connect(self.fetch_cancel_wished)
        self._predict.clicked.connect(
            lambda: self.predict_wished.emit(self._target_id())
        )
        self._rest.clicked.connect(
            lambda: self.predict_rest_wished.emit(self._target_id())
        )
        self.show_models((), "", "")

    def show_models(
        self, rows: Sequence[ModelRow], prompted: str, full_image: str
    ) -> None:
        """Show models by what they are for; the ids say which are in use."""
        keep = self.current_id or full_image or prompted
        self._rows = {item.id: item for item in rows}
        self._prompted, self._full_image = prompted, full_image
        colours = theme().colours
        with QSignalBlocker(self.list):
            self.list.clear()
            for group, title in _GROUPS.items():
                # What can run as it stands comes first.
                members = sorted(
                    (item for item in rows if item.group == group),
                    key=lambda item: not item.usable,
                )
                if not members:
                    continue
                head = QTreeWidgetItem([title])
                head.setFlags(Qt.ItemFlag.ItemIsEnabled)
                head.setForeground(0, QColor(colours.quiet))
                self.list.addTopLevelItem(head)
                head.setFirstColumnSpanned(True)
                for item in members:
                    line = self._line(item)
                    head.addChild(line)
                    if item.id == keep:
                        self.list.setCurrentItem(line)
                head.setExpanded(True)
        self._pages.setCurrentIndex(0 if rows else 1)
        self._tell()

    def choose(self, model_id: str) -> None:
        """Mark a model as a click would."""
        for line in self._lines():
            if line.data(0, _ID) == model_id:
                self.list.setCurrentItem(line)
                self.list.scrollToItem(line)

    def show_possible(self, *, image: bool, writable: bool) -> None:
        """Whether there is an image, and whether it may be changed."""
        self._image, self._writable = image, writable
        self._tell()

    def show_batch(self, batch: BatchRow | None) -> None:
        """Show how far predicting is; None when nothing runs."""
        self._bar.show_batch(batch)

    def show_fetching(self, batch: BatchRow | None) -> None:
        """Show how far a download or a check is; None when none is under way."""
        self.weights.show_fetching(batch)

    @property
    def current_id(self) -> str:
        line = self.list.currentItem()
        return str(line.data(0, _ID) or "") if line is not None else ""

    def _lines(self) -> list[QTreeWidgetItem]:
        """The lines of the list that are models."""
        flag = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
        return [line for line in self.list.findItems("", flag) if line.data(0, _ID)]

    def _target(self) -> ModelRow | None:
        """The full-image model that would predict: the marked one, or that in use."""
        marked = self._rows.get(self.current_id)
        if marked is not None and marked.predicts:
            return marked
        return self._rows.get(self._full_image)

    def _line(self, item: ModelRow) -> QTreeWidgetItem:
        colours = theme().colours
        used = item.id in (self._prompted, self._full_image)
        line = QTreeWidgetItem([item.title, item.state])
        line.setData(0, _ID, item.id)
        name = "check" if used else "training" if item.run else "models"
        line.setIcon(0, icon(name, colours.accent if used else colours.quiet))
        tone = _TONES.get(item.state, "quiet")
        line.setForeground(1, QColor(getattr(colours, tone)))
        line.setTextAlignment(
            1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        if not item.usable:
            line.setForeground(0, QColor(colours.off))
        line.setToolTip(0, "\n".join(f"{key}: {value}" for key, value in item.facts))
        return line

    def _chosen(self) -> None:
        item = self._rows.get(self.current_id)
        if item is not None and item.predicts and item.usable:
            self.full_image_wished.emit(item.id)
        self._tell()

    def _target_id(self) -> str:
        target = self._target()
        return "" if target is None else target.id

    def _tell(self) -> None:
        item = self._rows.get(self.current_id)
        prompted = item is not None and item.kind == "prompted"
        target = self._target()
        usable = item is not None and item.usable
        facts = item.facts if item is not None else ()
        self._facts.setText("\n".join(f"{key}: {value}" for key, value in facts))
        self._facts_area.setVisible(bool(facts))
        self.weights.show_use(
            possible=prompted, ready=usable, used=self.current_id == self._prompted
        )
        self.weights.show_weights("" if item is None else item.weights)
        self._predict_line.setVisible(target is not None)
        if target is not None:
            self._predict_title.setText(f"Predict with {target.title}")
        able = target is not None and target.usable
        may = able and self._writable
        self._predict.setEnabled(may and self._image)
        self._rest.setEnabled(may)
        self._rank.setEnabled(able)


def _tree() -> QTreeWidget:
    view = QTreeWidget()
    view.setColumnCount(2)
    view.setHeaderHidden(True)
    view.setIndentation(8)
    view.setRootIsDecorated(False)
    view.setIconSize(QSize(16, 16))
    view.setAccessibleName("Models")
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = view.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return view
