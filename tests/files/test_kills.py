"""Kill -9 at random moments of a session: at most the gesture under way is lost."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from seggui.files.atomic import is_litter
from seggui.files.project import Project

# Forks a session for each line it is given, so that the imports are paid once. The
# session edits without end and says after each gesture what the user has seen done.
CHILD = """
import os, sys
import numpy as np
from seggui.core import edits
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.files.project import Project

def session(seed):
    project = Project.open(sys.argv[1])
    assert not project.read_only, project.read_only
    work = project.load("a.png")
    number = 0
    if work.document.segments:
        number = int(work.document.segments[-1].name)
    print("start", number, flush=True)
    random = np.random.default_rng(seed)
    while True:
        number += 1
        x, y = (int(v) for v in random.integers(0, 260, 2))
        document = work.document
        if len(document.segments) > 20:
            document = edits.remove_segments(document, [document.segments[0].id])
        mask = Mask.from_window(300, 300, Box(x, y, x + 40, y + 40), np.ones((40, 40)))
        segment = Segment(mask, 1, Source("test"), name=str(number))
        work.commit("add", edits.add_segments(document, [segment]))
        print("did", number, flush=True)
        if number % 5 == 0:
            work.undo()
            work.redo()
        if number % 7 == 0:
            work.save()
            assert not work.unsaved
            print("saved", number, flush=True)

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        session(int(line))
    print("pid", pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print("\\nended", os.waitstatus_to_exitcode(status), flush=True)
"""


def last(lines, word):
    found = [int(line.split()[1]) for line in lines if line.startswith(word)]
    return found[-1] if found else None


def one_round(child, folder, seed, seconds):
    """Let a session run, kill it, open again; return the gestures that were done."""
    child.stdin.write(f"{seed}\n")
    child.stdin.flush()
    lines = []
    while last(lines, "start") is None or last(lines, "pid") is None:
        lines.append(child.stdout.readline())
        assert lines[-1], child.stderr.read()
    time.sleep(seconds)
    os.kill(last(lines, "pid"), signal.SIGKILL)
    while last(lines, "ended") is None:
        lines.append(child.stdout.readline())
    assert last(lines, "ended") == -signal.SIGKILL
    # A line cut by the kill is followed by the empty end of it.
    lines = [line for line in lines if len(line.split()) == 2]
    done = last(lines, "did") or last(lines, "start")
    saved = last(lines, "saved") or 0
    with Project.open(folder) as project:
        assert not project.read_only
        on_disk = project.read_document("a.png")
        if saved:
            assert int(on_disk.segments[-1].name) >= saved
        work = project.load("a.png")
        assert not work.read_only, work.read_only
        assert not any("not used" in note for note in work.notes), work.notes
        shown = int(work.document.segments[-1].name) if work.document.segments else 0
        # The killed undo of a pair of undo and redo may be what is shown.
        assert done - 1 <= shown <= done + 1
        assert work.unsaved == bool(work.recovered)
        if done and shown != saved:
            assert work.recovered or work.history.steps
        assert [s.name for s in work.document.segments] == sorted(
            (s.name for s in work.document.segments), key=int
        )
    left = [path.name for path in folder.rglob("*") if path.is_file()]
    assert not any(is_litter(name) for name in left), left
    assert not any(".kept-" in name for name in left), left
    return done


def rounds(folder, count):
    Image.fromarray(np.zeros((300, 300, 3), dtype=np.uint8)).save(folder / "a.png")
    random.seed(3)
    command = [sys.executable, "-c", CHILD, str(folder)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as child:
        done = [
            one_round(child, folder, i, random.uniform(0.0, 0.12)) for i in range(count)
        ]
        child.stdin.close()
    # The work went on through all of the kills.
    assert done[-1] > count / 2
    with Project.open(folder) as project:
        assert len(project.load("a.png").history.steps) > count / 2


def test_forty_kills_lose_at_most_the_gesture_under_way(tmp_path):
    rounds(tmp_path, 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_kills_lose_at_most_the_gesture_under_way(tmp_path):
    rounds(tmp_path, 500)
