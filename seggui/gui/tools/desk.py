"""What a tool needs of the session, and the options a person sets for tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.document import Document
from seggui.core.prompt import Part, Prompt
from seggui.errors import BadRequest

BRUSH_SMALLEST_PX = 1
BRUSH_LARGEST_PX = 2000


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How tools work; sizes are image pixels."""

    brush_px: int = 24
    """Diameter of brush and eraser."""
    brush_shape: Literal["round", "square"] = "round"
    paint_into: Literal["selected", "new"] = "selected"
    protect_others: bool = False
    """Never set a pixel that another segment has."""
    point_positive: bool = True
    """Whether the left button adds to the object; the right one does the opposite."""
    polygon_tolerance_px: float = 1.5
    """How far a polygon made from a mask may lie off the mask's edge."""
    scribble_px: int = 6
    """Width of a scribble."""
    rough_px: int = 40
    """Width of a rough stroke."""
    snap_corners: bool = False
    """Whether corners of a polygon go to the nearest edge of the image."""
    snap_anchors: bool = True
    """The same for the anchors of the livewire."""
    follow_edges: bool = False
    """Whether brush and eraser stop at edges of the image."""
    fill_gaps: bool = False
    """Whether what is drawn grows into narrow gaps to its neighbours."""

    def __post_init__(self) -> None:
        for size_px in (self.brush_px, self.scribble_px, self.rough_px):
            if not BRUSH_SMALLEST_PX <= size_px <= BRUSH_LARGEST_PX:
                raise BadRequest(
                    f"A brush of {size_px} pixels cannot be used; "
                    f"{BRUSH_SMALLEST_PX} to {BRUSH_LARGEST_PX} can."
                )


class Desk(Protocol):
    """What lies before the person, and what a tool may wish for."""

    @property
    def document(self) -> Document | None: ...

    @property
    def image_hwc(self) -> NDArray[np.uint8] | None:
        """The shown image, RGB."""
        ...

    @property
    def selected(self) -> tuple[str, ...]: ...

    @property
    def hidden(self) -> frozenset[str]: ...

    @property
    def class_id(self) -> int: ...

    @property
    def options(self) -> ToolOptions: ...

    @property
    def prompt(self) -> Prompt:
        """The marks on the object that is asked about."""
        ...

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All marks; several prompts are about an object each."""
        ...

    @property
    def candidate(self) -> Candidate | None: ...

    @property
    def read_only(self) -> bool: ...

    def commit(
        self, label: str, document: Document, select: Sequence[str] | None = None
    ) -> None:
        """Make this the document, as one undo step."""
        ...

    def ask(self, prompt: Prompt) -> None:
        """Ask the prompted model; an empty prompt takes back what was asked."""
        ...

    def follow(self, prompt: Prompt | None) -> None:
        """Show what marks would bring while they are drawn; None when it ends."""
        ...

    def ask_each(self, prompts: Sequence[Prompt]) -> None:
        """Ask for several objects, one for each prompt."""
        ...

    def why_not(self, part: Part) -> str:
        """Why the model cannot be asked with such marks; empty when it can."""
        ...

    def cycle_candidate(self, step: int = 1) -> None:
        """Show the next of the candidates."""
        ...

    def select(self, ids: Sequence[str]) -> None: ...

    def say(self, text: str, level: str = "info") -> None: ...

    def set_options(self, options: ToolOptions) -> None: ...
