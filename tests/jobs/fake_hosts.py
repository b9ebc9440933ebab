"""Hosts for tests of worker processes; what they do is said by the model id."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.errors import SegguiError
from seggui.jobs.messages import Candidates, Encode, Encoded, Predict, Predicted


def answer(request):
    if isinstance(request, Encode):
        return Encoded(request.ticket, 0.0)
    if isinstance(request, Predict):
        return Predicted(request.ticket, (), None, 0.0)
    mask = Mask.full(request.image.height, request.image.width)
    return Candidates(request.ticket, (Candidate(mask, 0.5),), 0.0)


def work(seconds, report):
    """Busy for that long, reporting every 10 ms."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        report(0, 0, "working")
        time.sleep(0.01)


def hold_the_lock(seconds, report):
    """Say so, then sleep in C without letting any other thread of Python run."""
    report(0, 1, "about to be stuck")
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


def junk_in_the_pipe(_report):
    for link in list(Path("/proc/self/fd").iterdir()):
        try:
            if str(link.readlink()).startswith("socket:"):
                os.write(int(link.name), b"this is no message " * 10)
        except OSError:
            continue
    time.sleep(30)


def refuse(_report):
    raise SegguiError("The fake model cannot do that.")


def slip(_report):
    raise ValueError("a bug")


def run_out_of_memory(_report):
    raise MemoryError


DEEDS = {
    "plain": lambda report: None,
    "slow": lambda report: work(30, report),
    "short": lambda report: work(0.2, report),
    "segfault": lambda report: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": lambda report: os.abort(),
    "exit": lambda report: os._exit(7),
    "junk": junk_in_the_pipe,
    "mute": lambda report: time.sleep(5),
    "stuck": lambda report: hold_the_lock(30, report),
    "refuse": refuse,
    "bug": slip,
    "memory": run_out_of_memory,
    "print": lambda report: sys.stdout.write("a word on stdout\n"),
}


class FakeHost:
    """Does the deed that the model id of a request names, then answers."""

    def handle(self, request, report):
        deed = getattr(request, "model_id", None) or getattr(request, "model", "plain")
        if deed == "unpicklable":
            return Candidates(request.ticket, (lambda: None,), 0.0)
        if deed == "environment":
            return threads_of_libraries(request)
        if deed == "pixels":
            return sum_of_pixels(request)
        DEEDS[deed](report)
        return answer(request)

    def forget(self, key):
        sys.stdout.write(f"forgot {key}\n")


def threads_of_libraries(request):
    import cv2

    return Encoded(request.ticket, float(cv2.getNumThreads()))


def sum_of_pixels(request):
    from seggui.jobs.shared import attach

    return Encoded(request.ticket, float(attach(request.image).sum()))


def open_host():
    return FakeHost()


def open_nothing():
    raise SegguiError("The models folder is not there.")
