"""``seggui models``: list, describe, download, verify and remove models."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from seggui.cli.progress import bar
from seggui.core.parameters import Parameter
from seggui.core.ports import ModelInfo, WeightsFile
from seggui.errors import BadRequest
from seggui.files import model_store
from seggui.files.model_store import digest_text, size_text
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
        size = size_text(info.weights) if info.weights else ""
        sys.stdout.write(
            f"{info.run or info.id:{width}}  {info.kind:11} {_state(info):17} "
            f"{size:>14}  {info.title}\n"
        )
    return 0


def _info(options: argparse.Namespace) -> int:
    info = _one(options)
    if options.json:
        _tell(_as_json(info))
        return 0
    rows = {
        "id": info.run or info.id,
        "title": info.title,
        "kind": info.kind,
        "state": _state(info),
        "paper": info.paper,
        "licence of the code": info.code_licence,
        "licence of the weights": info.weights_licence,
        "can be trained": "yes" if info.trainable else "no",
        "marks": ", ".join(sorted(info.reads)) if info.kind == "prompted" else "",
        "input": info.input_size,
        "classes": ", ".join(info.classes),
    }
    rows |= {f"set {row.name}": _setting_text(row) for row in info.parameters}
    weights = info.weights
    if weights is not None:
        rows |= {"weights": weights.name, "size": size_text(weights)}
        rows |= {"access": weights.access and f"ask for it at {weights.access}"}
        for file in weights.files:
            rows |= {
                f"address {_of(file, weights)}": file.url,
                f"digest {_of(file, weights)}": digest_text(file),
                f"belongs at {_of(file, weights)}": str(model_store.place_of(file)),
            }
        rows |= {"stated by": weights.source}
        folder = model_store.models_folder() / weights.folder
        rows |= {"or this folder at": weights.folder and str(folder)}
    told = {name.strip(): value for name, value in rows.items() if value}
    width = max(map(len, told))
    for name, value in told.items():
        sys.stdout.write(f"{name:{width}}  {value}\n")
    return 0


def _setting_text(row: Parameter) -> str:
    """What can be set, from where to where, and what it is by itself."""
    if row.choices:
        span = ", ".join(word for word, _ in row.choices)
    elif isinstance(row.default, bool):
        span = "yes, no"
    else:
        span = f"{row.low:g} to {row.high:g} {row.unit}".strip()
    default = row.default
    if isinstance(default, bool):
        default = "yes" if default else "no"
    return f"{span}; {default} by itself. {row.hint}".strip()


def _download(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    if not model_store.is_there(weights) and not _assent(
        f"Download {weights.name} ({size_text(weights)}) from {weights.url}? "
        f"Licence: {info.weights_licence or 'not stated'}.",
        options,
    ):
        raise BadRequest("Nothing was downloaded.")
    with bar(weights.size_bytes or 0, weights.name, unit="B") as progress:
        path = model_store.download(weights, progress.report)
    _say({"model": info.id, "path": str(path)}, f"{info.title}: {path}", options)
    return 0


def _verify(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    with bar(weights.size_bytes or 0, weights.name, unit="B") as progress:
        path = model_store.verify_all(weights, progress.report)
    stated = weights.sha256 or weights.md5
    found = "is what is stated for it" if stated else "is as it was downloaded"
    _say(
        {"model": info.id, "path": str(path), "whole": True},
        f"{path} {found}: {digest_text(weights)}.",
        options,
    )
    return 0


def _remove(options: argparse.Namespace) -> int:
    info, weights = _with_weights(options)
    path = model_store.place_of(weights)
    if model_store.state_of(weights) == "missing":
        raise BadRequest(f"There is nothing to delete: {path} is not there.")
    if not _assent(f"Delete {path} ({size_text(weights)})?", options):
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
    if options.project and not options.project.is_dir():
        raise BadRequest(f"There is no folder {options.project}.")
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
    if info.run or (info.weights is None and not info.needs_weights):
        return "ready"
    if info.weights is None:
        return "to be trained"
    state = model_store.state_of(info.weights)
    return {"there": "ready", "missing": "to be downloaded"}.get(state, state)


def _of(file: WeightsFile, weights: WeightsFile) -> str:
    """Names a file where there are several."""
    return model_store.place_of(file).name if weights.beside else ""


def _assent(question: str, options: argparse.Namespace) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BadRequest(f"{question} Say so with --yes.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in _ASSENT


def _as_json(info: ModelInfo) -> dict[str, object]:
    places = (
        [model_store.place_of(f) for f in info.weights.files] if (info.weights) else []
    )
    return {
        **asdict(info),
        "reads": sorted(info.reads),
        "state": _state(info),
        "folder": str(model_store.models_folder()),
        "places": [str(place) for place in places],
    }


def _say(
    result: Mapping[str, object], sentence: str, options: argparse.Namespace
) -> None:
    if options.json:
        _tell(result)
    else:
        sys.stdout.write(f"{sentence}\n")


def _tell(result: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
