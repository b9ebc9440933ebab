"""Encodings on the disk: what comes back, what is thrown away, and what is said."""

import errno
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest

from seggui.errors import BadRequest
from seggui.files import atomic
from seggui.files.encodings import EncodingFolder, own_folder
from seggui.files.packed_arrays import packed, unpacked
from seggui.files.settings import Settings

RANDOM = np.random.default_rng(0)
KINDS = ("f2", "f4", "?", "u1", "i1", "u2", "i2", "u4", "i4", "i8", ">i4")


def folder_of(path, most_bytes=10**6):
    return EncodingFolder(path / "encodings", lambda: most_bytes)


def features(*shape):
    return RANDOM.standard_normal(shape).astype(np.float16)


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 4, 5), (7,), (), (0, 4)])
def test_arrays_come_back_as_they_were(kind, shape):
    array = (RANDOM.standard_normal(shape) * 100).astype(kind)
    back = unpacked(packed({"one": array, "two": features(2, 9)}))
    assert list(back) == ["one", "two"]
    assert back["one"].dtype == np.dtype(kind).newbyteorder("<")
    assert back["one"].shape == shape
    assert np.array_equal(back["one"], array)
    assert not back["two"].flags.writeable


def test_arrays_that_lie_otherwise_in_memory_come_back_too():
    array = features(8, 6, 4).transpose(2, 0, 1)[:, ::2]
    assert np.array_equal(unpacked(packed({"a": array}))["a"], array)


def test_features_in_half_precision_take_less_room():
    array = features(64, 32, 32)
    assert len(packed({"a": array})) < 0.9 * array.nbytes


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([1j]), np.array([{}])])
def test_what_is_no_number_is_a_bug_of_the_model(array):
    with pytest.raises(ValueError, match="no encoding keeps"):
        packed({"a": array})


def test_what_was_put_is_there_for_its_image_and_model_only(folder):
    array = features(4, 8, 8)
    assert folder.put("image", "model", {"a": array})
    assert np.array_equal(folder.get("image", "model")["a"], array)
    assert folder.has("image", "model")
    for other in (("image", "other"), ("other", "model"), ("image|model", "")):
        assert folder.get(*other) is None
        assert not folder.has(*other)


def test_a_second_process_reads_what_the_first_wrote(folder, tmp_path):
    folder.put("image", "model", {"a": np.arange(5, dtype=np.int32)})
    code = (
        "import sys; from pathlib import Path\n"
        "from seggui.files.encodings import EncodingFolder\n"
        "folder = EncodingFolder(Path(sys.argv[1]), lambda: 10**6)\n"
        "print(folder.get('image', 'model')['a'].tolist())"
    )
    words = [sys.executable, "-c", code, str(folder.folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 1, 2, 3, 4]"


def only_file(folder):
    (path,) = folder.folder.iterdir()
    return path


DAMAGE = {
    "empty": lambda data: b"",
    "cut in the head": lambda data: data[:20],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"more",
    "a changed bit": lambda data: data[:-9] + bytes([data[-9] ^ 4]) + data[-8:],
    "another version": lambda data: data[:16] + b"\x63\x00" + data[18:],
    "something else": lambda data: b"GIF89a" + data,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_removed_and_counts_as_not_there(folder, how):
    folder.put("image", "model", {"a": features(4, 8, 8)})
    path = only_file(folder)
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    assert folder.get("image", "model") is None
    assert not path.exists()
    assert folder.put("image", "model", {"a": features(4, 8, 8)})
    assert folder.get("image", "model") is not None


def test_every_single_changed_byte_is_noticed():
    data = packed({"a": features(3, 3)})
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        assert unpacked(bytes(changed)) is None, place


def with_table(data, change):
    """The same file with another table, and the checksum that goes with it."""
    magic, version, _, length = struct.unpack_from("<16sHII", data)
    table, body = json.loads(data[26 : 26 + length]), data[26 + length :]
    change(table)
    text = json.dumps(table).encode()
    checksum = zlib.crc32(text + body)
    head = struct.pack("<16sHII", magic, version, checksum, len(text))
    return head + text + body


def squeeze(level, data):
    press = zlib.compressobj(level, zlib.DEFLATED, -15)
    return press.compress(data) + press.flush()


LIES = {
    "a thousand million numbers of one": lambda rows: rows[0].update(shape=[10**9]),
    "more than any number counts": lambda rows: rows[0].update(shape=[10**30]),
    "sides that multiply to more": lambda rows: rows[0].update(shape=[2**40, 2**40]),
    "a side below nothing": lambda rows: rows[0].update(shape=[-1]),
    "no planes": lambda rows: rows[0].update(planes=[]),
    "too many planes": lambda rows: rows[0].update(planes=[-1] * 9),
    "a plane of words": lambda rows: rows[0].update(planes=["many", -1]),
    "a side without end": lambda rows: rows[0].update(shape=[float("inf")]),
    "no shape": lambda rows: rows[0].pop("shape"),
    "no rows": lambda rows: rows.__setitem__(0, 7),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_lies_is_as_good_as_not_there(lie):
    data = packed({"a": np.float16([1.0])})
    assert unpacked(with_table(data, LIES[lie])) is None


def test_a_small_file_cannot_fill_the_memory():
    bomb = squeeze(9, bytes(50 * 10**6))
    rows = [{"name": "a", "kind": "|u1", "shape": [50 * 10**6], "planes": [len(bomb)]}]
    text = json.dumps(rows).encode()
    rest = text + bomb
    head = struct.pack("<16sHII", b"seggui encoding ", 1, zlib.crc32(rest), len(text))
    tracemalloc.start()
    assert unpacked(head + rest) is None
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**7


def test_a_deep_table_is_as_good_as_not_there():
    text = b"[" * 100_000
    head = struct.pack("<16sHII", b"seggui encoding ", 1, zlib.crc32(text), len(text))
    assert unpacked(head + text) is None


def test_what_shrinks_most_comes_back():
    array = np.zeros(10**5, np.float16)
    assert np.array_equal(unpacked(packed({"a": array}))["a"], array)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_the_folder_is_not_waited_for(folder):
    folder.put("image", "model", {"a": features(4)})
    path = only_file(folder)
    path.unlink()
    os.mkfifo(path)
    assert folder.get("image", "model") is None


def test_a_link_in_the_folder_leads_to_no_file_outside_it(folder, tmp_path):
    folder.put("image", "model", {"a": features(4)})
    path, photo = only_file(folder), tmp_path / "photo.png"
    path.unlink()
    photo.write_bytes(b"a photograph")
    path.symlink_to(photo)
    assert folder.get("image", "model") is None
    path.unlink(missing_ok=True)
    path.symlink_to(photo)
    assert folder.put("image", "model", {"a": features(4)})
    assert photo.read_bytes() == b"a photograph"
    assert folder.get("image", "model") is not None
    path.unlink()
    path.symlink_to(photo)
    folder.clear()
    assert photo.read_bytes() == b"a photograph"


def test_a_folder_of_the_name_of_an_encoding_is_left_alone(folder):
    folder.put("image", "model", {"a": features(4)})
    path = only_file(folder)
    path.unlink()
    path.mkdir()
    (path / "work.txt").write_text("mine")
    assert folder.get("image", "model") is None
    assert not folder.put("image", "model", {"a": features(4)})
    assert folder.problem
    folder.clear()
    assert (path / "work.txt").read_text() == "mine"


def test_the_one_unused_for_longest_goes_first(tmp_path):
    arrays = {"a": features(4, 16, 16)}
    size = len(packed(arrays))
    folder = folder_of(tmp_path, 3 * size + 10)
    for age, key in enumerate("abc"):
        folder.put(key, "m", arrays)
        os.utime(folder._path(key, "m"), ns=(age, age))
    assert folder.get("a", "m") is not None, "used just now"
    folder.put("d", "m", arrays)
    assert [folder.has(key, "m") for key in "abcd"] == [True, False, True, True]
    assert folder.contents().nbytes <= 3 * size + 10


def test_what_another_process_wrote_counts_too(tmp_path):
    arrays = {"a": features(4, 16, 16)}
    most = 3 * len(packed(arrays)) + 10
    ours, theirs = folder_of(tmp_path, most), folder_of(tmp_path, most)
    ours.put("first", "m", arrays)
    for number in range(200):
        theirs.put(f"t{number}", "m", arrays)
        ours.put(f"o{number}", "m", arrays)
    assert ours.contents().files <= 4


def test_one_larger_than_the_cache_is_refused_with_the_sizes(tmp_path):
    folder = folder_of(tmp_path, 1000)
    assert not folder.put("a", "m", {"a": features(64, 64)})
    assert "more than the cache may" in folder.problem
    assert folder.contents().files == 0


def test_a_cache_of_no_size_keeps_nothing_and_says_nothing(tmp_path):
    folder = folder_of(tmp_path, 0)
    assert not folder.put("a", "m", {"a": features(4)})
    assert folder.problem == ""
    assert not folder.folder.exists()


def test_a_folder_of_images_that_does_not_fit_is_refused_with_how_many_do(tmp_path):
    folder = folder_of(tmp_path, 10_000)
    folder.check_room(10, 1000, "SAM")
    with pytest.raises(BadRequest, match=r"room for 10 encodings of SAM .* all 11"):
        folder.check_room(11, 1000, "SAM")
    with pytest.raises(BadRequest, match="SAM keeps no encodings"):
        folder.check_room(1, 0, "SAM")
    with pytest.raises(BadRequest, match="above 0"):
        folder_of(tmp_path, 0).check_room(1, 1000, "SAM")


def test_an_almost_full_disk_is_left_to_other_work(folder, monkeypatch):
    class Usage:
        free = 10**6

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert not folder.put("a", "m", {"a": features(4)})
    assert "the disk is almost full" in folder.problem
    assert "Clicks work as before" in folder.problem


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the disk can only be read"),
        (errno.EACCES, "the folder may not be written to"),
    ],
)
def test_a_folder_that_cannot_be_written_is_a_sentence_until_it_can(
    folder, monkeypatch, number, words
):
    folder.put("a", "m", {"a": np.ones(3, np.float16)})

    def refuse(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(atomic.os, "open", refuse)
    assert not folder.put("b", "m", {"a": features(4)})
    assert words in folder.problem
    assert str(folder.folder) in folder.problem
    assert folder.get("a", "m") is not None, "reading goes on"
    monkeypatch.undo()
    assert folder.put("b", "m", {"a": features(4)})
    assert folder.problem == ""


def test_a_folder_deleted_meanwhile_is_made_again(folder):
    folder.put("a", "m", {"a": features(4)})
    only_file(folder).unlink()
    folder.folder.rmdir()
    assert folder.get("a", "m") is None
    assert folder.put("a", "m", {"a": features(4)})
    assert folder.get("a", "m") is not None


def test_a_file_in_the_place_of_the_folder_is_a_sentence(tmp_path):
    (tmp_path / "encodings").write_text("mine")
    folder = folder_of(tmp_path)
    assert folder.get("a", "m") is None
    assert not folder.put("a", "m", {"a": features(4)})
    assert "Encodings of images cannot be kept" in folder.problem
    assert (tmp_path / "encodings").read_text() == "mine"


def test_clearing_removes_encodings_and_nothing_else(folder):
    folder.put("a", "m", {"a": features(40)})
    folder.put("b", "m", {"a": features(40)})
    (folder.folder / "notes.txt").write_text("mine")
    had = folder.contents()
    assert had.files == 2
    assert folder.clear() == had
    assert [path.name for path in folder.folder.iterdir()] == ["notes.txt"]


def test_what_killed_processes_left_half_written_is_swept_away(folder):
    folder.folder.mkdir()
    litter = folder.folder / ".seggui-999999999-0123abcd.tmp"
    litter.write_bytes(b"half")
    folder.put("a", "m", {"a": features(4)})
    assert not litter.exists()


def test_the_own_folder_lies_in_the_cache_and_is_as_large_as_set(
    own_home, monkeypatch, tmp_path
):
    assert own_folder().folder == own_home / "cache" / "encodings"
    settings = Settings.load()
    settings.set("encoding_cache_gb", 0.001)
    settings.save()
    assert own_folder().room_for(1000) == 1000
    monkeypatch.setenv("SEGGUI_CACHE", str(tmp_path / "elsewhere"))
    assert own_folder().folder == tmp_path / "elsewhere" / "encodings"


def test_killed_while_writing_leaves_whole_files_only(tmp_path):
    """Two processes write and are killed; whatever is there can be read."""
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from seggui.files.encodings import EncodingFolder\n"
        "folder = EncodingFolder(Path(sys.argv[1]), lambda: 2_000_000)\n"
        "array = np.full((256, 64, 16), int(sys.argv[2]), np.float16)\n"
        "print('begun', flush=True)\n"
        "while True:\n"
        "    for n in range(4): folder.put(str(n), 'm', {'a': array})\n"
    )
    folder = folder_of(tmp_path, 2_000_000)
    words = [sys.executable, "-c", code, str(folder.folder)]
    writers = [
        subprocess.Popen([*words, number], stdout=subprocess.PIPE) for number in "12"
    ]
    try:
        for writer in writers:
            writer.stdout.readline()
        read = 0
        while read < 50:
            for number in range(4):
                arrays = folder.get(str(number), "m")
                if arrays is not None:
                    read += 1
                    assert set(np.unique(arrays["a"])) <= {1.0, 2.0}
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    found = [folder.get(str(number), "m") for number in range(4)]
    assert any(arrays is not None for arrays in found)
    assert folder.contents().files == sum(arrays is not None for arrays in found)
