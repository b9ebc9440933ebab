"""What a person has of SAM 2.1, EdgeTAM and SAM 3: released files and folders.

``released`` holds the names and shapes of the tensors in each released file, as the
official code of the model builds them.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import sam3_tiny
import torch
from first_tiny import CPU
from safetensors.torch import load_file, save_file
from sam2_tiny import NETWORKS, SIDE, backbone_of, folder_of, info_of, network_of
from transformers import EdgeTamVideoModel, Sam2VideoModel, Sam3VideoConfig
from transformers import Sam3VideoModel as Sam3Network

from seggui.errors import MissingWeights, Unreadable
from seggui.models.prompted.sam.backbone import Marks
from seggui.models.prompted.sam.sam2 import backbone_of as opened_backbone
from seggui.models.prompted.sam.sam2 import open_second
from seggui.models.prompted.sam.sam2_names import EDGETAM, SAM2, of_release
from seggui.models.prompted.sam.sam2_networks import (
    HIERAS,
    edgetam_config,
    open_network,
    sam2_config,
)
from seggui.models.prompted.sam.sam3_names import of_sam3_release

RELEASED = Path(__file__).with_name("released")


def shapes_of(name):
    """Tensors of a released file without their numbers."""
    text = gzip.decompress((RELEASED / f"{name}.txt.gz").read_bytes()).decode()
    out = {}
    for line in text.splitlines():
        tensor, *shape = line.split(" ")
        out[tensor] = torch.empty([int(n) for n in shape if n], device="meta")
    return out


def assert_same_tensors(state, network):
    own = {n: tuple(v.shape) for n, v in network.state_dict().items()}
    assert {n: tuple(v.shape) for n, v in state.items()} == own


@pytest.mark.parametrize("name", HIERAS)
def test_every_tensor_of_a_sam2_release_has_its_place(name):
    with torch.device("meta"):
        network = Sam2VideoModel(sam2_config(name))
    assert_same_tensors(of_release(shapes_of(name), SAM2), network)


def test_every_tensor_of_the_edgetam_release_has_its_place():
    with torch.device("meta"):
        network = EdgeTamVideoModel(edgetam_config())
    assert_same_tensors(of_release(shapes_of("edgetam"), EDGETAM), network)


def test_every_tensor_of_the_sam3_release_has_its_place():
    with torch.device("meta"):
        network = Sam3Network(Sam3VideoConfig())
    assert_same_tensors(of_sam3_release(shapes_of("sam3")), network)


def test_parts_that_the_release_keeps_together_are_taken_apart_in_order():
    wide = torch.arange(6.0)[:, None].expand(6, 2)
    release = {
        "spatial_perceiver.layers.0.attn.to_kv.weight": wide,
        **{
            f"sam_prompt_encoder.point_embeddings.{kind}.weight": torch.full(
                (1, 2), float(kind)
            )
            for kind in (3, 1, 0, 2)
        },
    }
    state = of_release(release, EDGETAM)
    at = "spatial_perceiver.layers.0.cross_attention"
    assert state[f"{at}.k_proj.weight"][:, 0].tolist() == [0, 1, 2]
    assert state[f"{at}.v_proj.weight"][:, 0].tolist() == [3, 4, 5]
    kinds = state["prompt_encoder.point_embed.weight"][:, 0].tolist()
    assert kinds == [0, 1, 2, 3]
    attention = "detector.transformer.encoder.layers.0.self_attn"
    state = of_sam3_release({f"{attention}.in_proj_weight": wide})
    at = "detector_model.detr_encoder.layers.0.self_attn"
    parts = [state[f"{at}.{part}_proj.weight"][0, 0].item() for part in "qkv"]
    assert parts == [0, 2, 4]


@pytest.fixture(scope="module")
def released_edgetam(tmp_path_factory):
    """A whole file of the released layout, with numbers by chance."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, like in shapes_of("edgetam").items():
        state[name] = torch.rand(like.shape, generator=generator) * 0.1
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros((), dtype=torch.int64)
    path = tmp_path_factory.mktemp("edgetam") / "edgetam.pt"
    torch.save({"model": state}, path)
    return path, state


def test_a_released_file_opens(released_edgetam):
    path, state = released_edgetam
    opened = open_network(info_of("edgetam"), path)
    own = opened.network.state_dict()
    assert torch.equal(
        own["vision_encoder.neck.convs.2.bias"],
        state["image_encoder.neck.convs.2.conv.bias"],
    )
    assert opened.digest.startswith("sha256:")
    assert opened.remembers
    model = open_second(info_of("edgetam"), path)
    assert model.info == info_of("edgetam")


def test_a_file_of_another_model_is_refused_by_name(released_edgetam):
    path, _ = released_edgetam
    with pytest.raises(Unreadable, match=r"edgetam\.pt.*not the weights of SAM 2\.1"):
        open_second(info_of("sam2.1-tiny"), path)


def test_a_cut_file_is_refused(released_edgetam, tmp_path):
    cut = tmp_path / "edgetam.pt"
    cut.write_bytes(released_edgetam[0].read_bytes()[:1_000_000])
    with pytest.raises(Unreadable, match="cut short"):
        open_second(info_of("edgetam"), cut)


def test_a_file_with_numbers_that_are_none_is_refused(released_edgetam, tmp_path):
    state = dict(released_edgetam[1])
    state["no_mem_embed"] = torch.full((1, 1, 256), float("nan"))
    bad = tmp_path / "edgetam.pt"
    torch.save({"model": state}, bad)
    with pytest.raises(Unreadable, match="not a number"):
        open_second(info_of("edgetam"), bad)


def test_a_file_that_runs_code_is_not_loaded(tmp_path):
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harmed",))

    torch.save({"model": Harm()}, tmp_path / "edgetam.pt")
    with pytest.raises(Unreadable, match="plain tensors"):
        open_second(info_of("edgetam"), tmp_path / "edgetam.pt")
    assert not (tmp_path / "harmed").exists()


# -- folders ------------------------------------------------------------------


def answer_of(backbone):
    square = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    marks = Marks(np.array([[40.0, 50.0]], np.float32), np.array([True]))
    return backbone.decode(backbone.encode(square), [marks])[0].logits_nhw


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folder_gives_the_same_answers(name, tmp_path):
    folder = folder_of(tmp_path / "model", network_of(name))
    expected = answer_of(backbone_of(name))
    for path in (folder, folder / "model.safetensors"):
        opened = open_network(info_of(name), path)

        found = answer_of(opened_backbone(opened, CPU, "float32"))
        assert np.abs(found - expected).max() < 1e-4 * np.ptp(expected)


def test_a_folder_in_parts_is_put_together(tmp_path):
    folder = folder_of(tmp_path / "model", network_of("sam2.1-tiny"))
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(state)
    halves = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, some in halves.items():
        save_file({n: state[n] for n in some}, folder / file)
    index = {n: file for file, some in halves.items() for n in some}
    place = folder / "model.safetensors.index.json"
    place.write_text(json.dumps({"weight_map": index}))
    assert open_network(info_of("sam2.1-tiny"), folder).remembers
    place.write_text(json.dumps({"weight_map": dict.fromkeys(names, "../a")}))
    with pytest.raises(Unreadable, match="outside its folder"):
        open_network(info_of("sam2.1-tiny"), folder)


def test_positions_that_were_written_once_stand_in_both_places(tmp_path):
    folder = folder_of(tmp_path / "model", network_of("sam2.1-tiny"))
    file = folder / "model.safetensors"
    state = load_file(file)
    shared = "shared_image_embedding.positional_embedding"
    twin = "prompt_encoder.shared_embedding.positional_embedding"
    state.pop(twin)
    save_file(state, file)
    own = open_network(info_of("sam2.1-tiny"), folder).network.state_dict()
    assert torch.equal(own[twin], state[shared])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model_type": "bert"}, "'bert'"),
        ({"model_type": "edgetam_video"}, "SAM 2.1 tiny is sam2_video"),
        ({"num_maskmem": "seven"}, "can be built"),
        ({"memory_attention_hidden_size": 128}, "not the weights"),
    ],
)
def test_a_folder_that_describes_something_else_is_refused(tmp_path, changes, told):
    folder = folder_of(tmp_path / "model", network_of("sam2.1-tiny"), **changes)
    with pytest.raises(Unreadable, match=told):
        open_network(info_of("sam2.1-tiny"), folder)


def test_what_a_folder_lacks_is_named(tmp_path):
    info = info_of("sam2.1-tiny")
    with pytest.raises(MissingWeights, match=r"no config\.json"):
        open_network(info, tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "sam2_video"}')
    with pytest.raises(MissingWeights, match=r"no model\.safetensors"):
        open_network(info, tmp_path)
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(Unreadable, match="no JSON"):
        open_network(info, tmp_path)


def test_a_folder_of_sam3_is_no_sam2(tmp_path):
    folder = sam3_tiny.folder(tmp_path / "model")
    with pytest.raises(Unreadable, match="'sam3_video'"):
        open_network(info_of("sam2.1-tiny"), folder)
