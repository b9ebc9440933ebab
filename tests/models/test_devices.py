import pytest
import torch

from seggui.errors import BadRequest
from seggui.models.devices import choose, half_precision, out_of_memory


def test_a_machine_without_a_gpu_says_why_it_takes_the_processor(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert (choose().name, choose().reason) == ("cpu", "no GPU found")
    with pytest.raises(BadRequest, match="no usable CUDA device"):
        choose("cuda")


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Toy 9000")
    assert (choose().name, choose().reason) == ("cuda", "found Toy 9000")
    assert choose("cpu").name == "cpu"


def test_apples_gpu_is_only_taken_on_request(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose().name == "cpu"
    assert choose("mps").name == "mps"


def test_an_unknown_device_is_refused():
    with pytest.raises(BadRequest, match="no device called 'tpu'"):
        choose("tpu")


def test_the_precision_can_be_forced():
    assert half_precision(choose("cpu"), "bfloat16")
    assert not half_precision(choose("cpu"), "float32")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("shapes do not match"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error, expected):
    assert out_of_memory(error) is expected
