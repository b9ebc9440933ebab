"""How layers look: which are shown, how strong, and how segments are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Draw = Literal["fill", "outline", "both"]
ColourBy = Literal["class", "instance"]


@dataclass(frozen=True, slots=True)
class LayerStyle:
    """Whether a layer is shown, and how strongly, 0 to 1."""

    visible: bool = True
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A thing the canvas draws, as the panel of layers lists it."""

    id: str
    title: str
    default: LayerStyle


LAYERS: tuple[LayerRow, ...] = (
    LayerRow("image", "Image", LayerStyle()),
    LayerRow("prediction", "Prediction", LayerStyle(opacity=0.4)),
    LayerRow("segments", "Segments", LayerStyle(opacity=0.4)),
    LayerRow("uncertainty", "Uncertainty", LayerStyle(visible=False, opacity=0.6)),
    LayerRow("candidate", "Candidate", LayerStyle(opacity=0.5)),
    LayerRow("prompt", "Prompt", LayerStyle()),
)
"""From bottom to top."""


def default_layers() -> dict[str, LayerStyle]:
    return {row.id: row.default for row in LAYERS}


@dataclass(frozen=True, slots=True)
class SegmentsLook:
    """How segments are drawn."""

    draw: Draw = "both"
    colour_by: ColourBy = "class"
