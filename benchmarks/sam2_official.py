"""Official implementations of SAM 2.1 and EdgeTAM beside ours, with equal weights.

The folder holds checkouts of facebookresearch/sam2 and facebookresearch/EdgeTAM, and in
``libs`` what they import and we do not: hydra-core, omegaconf, iopath. Without the
published checkpoints the weights are random and seeded, in a file of the released
layout that both sides load.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.sam_official import Asked, seeded
from seggui.models import catalog
from seggui.models.devices import Device
from seggui.models.prompted.sam.sam2 import Sam2Backbone, backbone_of
from seggui.models.prompted.sam.sam2_networks import open_network

CPU: Final = Device("cpu", "for a measurement")


@dataclass(frozen=True, slots=True)
class Second:
    """Where an official implementation is, and how it is described."""

    folder: str
    config: str


SECOND: Mapping[str, Second] = {
    "sam2.1-tiny": Second("sam2", "configs/sam2.1/sam2.1_hiera_t.yaml"),
    "sam2.1-small": Second("sam2", "configs/sam2.1/sam2.1_hiera_s.yaml"),
    "sam2.1-base-plus": Second("sam2", "configs/sam2.1/sam2.1_hiera_b+.yaml"),
    "sam2.1-large": Second("sam2", "configs/sam2.1/sam2.1_hiera_l.yaml"),
    "edgetam": Second("EdgeTAM", "configs/edgetam.yaml"),
}


def missing(name: str, folder: Path) -> str | None:
    """Why a model cannot be compared; None when it can."""
    there = folder / SECOND[name].folder
    if not there.is_dir():
        return f"{name}: skipped, there is no {there}"
    with Importing(name, folder):
        try:
            import_module("hydra")
            import_module("iopath")
        except ImportError as error:
            return f"{name}: skipped, the official code needs {error.name}"
    return None


def predictor(name: str, folder: Path, weights: Path | None, seed: int) -> Any:  # noqa: ANN401
    """The official predictor, with published or with seeded weights."""
    official = SECOND[name]
    for module in [m for m in sys.modules if m.split(".")[0] == "sam2"]:
        del sys.modules[module]
    with Importing(name, folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        core = import_module("hydra.core.global_hydra")
        core.GlobalHydra.instance().clear()
        building = import_module("sam2.build_sam")
        if official.folder == "EdgeTAM":
            _without_downloads(import_module("sam2.modeling.backbones.timm"))
        network = building.build_sam2(
            official.config, str(weights) if weights else None, device="cpu"
        )
        if weights is None:
            seeded(network, seed)
            # Weights by chance may say that there never is an object.
            head = network.sam_mask_decoder.pred_obj_score_head
            torch.nn.init.constant_(head.layers[-1].bias, 50.0)
        predicting = import_module("sam2.sam2_image_predictor")
        return predicting.SAM2ImagePredictor(network.requires_grad_(False))


def ours(
    name: str,
    network: torch.nn.Module,
    weights: Path | None,
    precision: str = "float32",
) -> Sam2Backbone:
    """Our backbone with the weights of an official network, by way of a file."""
    info = catalog.get(name)
    if weights is not None:
        return backbone_of(open_network(info, weights), CPU, precision)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.pt")
        torch.save({"model": network.state_dict()}, path)
        return backbone_of(open_network(info, path), CPU, precision)


def answered(
    official: Any,  # noqa: ANN401
    asked: Asked,
    last: NDArray[np.float32] | None,
) -> tuple[NDArray[Any], ...]:
    """Masks at the image's size, expected IoU and logits; axes (prompt, mask, …)."""
    mask, points, labels, boxes = official._prep_prompts(
        np.array(asked.points, np.float32) if asked.points else None,
        np.array(asked.labels, np.int32) if asked.points else None,
        np.array(asked.boxes, np.float32) if asked.boxes else None,
        last if asked.previous else None,
        True,
    )
    with torch.inference_mode():
        found = official._predict(
            points, labels, boxes, mask, multimask_output=asked.several
        )
    return tuple(value.numpy() for value in found)


def _without_downloads(module: Any) -> None:  # noqa: ANN401
    """The encoder is built from its description, not fetched with its weights."""
    create = module.create_model

    def described(name: str, *rest: object, **more: object) -> object:
        return create(name, *rest, **{**more, "pretrained": False})

    module.create_model = described


class Importing:
    """Inside it the official code and what it needs come first."""

    def __init__(self, name: str, folder: Path) -> None:
        self._paths = [str(folder / SECOND[name].folder), str(folder / "libs")]

    def __enter__(self) -> None:
        sys.path[:0] = self._paths

    def __exit__(self, *_: object) -> None:
        for path in self._paths:
            sys.path.remove(path)
