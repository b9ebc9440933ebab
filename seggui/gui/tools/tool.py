"""What a tool is: it answers the mouse with gestures, and keeps no truth of its own."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Protocol

from PySide6.QtCore import Qt

from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.prompt import Prompt
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest, ReadOnly
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import Rubber
from seggui.gui.tools.desk import Desk

Gesture = Generator[None, Pointer | None, None]
"""A gesture with the button down, as one block.

It is sent every place of the mouse, the last one when the button comes up, and None
after that. Closed before, it was given up; its ``finally`` takes the preview away.
"""


class Easel(Protocol):
    """Where a tool shows what is not finished yet: the canvas."""

    def show_preview(self, document: Document | None) -> None: ...

    def show_rubber(self, rubber: Rubber | None) -> None: ...

    def show_prompt(self, prompt: Prompt | None) -> None: ...


class Tool:
    """A tool in the hand; each method is called on the window's thread."""

    cursor = Qt.CursorShape.CrossCursor
    pans = False
    """Whether the left button moves the image."""
    edits = True
    """Whether it changes the document, so that it is refused on a read-only one."""
    sized = ""
    """The option that is its size, set by [ and ] and by Ctrl with the wheel."""

    def __init__(self, desk: Desk, easel: Easel) -> None:
        self.desk = desk
        self.easel = easel

    @property
    def document(self) -> Document:
        """The shown document; gestures only start when there is one."""
        document = self.desk.document
        if document is None:
            raise BadRequest("There is no image to work on.")
        return document

    @property
    def image_box(self) -> Box:
        facts = self.document.image
        return Box(0, 0, facts.width, facts.height)

    def begin(self, pointer: Pointer) -> Gesture | None:
        """A button went down; None when that means nothing."""
        return None

    def double_click(self, pointer: Pointer) -> Gesture | None:
        """The second click of two; most tools take it for another press."""
        return self.begin(pointer)

    def hover(self, pointer: Pointer) -> None:
        """The mouse moved with no button down."""

    def leave(self) -> None:
        """The mouse left the canvas."""

    def key(self, key: Qt.Key) -> bool:
        """A key without modifiers; True when it was used."""
        return False

    def finish(self) -> bool:
        """Enter; True when there was something to finish."""
        return False

    def cancel(self) -> bool:
        """Esc outside a gesture; True when there was something to give up."""
        return False

    def take_back(self) -> bool:
        """Take back the last of what is being drawn; True when there was something."""
        return False

    @property
    def busy(self) -> bool:
        """Whether something is unfinished between two gestures."""
        return False

    def refresh(self) -> None:
        """The document, the selection or the options changed."""

    def drop(self) -> None:
        """The tool leaves the hand."""
        self.cancel()
        self.easel.show_rubber(None)


class Stopwatch:
    """Measures how long a gesture took the person."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def source(self, tool: str) -> Source:
        return Source(tool, seconds=round(time.monotonic() - self._start, 2))


def shown_segments(desk: Desk) -> list[Segment]:
    """The segments that can be seen, from bottom to top."""
    if desk.document is None:
        return []
    return [s for s in desk.document.segments if s.id not in desk.hidden]


def segment_at(desk: Desk, x: float, y: float) -> Segment | None:
    """The topmost segment that can be seen under a point."""
    for segment in reversed(shown_segments(desk)):
        if segment.mask.contains(x, y):
            return segment
    return None


def selected_segment(desk: Desk) -> Segment | None:
    """The segment that was selected last, or None."""
    if desk.document is None or not desk.selected:
        return None
    return desk.document.get(desk.selected[-1])


def check_paintable(desk: Desk, segment: Segment) -> Segment:
    """Return the segment; raises ``ReadOnly`` when its pixels must stay."""
    name = segment.name or segment.id
    if segment.locked:
        raise ReadOnly(
            f"The segment {name} is locked and stays as it is. "
            "Unlock it in the segments list to change it."
        )
    if segment.id in desk.hidden:
        raise ReadOnly(
            f"The segment {name} is hidden. Show it in the segments list to change it."
        )
    return segment
