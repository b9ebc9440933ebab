"""What is connected to tools, marks, candidates and layers."""

from __future__ import annotations

from PySide6.QtCore import QObject

from seggui.gui.parts import Parts
from seggui.gui.rows import candidate_rows
from seggui.gui.tools.table import tool_row
from seggui.gui.turns import Turns


class ToolWiring(QObject):
    """Connects what draws and what is offered with the session."""

    def __init__(self, window: Parts, turns: Turns, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._session = window.session
        self._panels = window.panels
        self._soon = turns.soon
        self._connect_session()
        self._connect_panels()

    def show_all(self) -> None:
        """Show everything anew."""
        for show in (self._show_layers, self._show_tool, self._show_candidates):
            self._soon(show)

    def _connect_session(self) -> None:
        session = self._session
        session.conversation.waiting_changed.connect(
            lambda: self._soon(self._show_candidates)
        )
        session.candidates_changed.connect(self._candidates_changed)
        session.prompt_changed.connect(self._prompt_changed)
        session.tool_changed.connect(self._tool_changed)
        session.options_changed.connect(lambda: self._soon(self._show_tool))
        session.model_changed.connect(lambda: self._soon(self._show_tool))
        session.layers_changed.connect(lambda: self._soon(self._show_layers))
        session.borders_changed.connect(
            lambda: self._window.canvas.set_borders(session.borders)
        )
        self._window.canvas.hovered.connect(self._hovered)

    def _connect_panels(self) -> None:
        session, edit, panels = self._session, self._window.edits, self._panels
        panels.layers.layer_wished.connect(session.set_layer)
        panels.layers.look_wished.connect(session.set_look)
        panels.layers.adjustment_wished.connect(session.set_adjustment)
        panels.options.options_wished.connect(session.set_options)
        panels.options.parameter_wished.connect(session.set_parameter)
        panels.options.defaults_wished.connect(session.reset_parameters)
        panels.options.text_wished.connect(session.ask_for)
        panels.candidates.level_wished.connect(session.set_level)
        panels.candidates.show_wished.connect(session.show_candidate)
        panels.candidates.accept_wished.connect(edit.accept)
        panels.candidates.drop_wished.connect(edit.drop)

    def _tool_changed(self) -> None:
        # The next press may follow the key at once: it belongs to the new tool.
        self._window.hand.take(self._session.tool_id)
        self._soon(self._show_tool)
        if self._session.tool.reads == "text":
            self._soon(self._take_text)

    def _take_text(self) -> None:
        """The words are typed in the panel, so it comes to the front."""
        self._window.show_dock("options")
        self._panels.options.take_text()

    def _candidates_changed(self) -> None:
        self._window.canvas.set_candidates(self._session.conversation.shown)
        self._soon(self._show_candidates)
        self._soon(self.show_uncertainty)

    def _prompt_changed(self) -> None:
        self._window.canvas.set_prompts(self._session.prompts)
        self._window.hand.refresh()
        self._soon(self._show_candidates)

    def _show_layers(self) -> None:
        session, canvas = self._session, self._window.canvas
        canvas.set_layers(session.layers)
        canvas.set_look(session.look)
        canvas.set_adjustment(session.adjustment)
        self._soon(self.show_uncertainty)
        self._panels.layers.show_layers(session.layers)
        self._panels.layers.show_look(session.look)
        self._panels.layers.show_adjustment(session.adjustment)

    def show_uncertainty(self) -> None:
        """Of the candidate while there is one, else of the last prediction."""
        session, canvas = self._session, self._window.canvas
        shown = session.candidate
        known = None if shown is None else shown.probability
        if known is None:
            canvas.set_uncertainty(session.uncertainty_hw)
        elif session.layers["uncertainty"].visible:
            canvas.set_uncertainty(known.uncertainty_hw, known.box)

    def _show_tool(self) -> None:
        session = self._session
        row = tool_row(session.tool_id)
        self._window.hand.take(session.tool_id)
        self._window.hand.refresh()
        self._panels.options.show_tool(row.id, row.title, row.hint)
        self._panels.options.show_options(session.options)
        self._show_model()

    def _show_model(self) -> None:
        """What can be set of the model that the tool in hand asks."""
        session, panel = self._session, self._panels.options
        reads = session.tool.reads
        panel.show_why_not("" if reads is None else session.why_not(reads))
        panel.model_choice.setVisible(session.tool.asks and not session.tool.model)
        info = session.model if session.tool.asks else None
        if info is None:
            panel.show_model("", (), {})
        else:
            values = session.model_settings.values(info)
            # The tool is named after its method: once is enough.
            title = "Settings" if session.tool.model else info.title
            panel.show_model(title, info.parameters, values)

    def _show_candidates(self) -> None:
        session = self._session
        talk = session.conversation
        self._panels.candidates.show_candidates(
            candidate_rows(session),
            session.candidate_index,
            marks=talk.marks,
            waiting=talk.waiting,
            each=talk.each,
        )
        known = session.candidate is not None and session.candidate.probability
        self._panels.candidates.show_level(talk.level if known else None)

    def _hovered(self, xy: tuple[int, int] | None) -> None:
        image = self._session.image
        value = image.value_at(*xy) if xy and image else ""
        self._window.status.show_pixel(xy, value)
        self._session.hover(xy)
