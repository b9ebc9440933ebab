"""Opening SAM, HQ-SAM and MobileSAM: good files, and each kind of bad one."""

import json

import pytest
import torch
from first_tiny import VARIANTS as TINY
from first_tiny import network_of
from safetensors.torch import save_file

from seggui.errors import MissingWeights, Unreadable
from seggui.models import catalog
from seggui.models.devices import bfloat16_in_hardware
from seggui.models.prompted.sam.opening import VARIANTS, backbone_of, open_first


def opened(path, name="vit", **more):
    return backbone_of(TINY[name], path, "Tiny SAM", "cpu", **more)


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.pth"
    torch.save(network_of("vit").state_dict(), path)
    return path


def test_each_row_of_the_table_has_its_network():
    rows = {
        info.id
        for info in catalog.prompted()
        if "sam" in info.id and "2" not in info.id
    }
    assert set(VARIANTS) <= rows
    for name in VARIANTS:
        info = catalog.get(name)
        assert info.needs_weights
        assert info.reads == {"points", "box"}
        assert info.candidates == 3


def test_a_flat_file_a_nested_one_and_safetensors_are_the_same(good, tmp_path):
    state = network_of("vit").state_dict()
    nested, safe = tmp_path / "nested.pt", tmp_path / "weights.safetensors"
    torch.save({"model": state}, nested)
    save_file(state, safe)
    square = torch.randn(1, 3, 64, 64)
    first, *others = (opened(path).encode(square) for path in (good, nested, safe))
    assert all(torch.equal(first["image"], other["image"]) for other in others)


def test_the_digest_names_the_weights_and_the_way(good, tmp_path):
    other = tmp_path / "other.pth"
    torch.save(network_of("vit", seed=1).state_dict(), other)
    exact, half = (opened(good, precision=p) for p in ("float32", "bfloat16"))
    assert len({exact.digest, half.digest, opened(other).digest}) == 3
    way = "bfloat16" if bfloat16_in_hardware() else "float32"
    assert opened(good).digest == opened(good, precision=way).digest


def test_half_precision_says_almost_the_same(good):
    square = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    exact = opened(good, precision="float32").encode(square)["image"]
    half = opened(good, precision="bfloat16").encode(square)["image"]
    assert half.dtype == torch.float32
    assert 0 < (exact - half).abs().max() < 0.1 * exact.abs().max()


def test_a_file_that_is_cut_short_is_told_by_name(good):
    good.write_bytes(good.read_bytes()[:-2000])
    with pytest.raises(Unreadable, match=r"good\.pth.*cut short"):
        opened(good)


def test_a_file_of_text_is_told(tmp_path):
    path = tmp_path / "page.pth"
    path.write_text("<html>404</html>")
    with pytest.raises(Unreadable, match=r"page\.pth"):
        opened(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MissingWeights, match=r"none\.pth"):
        opened(tmp_path / "none.pth")


def test_the_weights_of_another_model_of_the_table_are_named(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save({"image_encoder.neck.0.weight": torch.zeros(256, 1024, 1, 1)}, path)
    with pytest.raises(Unreadable, match="weights of sam-vit-l, not of SAM ViT-B"):
        open_first(catalog.get("sam-vit-b"), path)
    hq = {
        "image_encoder.neck.0.weight": torch.zeros(256, 768, 1, 1),
        "mask_decoder.hf_token.weight": torch.zeros(1, 256),
    }
    torch.save(hq, path)
    with pytest.raises(Unreadable, match="weights of hq-sam-vit-b, not of SAM ViT-B"):
        open_first(catalog.get("sam-vit-b"), path)


def test_a_network_of_another_size_is_told(good):
    with pytest.raises(Unreadable, match="not the weights of Tiny SAM"):
        opened(good, "tiny")


def test_a_number_that_is_none_is_told(tmp_path):
    state = network_of("vit").state_dict()
    state["image_encoder.blocks.1.mlp.lin1.weight"][0, 0] = float("nan")
    path = tmp_path / "nan.pth"
    torch.save(state, path)
    with pytest.raises(Unreadable, match=r"nan\.pth.*not a number"):
        opened(path)


def test_a_folder_of_another_kind_of_model_is_told(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "sam2"}))
    save_file(network_of("vit").state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(Unreadable, match="says sam2, and Tiny SAM is one of sam"):
        opened(tmp_path)


def test_a_folder_without_weights_is_told(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "sam"}))
    with pytest.raises(MissingWeights, match=r"holds no model\.safetensors"):
        opened(tmp_path)


def test_the_classes_of_tinyvit_and_the_means_are_not_missed(tmp_path):
    state = network_of("tiny").state_dict()
    state |= {
        "image_encoder.head.weight": torch.zeros(10, 16),
        "image_encoder.head.bias": torch.zeros(10),
        "image_encoder.norm_head.weight": torch.ones(16),
        "image_encoder.norm_head.bias": torch.zeros(16),
        "pixel_mean": torch.zeros(3, 1, 1),
    }
    path = tmp_path / "mobile.pt"
    torch.save(state, path)
    assert opened(path, "tiny").side == 64
