"""Worker processes that answer, die, hang and talk nonsense."""

import multiprocessing
import os
import queue
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.errors import Cancelled, EngineLost, SegguiError
from seggui.jobs.messages import (
    Ask,
    Candidates,
    Encode,
    Encoded,
    Failed,
    Predict,
    Predicted,
    Progress,
    Refine,
    SharedImage,
)
from seggui.jobs.shared import SharedImages
from seggui.jobs.waiting import ask_and_wait
from seggui.jobs.worker_client import WorkerClient

IMAGE = SharedImage("key", "nowhere", 4, 6)
PROMPT = Prompt((Point(1, 1),))
PATIENCE_S = 60


class Listener:
    """Collects what a client says."""

    def __init__(self, **options):
        self.replies = queue.Queue()
        self.lost = []
        self.client = WorkerClient(
            "fake_hosts:open_host",
            self.replies.put,
            on_lost=self.lost.append,
            **options,
        )

    def answer(self):
        """The next reply that ends a ticket."""
        while True:
            reply = self.replies.get(timeout=PATIENCE_S)
            if not isinstance(reply, Progress):
                return reply

    def answers(self, count):
        return {reply.ticket: reply for reply in (self.answer() for _ in range(count))}

    def wait_for_progress(self, ticket):
        while True:
            reply = self.replies.get(timeout=PATIENCE_S)
            if isinstance(reply, Progress) and reply.ticket == ticket:
                return


@pytest.fixture
def listener():
    made = []

    def make(**options):
        made.append(Listener(**options))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


def ask(ticket, deed="plain"):
    return Ask(ticket, IMAGE, deed, PROMPT)


def is_running(pid):
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def wait_until(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_nothing_starts_before_the_first_request(listener):
    assert listener().client.pid is None


def test_a_request_is_answered_by_another_process(listener):
    it = listener()
    it.client.request(ask(1))
    reply = it.answer()
    assert isinstance(reply, Candidates)
    assert reply.candidates[0].mask.same_pixels(Mask.full(4, 6))
    assert it.client.pid not in (None, os.getpid())


def test_pixels_are_read_from_shared_memory(listener):
    it, images = listener(), SharedImages()
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    shared = images.share("a", pixels)
    it.client.request(Encode(1, shared, "pixels"))
    reply = it.answer()
    images.close()
    assert isinstance(reply, Encoded)
    assert reply.elapsed_s == pixels.sum()


def test_the_newest_ask_takes_the_place_of_those_before_it(listener):
    it = listener()
    it.client.request(ask(1, "slow"))
    it.wait_for_progress(1)
    for ticket in (2, 3, 4):
        it.client.request(ask(ticket, "short"))
    replies = it.answers(4)
    assert [replies[t].reason for t in (1, 2, 3)] == ["cancelled"] * 3
    assert isinstance(replies[4], Candidates)


def test_predictions_queue_up_and_all_are_answered(listener):
    it = listener()
    for ticket in (1, 2, 3):
        it.client.request(Predict(ticket, IMAGE, "short"))
    assert [type(r) for r in it.answers(3).values()] == [Predicted] * 3


@pytest.mark.parametrize("slow", [Predict(1, IMAGE, "slow"), Encode(1, IMAGE, "slow")])
def test_an_ask_is_answered_in_the_middle_of_slower_work(listener, slow):
    it = listener()
    it.client.request(slow)
    it.wait_for_progress(1)
    it.client.request(ask(2))
    assert it.answer().ticket == 2
    it.client.cancel(1)
    assert it.answer() == Failed(1, "This was cancelled.", reason="cancelled")


def test_a_cancelled_request_ends_and_the_same_process_goes_on(listener):
    it = listener()
    it.client.request(ask(1, "slow"))
    it.wait_for_progress(1)
    pid = it.client.pid
    it.client.cancel(1)
    assert it.answer().reason == "cancelled"
    it.client.request(ask(2))
    assert isinstance(it.answer(), Candidates)
    assert it.client.pid == pid


def test_a_request_can_be_cancelled_before_the_process_is_there(listener):
    it = listener()
    it.client.request(ask(1, "slow"))
    it.client.cancel(1)
    assert it.answer().reason == "cancelled"


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", "crashed (segmentation fault, SIGSEGV)"),
        ("abort", "SIGABRT"),
        ("exit", "exit code 7"),
        ("junk", "no answer"),
    ],
)
def test_a_dead_process_is_named_and_the_next_request_is_answered(
    listener, deed, words
):
    it = listener()
    it.client.request(ask(1, deed))
    reply = it.answer()
    assert (reply.ticket, reply.reason) == (1, "lost")
    assert words in reply.text
    assert wait_until(lambda: len(it.lost) == 1)
    it.client.request(ask(2))
    assert isinstance(it.answer(), Candidates)


def test_a_killed_process_is_replaced_at_the_next_request(listener):
    it = listener()
    it.client.request(ask(1, "slow"))
    it.client.request(Predict(2, IMAGE, "slow"))
    it.wait_for_progress(1)
    first = it.client.pid
    os.kill(first, signal.SIGKILL)
    reply = it.answer()
    assert (reply.ticket, reply.reason) == (1, "lost")
    assert reply.text.endswith("it starts again.")
    it.wait_for_progress(2)
    it.client.request(ask(3))
    assert isinstance(it.answer(), Candidates)
    assert it.client.pid != first


def test_only_what_ran_is_blamed_for_a_crash_and_the_rest_is_done(listener):
    it = listener()
    it.client.request(Predict(1, IMAGE, "short"))
    it.client.request(Predict(2, IMAGE, "plain"))
    it.wait_for_progress(1)
    it.client.request(ask(3, "exit"))
    replies = it.answers(3)
    assert replies[3].reason == "lost"
    assert isinstance(replies[1], Predicted)
    assert isinstance(replies[2], Predicted)
    assert len(it.lost) == 1


def test_what_was_cancelled_before_a_crash_is_not_asked_again(listener):
    it = listener()
    it.client.request(Predict(1, IMAGE, "stuck"))
    it.client.request(Predict(2, IMAGE, "slow"))
    it.wait_for_progress(1)
    it.client.cancel(2)
    os.kill(it.client.pid, signal.SIGKILL)
    replies = it.answers(2)
    assert [replies[ticket].reason for ticket in (1, 2)] == ["lost", "cancelled"]


def test_a_crash_with_nothing_left_but_cancelled_work_starts_no_process(listener):
    it = listener()
    it.client.request(Predict(1, IMAGE, "stuck"))
    it.client.request(Predict(2, IMAGE, "slow"))
    it.wait_for_progress(1)
    it.client.cancel(1)
    it.client.cancel(2)
    os.kill(it.client.pid, signal.SIGKILL)
    replies = it.answers(2)
    assert [replies[ticket].reason for ticket in (1, 2)] == ["cancelled"] * 2
    assert wait_until(lambda: len(it.lost) == 1)
    assert "at the next request" in it.lost[0]
    assert it.client.pid is None


def test_what_was_cancelled_and_crashed_all_the_same_counts_as_a_crash(listener):
    it = listener()
    for ticket in (1, 2, 3):
        it.client.request(Predict(ticket, IMAGE, "stuck"))
        it.wait_for_progress(ticket)
        it.client.cancel(ticket)
        os.kill(it.client.pid, signal.SIGKILL)
        assert it.answer().reason == "cancelled"
        assert wait_until(lambda count=ticket: len(it.lost) == count)
    it.client.request(Predict(4, IMAGE, "stuck"))
    assert "not tried again" in it.answer().text


def test_a_queue_of_what_crashes_is_given_up_at_the_third(listener):
    it = listener()
    for ticket in (1, 2, 3, 4, 5):
        it.client.request(Predict(ticket, IMAGE, "exit"))
    replies = it.answers(5)
    told = ["not tried again" in replies[ticket].text for ticket in (1, 2, 3, 4, 5)]
    assert told == [False, False, True, True, True]
    assert wait_until(lambda: len(it.lost) == 3)


def test_after_three_crashes_on_the_same_thing_it_is_not_tried_again(listener):
    it = listener()
    texts = []
    for ticket in (1, 2, 3, 4):
        it.client.request(ask(ticket, "exit"))
        texts.append(it.answer().text)
    assert "starts again" in texts[1]
    assert "3 times in a row" in texts[2]
    assert texts[2] == texts[3]
    assert wait_until(lambda: len(it.lost) == 3)
    it.client.request(ask(5))
    assert isinstance(it.answer(), Candidates), "other requests still work"


def test_a_worker_that_cannot_even_start_is_told_and_given_up(tmp_path):
    replies, log = queue.Queue(), tmp_path / "log"
    client = WorkerClient("no_such_module:open", replies.put, log_file=str(log))
    try:
        texts = []
        for ticket in (1, 2, 3):
            client.request(ask(ticket))
            texts.append(replies.get(timeout=PATIENCE_S).text)
    finally:
        client.close()
    assert "exit code 1" in texts[0]
    assert "is not tried again" in texts[2]
    assert "No module named 'no_such_module'" in log.read_text()


def test_a_restart_by_hand_forgives_the_crashes(listener):
    it = listener()
    for ticket in (1, 2, 3):
        it.client.request(ask(ticket, "exit"))
        it.answer()
    it.client.kill()
    it.client.request(ask(4, "exit"))
    assert "starts again" in it.answer().text


def test_kill_ends_running_work_at_once(listener):
    it = listener()
    it.client.request(ask(1, "stuck"))
    it.wait_for_progress(1)
    it.client.kill()
    reply = it.answer()
    assert reply.reason == "lost"
    assert "you stopped it" in reply.text


def test_a_process_deaf_to_cancel_is_killed_and_the_rest_is_done_by_the_next(listener):
    it = listener(kill_after_s=0.2)
    it.client.request(Predict(1, IMAGE, "stuck"))
    it.client.request(Predict(2, IMAGE, "plain"))
    it.wait_for_progress(1)
    first = it.client.pid
    it.client.cancel(1)
    replies = it.answers(2)
    assert replies[1].reason == "cancelled"
    assert isinstance(replies[2], Predicted)
    assert it.client.pid != first
    assert it.lost == [], "it was meant to end, so nobody is told of a crash"


def test_a_stopped_process_is_told_once_and_again_when_it_goes_on(listener):
    it = listener()
    told = queue.Queue()
    it.client.on_silent, it.client.silent_s = told.put, 0.4
    it.client.request(Encode(1, IMAGE, "plain"))
    assert isinstance(it.answer(), Encoded)
    os.kill(it.client.pid, signal.SIGSTOP)
    it.client.request(Encode(2, IMAGE, "plain"))
    assert "has not answered for" in told.get(timeout=PATIENCE_S)
    os.kill(it.client.pid, signal.SIGCONT)
    assert told.get(timeout=PATIENCE_S) == ""
    assert it.answer().ticket == 2
    assert told.empty()


def test_a_stopped_process_can_be_killed_by_hand(listener):
    it = listener()
    told = queue.Queue()
    it.client.on_silent, it.client.silent_s = told.put, 0.4
    it.client.request(Predict(1, IMAGE, "slow"))
    it.wait_for_progress(1)
    os.kill(it.client.pid, signal.SIGSTOP)
    assert "restart it" in told.get(timeout=PATIENCE_S)
    it.client.kill()
    assert it.answer().reason == "lost"
    assert told.get(timeout=PATIENCE_S) == ""
    it.client.request(Encode(2, IMAGE, "plain"))
    assert isinstance(it.answer(), Encoded)


def test_a_busy_process_is_not_called_silent(listener):
    it = listener()
    told = queue.Queue()
    it.client.on_silent, it.client.silent_s = told.put, 3.0
    it.client.request(Predict(1, IMAGE, "mute"))
    assert isinstance(it.answer(), Predicted)
    assert told.empty()


@pytest.mark.parametrize(
    ("deed", "words", "is_bug"),
    [
        ("refuse", "The fake model cannot do that.", False),
        ("memory", "not enough memory", False),
        ("bug", "ValueError: a bug", True),
        ("unpicklable", "could not be sent", True),
    ],
)
def test_what_goes_wrong_inside_is_told_and_kills_nothing(
    listener, deed, words, is_bug
):
    it = listener()
    it.client.request(ask(1, deed))
    reply = it.answer()
    assert reply.reason == "error"
    assert words in reply.text
    assert bool(reply.report) is is_bug
    it.client.request(ask(2))
    assert isinstance(it.answer(), Candidates)
    assert it.lost == []


def test_a_message_larger_than_a_pipe_does_not_hold_up_the_caller(listener):
    it = listener()
    it.client.request(ask(1, "stuck"))
    it.wait_for_progress(1)
    noise = np.random.default_rng(0).random((2000, 2000)) < 0.5
    start_s = time.thread_time()
    it.client.request(Refine(2, IMAGE, (Mask.from_dense(noise),), ""))
    assert time.thread_time() - start_s < 1
    assert it.client.pid is not None


def test_what_a_worker_prints_goes_to_its_log(listener, tmp_path, capfd):
    log = tmp_path / "engine.log"
    it = listener(log_file=str(log))
    it.client.request(ask(1, "print"))
    it.answer()
    it.client.request(ask(2, "segfault"))
    it.answer()
    text = log.read_text()
    assert "a word on stdout" in text
    assert "Segmentation fault" in text, "with the stack of every thread"
    assert capfd.readouterr().out == ""


def test_a_worker_leaves_a_core_to_the_window(listener, monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        monkeypatch.delenv(name, raising=False)
    it = listener()
    it.client.request(Encode(1, IMAGE, "environment"))
    cores = len(os.sched_getaffinity(0))
    assert it.answer().elapsed_s == max(1, cores - 1)


def test_close_ends_the_process_even_when_it_is_stuck(listener):
    it = listener()
    it.client.request(ask(1, "stuck"))
    it.wait_for_progress(1)
    pid = it.client.pid
    it.client.close()
    assert not is_running(pid)
    it.client.close()
    assert it.replies.empty(), "nobody is called after close"


def test_waiting_for_an_answer_raises_what_went_wrong(listener):
    client = listener().client
    assert isinstance(ask_and_wait(client, ask(1)), Candidates)
    with pytest.raises(EngineLost, match="exit code 7"):
        ask_and_wait(client, ask(2, "exit"))
    with pytest.raises(SegguiError, match="cannot do that"):
        ask_and_wait(client, ask(3, "refuse"))
    with pytest.raises(RuntimeError, match="a bug"):
        ask_and_wait(client, ask(4, "bug"))


def test_waiting_can_be_cancelled(listener):
    it = listener()

    def report(done, total, what):
        if what == "working":
            raise Cancelled

    with pytest.raises(Cancelled):
        ask_and_wait(it.client, ask(1, "slow"), report)
    assert isinstance(ask_and_wait(it.client, ask(2)), Candidates)


def test_what_is_asked_in_the_moment_of_closing_is_answered(listener):
    it = listener()
    heard = queue.Queue()
    asking = threading.Thread(target=it.client.request, args=(ask(1), heard.put))
    with it.client._lock:
        asking.start()
        time.sleep(0.1)  # it waits for the lock by now
        it.client._closed = True
    asking.join()
    assert heard.get(timeout=1).reason == "cancelled"


def test_whoever_waits_is_let_go_when_the_client_closes(listener):
    it = listener()
    seen = queue.Queue()
    it.client.request(ask(1, "slow"), seen.put)
    it.client.close()
    replies = [seen.get(timeout=PATIENCE_S)]
    while isinstance(replies[-1], Progress):
        replies.append(seen.get(timeout=PATIENCE_S))
    assert replies[-1].reason == "cancelled"
    it.client.request(ask(2), seen.put)
    assert seen.get(timeout=PATIENCE_S).reason == "cancelled"


def test_a_thousand_random_asks_and_cancels_are_each_answered_once(listener):
    it, dice = listener(), random.Random(7)
    deeds = ("plain", "plain", "short", "slow", "refuse")
    for ticket in range(1, 1001):
        it.client.request(ask(ticket, dice.choice(deeds)))
        if dice.random() < 0.5:
            it.client.cancel(dice.randint(max(1, ticket - 3), ticket))
        if dice.random() < 0.05:
            time.sleep(0.01)
    it.client.request(ask(1001))
    seen = [it.answer().ticket for _ in range(1001)]
    assert sorted(seen) == list(range(1, 1002))
    assert it.lost == []


@pytest.mark.parametrize("deed", ["plain", "slow", "stuck"])
def test_a_worker_ends_with_a_killed_window(tmp_path, deed):
    script = tmp_path / "window.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            from seggui.jobs.worker_client import WorkerClient
            from seggui.jobs.messages import Predict, SharedImage
            from seggui.jobs.shared import SharedImages
            import numpy as np
            if __name__ == "__main__":
                images = SharedImages()
                shared = images.share("k", np.zeros((999, 999, 3), np.uint8))
                replies = []
                client = WorkerClient("fake_hosts:open_host", replies.append)
                client.request(Predict(1, shared, {deed!r}))
                while not replies:
                    time.sleep(0.01)
                print(client.pid, flush=True)
                time.sleep(60)
            """
        )
    )
    before = set(Path("/dev/shm").glob("psm_*"))
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    window = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = int(window.stdout.readline())
    assert is_running(pid)
    window.kill()
    _, errors = window.communicate()
    assert wait_until(lambda: not is_running(pid), 10)
    assert errors == "", "no resource tracker complains"
    assert set(Path("/dev/shm").glob("psm_*")) <= before


def test_twenty_crashes_leave_nothing_behind(listener):
    def held():
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    it = listener()
    it.client.request(ask(1))
    it.answer()
    before = held()
    for ticket in range(2, 22):
        it.client.kill()
        it.client.request(ask(ticket, "plain"))
        assert isinstance(it.answer(), Candidates), "asked after the kill: the next one"
    assert wait_until(lambda: held() == before, 10), (before, held())
    it.client.close()
    assert multiprocessing.active_children() == []
