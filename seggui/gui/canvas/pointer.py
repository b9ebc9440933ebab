"""What the mouse does, in image coordinates, and who listens to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from PySide6.QtCore import Qt

Button = Literal["left", "right", "none"]


@dataclass(frozen=True, slots=True)
class Pointer:
    """The mouse over the image.

    ``x`` and ``y`` are the image point under the centre of the device pixel; they
    may lie outside the image.
    """

    x: float
    y: float
    button: Button = "left"
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    scale: float = 1.0
    """Logical screen pixels per image pixel: how near is near enough for a hit."""

    @property
    def xy(self) -> tuple[float, float]:
        return self.x, self.y

    @property
    def plain(self) -> Pointer:
        """The same without keys held down."""
        return replace(self, shift=False, ctrl=False, alt=False)

    def near(self, x: float, y: float, reach: float = 8.0) -> bool:
        """Whether a point lies within ``reach`` logical pixels of the mouse."""
        away = (self.x - x) ** 2 + (self.y - y) ** 2
        return away * self.scale**2 <= reach**2


class PointerTaker(Protocol):
    """Who gets what the canvas does not use for panning and zooming itself."""

    @property
    def pans(self) -> bool:
        """Whether the left button pans."""
        ...

    def press(self, pointer: Pointer) -> None: ...

    def move(self, pointer: Pointer) -> None:
        """The mouse moved with its button down."""
        ...

    def release(self, pointer: Pointer) -> None: ...

    def double_click(self, pointer: Pointer) -> None: ...

    def hover(self, pointer: Pointer) -> None:
        """The mouse moved with no button down."""
        ...

    def leave(self) -> None: ...

    def wheel(self, steps: float) -> bool:
        """Ctrl and the wheel; True when it was used."""
        ...

    def choose(self, step: int) -> bool:
        """Alt and the wheel: the next or the one before; True when it was used."""
        ...

    def key(self, key: Qt.Key) -> bool:
        """A key without modifiers; True when it was used."""
        ...
