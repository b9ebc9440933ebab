"""The table of models: what there is, and how each of them is opened.

Reading the table loads no model library; a model's own module is only imported when it
is opened.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from seggui.core.ports import (
    FullImageModel,
    ModelInfo,
    PromptedModel,
    PropagatingModel,
)
from seggui.core.segment import told_model
from seggui.errors import BadRequest
from seggui.jobs.architectures import architecture
from seggui.models.prompted.rows import PROMPTED
from seggui.models.propagation.rows import PROPAGATING
from seggui.models.released import WEIGHTS
from seggui.models.row import Row

Version = tuple[tuple[int, int], ...]

NO_CARD = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What reading a ``model.json`` raises that is none; projects come from strangers."""

_TORCHVISION = "BSD-3-Clause"
_FULL_IMAGE = ("semantic", "instance", "panoptic")
_RELEASED = "BSD-3-Clause, trained on COCO (CC BY 4.0 annotations)"

# In the order of the network's channels; the background comes before them.
_VOC = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


_FULL = (
    Row(
        ModelInfo(
            id="unet",
            title="U-Net",
            kind="semantic",
            paper="Ronneberger et al. 2015, arXiv:1505.04597",
            code_licence="MIT",
            needs_weights=True,
            trainable=True,
            input_size="any, in tiles",
        ),
        "",
    ),
    Row(
        ModelInfo(
            id="fcn",
            title="FCN",
            kind="semantic",
            paper="Long et al. 2015, arXiv:1411.4038",
            code_licence=_TORCHVISION,
            weights_licence=_RELEASED,
            weights=WEIGHTS["fcn"],
            needs_weights=True,
            trainable=True,
            classes=_VOC,
            input_size="longest side 780, in tiles",
        ),
        "seggui.models.semantic.model:open_released",
    ),
    Row(
        ModelInfo(
            id="deeplabv3",
            title="DeepLabV3",
            kind="semantic",
            paper="Chen et al. 2017, arXiv:1706.05587",
            code_licence=_TORCHVISION,
            weights_licence=_RELEASED,
            weights=WEIGHTS["deeplabv3"],
            needs_weights=True,
            trainable=True,
            classes=_VOC,
            input_size="longest side 780, in tiles",
        ),
        "seggui.models.semantic.model:open_released",
    ),
    Row(
        ModelInfo(
            id="lraspp",
            title="LR-ASPP",
            kind="semantic",
            paper="Howard et al. 2019, arXiv:1905.02244",
            code_licence=_TORCHVISION,
            weights_licence=_RELEASED,
            weights=WEIGHTS["lraspp"],
            needs_weights=True,
            trainable=True,
            classes=_VOC,
            input_size="longest side 780, in tiles",
        ),
        "seggui.models.semantic.model:open_released",
    ),
    Row(
        ModelInfo(
            id="maskrcnn",
            title="Mask R-CNN",
            kind="instance",
            paper="He et al. 2017, arXiv:1703.06870",
            code_licence=_TORCHVISION,
            weights_licence=_RELEASED,
            weights=WEIGHTS["maskrcnn"],
            needs_weights=True,
            trainable=True,
            input_size="shorter side 800",
        ),
        "seggui.models.instance.model:open_released",
    ),
)

ROWS = (*PROMPTED, *PROPAGATING, *_FULL)


def builtin() -> tuple[ModelInfo, ...]:
    """Every model that comes with the program."""
    return tuple(row.info for row in ROWS)


def prompted() -> tuple[ModelInfo, ...]:
    return tuple(info for info in builtin() if info.kind == "prompted")


def propagating() -> tuple[ModelInfo, ...]:
    """Every model that carries masks from image to image, the best first.

    The slow ones come last, behind the one that needs no download.
    """
    rows = (row for row in ROWS if row.propagator)
    return tuple(row.info for row in sorted(rows, key=lambda row: row.slow))


def full_image() -> tuple[ModelInfo, ...]:
    return tuple(info for info in builtin() if info.kind in _FULL_IMAGE)


def get(model_id: str) -> ModelInfo:
    """The model of that id; raises ``BadRequest`` with the ids there are."""
    return _row(model_id, ROWS).info


def at_hand(info: ModelInfo) -> bool:
    """Whether the model can be opened now, without a download or a training."""
    if not info.needs_weights:
        return True
    from seggui.files import model_store

    return info.weights is not None and model_store.is_there(info.weights)


def best_prompted() -> ModelInfo:
    """The best prompted model that can be opened now."""
    return next(info for info in prompted() if at_hand(info))


def best_propagating() -> ModelInfo:
    """The best model that carries masks and can be opened now."""
    return next(info for info in propagating() if at_hand(info))


# -- runs ---------------------------------------------------------------------


def runs(project: Path) -> tuple[ModelInfo, ...]:
    """The models that trainings of a project made, the newest name first.

    A run counts while its ``model.json`` is there and can be read.
    """
    cards = sorted(project.glob("runs/*/model.json"), reverse=True)
    found = (_run_at(card.parent) for card in cards)
    return tuple(info for info in found if info is not None)


def run_info(run: Path, model: str, classes: Sequence[str], side: int) -> ModelInfo:
    """The row of a run that trained that architecture.

    ``classes`` are without the background; larger images are shrunk to ``side``.
    """
    row = architecture(model)
    return ModelInfo(
        id=str(run),
        title=f"{row.title} ({run.name})",
        kind=row.kind,
        trainable=True,
        classes=tuple(classes),
        input_size=f"longest side {side}" if side else "any",
        run=told_model(str(run)),
    )


def told(model: str) -> str:
    """What segments say of the model that is opened by that id or path."""
    known = any(info.id == model for info in builtin())
    return model if known else told_model(str(Path(model).resolve()))


def _run_at(run: Path) -> ModelInfo | None:
    """What ``model.json`` of a run says; None when it is no card of a model."""
    try:
        card = json.loads((run / "model.json").read_bytes())
        classes = [str(name) for name in card["classes"]][1:]
        side = int(card.get("longest_side", 0))
        return run_info(run, str(card["model"]), classes, side)
    except (OSError, BadRequest, *NO_CARD):
        return None


# -- opening ------------------------------------------------------------------


def open_prompted(model_id: str, weights: Path | None = None) -> PromptedModel:
    """Open a prompted model: an id of the catalogue, or the path of a run folder.

    Raises ``BadRequest`` for an unknown id, ``MissingWeights`` with what to do.
    """
    if model_id not in {info.id for info in prompted()} and Path(model_id).is_dir():
        opened: PromptedModel = _function("seggui.models.runs:open_prompted_run")(
            Path(model_id)
        )
        return opened
    row = _row(model_id, tuple(r for r in ROWS if r.info.kind == "prompted"))
    model: PromptedModel = _built(row.builder, row.info, weights)
    return model


def open_propagating(model_id: str, weights: Path | None = None) -> PropagatingModel:
    """Open a model that carries masks; raises as ``open_prompted``."""
    row = _row(model_id, tuple(r for r in ROWS if r.propagator))
    model: PropagatingModel = _built(row.propagator, row.info, weights)
    return model


def open_full_image_model(
    model: str,
    weights: Path | None = None,
    *,
    device: str = "auto",
    tile: int = 0,
    smallest_score: float = 0.5,
) -> FullImageModel:
    """Open a full-image model: an id of the catalogue, or the path of a run folder.

    Raises ``BadRequest`` when it is neither, ``MissingWeights`` with what to do,
    ``Unreadable`` when the weights are damaged.
    """
    options = _predict_options(device, tile, smallest_score)
    if model not in {info.id for info in full_image()} and Path(model).is_dir():
        opened: FullImageModel = _function("seggui.models.runs:open_run")(
            Path(model), options
        )
        return opened
    row = _row(model, tuple(r for r in ROWS if r.info.kind in _FULL_IMAGE))
    if not row.builder:
        raise BadRequest(
            f"{row.info.title} comes without released weights: train it on your own "
            "images first, then use the run it makes."
        )
    path = _weights_of(row.info, weights)
    built: FullImageModel = _function(row.builder)(row.info, path, options)
    return built


def version(model: str, weights: Path | None = None) -> Version:
    """Is another one when the files have changed that the model is opened from.

    ``model`` and ``weights`` are as for opening it; nothing is read.
    """
    from seggui.files import model_store

    if weights is not None:
        return model_store.mark_of_change(weights)
    known = next((row.info for row in ROWS if row.info.id == model), None)
    if known is None:
        # The card of a run is written last.
        return model_store.mark_of_change(Path(model, "model.json"))
    return model_store.marks_of_change(known.weights) if known.weights else ()


def _built(builder: str, info: ModelInfo, weights: Path | None) -> Any:  # noqa: ANN401
    build = _function(builder)
    if info.weights is None and weights is None:
        return build()
    return build(info, _weights_of(info, weights))


def _predict_options(device: str, tile: int, smallest_score: float) -> object:
    # That module loads torch.
    from seggui.models.full_image import PredictOptions

    return PredictOptions(device, tile, smallest_score)


def _weights_of(info: ModelInfo, given: Path | None) -> Path:
    if info.weights is None:
        raise BadRequest(
            f"{info.title} takes no weights file. What was trained here is a model of "
            "its own: name the folder of its run."
        )
    from seggui.files import model_store

    path: Path = model_store.find(info.weights, given)
    return path


def _row(model_id: str, rows: tuple[Row, ...]) -> Row:
    for row in rows:
        if row.info.id == model_id:
            return row
    if Path(model_id).name != model_id:
        raise BadRequest(
            f"There is no run at {model_id}. A run is a folder that a training made, "
            "such as runs/unet-1 in a project; seggui models list --project names them."
        )
    known = [row.info.id for row in rows]
    like = get_close_matches(model_id.lower(), known, 1)
    meant = f"Did you mean {like[0]}? " if like else ""
    raise BadRequest(
        f"There is no model called '{model_id}', nor a run folder of that name here. "
        f"{meant}There are: {', '.join(known)}."
    )


def _function(dotted: str) -> Any:  # noqa: ANN401 - found by name
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)
