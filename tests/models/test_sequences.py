"""What the engine remembers of passes, through its host."""

import numpy as np
import pytest
from moving_shapes import RED, drawn, iou

from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, SegguiError
from seggui.jobs.messages import Propagate
from seggui.jobs.shared import SharedImages
from seggui.models import catalog
from seggui.models.host import EngineHost
from seggui.models.propagation.flow import FlowModel
from seggui.models.sequences import MOST

FRAMES = [drawn((RED, 50 + 8 * k, 60, 20)) for k in range(3)]


@pytest.fixture
def ask():
    """Asks a host about a frame of a pass."""
    images = SharedImages()
    tickets = iter(range(1, 99))

    def ask(host, frame, sequence="s", known=None, first=False, model_id="flow"):
        image = images.share(str(frame), np.ascontiguousarray(FRAMES[frame][0]))
        return host.handle(
            Propagate(next(tickets), image, model_id, sequence, known or {}, first),
            unwatched,
        )

    yield ask
    images.close()


def seed(frame=0):
    return {"red": Mask.from_dense(FRAMES[frame][1][0])}


def test_a_pass_is_remembered_from_image_to_image(ask):
    host = EngineHost()
    reply = ask(host, 0, known=seed(), first=True)
    assert (reply.found, reply.remembered, reply.ticket) == ({}, True, 1)
    for frame in (1, 2):
        reply = ask(host, frame)
        assert iou(reply.found["red"].mask, FRAMES[frame][1][0]) > 0.8
        assert reply.elapsed_s > 0


def test_a_pass_nobody_began_is_told_as_unknown(ask):
    reply = ask(EngineHost(), 1)
    assert reply.found == {}
    assert not reply.remembered


def test_a_pass_that_is_over_is_forgotten(ask):
    host = EngineHost()
    ask(host, 0, known=seed(), first=True)
    host.forget("s")
    assert not ask(host, 1).remembered


def test_only_the_newest_passes_are_kept(ask):
    host = EngineHost()
    for number in range(MOST + 1):
        ask(host, 0, f"s{number}", seed(), first=True)
    assert not ask(host, 1, "s0").remembered
    assert ask(host, 1, f"s{MOST}").remembered


def test_passes_of_one_model_share_it(ask, monkeypatch):
    opened = []

    def open_it(model_id, weights):
        opened.append((model_id, weights))
        return FlowModel()

    monkeypatch.setattr(catalog, "open_propagating", open_it)
    host = EngineHost()
    ask(host, 0, "s0", seed(), first=True)
    ask(host, 0, "s1", seed(), first=True)
    assert opened == [("flow", None)]


def test_beginning_again_forgets_what_was_known(ask):
    host = EngineHost()
    ask(host, 0, known=seed(), first=True)
    ask(host, 1, known={"other": seed(1)["red"]}, first=True)
    assert set(ask(host, 2).found) == {"other"}


def test_without_memory_passes_are_given_up_and_it_is_said(ask, monkeypatch):
    host = EngineHost()
    ask(host, 0, known=seed(), first=True)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(FlowModel, "follow", fail)
    with pytest.raises(SegguiError, match="not enough memory"):
        ask(host, 1)
    monkeypatch.undo()
    assert not ask(host, 1).remembered


def test_a_model_that_is_not_there_is_one_sentence(ask):
    with pytest.raises(BadRequest, match="called 'classic'"):
        ask(EngineHost(), 0, known=seed(), first=True, model_id="classic")
