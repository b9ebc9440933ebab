"""Rows of the models panel, made from the catalogue and the runs of the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from seggui.core.ports import ModelInfo
from seggui.errors import SegguiError
from seggui.files.atomic import size_in_words
from seggui.files.model_store import is_there
from seggui.files.runs import runs_of
from seggui.gui.panels.models import ModelRow


class Catalogue(Protocol):
    """Where models are listed; the window must not import them itself."""

    def builtin(self) -> tuple[ModelInfo, ...]: ...

    def runs(self, project_folder: Path) -> tuple[ModelInfo, ...]: ...


def model_rows(
    catalogue: Catalogue | None, folder: Path | None
) -> tuple[ModelRow, ...]:
    """All models at hand; those trained in this project come last of their kind."""
    if catalogue is None:
        return ()
    infos = list(catalogue.builtin())
    cards: Mapping[str, Mapping[str, object]] = {}
    if folder is not None:
        infos.extend(catalogue.runs(folder))
        cards = _cards(folder)
    return tuple(_row(info, cards) for info in infos)


def _cards(folder: Path) -> Mapping[str, Mapping[str, object]]:
    try:
        return {f"runs/{run.name}": run.card or {} for run in runs_of(folder)}
    except SegguiError:
        # The training panel says what is wrong with the runs folder.
        return {}


def _row(info: ModelInfo, cards: Mapping[str, Mapping[str, object]]) -> ModelRow:
    weights = info.weights
    here = weights is not None and is_there(weights)
    usable = not info.needs_weights or here
    facts = [("Model", info.title)]
    for name, value in (
        ("Paper", info.paper),
        ("Licence of the code", info.code_licence),
        ("Licence of the weights", info.weights_licence),
        ("Classes", _some(info.classes)),
        ("Measured", metrics_text(cards.get(info.run, {}).get("metrics"))),
    ):
        if value:
            facts.append((name, value))
    return ModelRow(
        info.run or info.id,
        info.title,
        info.kind,
        usable,
        _state(info, here=here),
        tuple(facts),
        downloadable=weights is not None and not here,
        run=bool(info.run),
    )


def _state(info: ModelInfo, *, here: bool) -> str:
    """About the weights, in few words."""
    if info.run:
        return "trained here"
    if not info.needs_weights:
        return "built in"
    if here:
        return "weights here"
    if info.weights is None:
        return "train it first" if info.trainable else "no weights"
    size = info.weights.size_bytes
    return size_in_words(size) if size else "to download"


def metrics_text(metrics: object) -> str:
    """Metrics of a run in few words."""
    if not isinstance(metrics, Mapping):
        return ""
    parts = [
        f"{name} {value:.3f}"
        for name, value in metrics.items()
        if isinstance(value, float | int) and not isinstance(value, bool)
    ]
    return ", ".join(parts[:4])


def _some(names: tuple[str, ...], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
