"""Names of weights: those of the SAM 2.1 and EdgeTAM releases, and transformers' own.

The networks are transformers'; the released files name the same tensors otherwise. Read
off both lists of names and shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch

from seggui.models.weights import State

Renames = Sequence[tuple[str, str]]
"""Patterns and what stands in their place, each tried in turn on what came before."""

_THREE_LAYERS = (
    r"(output_hypernetworks_mlps\.\d|iou_prediction_head|pred_obj_score_head"
    r"|object_pointer_proj)\.layers"
)

HEADS: Renames = (
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"_attn(\w*)\.out_proj\.", r"_attn\1.o_proj."),
    (r"^obj_ptr_proj\.", "object_pointer_proj."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (_THREE_LAYERS + r"\.0\.", r"\1.proj_in."),
    (_THREE_LAYERS + r"\.1\.", r"\1.layers.0."),
    (_THREE_LAYERS + r"\.2\.", r"\1.proj_out."),
)
"""Of the prompt encoder and the mask decoder."""

MEMORY: Renames = (
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^no_mem_pos_enc$", "no_memory_positional_encoding"),
    (r"^maskmem_tpos_enc$", "memory_temporal_positional_encoding"),
    (r"^no_obj_ptr$", "no_object_pointer"),
    (r"^no_obj_embed_spatial$", "occlusion_spatial_embedding_parameter"),
    (r"^obj_ptr_tpos_proj\.", "temporal_positional_encoding_projection_layer."),
    (r"^memory_attention\.norm\.", "memory_attention.layer_norm."),
    (r"^memory_encoder\.pix_feat_proj\.", "memory_encoder.feature_projection."),
    (r"^memory_encoder\.out_proj\.", "memory_encoder.projection."),
    (r"^memory_encoder\.fuser\.", "memory_encoder.memory_fuser."),
    (r"(fuser\.layers\.\d)\.gamma$", r"\1.scale"),
    (r"(fuser\.layers\.\d)\.dwconv\.", r"\1.depthwise_conv."),
    (r"(fuser\.layers\.\d)\.norm\.", r"\1.layer_norm."),
    (r"(fuser\.layers\.\d)\.pwconv(\d)\.", r"\1.pointwise_conv\2."),
    (r"\.mask_downsampler\.encoder\.12\.", ".mask_downsampler.final_conv."),
    *(
        (
            rf"\.mask_downsampler\.encoder\.{3 * layer + step}\.",
            f".mask_downsampler.layers.{layer}.{part}.",
        )
        for layer in range(4)
        for step, part in enumerate(("conv", "layer_norm"))
    ),
)
"""Of the memory of earlier images."""

_HIERA: Renames = (
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"^image_encoder\.neck\.convs\.(\d)\.conv\.", r"vision_encoder.neck.convs.\1."),
)

SAM2: Renames = (*_HIERA, *HEADS, *MEMORY)

EDGETAM: Renames = (
    (r"^image_encoder\.trunk\.body\.", "vision_encoder.backbone.timm_model."),
    *SAM2,
    (r"^(memory_attention\.layers\.\d)\.linear1\.", r"\1.mlp.up_proj."),
    (r"^(memory_attention\.layers\.\d)\.linear2\.", r"\1.mlp.down_proj."),
    (r"^spatial_perceiver\.latents$", "spatial_perceiver.latents_1d"),
    (r"^spatial_perceiver\.norm\.", "spatial_perceiver.layer_norm."),
    (r"^(spatial_perceiver\.layers\.\d)\.attn\.norm_x\.", r"\1.layer_norm_input."),
    (
        r"^(spatial_perceiver\.layers\.\d)\.attn\.norm_latents\.",
        r"\1.layer_norm_latents.",
    ),
    (r"^(spatial_perceiver\.layers\.\d)\.self_attn\.norm\.", r"\1.layer_norm_self."),
    (r"^(spatial_perceiver\.layers\.\d)\.attn\.to_", r"\1.cross_attention.to_"),
    (r"^(spatial_perceiver\.layers\.\d)\.self_attn\.to_", r"\1.self_attention.to_"),
    (r"_attention\.to_(q|kv)\.", r"_attention.\1_proj."),
    (r"_attention\.to_out\.", "_attention.o_proj."),
    (r"^(spatial_perceiver\.layers\.\d)\.ff\.", r"\1.mlp."),
    (r"^(spatial_perceiver\.layers\.\d)\.self_ff\.", r"\1.self_mlp."),
    (r"(mlp)\.0\.", r"\1.layer_norm."),
    (r"(mlp)\.1\.", r"\1.up_proj."),
    (r"(mlp)\.3\.", r"\1.down_proj."),
)

_POSITIONS = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
_CORNERS = "prompt_encoder.point_embeddings."


def renamed(state: State, table: Renames) -> State:
    """The same tensors under other names."""
    patterns = [(re.compile(pattern), new) for pattern, new in table]
    out: State = {}
    for name, value in state.items():
        for pattern, new in patterns:
            name = pattern.sub(new, name)
        out[name] = value
    return out


def of_release(state: State, table: Renames) -> State:
    """The tensors of a release as transformers names and cuts them."""
    out = renamed(state, table)
    positions = out.pop(_POSITIONS, None)
    if positions is not None:
        out["shared_image_embedding.positional_embedding"] = positions
        out["prompt_encoder.shared_embedding.positional_embedding"] = positions
    # Not there, left to the check of the whole: it says that the file is another one's.
    kinds = [out.pop(f"{_CORNERS}{kind}.weight", None) for kind in range(4)]
    found = [kind for kind in kinds if kind is not None]
    if found:
        out["prompt_encoder.point_embed.weight"] = torch.cat(found)
    for name in [name for name in out if name.endswith(".kv_proj.weight")]:
        keys, values = out.pop(name).chunk(2)
        out[name.replace(".kv_proj.", ".k_proj.")] = keys
        out[name.replace(".kv_proj.", ".v_proj.")] = values
    return out
