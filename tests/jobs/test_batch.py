"""Work over a folder: progress, time left, failures, cancel."""

import itertools

import fake_hosts
import numpy as np
import pytest

from seggui.core.mask import Mask
from seggui.errors import Cancelled, SegguiError, Unreadable
from seggui.jobs.batch import (
    BatchProgress,
    Lending,
    encoding,
    predicting,
    refining,
    run_batch,
)
from seggui.jobs.in_process import InProcessClient
from seggui.jobs.messages import Predict, SharedImage
from seggui.jobs.refine_host import RefineHost
from seggui.jobs.shared import SharedImages

NAMES = ("a.png", "b.png", "c.png")


def never(progress):
    """A report that never cancels."""


def test_every_image_is_worked_on_and_delivered_in_order():
    delivered, told = [], []

    def work(name, report):
        report(1, 2, "half")
        return name.upper()

    result = run_batch(
        NAMES, work, lambda name, answer: delivered.append((name, answer)), told.append
    )
    assert delivered == [("a.png", "A.PNG"), ("b.png", "B.PNG"), ("c.png", "C.PNG")]
    assert result.done == NAMES
    assert not result.failures
    assert not result.cancelled
    assert [(p.done, p.name, p.part) for p in told] == [
        (0, "a.png", 0.0),
        (0, "a.png", 0.5),
        (1, "b.png", 0.0),
        (1, "b.png", 0.5),
        (2, "c.png", 0.0),
        (2, "c.png", 0.5),
        (3, "", 0.0),
    ]


def test_the_time_left_is_known_after_the_first_image(monkeypatch):
    clock = itertools.count(0.0, 10.0)
    monkeypatch.setattr("seggui.jobs.batch.time.monotonic", lambda: next(clock))
    told = []
    run_batch(NAMES, lambda name, report: None, lambda name, answer: None, told.append)
    assert [p.left_s for p in told] == [None, 20.0, 10.0, 0.0]


def test_a_bad_image_is_named_and_stops_nothing():
    def work(name, report):
        if name == "a.png":
            raise Unreadable(name, "it is cut short")
        if name == "b.png":
            raise ZeroDivisionError("a bug")

    told = []
    result = run_batch(NAMES, work, lambda name, answer: None, told.append)
    assert result.done == ("c.png",)
    first, second = result.failures
    assert (first.name, first.report) == ("a.png", "")
    assert "cut short" in first.text
    assert "ZeroDivisionError: a bug" in second.text
    assert "Traceback" in second.report
    assert told[-1] == BatchProgress(3, 3, "", 0.0, told[-1].left_s, 2)


def test_what_the_owner_refuses_counts_as_failed():
    def deliver(name, answer):
        raise SegguiError("The disk is full.")

    result = run_batch(NAMES[:1], lambda name, report: 1, deliver, never)
    assert [f.text for f in result.failures] == ["The disk is full."]


@pytest.mark.parametrize("when", [0.0, 0.5])
def test_a_cancelled_batch_keeps_what_it_had(when):
    def report(progress):
        if progress.name == "b.png" and progress.part == when:
            raise Cancelled

    delivered = []
    result = run_batch(
        NAMES,
        lambda name, report: report(1, 2, "half"),
        lambda name, answer: delivered.append(name),
        report,
    )
    assert result.cancelled
    assert result.done == ("a.png",)
    assert delivered == ["a.png"]


@pytest.fixture
def place():
    made = []

    def make(host):
        client = InProcessClient(host, lambda reply: None)
        images = SharedImages()
        made.extend((client, images))
        tickets = itertools.count(1)
        pixels = np.full((20, 30, 3), 9, np.uint8)
        return Lending(
            client, images, lambda: next(tickets), lambda name: (name, pixels)
        )

    yield make
    for one in made:
        one.close()


def test_a_folder_is_predicted_through_the_engine(place):
    template = Predict(0, SharedImage("", "", 0, 0), "short", things=("cell",))
    answers = []
    work = predicting(place(fake_hosts.FakeHost()), template)
    run_batch(NAMES, work, lambda name, answer: answers.append(answer.ticket), never)
    assert answers == [1, 2, 3]


def test_a_worker_keeps_nothing_of_the_images_it_predicted(place):
    class Host(fake_hosts.FakeHost):
        forgotten = ()

        def forget(self, key):
            self.forgotten += (key,)

    host = Host()
    template = Predict(0, SharedImage("", "", 0, 0), "plain")
    run_batch(NAMES, predicting(place(host), template), lambda *_: None, never)
    # The last one is forgotten as soon as the worker comes to it.
    assert host.forgotten[:2] == NAMES[:2]


def test_a_folder_is_encoded_through_the_engine(place):
    workplace = place(fake_hosts.FakeHost())
    sums = []
    work = encoding(workplace, "pixels")
    run_batch(NAMES, work, lambda name, answer: sums.append(answer.elapsed_s), never)
    assert sums == [20 * 30 * 3 * 9] * 3
    with pytest.raises(SegguiError):
        workplace.images.get("a.png")


def test_a_recipe_runs_over_a_folder(place):
    pixels = np.zeros((20, 30), bool)
    pixels[1:9, 1:9] = pixels[15, 15] = True
    masks = {"a.png": (Mask.from_dense(pixels),), "b.png": (Mask.full(20, 30),)}
    answers = {}
    result = run_batch(
        NAMES,
        refining(place(RefineHost()), masks.__getitem__, "largest"),
        lambda name, answer: answers.update({name: answer.masks[0][0].area}),
        never,
    )
    assert answers == {"a.png": 64, "b.png": 600}
    assert [f.name for f in result.failures] == ["c.png"]


def test_a_batch_is_cancelled_in_the_middle_of_an_image(place):
    template = Predict(0, SharedImage("", "", 0, 0), "slow")
    told = []

    def report(progress):
        told.append(progress)
        if len(told) > 3:
            raise Cancelled

    work = predicting(place(fake_hosts.FakeHost()), template)
    result = run_batch(NAMES, work, lambda name, answer: None, report)
    assert result.cancelled
    assert result.done == ()
