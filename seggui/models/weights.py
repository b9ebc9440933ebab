"""Reading and writing the numbers of a network, without ever running foreign code."""

from __future__ import annotations

import hashlib
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from seggui.errors import MissingWeights, Unreadable
from seggui.files import digests
from seggui.files.atomic import write_whole

State = dict[str, Tensor]

_CUT_OR_DAMAGED = (
    RuntimeError,
    SafetensorError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
)
"""What the readers raise for a file that ends or changes at any byte: they unpack
numbers, empty their stacks and assert without looking first."""


def digest_of(path: Path) -> str:
    """``sha256:`` and the hex digest of the file's bytes.

    A digest that was written down beside the file is not taken again.
    """
    if digests.is_fresh(path) and (known := digests.recorded(path)):
        return f"sha256:{known}"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def read_state(path: Path) -> State:
    """Read a state dict from safetensors or a torch checkpoint (tensors only).

    Raises ``MissingWeights`` when there is no such file, ``Unreadable`` when it is cut,
    no checkpoint at all, or holds anything but plain tensors.
    """
    if not path.is_file():
        raise MissingWeights(f"There is no weights file {path}.")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        with warnings.catch_warnings():
            # It warns of unusual pickles before it refuses them.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise Unreadable(
            path, "it is no checkpoint of plain tensors, and nothing else is loaded"
        ) from error
    except _CUT_OR_DAMAGED as error:
        raise Unreadable(path, "the file is cut short or no checkpoint") from error
    return _tensors(path, content)


def _tensors(path: Path, content: object) -> State:
    """Find the state dict in what was read; some publishers nest it once."""
    for key in ("", "model", "state_dict"):
        inner = content if not key else None
        if key and isinstance(content, Mapping):
            inner = content.get(key)
        if not isinstance(inner, Mapping) or not inner:
            continue
        if all(isinstance(value, Tensor) for value in inner.values()):
            return {str(name): value for name, value in inner.items()}
    raise Unreadable(path, "it holds no state dict")


def load_exactly(network: nn.Module, state: State, path: Path, title: str) -> None:
    """Put a state into a network; raises ``Unreadable`` unless every tensor fits."""
    own = network.state_dict()
    missing = sorted(name for name in set(own) - set(state) if _matters(name))
    surplus = sorted(name for name in set(state) - set(own) if _matters(name))
    wrong = [
        name for name in own if name in state and not _fits(own[name], state[name])
    ]
    if missing or surplus or wrong:
        first = (missing or surplus or wrong)[0]
        raise Unreadable(
            path,
            f"these are not the weights of {title} ({len(missing)} tensors missing, "
            f"{len(surplus)} unknown, {len(wrong)} of another shape; "
            f"the first is {first})",
        )
    network.load_state_dict(
        {name: value for name, value in state.items() if name in own}, strict=False
    )


@dataclass(frozen=True, slots=True)
class Transfer:
    """How much of a checkpoint fitted into a network."""

    taken: int
    left_out: int


def load_matching(network: nn.Module, state: State, path: Path) -> Transfer:
    """Take every tensor that fits by name and shape, to start a training from.

    Raises ``Unreadable`` when nothing fits.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in state.items()
        if name in own and _fits(own[name], value)
    }
    if not fitting:
        raise Unreadable(path, "none of its tensors fits into this model")
    network.load_state_dict(fitting, strict=False)
    return Transfer(len(fitting), len(state) - len(fitting))


def write_safetensors(path: Path, network: nn.Module) -> str:
    """Write the weights whole; returns their digest."""
    state = {
        name: value.detach().to("cpu").contiguous().clone()
        for name, value in network.state_dict().items()
    }
    data = save(state)
    write_whole(path, data)
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def all_finite(network: nn.Module) -> bool:
    """Whether no weight or buffer is NaN or infinite."""
    return all(
        bool(torch.isfinite(value).all())
        for value in network.state_dict().values()
        if value.is_floating_point()
    )


def _matters(name: str) -> bool:
    # Frozen batch norms, and all before torch 0.4.1, count no batches.
    return not name.endswith("num_batches_tracked")


def _fits(own: Tensor, other: Tensor) -> bool:
    return own.shape == other.shape
