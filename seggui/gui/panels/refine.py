"""The recipe: refinement steps in order, tried live and applied to one or to all."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QInputDialog,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from seggui.errors import BadRequest
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
from seggui.gui.panels.step_card import StepCard
from seggui.refine.recipe import BUILT_IN, STEPS, Recipe, RecipeStep, parse

_PREVIEW_DELAY_MS = 150


class RefinePanel(QWidget):
    """Shows a recipe; wishes to try, apply, save and forget it."""

    preview_wished = Signal(str)
    """The recipe to show live on the selected segment; empty for none."""
    segment_wished = Signal(str)
    image_wished = Signal(str)
    folder_wished = Signal(str)
    cancel_wished = Signal()
    save_wished = Signal(str, str)
    """Name and recipe."""
    forget_wished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[StepCard] = []
        self._saved: dict[str, str] = {}
        self._selected = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PREVIEW_DELAY_MS)
        self._timer.timeout.connect(self._wish_preview)
        self._recipes = QComboBox()
        self._recipes.setAccessibleName("Saved recipes")
        self._recipes.setToolTip("Recipes by name")
        self._save = icon_button("save", "Save this recipe by name", self._ask_name)
        self._forget = icon_button(
            "trash", "Forget the recipe of that name", self._wish_forget
        )
        self._add = button("Add step", "plus")
        self._add.setMenu(self._menu())
        self._live = QCheckBox("Show live")
        self._live.setToolTip("Show the result on the selected segment while you try")
        self._stack = QVBoxLayout()
        self._stack.setSpacing(6)
        self._none = empty_text("Add a step, or choose a recipe above.")
        page = QWidget()
        inside = column(page, margin=0)
        inside.addLayout(self._stack)
        inside.addWidget(self._none)
        inside.addStretch(1)
        self.segment = button(
            "Segment", tip="Apply to the selected segments; one undo step", main=True
        )
        self.image = button(
            "Image", tip="Apply to all segments of this image; one undo step"
        )
        self.folder = button("Folder…", tip="Apply to every image of the project")
        self._bar = BatchBar()
        self._bar.cancel_wished.connect(self.cancel_wished)
        top = row(self._recipes, self._save, self._forget, gap=2)
        top.setStretch(0, 1)
        layout = column(self)
        layout.addLayout(top)
        layout.addWidget(scrolled(page), 1)
        layout.addLayout(row(self._add, None, self._live))
        layout.addWidget(thin_line())
        layout.addWidget(label("Apply to", "section"))
        apply = row(self.segment, self.image, self.folder)
        for place in range(3):
            apply.setStretch(place, 1)
        layout.addLayout(apply)
        layout.addWidget(self._bar)
        self._connect()
        self.show_saved({})
        self.show_recipe("largest,fill:200,smooth:2")

    def show_saved(self, recipes: Mapping[str, str]) -> None:
        """The recipes saved by name, besides those that are always there."""
        self._saved = dict(recipes)
        with QSignalBlocker(self._recipes):
            self._recipes.clear()
            self._recipes.addItem("Recipes", "")
            for name, text in {**BUILT_IN, **self._saved}.items():
                self._recipes.addItem(name, text)
        self._forget.setEnabled(False)

    def show_recipe(self, text: str) -> None:
        """Show the steps of a recipe; raises ``BadRequest``."""
        recipe = parse(text)
        for card in self._cards:
            self._stack.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        for step in recipe.steps:
            self._add_card(step)
        self._changed()

    def show_selected(self, selected: int, segments: int, *, writable: bool) -> None:
        """How many segments are selected, and how many the image has."""
        self._selected = selected
        self.segment.setEnabled(writable and selected > 0)
        self.segment.setText("Segment" if selected < 2 else f"{selected} segments")
        self.image.setEnabled(writable and segments > 0)
        self._live.setEnabled(selected > 0)
        if self._live.isChecked():
            self._timer.start()

    def show_project(self, *, writable: bool) -> None:
        self.folder.setEnabled(writable)

    def show_batch(self, batch: BatchRow | None) -> None:
        """Show how far the folder is; None when nothing runs."""
        self._bar.show_batch(batch)

    @property
    def recipe_text(self) -> str:
        steps = tuple(card.step for card in self._cards if card.switched_on)
        return Recipe(steps).text()

    def stop_preview(self) -> None:
        """End the live preview, as after applying."""
        self._live.setChecked(False)

    def _connect(self) -> None:
        self._recipes.activated.connect(self._choose_recipe)
        self._live.toggled.connect(self._wish_preview)
        self.segment.clicked.connect(lambda: self.segment_wished.emit(self.recipe_text))
        self.image.clicked.connect(lambda: self.image_wished.emit(self.recipe_text))
        self.folder.clicked.connect(lambda: self.folder_wished.emit(self.recipe_text))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for step in STEPS:
            action = menu.addAction(icon("plus"), step.title)
            action.setToolTip(step.effect)
            action.triggered.connect(lambda _=False, i=step.id: self.add_step(i))
        return menu

    def add_step(self, step_id: str) -> None:
        """Put a step with its default numbers at the end."""
        self._add_card(RecipeStep(step_id))
        self._changed()

    def _add_card(self, step: RecipeStep) -> None:
        card = StepCard(step)
        card.changed.connect(self._changed)
        card.remove_wished.connect(lambda: self._remove(card))
        card.move_wished.connect(lambda by: self._move(card, by))
        self._cards.append(card)
        self._stack.addWidget(card)

    def _remove(self, card: StepCard) -> None:
        self._cards.remove(card)
        self._stack.removeWidget(card)
        card.hide()
        card.deleteLater()
        self._changed()

    def _move(self, card: StepCard, by: int) -> None:
        place = self._cards.index(card) + by
        if 0 <= place < len(self._cards):
            self._cards.remove(card)
            self._cards.insert(place, card)
            self._stack.removeWidget(card)
            self._stack.insertWidget(place, card)
            self._changed()

    def _changed(self) -> None:
        for place, card in enumerate(self._cards):
            card.show_place(place, len(self._cards))
        self._none.setVisible(not self._cards)
        self._save.setEnabled(bool(self._cards))
        if self._live.isChecked():
            self._timer.start()

    def _wish_preview(self) -> None:
        live = self._live.isChecked() and self._selected > 0
        self.preview_wished.emit(self.recipe_text if live else "")

    def _choose_recipe(self, place: int) -> None:
        text = str(self._recipes.itemData(place))
        self._forget.setEnabled(self._recipes.itemText(place) in self._saved)
        if text:
            try:
                self.show_recipe(text)
            except BadRequest as error:
                # A recipe of another version stays in the list; it says what is wrong.
                self._recipes.setToolTip(str(error))

    def _ask_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Save recipe")
        dialog.setLabelText("Name of the recipe")
        dialog.setOkButtonText("Save")
        dialog.textValueSelected.connect(self._wish_save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _wish_save(self, name: str) -> None:
        if name.strip():
            self.save_wished.emit(name.strip(), self.recipe_text)

    def _wish_forget(self) -> None:
        self.forget_wished.emit(self._recipes.currentText())
