"""Names of weights: those of the SAM 3 release, and transformers' own.

``sam3.pt`` holds a detector of concepts and a tracker of single objects that share one
encoder. Read off both lists of names and shapes.
"""

from __future__ import annotations

from torch import Tensor

from seggui.models.prompted.sam.sam2_names import (
    HEADS,
    MEMORY,
    Renames,
    of_release,
    renamed,
)
from seggui.models.weights import State

_ENCODER: Renames = (
    (r"^backbone\.vision_backbone\.trunk\.", "vision_encoder.backbone."),
    (r"^backbone\.vision_backbone\.convs\.", "vision_encoder.neck.fpn_layers."),
    (r"^backbone\.vision_backbone\.sam2_convs\.", "tracker_neck.fpn_layers."),
    (r"\.patch_embed\.proj\.", ".embeddings.patch_embeddings.projection."),
    (r"\.pos_embed$", ".embeddings.position_embeddings"),
    (r"\.ln_pre\.", ".layer_norm."),
    (r"\.blocks\.(\d+)\.", r".layers.\1."),
    (r"\.attn\.qkv\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.o_proj."),
    (r"(fpn_layers\.\d)\.conv_1x1\.", r"\1.proj1."),
    (r"(fpn_layers\.\d)\.conv_3x3\.", r"\1.proj2."),
    # A doubling, a norm that has no weights, and a second doubling.
    (r"(fpn_layers\.\d)\.dconv_2x2(_0)?\.", r"\1.scale_layers.0."),
    (r"(fpn_layers\.\d)\.dconv_2x2_1\.", r"\1.scale_layers.2."),
)

_TEXT: Renames = (
    (r"^backbone\.language_backbone\.resizer\.", "text_projection."),
    (
        r"^backbone\.language_backbone\.encoder\.text_projection$",
        "text_encoder.text_projection.weight",
    ),
    (r"^backbone\.language_backbone\.encoder\.", "text_encoder.text_model."),
    (r"\.positional_embedding$", ".embeddings.position_embedding.weight"),
    (r"\.token_embedding\.", ".embeddings.token_embedding."),
    (r"\.transformer\.resblocks\.", ".encoder.layers."),
    (r"\.ln_final\.", ".final_layer_norm."),
    (r"\.ln_(\d)\.", r".layer_norm\1."),
    (r"(text_model.*)\.attn\.", r"\1.self_attn."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)

_DECODER: Renames = (
    (r"^transformer\.decoder\.norm\.", "transformer.decoder.output_layer_norm."),
    (r"^transformer\.decoder\.", "detr_decoder."),
    (r"(detr_decoder\.layers\.\d)\.cross_attn\.", r"\1.vision_cross_attn."),
    (r"(detr_decoder\.layers\.\d)\.ca_text\.", r"\1.text_cross_attn."),
    (r"(detr_decoder\.layers\.\d)\.catext_norm\.", r"\1.text_cross_attn_layer_norm."),
    (r"(detr_decoder\.layers\.\d)\.norm1\.", r"\1.vision_cross_attn_layer_norm."),
    (r"(detr_decoder\.layers\.\d)\.norm2\.", r"\1.self_attn_layer_norm."),
    (r"(detr_decoder\.layers\.\d)\.norm3\.", r"\1.mlp_layer_norm."),
    (r"\.bbox_embed\.", ".box_head."),
    (r"\.boxRPB_embed_", ".box_rpb_embed_"),
    (r"\.presence_token_head\.", ".presence_head."),
    (r"\.presence_token_out_norm\.", ".presence_layer_norm."),
    *(
        (
            rf"\.(box_head|presence_head|ref_point_head|box_rpb_embed_.)\.layers\.{i}\.",
            rf".\1.layer{i + 1}.",
        )
        for i in range(3)
    ),
)

_REST: Renames = (
    (r"^transformer\.encoder\.", "detr_encoder."),
    (r"^geometry_encoder\.encode\.", "geometry_encoder.layers."),
    (r"^geometry_encoder\.encode_norm\.", "geometry_encoder.output_layer_norm."),
    (r"^geometry_encoder\.img_pre_norm\.", "geometry_encoder.vision_layer_norm."),
    (r"^geometry_encoder\.norm\.", "geometry_encoder.prompt_layer_norm."),
    (r"^dot_prod_scoring\.hs_proj\.", "dot_product_scoring.query_proj."),
    (r"^dot_prod_scoring\.prompt_proj\.", "dot_product_scoring.text_proj."),
    (r"^dot_prod_scoring\.prompt_mlp\.layers\.0\.", "dot_prod_scoring.mlp.layer1."),
    (r"^dot_prod_scoring\.prompt_mlp\.layers\.1\.", "dot_prod_scoring.mlp.layer2."),
    (r"^dot_prod_scoring\.mlp\.", "dot_product_scoring.text_mlp."),
    (
        r"^dot_prod_scoring\.prompt_mlp\.out_norm\.",
        "dot_product_scoring.text_mlp_out_norm.",
    ),
    (r"^segmentation_head\.", "mask_decoder."),
    (r"\.cross_attend_prompt\.", ".prompt_cross_attn."),
    (r"\.cross_attn_norm\.", ".prompt_cross_attn_norm."),
    (r"\.instance_seg_head\.", ".instance_projection."),
    (r"\.semantic_seg_head\.", ".semantic_projection."),
    (r"\.mask_predictor\.mask_embed\.", ".mask_embedder."),
    (r"\.cross_attn_image\.", ".cross_attn."),
    (r"\.linear(\d)\.", r".mlp.fc\1."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    # The text encoder is CLIP's and keeps its word.
    (r"^(?!text_encoder)(.*_?attn)\.out_proj\.", r"\1.o_proj."),
)

DETECTOR: Renames = (*_ENCODER, *_TEXT, *_DECODER, *_REST)

_TRACKER: Renames = (
    (r"^maskmem_backbone\.", "memory_encoder."),
    (r"^transformer\.encoder\.", "memory_attention."),
    *HEADS,
    *MEMORY,
    (r"\.mlp\.lin1\.", ".mlp.proj_in."),
    (r"\.mlp\.lin2\.", ".mlp.proj_out."),
)

_UNUSED = (
    "freqs_cis",
    "points_direct_project",
    "points_pool_project",
    "points_pos_enc_project",
)
"""Made anew by transformers, or of prompts that it has no way to give."""


def of_sam3_release(state: State) -> State:
    """The tensors of ``sam3.pt`` as transformers names and cuts them."""
    detector: State = {}
    tracker: State = {}
    for name, value in state.items():
        if any(part in name for part in _UNUSED):
            continue
        part, _, rest = name.partition(".")
        if part == "detector":
            detector[rest] = value
        elif part == "tracker":
            tracker[rest] = value
    out: State = {}
    for name, value in renamed(detector, DETECTOR).items():
        if not name.startswith("tracker_neck."):
            name = f"detector_model.{name}"
        out |= _cut(name, value)
    for name, value in of_release(tracker, _TRACKER).items():
        out[f"tracker_model.{name}"] = value
    return out


def _cut(name: str, value: Tensor) -> State:
    """One tensor as transformers holds it: queries, keys and values apart."""
    if name.endswith("text_encoder.text_projection.weight"):
        return {name: value.t()}
    if name.endswith("backbone.embeddings.position_embeddings"):
        # The first is of a token that the encoder leaves out.
        return {name: value[:, 1:]}
    for whole in (".in_proj_", ".qkv."):
        before, found, kind = name.partition(whole)
        if found:
            names = [f"{before}.{part}_proj.{kind}" for part in "qkv"]
            return dict(zip(names, value.chunk(3), strict=True))
    return {name: value}
