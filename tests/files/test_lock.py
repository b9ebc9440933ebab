"""One writer at a time; the lock of a killed process is free at once."""

import os
import signal
import subprocess
import sys

import pytest

from seggui.errors import ReadOnly
from seggui.files.lock import NAME, Held, ProjectLock
from seggui.files.project import Project

HOLD = """
import sys, pathlib
from seggui.files.lock import ProjectLock
lock = ProjectLock.take(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of the folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_the_second_one_is_told_who_holds_it(tmp_path, holder):
    with pytest.raises(Held, match=rf"process {holder.pid}, since 20"):
        ProjectLock.take(tmp_path)


def test_it_is_free_when_its_holder_lets_go(tmp_path, holder):
    holder.communicate("")
    assert holder.returncode == 0
    assert not (tmp_path / NAME).exists()
    ProjectLock.take(tmp_path).release()


def test_it_is_free_when_its_holder_is_killed(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / NAME).exists()
    lock = ProjectLock.take(tmp_path)
    lock.release()
    lock.release()
    assert not (tmp_path / NAME).exists()


def test_two_in_one_process_exclude_each_other(tmp_path):
    lock = ProjectLock.take(tmp_path)
    with pytest.raises(Held, match=f"process {os.getpid()}"):
        ProjectLock.take(tmp_path)
    lock.release()


def test_a_project_that_is_held_opens_read_only_and_names_the_holder(tmp_path, holder):
    with Project.open(tmp_path) as project:
        assert f"process {holder.pid}" in project.read_only
        assert str(tmp_path) in project.read_only
        with pytest.raises(ReadOnly, match="open elsewhere"):
            project.set_classes(project.classes.added("cell"))
    assert not (tmp_path / "seggui.json").exists()
    holder.communicate("")
    with Project.open(tmp_path) as project:
        assert not project.read_only
        project.set_classes(project.classes.added("cell"))


def test_a_failed_opening_holds_nothing(tmp_path, monkeypatch):
    def broken(self):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Project, "rescan", broken)
        with pytest.raises(ZeroDivisionError):
            Project.open(tmp_path)
    ProjectLock.take(tmp_path).release()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_in_place_of_the_lock_leads_to_no_file_outside(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / NAME).symlink_to(precious)
    with Project.open(folder) as project:
        assert any("cannot be locked" in note for note in project.notes)
    assert precious.read_text() == "mine"
