"""Names of weights: those of the releases, and those of transformers."""

import json

import numpy as np
import pytest
import torch
from first_tiny import CPU, VARIANTS, network_of, seeded
from safetensors.torch import save_file

from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.first import FirstBackbone, FirstNetwork, Variant
from seggui.models.prompted.sam.first_names import of_release, of_transformers
from seggui.models.prompted.sam.opening import backbone_of
from seggui.models.prompted.sam.tinyvit import TINY_5M
from seggui.models.prompted.sam.vit import VIT_B


def pairs(name, *shape, bias=None):
    """A layer's weight, and its bias of as many numbers."""
    return {f"{name}.weight": shape, f"{name}.bias": (bias or shape[0],)}


def neck(width):
    return {
        "image_encoder.neck.0.weight": (256, width, 1, 1),
        **pairs("image_encoder.neck.1", 256),
        "image_encoder.neck.2.weight": (256, 256, 3, 3),
        **pairs("image_encoder.neck.3", 256),
    }


def vit_b_keys():
    """As the published description of ViT-B says: 768 wide, 12 deep, 12 heads."""
    out = pairs("image_encoder.patch_embed.proj", 768, 3, 16, 16)
    out["image_encoder.pos_embed"] = (1, 64, 64, 768)
    for block in range(12):
        at = f"image_encoder.blocks.{block}"
        reach = 127 if block in (2, 5, 8, 11) else 27
        out |= pairs(f"{at}.norm1", 768) | pairs(f"{at}.norm2", 768)
        out |= pairs(f"{at}.attn.qkv", 2304, 768) | pairs(f"{at}.attn.proj", 768, 768)
        out |= {f"{at}.attn.rel_pos_{axis}": (reach, 64) for axis in "hw"}
        out |= pairs(f"{at}.mlp.lin1", 3072, 768) | pairs(f"{at}.mlp.lin2", 768, 3072)
    return out | neck(768)


def conv_norm(at, outer, inner, size):
    norms = ("weight", "bias", "running_mean", "running_var")
    return {
        f"{at}.c.weight": (outer, inner, size, size),
        **{f"{at}.bn.{norm}": (outer,) for norm in norms},
        f"{at}.bn.num_batches_tracked": (),
    }


def tiny_keys():
    """TinyViT-5M: widths 64, 128, 160, 320, and the classes it was trained on."""
    widths, depths = (64, 128, 160, 320), (2, 2, 6, 2)
    heads, windows = (2, 4, 5, 10), (7, 7, 14, 7)
    out = conv_norm("image_encoder.patch_embed.seq.0", 32, 3, 3)
    out |= conv_norm("image_encoder.patch_embed.seq.2", 64, 32, 3)
    for stage, width in enumerate(widths):
        for block in range(depths[stage]):
            at = f"image_encoder.layers.{stage}.blocks.{block}"
            if stage == 0:
                out |= conv_norm(f"{at}.conv1", 256, 64, 1)
                out |= conv_norm(f"{at}.conv2", 256, 1, 3)
                out |= conv_norm(f"{at}.conv3", 64, 256, 1)
                continue
            out |= pairs(f"{at}.attn.norm", width) | pairs(f"{at}.mlp.norm", width)
            out |= pairs(f"{at}.attn.qkv", 3 * width, width)
            out |= pairs(f"{at}.attn.proj", width, width)
            out[f"{at}.attn.attention_biases"] = (heads[stage], windows[stage] ** 2)
            out |= pairs(f"{at}.mlp.fc1", 4 * width, width)
            out |= pairs(f"{at}.mlp.fc2", width, 4 * width)
            out |= conv_norm(f"{at}.local_conv", width, 1, 3)
        if stage < 3:
            at, outer = f"image_encoder.layers.{stage}.downsample", widths[stage + 1]
            out |= conv_norm(f"{at}.conv1", outer, width, 1)
            out |= conv_norm(f"{at}.conv2", outer, 1, 3)
            out |= conv_norm(f"{at}.conv3", outer, outer, 1)
    out |= pairs("image_encoder.norm_head", 320)
    out |= pairs("image_encoder.head", 1000, 320)
    return out | neck(320)


def attention(at, inner):
    out = {}
    for part in "qkv":
        out |= pairs(f"{at}.{part}_proj", inner, 256)
    return out | pairs(f"{at}.out_proj", 256, inner)


def head(at, out_width):
    return (
        pairs(f"{at}.layers.0", 256, 256)
        | pairs(f"{at}.layers.1", 256, 256)
        | pairs(f"{at}.layers.2", out_width, 256)
    )


def prompt_keys():
    at = "prompt_encoder"
    out = {f"{at}.pe_layer.positional_encoding_gaussian_matrix": (2, 128)}
    out |= {f"{at}.point_embeddings.{kind}.weight": (1, 256) for kind in range(4)}
    out[f"{at}.not_a_point_embed.weight"] = (1, 256)
    out[f"{at}.no_mask_embed.weight"] = (1, 256)
    out |= pairs(f"{at}.mask_downscaling.0", 4, 1, 2, 2)
    out |= pairs(f"{at}.mask_downscaling.1", 4)
    out |= pairs(f"{at}.mask_downscaling.3", 16, 4, 2, 2)
    out |= pairs(f"{at}.mask_downscaling.4", 16)
    return out | pairs(f"{at}.mask_downscaling.6", 256, 16, 1, 1)


def decoder_keys():
    at = "mask_decoder"
    out = {f"{at}.iou_token.weight": (1, 256), f"{at}.mask_tokens.weight": (4, 256)}
    for layer in range(2):
        here = f"{at}.transformer.layers.{layer}"
        out |= attention(f"{here}.self_attn", 256)
        out |= attention(f"{here}.cross_attn_token_to_image", 128)
        out |= attention(f"{here}.cross_attn_image_to_token", 128)
        for norm in range(1, 5):
            out |= pairs(f"{here}.norm{norm}", 256)
        out |= pairs(f"{here}.mlp.lin1", 2048, 256)
        out |= pairs(f"{here}.mlp.lin2", 256, 2048)
    out |= attention(f"{at}.transformer.final_attn_token_to_image", 128)
    out |= pairs(f"{at}.transformer.norm_final_attn", 256)
    out |= pairs(f"{at}.output_upscaling.0", 256, 64, 2, 2, bias=64)
    out |= pairs(f"{at}.output_upscaling.1", 64)
    out |= pairs(f"{at}.output_upscaling.3", 64, 32, 2, 2, bias=32)
    for mask in range(4):
        out |= head(f"{at}.output_hypernetworks_mlps.{mask}", 32)
    return out | head(f"{at}.iou_prediction_head", 4)


def hq_keys(early):
    at = "mask_decoder"
    out = {f"{at}.hf_token.weight": (1, 256)} | head(f"{at}.hf_mlp", 32)
    out |= pairs(f"{at}.compress_vit_feat.0", early, 256, 2, 2, bias=256)
    out |= pairs(f"{at}.compress_vit_feat.1", 256)
    out |= pairs(f"{at}.compress_vit_feat.3", 256, 32, 2, 2, bias=32)
    out |= pairs(f"{at}.embedding_encoder.0", 256, 64, 2, 2, bias=64)
    out |= pairs(f"{at}.embedding_encoder.1", 64)
    out |= pairs(f"{at}.embedding_encoder.3", 64, 32, 2, 2, bias=32)
    out |= pairs(f"{at}.embedding_maskfeature.0", 64, 32, 3, 3)
    out |= pairs(f"{at}.embedding_maskfeature.1", 64)
    return out | pairs(f"{at}.embedding_maskfeature.3", 32, 64, 3, 3)


@pytest.mark.parametrize(
    ("variant", "keys"),
    [
        (Variant(VIT_B), vit_b_keys()),
        (Variant(TINY_5M), tiny_keys()),
        (Variant(VIT_B, hq=True), vit_b_keys() | hq_keys(768)),
        (Variant(TINY_5M, hq=True), tiny_keys() | hq_keys(160)),
    ],
)
def test_each_tensor_of_a_release_is_used_once_and_no_other_is_missed(variant, keys):
    released = keys | prompt_keys() | decoder_keys()
    with torch.device("meta"):
        state = {name: torch.empty(shape) for name, shape in released.items()}
        own = FirstNetwork(variant).state_dict()
    taken = of_release(state)
    assert {n: tuple(v.shape) for n, v in taken.items()} == {
        n: tuple(v.shape) for n, v in own.items()
    }
    left = set(state) - set(taken)
    assert all(name.startswith(("image_encoder.h", "image_encoder.n")) for name in left)
    assert len(left) == (4 if variant.encoder is TINY_5M else 0)


# -- transformers -------------------------------------------------------------


def transformers_of(name):
    """The same tiny network as a model of transformers, with seeded weights."""
    from transformers import SamConfig, SamHQConfig, SamHQModel, SamModel

    vision = {
        "hidden_size": 16,
        "output_channels": 16,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": 64,
        "patch_size": 16,
        "window_size": 3,
        "global_attn_indexes": [1],
        "num_pos_feats": 8,
        "mlp_dim": 64,
    }
    prompts = {"hidden_size": 16, "image_size": 64, "patch_size": 16}
    masks = {
        "hidden_size": 16,
        "mlp_dim": 32,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
    }
    kinds = {"vit": (SamConfig, SamModel), "vit-hq": (SamHQConfig, SamHQModel)}
    config, model = kinds[name]
    if name == "vit-hq":
        masks["vit_dim"] = 16
    made = config(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=masks
    )
    network = seeded(model(made).eval(), 3)
    # A published folder holds the same numbers twice.
    twice = network.prompt_encoder.shared_embedding.positional_embedding
    twice.data.copy_(network.shared_image_embedding.positional_embedding.data)
    return network


def folder_of(network, path):
    path.mkdir()
    config = {"model_type": network.config.model_type}
    (path / "config.json").write_text(json.dumps(config))
    state = {name: value.clone() for name, value in network.state_dict().items()}
    save_file(state, path / "model.safetensors")
    return path


def test_a_folder_of_transformers_answers_as_transformers_does(tmp_path):
    theirs = transformers_of("vit")
    folder = folder_of(theirs, tmp_path / "model")
    ours = backbone_of(VARIANTS["vit"], folder, "Tiny SAM", "cpu", "float32")
    square = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    points = np.array([[20.0, 31.0], [50.0, 8.0]], dtype=np.float32)
    with torch.inference_mode():
        wished = theirs(
            square,
            input_points=torch.from_numpy(points)[None, None],
            input_labels=torch.tensor([[[1, 0]]]),
            multimask_output=False,
        )
    marks = Marks(points + 0.5, np.array([True, False]), several=False)
    (answer,) = ours.decode(ours.encode(square), [marks])
    logits = wished.pred_masks[0, 0].numpy()
    assert np.ptp(logits) > 0.1
    assert np.abs(answer.logits_nhw - logits).max() < 1e-3 * np.ptp(logits)
    assert answer.quality == pytest.approx(wished.iou_scores[0, 0].numpy(), abs=1e-3)


def test_the_parts_of_hq_sam_answer_as_those_of_transformers_do(tmp_path):
    # Not the whole: transformers 5.23 drops what its transformer makes of the image
    # (SamHQMaskDecoder.forward), unlike the official code and its own SamModel.
    theirs = transformers_of("vit-hq")
    network = FirstNetwork(VARIANTS["vit-hq"])
    network.load_state_dict(of_transformers(theirs.state_dict()))
    square = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    pixels, token = torch.randn(1, 2, 16, 16), torch.randn(1, 3, 16)
    ours, wished = network.mask_decoder, theirs.mask_decoder

    def of(part, plane):
        first, second = (getattr(wished, f"{part}_conv{i}") for i in (1, 2))
        norm = getattr(wished, f"{part}_norm")
        return second(wished.activation(norm(first(plane))))

    with torch.inference_mode():
        seen = theirs.vision_encoder(square)
        features, early = network.image_encoder(square)
        assert torch.allclose(features, seen.last_hidden_state, atol=1e-4)
        last = seen.intermediate_embeddings[0].permute(0, 3, 1, 2)
        assert torch.allclose(early, last, atol=1e-4)
        fine = of("encoder", features) + of("compress_vit", early)
        assert torch.allclose(ours.fine(features, early), fine, atol=1e-4)
        drawn = ours.embedding_maskfeature(pixels)
        assert torch.allclose(drawn, of("mask", pixels), atol=1e-4)
        look = wished.hq_mask_mlp(token)
        assert torch.allclose(ours.hf_mlp(token), look, atol=1e-4)


def test_names_of_transformers_become_those_of_the_release():
    for name in ("vit", "vit-hq"):
        renamed = of_transformers(transformers_of(name).state_dict())
        own = network_of(name).state_dict()
        assert {n: v.shape for n, v in renamed.items()} == {
            n: v.shape for n, v in own.items()
        }


def test_a_file_and_its_network_say_the_same(tmp_path):
    network = network_of("tiny")
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict(), path)
    opened = backbone_of(VARIANTS["tiny"], path, "Tiny SAM", "cpu", "float32")
    direct = FirstBackbone(network, CPU, "", "float32")
    square = torch.randn(1, 3, 64, 64)
    features, wished = opened.encode(square), direct.encode(square)
    assert torch.equal(features["image"], wished["image"])
