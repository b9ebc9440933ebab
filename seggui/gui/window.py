"""The window: menus, tool bars, docks, the canvas in the middle, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QTabBar,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from seggui.gui.actions import ACTIONS, MENUS, ActionRow, tool_tip
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.crash import CrashGuard
from seggui.gui.docks import DOCKS, make_docks, place_docks
from seggui.gui.edit_wishes import EditWishes
from seggui.gui.engine_wishes import EngineWishes
from seggui.gui.icons import app_icon, put_icon, renew_icons
from seggui.gui.layout import (
    restore_layout,
    restore_look,
    store_layout,
    store_look,
)
from seggui.gui.model_rows import Catalogue
from seggui.gui.notices import Notice, NoticeBar, Notices
from seggui.gui.palette import CommandPalette
from seggui.gui.panels.all_panels import Panels
from seggui.gui.rows import facts_of
from seggui.gui.session import Session
from seggui.gui.status_bar import StatusBar
from seggui.gui.tasks import Tasks
from seggui.gui.theme import Wanted, theme
from seggui.gui.tool_bar import fill_tool_bar
from seggui.gui.tools.hand import Hand
from seggui.gui.tools.table import FAMILIES, TOOLS
from seggui.gui.welcome import Welcome
from seggui.gui.wiring import Wiring

_SMALLEST = QSize(900, 600)
_DEFAULT = QSize(1440, 900)


class MainWindow(QMainWindow):
    """Puts everything on the screen; what it shows is the session's."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue | None = None,
        notices: Notices | None = None,
    ) -> None:
        super().__init__()
        theme().set_wanted(cast(Wanted, session.settings.value("theme")))
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(_SMALLEST)
        self.resize(_DEFAULT)
        self.session = session
        self.notices = notices or Notices(self)
        self.canvas = Canvas()
        self.canvas.setAccessibleName("Canvas")
        self.hand = Hand(self.canvas, session, self)
        self.welcome = Welcome()
        self.status = StatusBar()
        self.panels = Panels()
        self.edits = EditWishes(session, self.canvas, self.hand)
        self.tasks = Tasks(self, session, self.panels, self.edits, catalogue)
        self.engine = EngineWishes(session, self)
        self._stage = self._make_stage()
        self.setStatusBar(self.status)
        self.docks = make_docks(self, self.panels.by_id)
        self.actions_by_id: dict[str, QAction] = {}
        self._make_actions()
        self._menus = self._make_menus()
        self._make_tool_bars()
        self._wiring = Wiring(self, self)
        theme().changed.connect(self._theme_changed)
        self._theme_changed()
        self.show_facts()
        self._restored = False
        restore_look(session)

    # -- what the wiring calls -------------------------------------------------

    def show_facts(self) -> None:
        """Enable what can be done now, and mark what is chosen."""
        facts = facts_of(self.session)
        for row in ACTIONS:
            action = self.actions_by_id[row.id]
            action.setEnabled(row.enabled(facts))
            if row.group == "tool":
                action.setChecked(row.argument == self.session.tool_id)
            elif row.group == "theme":
                action.setChecked(row.argument == theme().wanted)

    def show_stage(self, *, image: bool) -> None:
        """Show the canvas, or the ways to begin."""
        self._stage.setCurrentWidget(self.canvas if image else self.welcome)

    def listen_to(self, guard: CrashGuard) -> None:
        """Show what the guard says, and what the last start left behind."""
        guard.said.connect(self.notices.say)
        if guard.last_crash:
            report = guard.last_crash
            self.notices.put(
                Notice(
                    "The program ended unexpectedly last time. Every change is in the "
                    "journals and comes back when its image is opened.",
                    "warning",
                    action="Copy report",
                    do=lambda: QGuiApplication.clipboard().setText(report),
                )
            )

    @property
    def panels_have_focus(self) -> bool:
        """Whether the keyboard is in a panel, which must not lose it."""
        focus = self.focusWidget()
        return focus is not None and any(
            panel.isAncestorOf(focus) for panel in self.panels.by_id.values()
        )

    # -- wishes of the table ---------------------------------------------------

    def trigger(self, action_id: str) -> None:
        """Do what the action of that id does, when it is possible now."""
        self.actions_by_id[action_id].trigger()

    def show_palette(self) -> None:
        """Open the command palette."""
        palette = CommandPalette(self.actions_by_id, self)
        palette.open_at(self)

    def rename_segment(self) -> None:
        self.show_dock("segments")
        self.panels.segments.rename_selected()

    def show_training(self) -> None:
        self.show_dock("training")

    def toggle_fullscreen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def reset_layout(self) -> None:
        """Put every panel back where it was at first."""
        place_docks(self, self.docks)
        for bar in self.findChildren(QToolBar):
            bar.show()

    # -- building --------------------------------------------------------------

    def _make_stage(self) -> QStackedWidget:
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        stage = QStackedWidget()
        stage.addWidget(self.welcome)
        stage.addWidget(self.canvas)
        layout.addWidget(NoticeBar(self.notices, middle))
        layout.addWidget(stage, 1)
        self.setCentralWidget(middle)
        return stage

    def _target(self, name: str) -> object:
        targets: dict[str, object] = {
            "session": self.session,
            "window": self,
            "canvas": self.canvas,
            "edits": self.edits,
            "tasks": self.tasks,
            "engine": self.engine,
        }
        return targets[name]

    def _make_actions(self) -> None:
        groups: dict[str, QActionGroup] = {}
        for row in ACTIONS:
            action = QAction(row.text, self)
            put_icon(action, row.icon)
            action.setCheckable(row.checkable)
            keys = QKeySequence(row.shortcut)
            if row.shortcut:
                action.setShortcut(keys)
            shown = keys.toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(tool_tip(row, shown))
            action.setStatusTip(row.tip)
            action.triggered.connect(self._doer(row))
            if row.group:
                group = groups.setdefault(row.group, QActionGroup(self))
                group.addAction(action)
            self._put_in_place(action, row)
            self.actions_by_id[row.id] = action

    def _doer(self, row: ActionRow) -> Callable[[], None]:
        target, _, method = row.wish.partition(".")

        def do() -> None:
            wish = getattr(self._target(target), method)
            if row.argument is None:
                wish()
            else:
                wish(row.argument)

        return do

    def _put_in_place(self, action: QAction, row: ActionRow) -> None:
        spots: dict[str, QWidget] = {"canvas": self.canvas, **self.panels.by_id}
        if not row.spots:
            self.addAction(action)
            return
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        for spot in row.spots:
            spots[spot].addAction(action)

    def _make_menus(self) -> dict[str, QMenu]:
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menu = self.menuBar().addMenu(f"&{title}")
            menu.setToolTipsVisible(True)
            menus[title] = menu
        for row in ACTIONS:
            menu = menus[row.menu]
            if row.gap and menu.actions():
                menu.addSeparator()
            if row.family:
                menu = self._family_menu(menu, row)
            menu.addAction(self.actions_by_id[row.id])
        panels = menus["View"].addMenu("Panels")
        put_icon(panels.menuAction(), "layout")
        for dock_row in DOCKS:
            action = self.docks[dock_row.id].toggleViewAction()
            put_icon(action, dock_row.icon)
            action.setShortcut(QKeySequence(dock_row.shortcut))
            panels.addAction(action)
        return menus

    def _family_menu(self, menu: QMenu, row: ActionRow) -> QMenu:
        """The part of the Tools menu for one family."""
        for action in menu.actions():
            part = action.menu()
            if isinstance(part, QMenu) and part.objectName() == row.family:
                return part
        [family] = [f for f in FAMILIES if f.id == row.family]
        part = menu.addMenu(family.title)
        part.setObjectName(row.family)
        put_icon(part.menuAction(), row.icon)
        part.setToolTipsVisible(True)
        return part

    def _make_tool_bars(self) -> None:
        tools = self._tool_bar("Tools", "bar_tools", Qt.ToolBarArea.LeftToolBarArea)
        top = self._tool_bar("Actions", "bar_actions", Qt.ToolBarArea.TopToolBarArea)
        by_tool = {row.id: self.actions_by_id[f"tool_{row.id}"] for row in TOOLS}
        fill_tool_bar(tools, by_tool, self.session.settings)
        for row in ACTIONS:
            if row.bar:
                top.addAction(self.actions_by_id[row.id])

    def _tool_bar(self, title: str, name: str, area: Qt.ToolBarArea) -> QToolBar:
        bar = QToolBar(title, self)
        bar.setObjectName(name)
        bar.setIconSize(QSize(20, 20))
        bar.setMovable(True)
        bar.setAccessibleName(title)
        self.addToolBar(area, bar)
        return bar

    def show_dock(self, dock_id: str) -> None:
        """Bring a panel to the front, also one that was closed."""
        self.docks[dock_id].show()
        self.docks[dock_id].raise_()

    # -- Qt's events -----------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._restored:
            self._restored = True
            if not restore_layout(self, self.session.settings):
                # Sizes of docks can only be set when the window has its own.
                QTimer.singleShot(0, self.reset_layout)
            QTimer.singleShot(0, self._name_tabs)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.session.leave_image() and not self._close_anyway():
            event.ignore()
            return
        store_look(self.session)
        store_layout(self, self.session.settings)
        for dock in self.docks.values():
            # Floating panels are windows of their own and would stay behind.
            if dock.isFloating():
                dock.hide()
        self._wiring.close()
        self.tasks.close()
        self.panels.close_workers()
        self.session.close()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.tasks.dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = self.tasks.dropped_path(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.session.open_folder(path)

    def _close_anyway(self) -> bool:
        """Ask what to do with work that cannot be saved."""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Not saved")
        box.setText("The last changes of this image could not be saved.")
        box.setInformativeText(
            "The message above the image says why. What you did is also in the "
            "journal, if that could be written: it is offered at the next start."
        )
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        leave = box.addButton("Close anyway", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        return chosen is leave

    def _theme_changed(self) -> None:
        renew_icons()
        ground = QColor(theme().colours.canvas)
        self.canvas.set_background((ground.red(), ground.green(), ground.blue()))
        self._wiring.show_all()
        self.show_facts()

    def _name_tabs(self) -> None:
        for bar in self.findChildren(QTabBar):
            bar.setAccessibleName("Panels")
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)
            bar.setDrawBase(False)
