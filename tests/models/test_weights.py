import hashlib
import io
import os
import pickle
import random
import zipfile

import pytest
import torch
from torch import nn

from seggui.errors import MissingWeights, SegguiError, Unreadable
from seggui.files import digests
from seggui.models.weights import (
    all_finite,
    digest_of,
    load_exactly,
    load_matching,
    read_state,
    write_safetensors,
)


def network(seed=0, out=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, out))


def same(one, other):
    a, b = one.state_dict(), other.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("nest", [None, "model", "state_dict"])
def test_a_checkpoint_comes_back_also_when_nested(tmp_path, nest):
    state = network().state_dict()
    torch.save({nest: state} if nest else state, tmp_path / "w.pth")
    other = network(seed=1)
    load_exactly(other, read_state(tmp_path / "w.pth"), tmp_path / "w.pth", "Toy")
    assert same(other, network())


def test_safetensors_come_back_with_their_digest(tmp_path):
    path = tmp_path / "w.safetensors"
    assert write_safetensors(path, network()) == digest_of(path)
    other = network(seed=1)
    load_exactly(other, read_state(path), path, "Toy")
    assert same(other, network())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingWeights, match=r"no weights file .*gone\.pth"):
        read_state(tmp_path / "gone.pth")


class Evil:
    def __reduce__(self):
        return (exec, ("import pathlib; pathlib.Path('owned').touch()",))


def hostile(kind):
    buffer = io.BytesIO()
    if kind == "pickle":
        return pickle.dumps(Evil())
    if kind == "torch":
        torch.save({"w": torch.zeros(2), "x": Evil()}, buffer)
    elif kind == "module":
        torch.save(nn.Linear(2, 2), buffer)
    elif kind == "zip":
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Evil()))
    elif kind == "html":
        return b"<!DOCTYPE html><html>404</html>"
    elif kind == "list":
        torch.save([1, 2], buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize(
    "kind", ["pickle", "torch", "module", "zip", "html", "empty", "list"]
)
def test_anything_but_tensors_is_refused_and_never_run(
    tmp_path, monkeypatch, kind, name
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(hostile(kind))
    with pytest.raises(Unreadable, match=name):
        read_state(tmp_path / name)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_cut_file_is_refused_in_words(tmp_path, name):
    path = tmp_path / name
    if name.endswith(".pth"):
        torch.save(network().state_dict(), path)
    else:
        write_safetensors(path, network())
    data = path.read_bytes()
    for length in random.Random(0).sample(range(len(data)), 30):
        path.write_bytes(data[:length])
        with pytest.raises(Unreadable, match=r"cut short|no checkpoint"):
            read_state(path)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_checkpoint_cut_or_changed_at_any_byte_is_refused_in_words(tmp_path, legacy):
    whole, path = io.BytesIO(), tmp_path / "w.pth"
    state = {"one": torch.ones(3), "two": torch.zeros(2, 2)}
    torch.save(state, whole, _use_new_zipfile_serialization=not legacy)
    data, draw, refused = whole.getvalue(), random.Random(0), 0
    for place in range(0, len(data), max(1, len(data) // 150)):
        changed = bytearray(data)
        changed[place] = draw.randrange(256)
        for damaged in (data[:place], bytes(changed)):
            path.write_bytes(damaged)
            try:
                read_state(path)
            except Unreadable:
                refused += 1
    assert refused > 100


def test_weights_of_another_model_say_what_does_not_fit(tmp_path):
    path = tmp_path / "w.pth"
    state = network().state_dict()
    state["extra"] = torch.zeros(1)
    del state["0.weight"]
    with pytest.raises(
        SegguiError,
        match=r"weights of Toy \(1 tensors missing, 1 unknown, 2 of another shape",
    ):
        load_exactly(network(out=5), state, path, "Toy")


def test_a_training_takes_what_fits(tmp_path):
    other = network(seed=1, out=5)
    taken = load_matching(other, network().state_dict(), tmp_path)
    assert taken.left_out == 2
    assert torch.equal(other[0].weight, network()[0].weight)
    with pytest.raises(Unreadable, match="none of its tensors"):
        load_matching(network(), {"x": torch.zeros(1)}, tmp_path)


def test_one_number_that_is_none_is_found():
    poisoned = network()
    assert all_finite(poisoned)
    poisoned[1].running_var[2] = torch.nan
    assert not all_finite(poisoned)


def test_a_digest_that_was_written_down_is_not_taken_again(tmp_path, monkeypatch):
    path = tmp_path / "net.pt"
    path.write_bytes(b"weights")
    taken = digest_of(path)
    digests.record(path, taken.removeprefix("sha256:"))
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "sha256", None)  # would break if it was used
        assert digest_of(path) == taken
    path.write_bytes(b"others!")
    os.utime(path, ns=(1, 1))
    assert digest_of(path) != taken
