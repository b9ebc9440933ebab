"""Tiny networks of SAM 2.1 and EdgeTAM with seeded weights that are not constant."""

import json

import torch
from first_tiny import CPU, seeded
from safetensors.torch import save_file
from transformers import (
    EdgeTamVideoConfig,
    EdgeTamVideoModel,
    EdgeTamVisionConfig,
    Sam2HieraDetConfig,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VisionConfig,
    TimmWrapperConfig,
)

from seggui.models.prompted.rows import PROMPTED
from seggui.models.prompted.sam.sam2 import Sam2Backbone, Sam2Heads
from seggui.models.prompted.sam.sam2_networks import Opened

SIDE = 128
WIDTH = 64
_GRIDS = [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2]
_HEADS = {
    "image_size": SIDE,
    "prompt_encoder_config": {"hidden_size": WIDTH, "image_size": SIDE},
    "mask_decoder_config": {
        "hidden_size": WIDTH,
        "mlp_dim": 32,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": WIDTH,
    },
    "memory_attention_hidden_size": WIDTH,
    "memory_attention_num_layers": 1,
    "memory_attention_rope_feat_sizes": [SIDE // 16] * 2,
    "memory_encoder_hidden_size": WIDTH,
    "mask_downsampler_embed_dim": WIDTH,
    "memory_fuser_embed_dim": WIDTH,
    "memory_fuser_intermediate_dim": WIDTH,
}


def sam2_config():
    backbone = Sam2HieraDetConfig(
        hidden_size=8,
        num_attention_heads=1,
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 2, 2],
        window_size_per_stage=[4, 2, 4, 2],
        global_attention_blocks=[3],
    )
    vision = Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=_GRIDS,
        fpn_hidden_size=WIDTH,
    )
    return Sam2VideoConfig(
        vision_config=vision, memory_attention_feed_forward_hidden_size=32, **_HEADS
    )


def edgetam_config():
    backbone = TimmWrapperConfig(
        architecture="repvit_m0_9",
        model_args={
            "in_chans": 3,
            "features_only": True,
            "out_indices": [0, 1, 2, 3],
        },
    )
    vision = EdgeTamVisionConfig(
        backbone_config=backbone,
        backbone_feature_sizes=_GRIDS,
        fpn_hidden_size=WIDTH,
    )
    return EdgeTamVideoConfig(
        vision_config=vision,
        memory_attention_mlp_hidden_size=32,
        memory_attention_rope_k_sizes=[4, 4],
        perceiver_resampler_num_latents=16,
        perceiver_resampler_num_latents_2d=16,
        enable_occlusion_spatial_embedding=False,
        enable_temporal_pos_encoding_for_object_pointers=False,
        **_HEADS,
    )


NETWORKS = {
    "sam2.1-tiny": (sam2_config, Sam2VideoModel),
    "edgetam": (edgetam_config, EdgeTamVideoModel),
}


def info_of(name):
    return next(row.info for row in PROMPTED if row.info.id == name)


def network_of(name, seed=0):
    config, network = NETWORKS[name]
    made = seeded(network(config()), seed).eval()
    if name == "edgetam":
        _calm(made.vision_encoder)
    return made.requires_grad_(False)


def _calm(encoder):
    """What grew through so many blocks by chance, in the size that training gives."""
    square = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        maps = encoder.backbone(square).last_hidden_state
    sizes = [float(plane.std()) for plane in maps]
    with torch.no_grad():
        for conv, size in zip(encoder.neck.convs, reversed(sizes), strict=True):
            conv.weight /= size


def opened(name, seed=0):
    return Opened(network_of(name, seed), f"test:{name}:{seed}", None)


def backbone_of(name, seed=0, precision="float32"):
    heads = Sam2Heads(network_of(name, seed), CPU, precision)
    return Sam2Backbone(heads, f"test:{name}:{seed}")


def folder_of(path, network, **changes):
    """A folder as Hugging Face lays it out."""
    path.mkdir()
    config = network.config.to_dict() | changes
    (path / "config.json").write_text(json.dumps(config, default=str))
    state = {n: v.clone().contiguous() for n, v in network.state_dict().items()}
    save_file(state, path / "model.safetensors")
    return path
