"""Tickets out, signals in; and the event loop stays smooth meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.errors import SegguiError
from seggui.gui.engine_link import EngineLink
from seggui.jobs.in_process import InProcessClient
from seggui.jobs.messages import (
    Answers,
    AskEach,
    Candidates,
    Encode,
    Encoded,
    Failed,
    Predict,
    Predicted,
)
from seggui.jobs.refine_host import RefineHost
from seggui.jobs.shared import AttachedImages

ROOT = Path(__file__).parents[2]
PIXELS = np.zeros((40, 60, 3), np.uint8)
PROMPT = Prompt((Point(1, 1),))


class FakeHost:
    """Answers when it is let; everything it was asked is kept."""

    def __init__(self):
        self.asked = []
        self.forgotten = []
        self.go = threading.Event()
        self.go.set()
        self.images = AttachedImages()

    def handle(self, request, report):
        self.asked.append(request)
        while not self.go.wait(0.005):
            report(1, 2, "thinking")
        if isinstance(request, Encode):
            return Encoded(request.ticket, 0.0)
        if isinstance(request, Predict):
            return Predicted(request.ticket, (), None, 0.0)
        if isinstance(request, AskEach):
            return Answers(request.ticket, ((),) * len(request.prompts), 0.0)
        height, width = self.images.get(request.image).shape[:2]
        mask = Mask.full(height, width)
        return Candidates(request.ticket, (Candidate(mask, 1.0),), 0.0)

    def forget(self, key):
        self.forgotten.append(key)


class Ear(QObject):
    """Keeps what each signal brings, and on which thread."""

    def __init__(self, link):
        super().__init__()
        self.heard = []
        self.threads = set()
        for name in (
            "candidates_ready",
            "answers_ready",
            "encoded",
            "predicted",
            "refined",
            "failed",
            "engine_lost",
        ):
            getattr(link, name).connect(getattr(self, name))
        link.progress.connect(self.progress)
        self.steps = []

    def keep(self, name, what):
        self.threads.add(QThread.currentThread())
        self.heard.append((name, what))

    def candidates_ready(self, reply):
        self.keep("candidates", reply)

    def answers_ready(self, reply):
        self.keep("answers", reply)

    def encoded(self, reply):
        self.keep("encoded", reply)

    def predicted(self, reply):
        self.keep("predicted", reply)

    def refined(self, reply):
        self.keep("refined", reply)

    def failed(self, reply):
        self.keep("failed", reply)

    def engine_lost(self, text):
        self.keep("lost", text)

    def progress(self, reply):
        self.steps.append(reply)

    @property
    def tickets(self):
        return [getattr(what, "ticket", what) for _, what in self.heard]


@pytest.fixture
def host():
    return FakeHost()


@pytest.fixture
def link(qapp, host):
    link = EngineLink(
        engine=lambda reply, lost: InProcessClient(host, reply, on_lost=lost),
        refiner=lambda reply, lost: InProcessClient(RefineHost(), reply, on_lost=lost),
    )
    yield link
    host.go.set()
    link.close()


@pytest.fixture
def ear(link):
    return Ear(link)


def test_each_request_brings_its_own_signal_on_the_gui_thread(link, ear, qtbot):
    link.open_image("a", PIXELS)
    mask = Mask.full(40, 60)
    tickets = [link.encode("a", "m"), link.predict("a", "m")]
    tickets += [link.refine("a", (mask,), ""), link.ask("a", "m", PROMPT)]
    qtbot.waitUntil(lambda: len(ear.heard) == 4)
    names = {what.ticket: name for name, what in ear.heard}
    assert [names[t] for t in tickets] == [
        "encoded",
        "predicted",
        "refined",
        "candidates",
    ]
    assert ear.threads == {QThread.currentThread()}


def test_only_the_newest_ask_is_answered(link, ear, host, qtbot):
    link.open_image("a", PIXELS)
    host.go.clear()
    link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: len(host.asked) == 1)
    link.ask("a", "m", PROMPT)
    newest = link.ask("a", "m", PROMPT)
    host.go.set()
    qtbot.waitUntil(lambda: newest in ear.tickets)
    qtbot.wait(50)
    assert ear.tickets == [newest]


def test_several_prompts_are_answered_beside_the_newest_ask(link, ear, qtbot):
    link.open_image("a", PIXELS)
    each = link.ask_each("a", "m", (PROMPT, PROMPT))
    newest = link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: len(ear.heard) == 2)
    found = dict(ear.heard)
    assert found["candidates"].ticket == newest
    assert found["answers"].ticket == each
    assert len(found["answers"].answers) == 2


def test_a_cancelled_ticket_is_never_heard_of_again(link, ear, host, qtbot):
    link.open_image("a", PIXELS)
    host.go.clear()
    ticket = link.predict("a", "m")
    qtbot.waitUntil(lambda: len(ear.steps) > 0)
    link.cancel(ticket)
    other = link.encode("a", "m")
    host.go.set()
    qtbot.waitUntil(lambda: other in ear.tickets)
    assert ticket not in ear.tickets


def test_an_image_that_is_not_open_is_a_sentence(link, ear, qtbot):
    ticket = link.ask("b", "m", PROMPT)
    qtbot.waitUntil(lambda: ear.tickets == [ticket])
    assert ear.heard[0][1].text.startswith("The image is not open any more")


def test_an_image_without_room_is_a_sentence_for_each_request(
    link, ear, qtbot, monkeypatch
):
    def refuse(key, image_hwc):
        raise SegguiError("The image does not fit.")

    monkeypatch.setattr(link.images, "share", refuse)
    link.open_image("a", PIXELS)
    tickets = [link.ask("a", "m", PROMPT), link.encode("a", "m")]
    qtbot.waitUntil(lambda: len(ear.heard) == 2)
    assert ear.tickets == tickets
    assert {what.text for _, what in ear.heard} == {"The image does not fit."}


def test_closing_an_image_makes_the_host_forget_it(link, ear, host, qtbot):
    link.open_image("a", PIXELS)
    link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: len(ear.heard) == 1)
    link.close_image("a")
    qtbot.waitUntil(lambda: host.forgotten == ["a"])


def test_stopping_the_engine_fails_what_waits_and_the_next_ask_works(
    link, ear, host, qtbot
):
    link.open_image("a", PIXELS)
    host.go.clear()
    ticket = link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: len(host.asked) == 1)
    link.stop_engine()
    qtbot.waitUntil(lambda: [name for name, _ in ear.heard] == ["failed", "lost"])
    assert isinstance(ear.heard[0][1], Failed)
    assert (ear.heard[0][1].ticket, ear.heard[0][1].reason) == (ticket, "lost")
    host.go.set()
    again = link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: again in ear.tickets)


def test_nothing_is_signalled_after_close(link, ear, host, qtbot):
    link.open_image("a", PIXELS)
    host.go.clear()
    link.ask("a", "m", PROMPT)
    qtbot.waitUntil(lambda: len(host.asked) == 1)
    link.close()
    qtbot.wait(50)
    assert ear.heard == []
    link.close()


def test_a_killed_real_engine_is_told_and_replaced(qapp, qtbot):
    link = EngineLink()
    ear = Ear(link)
    try:
        link.warm_up()
        link.open_image("a", PIXELS)
        qtbot.waitUntil(lambda: link.engine.pid is not None, timeout=30_000)
        ticket = link.ask("a", "no such model", PROMPT)
        qtbot.waitUntil(lambda: ticket in ear.tickets, timeout=30_000)
        first = link.engine.pid
        os.kill(first, signal.SIGKILL)
        qtbot.waitUntil(lambda: ear.heard[-1][0] == "lost", timeout=30_000)
        again = link.ask("a", "no such model", PROMPT)
        qtbot.waitUntil(lambda: again in ear.tickets, timeout=30_000)
        assert link.engine.pid != first
        assert "no such model" in ear.heard[-1][1].text
    finally:
        link.close()


LIMIT_MS = 50


@pytest.mark.slow
def test_the_event_loop_stays_smooth_while_the_engine_works_and_dies(tmp_path):
    """Not late by more than 50 ms, in a process of its own like the window's.

    Something of ours that holds the loop up does so every time, other programs on
    the machine do not: so each phase has three tries, and an idle loop that is late
    by more than the limit is no evidence.
    """
    benchmark = ROOT / "benchmarks" / "event_loop.py"
    report = tmp_path / "lateness.json"
    best = {}
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, str(benchmark), "--json", str(report)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        sys.stdout.write(done.stdout)
        assert done.returncode == 0, done.stderr
        rows = json.loads(report.read_text())
        for row in rows:
            known = best.get(row["what"], row["max_ms"])
            best[row["what"]] = min(known, row["max_ms"])
        allowed_ms = max(LIMIT_MS, rows[0]["max_ms"])
        if max(best.values()) <= allowed_ms:
            break
    assert len(best) == 8
    assert max(best.values()) <= allowed_ms, best
