"""All panels of the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from seggui.gui.panels.candidates import CandidatesPanel
from seggui.gui.panels.classes import ClassesPanel
from seggui.gui.panels.history import HistoryPanel
from seggui.gui.panels.images import ImagesPanel
from seggui.gui.panels.layers import LayersPanel
from seggui.gui.panels.models import ModelsPanel
from seggui.gui.panels.refine import RefinePanel
from seggui.gui.panels.segments import SegmentsPanel
from seggui.gui.panels.tool_options import ToolOptionsPanel
from seggui.gui.panels.training import TrainingPanel


class Panels:
    """One of each; the docks of the window own them."""

    def __init__(self) -> None:
        self.images = ImagesPanel()
        self.history = HistoryPanel()
        self.segments = SegmentsPanel()
        self.classes = ClassesPanel()
        self.layers = LayersPanel()
        self.options = ToolOptionsPanel()
        self.refine = RefinePanel()
        self.models = ModelsPanel()
        self.training = TrainingPanel()
        self.candidates = CandidatesPanel()

    @property
    def by_id(self) -> dict[str, QWidget]:
        return {
            "images": self.images,
            "history": self.history,
            "segments": self.segments,
            "classes": self.classes,
            "layers": self.layers,
            "options": self.options,
            "refine": self.refine,
            "models": self.models,
            "training": self.training,
            "candidates": self.candidates,
        }

    def close_workers(self) -> None:
        """End what panels do in the background."""
        self.images.close_workers()
