"""The window's link to the engine and the refine process: tickets out, signals in.

Images are copied into shared memory on a thread here, and everything that needs them
queues up behind that on the same thread. Answers arrive on the clients' threads and
come over to the GUI thread as queued signals; stale ones are dropped on arrival.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, SignalInstance

from seggui.core.everything import EverythingOptions
from seggui.core.mask import Mask
from seggui.core.parameters import Settings
from seggui.core.prompt import Prompt
from seggui.errors import SegguiError
from seggui.jobs.client import Client
from seggui.jobs.messages import (
    Answers,
    Ask,
    AskEach,
    Candidates,
    Encode,
    Encoded,
    Everything,
    Failed,
    Predict,
    Predicted,
    Progress,
    Refine,
    Refined,
    Reply,
    Request,
    SharedImage,
)
from seggui.jobs.shared import SharedImages
from seggui.jobs.worker_client import WorkerClient

_ENGINE = "seggui.models.host:open_host"
_REFINER = "seggui.jobs.refine_host:open_host"
_CANCEL_GRACE_S = 1.0
_CLOSE_S = 3.0

ClientOf = Callable[[Callable[[Reply], None], Callable[[str], None]], Client]
"""Makes a client that calls the first for each reply, the second when it is lost."""

MakeRequest = Callable[[int, SharedImage], Request]

_SIGNALS: dict[type[Reply], str] = {
    Candidates: "candidates_ready",
    Answers: "answers_ready",
    Encoded: "encoded",
    Predicted: "predicted",
    Refined: "refined",
    Failed: "failed",
    Progress: "progress",
}


class EngineLink(QObject):
    """Everything that the window asks of models and recipes goes through here.

    Each ticket ends in exactly one of the signals before ``progress``, or in none when
    it was cancelled or, for ``ask``, replaced by a newer one. No method waits.
    """

    candidates_ready = Signal(object)
    """``Candidates`` of the newest ask."""
    answers_ready = Signal(object)
    """``Answers``: for each prompt of an ``ask_each`` its candidates."""
    encoded = Signal(object)
    predicted = Signal(object)
    refined = Signal(object)
    failed = Signal(object)
    """``Failed``, never for the reason ``cancelled``."""
    progress = Signal(object)
    noted = Signal(str)
    """A sentence about what goes wrong beside the work; once while it is so."""
    engine_lost = Signal(str)
    """A sentence, once per death of a process, after the ``failed`` of its tickets."""
    engine_silent = Signal(str)
    """A sentence while the engine gives no sign of life; empty when it does again."""

    _arrived = Signal(object)
    _ended = Signal(str)
    _fell_silent = Signal(str)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        log_folder: Path | None = None,
        engine: ClientOf | None = None,
        refiner: ClientOf | None = None,
    ) -> None:
        super().__init__(parent)
        self.images = SharedImages()
        self._refusals: dict[str, str] = {}
        self._tickets = itertools.count(1)
        self._wanted: set[int] = set()
        self._newest_ask = 0
        self._note = ""
        self._closed = False
        queued = Qt.ConnectionType.QueuedConnection
        self._arrived.connect(self._receive, queued)
        self._ended.connect(self._tell_lost, queued)
        self._fell_silent.connect(self._tell_silent, queued)
        self.engine = (engine or _worker(_ENGINE, "engine", log_folder))(
            self._arrived.emit, self._ended.emit
        )
        self.refiner = (refiner or _worker(_REFINER, "refine process", log_folder))(
            self._arrived.emit, self._ended.emit
        )
        self.engine.on_silent = self._fell_silent.emit
        self._errands: queue.SimpleQueue[Callable[[], None] | None]
        self._errands = queue.SimpleQueue()
        self._runner = threading.Thread(
            target=self._run_errands, name="seggui-engine-link", daemon=True
        )
        self._runner.start()

    # -- wishes ---------------------------------------------------------------

    def next_ticket(self) -> int:
        """A ticket for batch work that talks to a client itself. Any thread."""
        return next(self._tickets)

    def warm_up(self) -> None:
        """Start the processes now instead of at the first request."""
        self.engine.start()
        self.refiner.start()

    def open_image(self, key: str, image_hwc: NDArray[np.uint8]) -> None:
        """Share an RGB image, axes (y, x, 3); the array must not change any more."""
        self._errands.put(lambda: self._share(key, image_hwc))

    def close_image(self, key: str) -> None:
        """Give its memory back; the processes forget it."""
        self._errands.put(lambda: self._drop(key))

    def encode(
        self, key: str, model_id: str, settings: Settings = (), *, ahead: bool = False
    ) -> int:
        """Prepare an image for prompts; ``ahead`` when it is not shown yet."""
        return self._issue(
            key, lambda t, image: Encode(t, image, model_id, ahead, settings)
        )

    def ask(self, key: str, model_id: str, prompt: Prompt, recipe: str = "") -> int:
        """Ask for candidates; takes the place of the ask before it."""
        self._wanted.discard(self._newest_ask)
        self._newest_ask = self._issue(
            key, lambda t, image: Ask(t, image, model_id, prompt, recipe)
        )
        return self._newest_ask

    def ask_each(
        self, key: str, model_id: str, prompts: tuple[Prompt, ...], recipe: str = ""
    ) -> int:
        """Ask about several objects at once, one for each prompt."""
        return self._issue(
            key, lambda t, image: AskEach(t, image, model_id, prompts, recipe)
        )

    def predict(  # noqa: PLR0913 - what a prediction can be asked for
        self,
        key: str,
        model: str,
        *,
        weights: str = "",
        tile: int = 0,
        recipe: str = "",
        smallest_score: float = 0.5,
        things: tuple[str, ...] = (),
    ) -> int:
        """Find everything; parts of classes named in ``things`` come one by one."""
        return self._issue(
            key,
            lambda t, image: Predict(
                t, image, model, weights, tile, recipe, smallest_score, things
            ),
        )

    def everything(
        self,
        key: str,
        model_id: str,
        options: EverythingOptions,
        known: tuple[Mask, ...] = (),
    ) -> int:
        """Let a prompted model find all objects but those that are known."""
        return self._issue(
            key, lambda t, image: Everything(t, image, model_id, options, known)
        )

    def refine(self, key: str, masks: tuple[Mask, ...], recipe: str) -> int:
        return self._issue(key, lambda t, image: Refine(t, image, masks, recipe))

    def cancel(self, ticket: int) -> None:
        """No answer to that ticket is wanted any more."""
        self._wanted.discard(ticket)
        self._errands.put(lambda: self._withdraw(ticket))

    def stop_engine(self) -> None:
        """End both processes at once; the next request starts new ones."""
        self.engine.kill()
        self.refiner.kill()

    def close(self) -> None:
        """End everything, within about three seconds; no signal comes after it."""
        if self._closed:
            return
        self._closed = True
        self._wanted.clear()
        self._errands.put(None)
        self.engine.end()
        self.refiner.end()
        self._runner.join(_CLOSE_S)
        self.engine.close()
        self.refiner.close()
        self.images.close()

    # -- on the GUI thread ----------------------------------------------------

    def _issue(self, key: str, make: MakeRequest) -> int:
        ticket = next(self._tickets)
        self._wanted.add(ticket)
        self._errands.put(lambda: self._post(ticket, key, make))
        return ticket

    def _receive(self, reply: Reply) -> None:
        self._take_note(reply)
        if reply.ticket not in self._wanted:
            return
        if not isinstance(reply, Progress):
            self._wanted.discard(reply.ticket)
        if isinstance(reply, Failed) and reply.reason == "cancelled":
            # Pushed out of a full queue; nobody needs to hear of it.
            return
        signal: SignalInstance = getattr(self, _SIGNALS[type(reply)])
        signal.emit(reply)

    def _take_note(self, reply: Reply) -> None:
        if not isinstance(reply, Encoded | Candidates | Answers | Predicted):
            return
        if reply.note != self._note:
            self._note = reply.note
            if reply.note and not self._closed:
                self.noted.emit(reply.note)

    def _tell_lost(self, text: str) -> None:
        if not self._closed:
            self.engine_lost.emit(text)

    def _tell_silent(self, text: str) -> None:
        if not self._closed:
            self.engine_silent.emit(text)

    # -- on the link's own thread ----------------------------------------------

    def _run_errands(self) -> None:
        while (errand := self._errands.get()) is not None:
            errand()

    def _share(self, key: str, image_hwc: NDArray[np.uint8]) -> None:
        try:
            self.images.share(key, image_hwc)
            self._refusals.pop(key, None)
        except SegguiError as error:
            # Told by the requests that miss it.
            self._refusals[key] = str(error)

    def _drop(self, key: str) -> None:
        self._refusals.pop(key, None)
        if self.images.drop(key):
            self.engine.forget(key)
            self.refiner.forget(key)

    def _post(self, ticket: int, key: str, make: MakeRequest) -> None:
        try:
            if key in self._refusals:
                raise SegguiError(self._refusals[key])
            request = make(ticket, self.images.get(key))
        except SegguiError as error:
            self._arrived.emit(Failed(ticket, str(error)))
            return
        client = self.refiner if isinstance(request, Refine) else self.engine
        client.request(request)

    def _withdraw(self, ticket: int) -> None:
        # Each client knows its own tickets and passes over the others.
        self.engine.cancel(ticket)
        self.refiner.cancel(ticket)


def _worker(factory: str, name: str, log_folder: Path | None) -> ClientOf:
    def make(
        on_reply: Callable[[Reply], None], on_lost: Callable[[str], None]
    ) -> Client:
        log_file = "" if log_folder is None else str(log_folder / f"{name}.log")
        return WorkerClient(
            factory,
            on_reply,
            name=name,
            on_lost=on_lost,
            log_file=log_file,
            kill_after_s=_CANCEL_GRACE_S if factory == _REFINER else None,
        )

    return make
