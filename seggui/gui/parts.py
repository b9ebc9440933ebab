"""What those who connect the parts of a window need of it."""

from __future__ import annotations

from typing import Protocol

from seggui.gui.canvas.canvas import Canvas
from seggui.gui.edit_wishes import EditWishes
from seggui.gui.notices import Notices
from seggui.gui.panels.all_panels import Panels
from seggui.gui.session import Session
from seggui.gui.status_bar import StatusBar
from seggui.gui.tasks import Tasks
from seggui.gui.tools.hand import Hand
from seggui.gui.welcome import Welcome


class Parts(Protocol):
    """The parts of one window."""

    session: Session
    panels: Panels
    canvas: Canvas
    hand: Hand
    notices: Notices
    status: StatusBar
    welcome: Welcome
    edits: EditWishes
    tasks: Tasks

    @property
    def panels_have_focus(self) -> bool: ...

    def show_facts(self) -> None: ...

    def show_stage(self, *, image: bool) -> None: ...

    def show_dock(self, dock_id: str) -> None: ...

    def setWindowModified(self, modified: bool, /) -> None: ...

    def setWindowTitle(self, title: str, /) -> None: ...
