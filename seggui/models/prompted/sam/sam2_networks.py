"""The networks of SAM 2.1 and EdgeTAM, built and filled from what a person has.

Ravi et al., "SAM 2: Segment Anything in Images and Videos" (2024), arXiv:2408.00714;
Zhou et al., "EdgeTAM: On-Device Track Anything Model" (2025), arXiv:2501.07256. The
code of the networks is that of transformers; nothing is ever fetched from its hub.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from huggingface_hub.errors import StrictDataclassError
from torch import nn
from transformers import (
    EdgeTamConfig,
    EdgeTamModel,
    EdgeTamVideoConfig,
    EdgeTamVideoModel,
    EdgeTamVisionConfig,
    PreTrainedConfig,
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2Model,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VisionConfig,
    TimmWrapperConfig,
)
from transformers.initialization import no_init_weights

from seggui.core.ports import ModelInfo
from seggui.errors import Unreadable
from seggui.models.prompted.sam.checkpoint import Checkpoint, fill, read_checkpoint
from seggui.models.prompted.sam.sam2_names import EDGETAM, SAM2, Renames, of_release
from seggui.models.prompted.sam.sam2_quick import quickened
from seggui.models.weights import State

_SHARED = "shared_image_embedding.positional_embedding"
_OWN = "prompt_encoder.shared_embedding.positional_embedding"
_OF_VIDEOS = (
    "memory_",
    "mask_downsample",
    "object_pointer_proj",
    "temporal_positional_encoding_projection_layer",
    "no_memory_positional_encoding",
    "no_object_pointer",
    "occlusion_spatial_embedding_parameter",
    "spatial_perceiver",
)


@dataclass(frozen=True, slots=True)
class Hiera:
    """The numbers that tell the encoders of SAM 2.1 apart."""

    width: int
    heads: int
    depths: tuple[int, int, int, int]
    everywhere: tuple[int, int, int]
    """Blocks that attend to the whole square; the others to windows."""
    windows: tuple[int, int, int, int] = (8, 4, 14, 7)
    background: int = 7
    """Side of the grid of positions that is stretched over the square."""

    @property
    def config(self) -> Sam2VisionConfig:
        widths = [self.width << stage for stage in range(4)]
        backbone = Sam2HieraDetConfig(
            hidden_size=self.width,
            num_attention_heads=self.heads,
            blocks_per_stage=list(self.depths),
            embed_dim_per_stage=widths,
            num_attention_heads_per_stage=[self.heads << stage for stage in range(4)],
            window_size_per_stage=list(self.windows),
            global_attention_blocks=list(self.everywhere),
            window_positional_embedding_background_size=[self.background] * 2,
        )
        return Sam2VisionConfig(
            backbone_config=backbone, backbone_channel_list=widths[::-1]
        )


HIERAS: Final[Mapping[str, Hiera]] = {
    "sam2.1-tiny": Hiera(96, 1, (1, 2, 7, 2), (5, 7, 9)),
    "sam2.1-small": Hiera(96, 1, (1, 2, 11, 2), (7, 10, 13)),
    "sam2.1-base-plus": Hiera(112, 2, (2, 3, 16, 3), (12, 16, 20), background=14),
    "sam2.1-large": Hiera(144, 2, (2, 6, 36, 4), (23, 33, 43), (8, 4, 16, 8)),
}


def sam2_config(model_id: str) -> Sam2VideoConfig:
    """What the released file of that row of the catalogue was made with."""
    return Sam2VideoConfig(vision_config=HIERAS[model_id].config)


def edgetam_config() -> EdgeTamVideoConfig:
    """What ``edgetam.pt`` was made with."""
    # Left to itself, transformers builds a ResNet here: it misspells an argument.
    backbone = TimmWrapperConfig(
        architecture="repvit_m1",
        model_args={
            "in_chans": 3,
            "features_only": True,
            "out_indices": [0, 1, 2, 3],
        },
    )
    return EdgeTamVideoConfig(
        vision_config=EdgeTamVisionConfig(backbone_config=backbone),
        enable_occlusion_spatial_embedding=False,
        enable_temporal_pos_encoding_for_object_pointers=False,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A network that is filled, and what names its numbers."""

    network: nn.Module
    digest: str
    path: Path

    @property
    def remembers(self) -> bool:
        """Whether it has the memory that carries masks on."""
        return hasattr(self.network, "memory_attention")


_Class = tuple[type[PreTrainedConfig], Callable[[Any], nn.Module]]
_CLASSES: Final[Mapping[str, _Class]] = {
    "sam2": (Sam2Config, Sam2Model),
    "sam2_video": (Sam2VideoConfig, Sam2VideoModel),
    "edgetam": (EdgeTamConfig, EdgeTamModel),
    "edgetam_video": (EdgeTamVideoConfig, EdgeTamVideoModel),
}


def open_network(info: ModelInfo, path: Path) -> Opened:
    """Open a released file, or a folder of Hugging Face, as the model of that row.

    Raises ``MissingWeights`` when nothing is there, ``Unreadable`` for what is
    damaged or another model.
    """
    checkpoint = read_checkpoint(path)
    edge = info.id == "edgetam"
    if checkpoint.config is None:
        table: Renames = EDGETAM if edge else SAM2
        network = (
            _built(EdgeTamVideoModel, edgetam_config())
            if edge
            else _built(Sam2VideoModel, sam2_config(info.id))
        )
        state = of_release(checkpoint.state, table)
    else:
        wanted = ("edgetam_video", "edgetam") if edge else ("sam2_video", "sam2")
        network = _described(checkpoint, wanted, info.title)
        state = _of_folder(checkpoint.state, network)
    fill(network, checkpoint, state, info.title)
    network.eval().requires_grad_(False)
    quickened(network)
    return Opened(network, checkpoint.digest, path)


def _described(
    checkpoint: Checkpoint, wanted: tuple[str, ...], title: str
) -> nn.Module:
    """The network that a ``config.json`` asks for."""
    config = dict(checkpoint.config or {})
    kind = str(config.get("model_type", ""))
    place = checkpoint.path / "config.json"
    if kind not in wanted:
        raise Unreadable(
            place, f"it describes a model of type {kind!r}, and {title} is {wanted[0]}"
        )
    own, network = _CLASSES[kind]
    try:
        return _built(network, own.from_dict(config))
    except (
        StrictDataclassError,
        TypeError,
        ValueError,
        KeyError,
        AttributeError,
        RuntimeError,
        ArithmeticError,
    ) as error:
        raise Unreadable(place, f"it describes no {title} that can be built") from error


def _built(network: Callable[[Any], nn.Module], config: PreTrainedConfig) -> nn.Module:
    # Every number comes from the file: no time is spent on making some up.
    with no_init_weights():
        return network(config)


def _of_folder(state: State, network: nn.Module) -> State:
    """The tensors of a folder, less those of videos where the network has none."""
    out = dict(state)
    # Tied in older versions, and then written once only.
    for name, twin in ((_SHARED, _OWN), (_OWN, _SHARED)):
        if name not in out and twin in out:
            out[name] = out[twin]
    if not hasattr(network, "memory_attention"):
        out = {n: v for n, v in out.items() if not n.startswith(_OF_VIDEOS)}
    return out
