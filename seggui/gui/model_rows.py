"""Rows of the models panel, made from the catalogue and the runs of the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seggui.core.ports import ModelInfo, WeightsFile
from seggui.errors import SegguiError
from seggui.files.model_store import (
    digest_text,
    models_folder,
    place_of,
    size_text,
    state_of,
)
from seggui.files.runs import runs_of
from seggui.gui.panels.models import ModelRow

_FINDS = {
    "prompted": "what is clicked on",
    "semantic": "classes, over the whole image",
    "instance": "objects, over the whole image",
    "panoptic": "classes and objects, over the whole image",
    "propagating": "an object again in the next images",
}
_DIGITS = 16
"""How much of a digest the panel shows; the command line shows all of it."""


class Catalogue(Protocol):
    """Where models are listed; the window must not import them itself."""

    def builtin(self) -> tuple[ModelInfo, ...]: ...

    def propagating(self) -> tuple[ModelInfo, ...]: ...

    def at_hand(self, info: ModelInfo) -> bool: ...

    def runs(self, project_folder: Path) -> tuple[ModelInfo, ...]: ...


def model_rows(
    catalogue: Catalogue | None, folder: Path | None
) -> tuple[ModelRow, ...]:
    """The models for clicks and for whole images.

    A classical method is a tool of its own; what only carries masks from image to image
    is chosen where that is done.
    """
    if catalogue is None:
        return ()
    infos = [i for i in catalogue.builtin() if i.kind in _FINDS and not i.classical]
    cards: Mapping[str, Mapping[str, object]] = {}
    if folder is not None:
        infos.extend(catalogue.runs(folder))
        cards = _cards(folder)
    return tuple(_row(info, cards) for info in infos)


def for_clicks(rows: Sequence[ModelRow]) -> tuple[ModelRow, ...]:
    """The models that can answer clicks now, the best first."""
    return tuple(row for row in rows if row.kind == "prompted" and row.usable)


def _cards(folder: Path) -> Mapping[str, Mapping[str, object]]:
    try:
        return {f"runs/{run.name}": run.card or {} for run in runs_of(folder)}
    except SegguiError:
        # The training panel says what is wrong with the runs folder.
        return {}


def _row(info: ModelInfo, cards: Mapping[str, Mapping[str, object]]) -> ModelRow:
    weights = info.weights
    state = state_of(weights) if weights else ""
    facts = [
        ("Finds", _finds(info)),
        ("Paper", info.paper),
        ("Licence of the code", info.code_licence),
        ("Licence of the weights", info.weights_licence),
        ("Classes", _some(info.classes)),
        ("Measured", metrics_text(cards.get(info.run, {}).get("metrics"))),
        *(_weights_facts(weights) if weights else ()),
    ]
    return ModelRow(
        _id_of(info),
        info.title,
        info.kind,
        usable=not info.needs_weights or state == "there",
        state=_state(info, state),
        facts=tuple((name, value) for name, value in facts if value),
        weights=state,
        run=bool(info.run),
    )


def _finds(info: ModelInfo) -> str:
    more = ", named in words or like an example" if "text" in info.reads else ""
    return _FINDS[info.kind] + more


def _id_of(info: ModelInfo) -> str:
    """What the model is asked by: a run that answers clicks goes by its whole path."""
    return info.id if info.kind == "prompted" else info.run or info.id


def _weights_facts(weights: WeightsFile) -> tuple[tuple[str, str], ...]:
    digest = digest_text(weights)
    words = [f"{w[:_DIGITS]}…" if len(w) > _DIGITS else w for w in digest.split(" ")]
    asked = f"those whom its publisher approves: {weights.access}"
    folder = models_folder() / weights.folder
    return (
        ("Size", size_text(weights)),
        ("Given to", asked if weights.access else ""),
        ("Checked by", " ".join(words)),
        ("Stated by", weights.source),
        ("Address", weights.url),
        ("Belongs at", str(place_of(weights))),
        ("Or this folder", str(folder) if weights.folder else ""),
    )


def _state(info: ModelInfo, state: str) -> str:
    """About the weights, in few words."""
    if info.run:
        return "trained here"
    if not info.needs_weights:
        return "built in"
    if info.weights is None:
        return "train it first" if info.trainable else "no weights"
    words = {"there": "ready", "damaged": "damaged", "partly downloaded": "in part"}
    return words.get(state) or size_text(info.weights).removeprefix("size ")


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
