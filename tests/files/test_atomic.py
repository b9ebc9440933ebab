"""The one writer, with every file operation of it made to fail."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from seggui.errors import SaveFailed
from seggui.files import atomic

OLD, NEW = b"old content", b"new content, longer than the old one"
REASONS = {
    errno.EIO: "the disk reported an error",
    errno.ENOSPC: "the disk is full",
    errno.EACCES: "the folder may not be written to",
}
BEFORE_THE_RENAME = ["open", "fchmod", "write", "close", "replace"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    return path


def fail(monkeypatch, operation, number, times=1, at=0):
    """Make calls ``at`` to ``at + times - 1`` of an operation of os fail."""
    real, calls = getattr(os, operation), []

    def broken(*args, **kwargs):
        calls.append(args)
        if at <= len(calls) - 1 < at + times:
            if operation == "close":
                real(*args)
            raise OSError(number, os.strerror(number))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, operation, broken)
    return calls


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
@pytest.mark.parametrize("operation", BEFORE_THE_RENAME)
def test_a_failing_operation_leaves_the_old_file(monkeypatch, file, operation, number):
    calls = fail(monkeypatch, operation, number)
    with pytest.raises(SaveFailed, match=REASONS[number]) as caught:
        atomic.write_whole(file, NEW)
    assert calls, "the operation is one that saving uses"
    assert str(file) in str(caught.value)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


@pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
def test_a_failing_fsync_of_the_file_leaves_the_old_file(monkeypatch, file, number):
    fail(monkeypatch, "fsync", number, at=0)
    with pytest.raises(SaveFailed, match=REASONS[number]):
        atomic.write_whole(file, NEW)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


@pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
def test_a_failing_fsync_of_the_folder_is_told_and_the_file_is_whole(
    monkeypatch, file, number
):
    fail(monkeypatch, "fsync", number, at=1)
    with pytest.raises(SaveFailed, match="did not confirm"):
        atomic.write_whole(file, NEW)
    assert file.read_bytes() == NEW
    assert names(file.parent) == ["a.json"]


def test_the_file_is_synced_before_the_rename_and_the_folder_after(monkeypatch, file):
    order = []
    for operation in ("fsync", "replace"):
        real = getattr(os, operation)

        def noted(*args, operation=operation, real=real):
            if operation == "fsync":
                kind = os.fstat(args[0]).st_mode
                order.append("fsync folder" if stat.S_ISDIR(kind) else "fsync file")
            else:
                order.append("replace")
            return real(*args)

        monkeypatch.setattr(os, operation, noted)
    atomic.write_whole(file, NEW)
    assert order == ["fsync file", "replace", "fsync folder"]


def test_short_writes_are_finished(monkeypatch, file):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:5]))
    atomic.write_whole(file, NEW)
    assert file.read_bytes() == NEW


def test_a_full_disk_names_what_is_needed_and_free(monkeypatch, file):
    fail(monkeypatch, "write", errno.ENOSPC)
    with pytest.raises(SaveFailed, match=r"36 bytes needed, .+ free"):
        atomic.write_whole(file, NEW)


def test_saving_works_again_after_a_failure(monkeypatch, file):
    fail(monkeypatch, "write", errno.ENOSPC)
    with pytest.raises(SaveFailed):
        atomic.write_whole(file, NEW)
    atomic.write_whole(file, NEW)
    assert file.read_bytes() == NEW


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a memory disk")
def test_a_really_full_disk_keeps_the_old_file(tmp_path):
    """On a small disk of its own where one may be mounted."""
    disk = tmp_path / "small"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        file = disk / "a.json"
        file.write_bytes(OLD)
        with pytest.raises(SaveFailed, match="the disk is full"):
            atomic.write_whole(file, b"x" * 400_000)
        assert file.read_bytes() == OLD
        assert names(disk) == ["a.json"]
        atomic.write_whole(file, NEW)
        assert file.read_bytes() == NEW
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_mode_is_kept(file, mode):
    file.chmod(mode)
    atomic.write_whole(file, NEW)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_new_file_gets_the_mode_of_the_users_umask(tmp_path):
    old = os.umask(0o027)
    try:
        atomic.write_whole(tmp_path / "new", NEW)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_read_only_file_is_refused(file):
    file.chmod(0o444)
    with pytest.raises(SaveFailed, match="marked as read-only"):
        atomic.write_whole(file, NEW)
    assert file.read_bytes() == OLD


def test_a_symbolic_link_stays_one_and_its_target_is_written(file, tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "far" / "link.json"
    link.symlink_to(file)
    atomic.write_whole(link, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW
    assert names(link.parent) == ["link.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_a_device_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SaveFailed, match="no regular file"):
        atomic.write_whole(pipe, b"new")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_hard_link_keeps_the_old_bytes_under_its_other_name(file, tmp_path):
    other = tmp_path / "snapshot.json"
    os.link(file, other)
    atomic.write_whole(file, NEW)
    assert (file.read_bytes(), other.read_bytes()) == (NEW, OLD)


def test_a_missing_folder_a_folder_in_the_way_and_a_bad_name_are_told(tmp_path):
    with pytest.raises(SaveFailed, match="folder is not there"):
        atomic.write_whole(tmp_path / "gone" / "a", NEW)
    (tmp_path / "dir").mkdir()
    with pytest.raises(SaveFailed, match="a folder of that name"):
        atomic.write_whole(tmp_path / "dir", NEW)
    with pytest.raises(SaveFailed, match="name"):
        atomic.write_whole(tmp_path / "a\0b", NEW)
    with pytest.raises(SaveFailed, match="too long"):
        atomic.write_whole(tmp_path / ("x" * 300), NEW)


def test_a_name_as_long_as_the_disk_allows_can_be_saved(tmp_path):
    path = tmp_path / ("ü" * 125 + ".json")
    atomic.write_whole(path, NEW)
    assert path.read_bytes() == NEW


def test_making_a_folder_says_what_is_in_the_way(file):
    atomic.make_folder(file.parent / "x" / "y")
    assert (file.parent / "x" / "y").is_dir()
    with pytest.raises(SaveFailed, match="not a folder"):
        atomic.make_folder(file / "below")


def test_litter_of_ended_processes_goes_and_nothing_else(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    keep = [
        f".seggui-{os.getpid()}-0123abcd.tmp",
        f".seggui-{ended.pid}-0123abcd.tmp.json",
        "seggui-1-0123abcd.tmp",
        "photo.tmp",
    ]
    gone = [f".seggui-{ended.pid}-0123abcd.tmp", f".seggui-{ended.pid}-ffffffff.tmp"]
    for name in keep + gone:
        (tmp_path / name).write_bytes(b"")
    assert atomic.remove_litter(tmp_path) == 2
    assert names(tmp_path) == sorted(keep)
    assert all(atomic.is_litter(name) for name in gone)
    assert atomic.remove_litter(tmp_path / "missing") == 0
