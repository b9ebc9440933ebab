"""Official implementations of the first generation of SAM, beside ours, equal weights.

The folders are checkouts of facebookresearch/segment-anything, ChaoningZhang/MobileSAM
and SysCV/sam-hq. Without the published checkpoints the weights are random and seeded:
scaled so that outputs vary, and written to a file of the released layout that both
sides then load.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seggui.models import catalog
from seggui.models.prompted.sam.first import FirstBackbone
from seggui.models.prompted.sam.opening import VARIANTS, backbone_of


@dataclass(frozen=True, slots=True)
class Official:
    """Where an official implementation is, and how it is built."""

    folder: str
    package: str
    builder: str


OFFICIAL: Mapping[str, Official] = {
    "sam-vit-b": Official("segment-anything", "segment_anything", "build_sam_vit_b"),
    "sam-vit-l": Official("segment-anything", "segment_anything", "build_sam_vit_l"),
    "sam-vit-h": Official("segment-anything", "segment_anything", "build_sam_vit_h"),
    "mobile-sam": Official("MobileSAM", "mobile_sam", "build_sam_vit_t"),
    "hq-sam-vit-b": Official("sam-hq", "segment_anything", "build_sam_vit_b"),
    "hq-sam-light": Official("sam-hq", "segment_anything", "build_sam_vit_t"),
}


def missing(name: str, folder: Path) -> str | None:
    """Why a model cannot be compared; None when it can."""
    there = folder / OFFICIAL[name].folder
    return None if there.is_dir() else f"{name}: skipped, there is no {there}"


def predictor(name: str, folder: Path, weights: Path | None, seed: int) -> Any:  # noqa: ANN401
    """The official predictor, with published or with seeded weights."""
    official = OFFICIAL[name]
    _forget(official.package)
    sys.path.insert(0, str(folder / official.folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            building = import_module(f"{official.package}.build_sam")
            predicting = import_module(f"{official.package}.predictor")
            network = getattr(building, official.builder)()
    finally:
        sys.path.pop(0)
    if weights is None:
        seeded(network, seed)
    else:
        network.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    network.requires_grad_(False)
    # TinyViT gathers its biases anew when it is told that it does not train.
    return predicting.SamPredictor(network.train(True).eval())


def ours(
    name: str,
    network: torch.nn.Module,
    weights: Path | None,
    precision: str = "float32",
) -> FirstBackbone:
    """Our backbone with the weights of an official network, by way of a file."""
    title = catalog.get(name).title
    if weights is not None:
        return backbone_of(VARIANTS[name], weights, title, "cpu", precision)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.pth")
        torch.save(network.state_dict(), path)
        return backbone_of(VARIANTS[name], path, title, "cpu", precision)


def seeded(network: Any, seed: int) -> None:  # noqa: ANN401
    """Random weights that keep the size of what flows through them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if "freqs_cis" in name:
                continue  # A table of turns, which no training changes.
            if "running_var" in name:
                value.uniform_(0.5, 1.5, generator=generator)
            elif "gaussian_matrix" in name:
                value.normal_(0, 1, generator=generator)
            elif value.ndim > 1:
                inputs = max(1, value[0].numel())
                value.normal_(0, inputs**-0.5, generator=generator)
            elif value.is_floating_point():
                around = 1.0 if name.endswith("weight") else 0.0
                value.normal_(around, 0.2, generator=generator)
    _settle(network.image_encoder)


def _settle(encoder: torch.nn.Module) -> None:
    """Give batch norms what training leaves in them: what flows in here."""
    norms = [m for m in encoder.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.train().momentum = 1.0
    square = torch.from_numpy(_waves(1024, 1024).astype(np.float32)) / 64 - 2
    with torch.no_grad():
        encoder(square.permute(2, 0, 1)[None])
    encoder.eval()


def answered(
    official: Any,  # noqa: ANN401
    asked: Asked,
    last: NDArray[np.float32] | None,
) -> tuple[NDArray[Any], ...]:
    """Masks at the image's size, expected IoU and logits; axes (prompt, mask, …)."""
    size = official.original_size
    scale = official.transform
    points = labels = boxes = mask = None
    if asked.points:
        placed = scale.apply_coords(np.array(asked.points, dtype=np.float64), size)
        points = torch.as_tensor(placed, dtype=torch.float)[None]
        labels = torch.as_tensor(asked.labels, dtype=torch.int)[None]
    if asked.boxes:
        placed = scale.apply_boxes(np.array(asked.boxes, dtype=np.float64), size)
        boxes = torch.as_tensor(placed, dtype=torch.float)
    if asked.previous and last is not None:
        mask = torch.as_tensor(last)[None]
    with torch.inference_mode():
        found = official.predict_torch(
            points, labels, boxes, mask, multimask_output=asked.several
        )
    return tuple(value.numpy() for value in found)


def _forget(package: str) -> None:
    """Two of the official implementations are packages of the same name."""
    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        del sys.modules[module]


def _waves(height: int, width: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:height, :width]
    planes = [
        np.sin(rows / 17) * np.cos(columns / 23),
        np.sin((rows + columns) / 31),
        np.cos(np.hypot(rows - height / 2, columns - width / 2) / 19),
    ]
    image = 127 + 90 * np.dstack(planes)
    image[height // 4 : height // 2, width // 3 : width // 2] = (220, 60, 40)
    rng = np.random.default_rng(0)
    image = image + rng.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _grey(height: int, width: int) -> NDArray[np.uint8]:
    return np.repeat(_waves(height, width)[..., :1], 3, axis=2)


IMAGES: Mapping[str, Callable[[], NDArray[np.uint8]]] = {
    "640 x 480": lambda: _waves(480, 640),
    "wide 2000 x 300": lambda: _waves(300, 2000),
    "tall 301 x 1501": lambda: _waves(1501, 301),
    "tiny 9 x 7": lambda: _waves(7, 9),
    "grey 800 x 533": lambda: _grey(533, 800),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt in the pixel indices that the official predictors take."""

    name: str
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    previous: bool = False
    several: bool = True


def prompts_on(height: int, width: int) -> list[Asked]:
    """Points, boxes, a previous mask, several boxes at once."""
    x, y = round(width * 0.4), round(height * 0.35)
    other = (round(width * 0.7), round(height * 0.6))
    box = (width * 0.3, height * 0.2, width * 0.6, height * 0.7)
    second = (width * 0.1, height * 0.1, width * 0.9, height * 0.5)
    third = (width * 0.5, height * 0.5, width * 0.8, height * 0.9)
    many = tuple((width * (i % 6) / 6, height * (i // 6) / 4) for i in range(24))
    return [
        Asked("one point", ((x, y),), (1,)),
        Asked("two points, one mask", ((x, y), other), (1, 0), several=False),
        Asked("24 points", many, tuple(i % 3 and 1 for i in range(24)), several=False),
        Asked("a box", boxes=(box,), several=False),
        Asked("a box and a point", ((x, y),), (1,), (box,)),
        Asked("a point and a mask", (other,), (0,), previous=True, several=False),
        Asked("three boxes at once", boxes=(box, second, third)),
    ]
