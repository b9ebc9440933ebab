"""A tiny SAM 3 with seeded weights, and a tokenizer of single letters."""

import json

from first_tiny import CPU, seeded
from sam2_tiny import folder_of
from transformers import Sam3VideoConfig, Sam3VideoModel

from seggui.core.parameters import Parameter
from seggui.core.ports import ModelInfo
from seggui.models.prompted.rows import ZOOM
from seggui.models.prompted.sam.sam2_networks import Opened
from seggui.models.prompted.sam.sam3 import model_of

SIDE, PATCH, WIDTH = 112, 14, 64
GRID = SIDE // PATCH
_INNER = {"hidden_size": WIDTH, "intermediate_size": 32, "num_attention_heads": 2}
_LAYERS = {**_INNER, "num_layers": 1}
_VISION = {
    "backbone_config": {
        **_INNER,
        "model_type": "sam3_vit_model",
        "num_hidden_layers": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 56,
    },
    "model_type": "sam3_vision_model",
    "fpn_hidden_size": WIDTH,
    "backbone_feature_sizes": [[4 * GRID] * 2, [2 * GRID] * 2, [GRID] * 2],
}
_TEXT = {
    "model_type": "clip_text_model",
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "projection_dim": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    "hidden_act": "gelu",
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}


def config():
    detector = {
        "model_type": "sam3",
        "vision_config": _VISION,
        "text_config": _TEXT,
        "geometry_encoder_config": _LAYERS,
        "detr_encoder_config": _LAYERS,
        "detr_decoder_config": {**_LAYERS, "num_queries": 6},
        "mask_decoder_config": {"hidden_size": WIDTH, "num_attention_heads": 2},
    }
    tracker = {
        "model_type": "sam3_tracker_video",
        "vision_config": _VISION,
        "image_size": SIDE,
        "prompt_encoder_config": {
            "hidden_size": WIDTH,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        "mask_decoder_config": {
            "hidden_size": WIDTH,
            "mlp_dim": 32,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": WIDTH,
        },
        "memory_attention_hidden_size": WIDTH,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 32,
        "memory_attention_rope_feat_sizes": [GRID, GRID],
        "memory_encoder_hidden_size": WIDTH,
        "mask_downsampler_embed_dim": WIDTH,
        "memory_fuser_embed_dim": WIDTH,
        "memory_fuser_intermediate_dim": WIDTH,
    }
    return Sam3VideoConfig(detector_config=detector, tracker_config=tracker)


def network(seed=0):
    return seeded(Sam3VideoModel(config()), seed).eval()


def info(sureness=0.5):
    return ModelInfo(
        "sam3",
        "SAM 3",
        "prompted",
        needs_weights=True,
        candidates=100,
        reads=frozenset(("points", "box", "text", "exemplars")),
        parameters=(ZOOM, Parameter("sureness", "Sureness", sureness, step=0.05)),
    )


def write_tokenizer(folder):
    """Words in single letters, as the folder of the release has its own words."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["<|startoftext|>", "<|endoftext|>", *letters]
    words += [f"{letter}</w>" for letter in letters]
    (folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    said = {
        "tokenizer_class": "CLIPTokenizer",
        "bos_token": words[0],
        "eos_token": words[1],
        "pad_token": words[1],
        "unk_token": words[1],
        "model_max_length": 32,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said))


def folder(path):
    out = folder_of(path, network())
    write_tokenizer(out)
    return out


def model(path, sureness=0.5):
    opened = Opened(network(), "test:sam3", path)
    return model_of(info(sureness), opened, CPU, "float32")
