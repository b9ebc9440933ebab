"""Which work goes first, what interrupts what, and what is pushed out."""

import threading

import pytest

from seggui.core.prompt import Point, Prompt
from seggui.errors import SegguiError
from seggui.jobs.desk import Desk
from seggui.jobs.messages import (
    Ask,
    AskEach,
    Cancel,
    Encode,
    Encoded,
    Failed,
    Forget,
    Predict,
    Progress,
    Refine,
    SharedImage,
)

IMAGE, OTHER = SharedImage("a", "", 1, 1), SharedImage("b", "", 1, 1)
PROMPT = Prompt((Point(0, 0),))


class Stage:
    """A desk on a thread, and a host that plays what the test wrote."""

    def __init__(self):
        self.sent = []
        self.begun = []
        self.ended = []
        self.forgotten = []
        self.plays = {}
        self.desk = Desk(lambda: self, self.sent.append)

    def handle(self, request, report):
        self.begun.append(request.ticket)
        self.plays.get(request.ticket, lambda report: None)(report)
        self.ended.append(request.ticket)
        return Encoded(request.ticket, 0.0)

    def forget(self, key):
        self.forgotten.append(key)

    def put(self, *messages):
        for message in messages:
            self.desk.accept(message)

    def run(self):
        """Serve until nothing waits, on this very thread."""
        # The least urgent of all, so that it interrupts nothing.
        self.put(Encode(999, OTHER, "last", ahead=True))
        self.plays[999] = lambda report: self.desk.close()
        self.desk.serve()
        self.begun.remove(999)
        self.ended.remove(999)

    def reasons(self):
        failed = [r for r in self.sent if isinstance(r, Failed)]
        return {r.ticket: r.reason for r in failed if r.ticket != 999}


@pytest.fixture
def stage():
    return Stage()


def test_the_most_urgent_goes_first(stage):
    stage.put(
        Encode(1, IMAGE, "m"),
        Predict(2, IMAGE, "m"),
        Refine(3, IMAGE, (), ""),
        Ask(4, IMAGE, "m", PROMPT),
        Predict(5, IMAGE, "m"),
    )
    stage.plays[1] = lambda report: stage.desk.close()
    stage.desk.serve()
    assert stage.begun == [4, 3, 2, 5, 1]


def test_what_is_encoded_ahead_goes_last_and_lets_the_shown_image_pass(stage):
    def ahead(report):
        stage.put(Encode(2, OTHER, "m"))
        report(1, 3, "a third")
        assert stage.ended == [2]

    stage.plays[1] = ahead
    third = SharedImage("c", "", 1, 1)
    stage.put(Encode(1, IMAGE, "m", ahead=True), Encode(3, third, "m", ahead=True))
    stage.run()
    assert stage.ended == [2, 1, 3]


def test_an_image_shown_while_it_is_encoded_ahead_is_not_encoded_twice(stage):
    def ahead(report):
        stage.put(Encode(2, IMAGE, "m"), Ask(3, IMAGE, "m", PROMPT))
        report(1, 2, "half")
        assert stage.ended == []

    stage.plays[1] = ahead
    stage.put(Encode(1, IMAGE, "m", ahead=True))
    stage.run()
    assert stage.ended == [1, 3, 2]


def test_work_is_interrupted_when_it_reports_and_then_goes_on(stage):
    def report_with_an_ask_waiting(report):
        stage.put(Ask(2, OTHER, "m", PROMPT), Predict(3, IMAGE, "m"))
        report(1, 2, "half")
        assert stage.ended == [2], "another prediction does not interrupt this one"

    stage.plays[1] = report_with_an_ask_waiting
    stage.put(Predict(1, IMAGE, "m"))
    stage.run()
    assert stage.begun == [1, 2, 3]
    assert stage.ended == [2, 1, 3]


def test_what_was_interrupted_and_cancelled_does_not_end_what_runs_in_its_place(stage):
    def encoding(report):
        stage.put(Ask(2, OTHER, "m", PROMPT))
        stage.plays[2] = lambda _: (
            stage.put(Cancel(1)),
            # As its hooks do: they see the layers of every network.
            report(1, 2, "half"),
        )
        report(0, 2, "begun")

    stage.plays[1] = encoding
    stage.put(Encode(1, IMAGE, "m"))
    stage.run()
    assert stage.reasons() == {1: "cancelled"}
    assert stage.ended == [2]


def test_what_was_interrupted_lets_nothing_into_what_runs_in_its_place(stage):
    def predicting(report):
        stage.put(AskEach(2, IMAGE, "m", (PROMPT,)))
        stage.plays[2] = lambda _: (
            stage.put(Refine(3, IMAGE, (), "")),
            report(1, 2, "half"),
        )
        report(0, 2, "begun")

    stage.plays[1] = predicting
    stage.put(Predict(1, IMAGE, "m"))
    stage.run()
    assert stage.begun == [1, 2, 3]
    assert stage.ended == [2, 3, 1]


def test_an_ask_waits_for_the_encoding_it_needs(stage):
    def encode(report):
        stage.put(Ask(2, IMAGE, "m", PROMPT))
        report(1, 2, "half")

    stage.plays[1] = encode
    stage.put(Encode(1, IMAGE, "m"))
    stage.run()
    assert stage.ended == [1, 2]


def test_an_ask_does_not_wait_for_an_encoding_that_is_interrupted_itself(stage):
    def encode(report):
        stage.put(Predict(2, OTHER, "m"))
        report(1, 2, "half")

    def predict(report):
        stage.put(Ask(3, IMAGE, "m", PROMPT))
        report(1, 2, "half")
        assert stage.ended == [3], "a prediction may take minutes"

    stage.plays.update({1: encode, 2: predict})
    stage.put(Encode(1, IMAGE, "m"))
    stage.run()
    assert stage.ended == [3, 2, 1]


def test_several_prompts_wait_for_the_encoding_and_let_clicks_pass(stage):
    def encode(report):
        stage.put(AskEach(2, IMAGE, "m", (PROMPT, PROMPT)))
        report(1, 2, "half")

    def each(report):
        stage.put(AskEach(4, IMAGE, "m", (PROMPT,)), Ask(3, IMAGE, "m", PROMPT))
        report(1, 2, "half")

    stage.plays.update({1: encode, 2: each})
    stage.put(Encode(1, IMAGE, "m"))
    stage.run()
    assert stage.ended == [1, 3, 2, 4], "none of them replaces another"


def test_an_ask_does_not_wait_for_the_encoding_of_another_image(stage):
    def encode(report):
        stage.put(Ask(2, OTHER, "m", PROMPT))
        report(1, 2, "half")

    stage.plays[1] = encode
    stage.put(Encode(1, IMAGE, "m"))
    stage.run()
    assert stage.ended == [2, 1]


def test_a_newer_ask_ends_the_running_one_and_replaces_the_waiting_one(stage):
    def ask(report):
        stage.put(Ask(2, IMAGE, "m", PROMPT), Ask(3, IMAGE, "m", PROMPT))
        report(0, 1, "")

    stage.plays[1] = ask
    stage.put(Ask(1, IMAGE, "m", PROMPT))
    stage.run()
    assert stage.ended == [3]
    assert stage.reasons() == {1: "cancelled", 2: "cancelled"}


def test_work_that_never_reports_is_still_answered_as_cancelled(stage):
    stage.plays[1] = lambda report: stage.put(Cancel(1))
    stage.put(Predict(1, IMAGE, "m"))
    stage.run()
    assert stage.reasons() == {1: "cancelled"}


def test_a_waiting_request_is_taken_back_at_once(stage):
    stage.put(Predict(1, IMAGE, "m"), Predict(2, IMAGE, "m"), Cancel(1), Cancel(7))
    assert stage.reasons() == {1: "cancelled"}
    stage.run()
    assert stage.begun == [2]


def test_the_oldest_of_too_many_encodings_is_dropped(stage):
    stage.put(*(Encode(n, IMAGE, "m") for n in range(1, 11)))
    assert stage.reasons() == {1: "cancelled", 2: "cancelled"}
    stage.plays[10] = lambda report: stage.desk.close()
    stage.desk.serve()
    assert stage.begun == list(range(3, 11))


def test_the_host_forgets_between_requests(stage):
    stage.put(Predict(1, IMAGE, "m"))
    stage.plays[1] = lambda report: stage.put(Forget("a"), Predict(2, IMAGE, "m"))
    stage.run()
    assert stage.forgotten == ["a"]


def test_a_closed_image_is_not_encoded_any_more(stage):
    stage.put(Encode(1, IMAGE, "m"), Encode(2, OTHER, "m"), Predict(3, IMAGE, "m"))
    stage.put(Forget("a"))
    stage.run()
    assert stage.reasons() == {1: "cancelled"}
    assert sorted(stage.begun) == [2, 3]


def test_progress_is_told_but_not_too_often(stage):
    def work(report):
        for step in range(1000):
            report(step, 1000, "working")

    stage.plays[1] = work
    stage.put(Predict(1, IMAGE, "m"))
    stage.run()
    steps = [r for r in stage.sent if isinstance(r, Progress)]
    assert steps[0] == Progress(1, 0, 1000, "working")
    assert len(steps) < 100


def test_a_host_that_cannot_open_is_tried_again_at_the_next_request():
    tries, sent = [], []

    def open_host():
        tries.append(1)
        if len(tries) == 1:
            raise SegguiError("The models folder is not there.")
        return stage

    stage = Stage()
    desk = Desk(open_host, sent.append)
    stage.plays[2] = lambda report: desk.close()
    desk.accept(Predict(1, IMAGE, "m"))
    desk.accept(Predict(2, IMAGE, "m"))
    desk.serve()
    assert sent[0] == Failed(1, "The models folder is not there.")
    assert stage.ended == [2]


def test_closing_ends_running_work_at_its_next_report(stage):
    begun = threading.Event()

    def work(report):
        begun.set()
        while True:
            report(0, 0, "")

    stage.plays[1] = work
    stage.put(Predict(1, IMAGE, "m"))
    thread = threading.Thread(target=stage.desk.serve)
    thread.start()
    assert begun.wait(30)
    stage.desk.close()
    thread.join(30)
    assert not thread.is_alive()
