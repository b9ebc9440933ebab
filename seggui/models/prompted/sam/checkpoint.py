"""A model as it comes: one released file, or a folder as Hugging Face lays it out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from seggui.errors import MissingWeights, Unreadable
from seggui.models.weights import (
    State,
    all_finite,
    digest_of,
    load_exactly,
    read_state,
)

_WHOLE = "model.safetensors"
_PARTS = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The numbers of a network, and where they come from."""

    path: Path
    """The file or folder, for messages."""
    state: State
    config: Mapping[str, Any] | None
    """What ``config.json`` of a folder says; None for a released file."""
    digest: str
    """``sha256:`` and a hex digest."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a released file, or the folder around a ``config.json``.

    Raises ``MissingWeights`` when nothing is there, ``Unreadable`` for anything that
    is cut short, damaged or no plain tensors.
    """
    folder = folder_of(path)
    if folder is None:
        return Checkpoint(path, read_state(path), None, digest_of(path))
    config = _read_json(folder / "config.json")
    if (folder / _WHOLE).is_file():
        whole = folder / _WHOLE
        return Checkpoint(folder, read_state(whole), config, digest_of(whole))
    state: State = {}
    digest = hashlib.sha256()
    for part in _parts_of(folder):
        state |= read_state(part)
        digest.update(digest_of(part).encode())
    return Checkpoint(folder, state, config, f"sha256:{digest.hexdigest()}")


def folder_of(path: Path) -> Path | None:
    """The folder with a ``config.json`` that a path means; None for a lone file."""
    if path.is_dir():
        return path
    beside = path.parent / "config.json"
    named = path.name == _WHOLE and path.is_file() and beside.is_file()
    return path.parent if named else None


def fill(network: nn.Module, checkpoint: Checkpoint, state: State, title: str) -> None:
    """Put tensors into a network; raises ``Unreadable`` unless all fit and count."""
    load_exactly(network, state, checkpoint.path, title)
    if not all_finite(network):
        raise Unreadable(
            checkpoint.path,
            "some of its numbers are infinite or not a number, so it is damaged",
            "Download it again.",
        )


def _parts_of(folder: Path) -> list[Path]:
    index = folder / _PARTS
    if not index.is_file():
        raise MissingWeights(
            f"The folder {folder} holds no {_WHOLE}. Put the file of that name from "
            "the model's page beside its config.json."
        )
    names = _read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise Unreadable(index, "it does not say which file holds which tensor")
    parts = sorted({str(name) for name in names.values()})
    if any(Path(part).name != part for part in parts):
        raise Unreadable(index, "it names a file outside its folder")
    return [folder / part for part in parts]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingWeights(
            f"The folder {path.parent} holds no {path.name}, so it is no model of "
            "Hugging Face. Name the weights file itself."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(path, "it is no JSON") from error
    if not isinstance(content, dict):
        raise Unreadable(path, "it is no description of a model")
    return content
