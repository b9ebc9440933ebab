"""``seggui models``: list, describe, download, verify and remove models."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from seggui.cli.progress import bar
from seggui.core.ports import ModelInfo, WeightsFile
from seggui.errors import BadRequest
from seggui.files import model_store
from seggui.files.atomic import size_in_words
from seggui.models import catalog

HELP = "List, describe, download, verify and remove models."

_ASSENT = {"y", "yes"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(_ACTIONS), help="what to do")
    parser.add_argument(
        "model", nargs="?", help="id of the model; list shows all without one"
    )
    parser.add_argument(
        "--project", type=Path, help="list and describe the runs of this project too"
    )
    parser.add_argument(
        "--yes", action="store_true", help="download or remove without asking"
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    return _ACTIONS[options.what](options)


def _list(options: argparse.Namespace) -> int:
    infos = [
        info for info in _known(options) if options.model in (None, info.id, info.run)
    ]
    if not infos:
        raise BadRequest(f"There is no model called '{options.model}'.")
    if options.json:
        _tell({"models": [_as_json(info) for info in infos]})
        return 0
    width = max(len(info.run or info.id) for info in infos)
    for info in infos:
        sys.stdout.write(
            f"{info.run or info.id:{width}}  {info.kind:9} {_state(info):16} "
            f"{info.title}\n"
        )
    return 0


def _info(options: argparse.Namespace) -> int:
    info = _one(options)
    if options.json:
        _tell(_as_json(info))
        return 0
    weights = info.weights
    rows = {
        "id": info.run or info.id,
        "title": info.title,
        "kind": info.kind,
        "state": _state(info),
        "paper": info.paper,
        "licence of the code": info.code_licence,
        "licence of the weights": info.weights_licence,
        "can be trained": "yes" if info.trainable else "no",
        "input": info.input_size,
        "classes": ", ".join(info.classes),
        "weights": weights.name if weights else "",
        "size": _size(weights) if weights else "",
        "address": weights.url if weights else "",
        "sha256": weights.sha256 if weights else "",
        "model folder": str(model_store.models_folder()) if weights else "",
    }
    for name, value in rows.items():
        if value:
            sys.stdout.write(f"{name:23} {value}\n")
    return 0


def _download(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    if not model_store.is_there(weights) and not _assent(
        f"Download {weights.name} ({_size(weights)}) from {weights.url}? "
        f"Licence: {info.weights_licence or 'not stated'}.",
        options,
    ):
        raise BadRequest("Nothing was downloaded.")
    with bar(weights.size_bytes or 0, weights.name) as progress:
        path = model_store.download(weights, progress.report)
    _say({"model": info.id, "path": str(path)}, f"{info.title}: {path}", options)
    return 0


def _verify(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    path = model_store.find(weights)
    model_store.verify(path, weights)
    _say(
        {"model": info.id, "path": str(path), "whole": True},
        f"{path} is what its publisher states.",
        options,
    )
    return 0


def _remove(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    path = model_store.models_folder() / weights.name
    if path.exists() and not _assent(f"Delete {path}?", options):
        raise BadRequest("Nothing was deleted.")
    model_store.remove(weights)
    _say({"model": info.id, "removed": str(path)}, f"{path} is gone.", options)
    return 0


_ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "info": _info,
    "download": _download,
    "verify": _verify,
    "remove": _remove,
}


def _known(options: argparse.Namespace) -> tuple[ModelInfo, ...]:
    runs = catalog.runs(options.project) if options.project else ()
    return (*catalog.builtin(), *runs)


def _one(options: argparse.Namespace) -> ModelInfo:
    if not options.model:
        options.usage_error(f"name a model: seggui models {options.what} ID")
    for info in _known(options):
        if options.model in (info.id, info.run):
            return info
    return catalog.get(options.model)


def _with_weights(options: argparse.Namespace) -> tuple[ModelInfo, WeightsFile]:
    info = _one(options)
    if info.weights is None:
        raise BadRequest(
            f"{info.title} has no released weights: there is nothing to {options.what}."
        )
    return info, info.weights


def _state(info: ModelInfo) -> str:
    if info.run or catalog.at_hand(info):
        return "ready"
    return "to be downloaded" if info.weights else "to be trained"


def _assent(question: str, options: argparse.Namespace) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BadRequest(f"{question} Say so with --yes.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in _ASSENT


def _size(weights: WeightsFile) -> str:
    return (
        size_in_words(weights.size_bytes) if weights.size_bytes else "size not stated"
    )


def _as_json(info: ModelInfo) -> dict[str, object]:
    return {**asdict(info), "state": _state(info)}


def _say(
    result: Mapping[str, object], sentence: str, options: argparse.Namespace
) -> None:
    if options.json:
        _tell(result)
    else:
        sys.stdout.write(f"{sentence}\n")


def _tell(result: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
