"""Opening SAM, HQ-SAM and MobileSAM: a released file or a folder of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from seggui.core.ports import ModelInfo
from seggui.errors import Unreadable
from seggui.models.devices import choose
from seggui.models.prompted.sam.checkpoint import fill, read_checkpoint
from seggui.models.prompted.sam.first import FirstBackbone, FirstNetwork, Variant
from seggui.models.prompted.sam.first_names import of_release, of_transformers
from seggui.models.prompted.sam.model import SamModel
from seggui.models.prompted.sam.tinyvit import TINY_5M, TinyShape
from seggui.models.prompted.sam.vit import VIT_B, VIT_H, VIT_L
from seggui.models.weights import State

VARIANTS: Mapping[str, Variant] = {
    "sam-vit-b": Variant(VIT_B),
    "sam-vit-l": Variant(VIT_L),
    "sam-vit-h": Variant(VIT_H),
    "mobile-sam": Variant(TINY_5M),
    "hq-sam-vit-b": Variant(VIT_B, hq=True),
    "hq-sam-vit-l": Variant(VIT_L, hq=True),
    "hq-sam-vit-h": Variant(VIT_H, hq=True),
    "hq-sam-light": Variant(TINY_5M, hq=True),
}
_TYPES = ("sam", "sam_hq")


def open_first(info: ModelInfo, weights: Path) -> SamModel:
    """Open a model of the table of variants.

    Raises ``MissingWeights``, or ``Unreadable`` for a file of another model, a cut or
    a damaged one.
    """
    return SamModel(info, backbone_of(VARIANTS[info.id], weights, info.title))


def backbone_of(
    variant: Variant,
    weights: Path,
    title: str,
    device: str = "auto",
    precision: str = "auto",
) -> FirstBackbone:
    """Load the network of a variant; raises as ``open_first``."""
    checkpoint = read_checkpoint(weights)
    if checkpoint.config is None:
        state = of_release(checkpoint.state)
    else:
        kind = checkpoint.config.get("model_type")
        if kind not in _TYPES:
            raise Unreadable(
                checkpoint.path,
                f"its config.json says {kind}, and {title} is one of "
                f"{' or '.join(_TYPES)}",
            )
        state = of_transformers(checkpoint.state)
    if (other := _another(state, variant)) is not None:
        raise Unreadable(
            checkpoint.path, f"these are the weights of {other}, not of {title}"
        )
    with torch.device("meta"):
        network = FirstNetwork(variant)
    # Memory without numbers in it: each of them comes from the file.
    network.to_empty(device="cpu")
    fill(network, checkpoint, state, title)
    return FirstBackbone(network, choose(device), checkpoint.digest, precision)


def _another(state: State, variant: Variant) -> str | None:
    """The id of the variant whose weights these are, if it is not this one."""
    neck = state.get("image_encoder.neck.0.weight")
    if neck is None or neck.ndim < 2:
        return None
    found = (int(neck.shape[1]), "mask_decoder.hf_token.weight" in state)
    if found == _features(variant):
        return None
    return next((name for name, v in VARIANTS.items() if _features(v) == found), None)


def _features(variant: Variant) -> tuple[int, bool]:
    """What tells the variants apart: the encoder's last width, and the HQ decoder."""
    shape = variant.encoder
    last = shape.widths[3] if isinstance(shape, TinyShape) else shape.width
    return last, variant.hq
