"""Names of weights of SAM and HQ-SAM: transformers' own, and those of the releases."""

from __future__ import annotations

from seggui.models.prompted.sam.sam2_names import Renames, renamed
from seggui.models.weights import State

_HEADS = r"(output_hypernetworks_mlps\.\d|iou_prediction_head|hf_mlp)"


def _three(ours: str, theirs: str, last: str = "") -> Renames:
    """A convolution, a norm, and after an activation another convolution."""
    return (
        (rf"\.{theirs}_conv1\.", f".{ours}.0."),
        (rf"\.{last or theirs}_norm\.", f".{ours}.1."),
        (rf"\.{theirs}_conv2\.", f".{ours}.3."),
    )


FROM_TRANSFORMERS: Renames = (
    (
        r"^shared_image_embedding\.positional_embedding$",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    (r"^vision_encoder\.", "image_encoder."),
    (r"\.patch_embed\.projection\.", ".patch_embed.proj."),
    (r"^image_encoder\.layers\.", "image_encoder.blocks."),
    (r"\.neck\.conv1\.", ".neck.0."),
    (r"\.neck\.layer_norm1\.", ".neck.1."),
    (r"\.neck\.conv2\.", ".neck.2."),
    (r"\.neck\.layer_norm2\.", ".neck.3."),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"\.mask_embed\.conv1\.", ".mask_downscaling.0."),
    (r"\.mask_embed\.layer_norm1\.", ".mask_downscaling.1."),
    (r"\.mask_embed\.conv2\.", ".mask_downscaling.3."),
    (r"\.mask_embed\.layer_norm2\.", ".mask_downscaling.4."),
    (r"\.mask_embed\.conv3\.", ".mask_downscaling.6."),
    (r"\.layer_norm(\d|_final_attn)\.", r".norm\1."),
    *_three("output_upscaling", "upscale", "upscale_layer"),
    *_three("compress_vit_feat", "compress_vit"),
    *_three("embedding_encoder", "encoder"),
    *_three("embedding_maskfeature", "mask"),
    (r"\.hq_token\.", ".hf_token."),
    (r"\.hq_mask_mlp\.", ".hf_mlp."),
    (_HEADS + r"\.layers\.0\.", r"\1.layers.1."),
    (_HEADS + r"\.proj_in\.", r"\1.layers.0."),
    (_HEADS + r"\.proj_out\.", r"\1.layers.2."),
)

_TWICE = "prompt_encoder.shared_embedding.positional_embedding"
_UNUSED = ("image_encoder.head.", "image_encoder.norm_head.", "pixel_mean", "pixel_std")
"""TinyViT keeps the classes that it was first trained on."""


def of_transformers(state: State) -> State:
    """The tensors of a folder of transformers under the names of the releases."""
    once = {name: value for name, value in state.items() if name != _TWICE}
    return renamed(once, FROM_TRANSFORMERS)


def of_release(state: State) -> State:
    """The tensors of a release that take part in an answer."""
    return {
        name: value for name, value in state.items() if not name.startswith(_UNUSED)
    }
