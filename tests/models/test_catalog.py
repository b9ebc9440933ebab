"""The table of models."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

import seggui.files
from seggui.errors import BadRequest, MissingWeights
from seggui.jobs.architectures import ARCHITECTURES
from seggui.models import catalog


def test_the_table_loads_no_model_library():
    code = (
        "import sys, seggui.models.catalog as c; c.builtin(); c.best_prompted();"
        "print(*sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    loaded = {name.partition(".")[0] for name in out.split()}
    assert loaded.isdisjoint({"torch", "torchvision", "cv2", "PySide6", "scipy", "PIL"})


def test_ids_are_unique_and_can_be_looked_up():
    ids = [info.id for info in catalog.builtin()]
    assert len(ids) == len(set(ids))
    assert {"classic", "unet", "fcn", "deeplabv3", "lraspp", "maskrcnn"} <= set(ids)
    assert [catalog.get(i).id for i in ids] == ids


def test_an_unknown_id_is_answered_with_those_there_are():
    with pytest.raises(BadRequest, match=r"'sam9'.*classic, .*unet"):
        catalog.get("sam9")
    with pytest.raises(BadRequest, match="maskrcnn"):
        catalog.open_full_image_model("sam9")
    with pytest.raises(BadRequest, match="no model called 'unet'"):
        catalog.open_prompted("unet")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("MobileSAM", "mobile-sam"), ("sam_vit_b", "sam-vit-b"), ("walker", "random-wal")],
)
def test_an_id_that_is_nearly_right_is_answered_with_the_right_one(said, meant):
    with pytest.raises(BadRequest, match=f"Did you mean {meant}"):
        catalog.get(said)


def test_a_run_that_is_not_there_is_told_as_one():
    for open_model in (catalog.open_full_image_model, catalog.open_prompted):
        with pytest.raises(BadRequest, match="There is no run at project/runs/unet-9"):
            open_model("project/runs/unet-9")


def test_every_released_model_says_where_its_file_is_and_who_states_what():
    for info in catalog.builtin():
        for file in info.weights.files if info.weights else ():
            assert file.url.startswith("https://")
            assert file.source
            assert file.sha256 or file.md5
            assert set(file.sha256 + file.md5) <= set("0123456789abcdef")
            assert len(file.sha256) in (0, 8, 64)
            assert file.size_bytes is None or file.size_bytes > 500
            assert info.weights_licence
            assert "/" not in file.folder


def test_everything_that_can_be_trained_is_in_the_table():
    trainable = {i.id: i.kind for i in catalog.builtin() if i.trainable}
    assert trainable == {row.id: row.kind for row in ARCHITECTURES}


def test_without_any_weights_the_built_in_model_is_the_best_at_hand():
    best = catalog.best_prompted()
    assert best.id == "clicknet"
    assert not best.needs_weights


def test_a_prompted_model_says_of_itself_what_the_table_says():
    for info in catalog.prompted():
        if not info.needs_weights:
            assert catalog.open_prompted(info.id).info == info


def test_each_weights_file_is_what_its_publisher_calls_it():
    for info in catalog.builtin():
        if info.weights is not None:
            published = info.weights.name.rpartition("/")[2]
            assert info.weights.url.endswith(f"/{published}")
            digits = info.weights.sha256
            assert not digits or int(digits, 16)


def test_files_of_torchvision_carry_the_digits_of_their_own_names():
    for info in catalog.full_image():
        if info.weights is not None:
            assert len(info.weights.sha256) == 8
            assert info.weights.name.endswith(f"-{info.weights.sha256}.pth")


def test_the_rows_agree_with_torchvision():
    from torchvision.models import detection, segmentation

    released = {
        "fcn": segmentation.FCN_ResNet50_Weights,
        "deeplabv3": segmentation.DeepLabV3_ResNet50_Weights,
        "lraspp": segmentation.LRASPP_MobileNet_V3_Large_Weights,
        "maskrcnn": detection.MaskRCNN_ResNet50_FPN_Weights,
    }
    for model_id, weights in released.items():
        info = catalog.get(model_id)
        assert info.weights.url == weights.DEFAULT.url
        if info.kind == "semantic":
            assert list(info.classes) == weights.DEFAULT.meta["categories"][1:]
        if info.weights.size_bytes is not None:
            size_mb = info.weights.size_bytes / 2**20
            assert round(size_mb, 3) == weights.DEFAULT.meta["_file_size"]


def test_a_model_without_released_weights_says_to_train_it():
    with pytest.raises(BadRequest, match="train it on your own images"):
        catalog.open_full_image_model("unet")


def test_a_model_without_weights_refuses_a_weights_file(tmp_path):
    with pytest.raises(BadRequest, match="takes no weights file"):
        catalog.open_prompted("classic", tmp_path / "sam.pth")


def test_the_weights_are_looked_for_where_the_store_says(tmp_path, monkeypatch):
    asked = []

    def find(weights, given):
        asked.append((weights.name, given))
        raise MissingWeights("Put the file there.")

    store = SimpleNamespace(find=find)
    monkeypatch.setitem(sys.modules, "seggui.files.model_store", store)
    monkeypatch.setattr(seggui.files, "model_store", store, raising=False)
    given = tmp_path / "weights.pth"
    with pytest.raises(MissingWeights, match="Put the file there"):
        catalog.open_full_image_model("fcn", given)
    assert asked == [("fcn_resnet50_coco-1167a1af.pth", given)]


def run_in(project, name, **changes):
    run = project / "runs" / name
    run.mkdir(parents=True)
    card = {"model": "unet", "classes": ["background", "cell"], "longest_side": 512}
    (run / "model.json").write_text(json.dumps(card | changes))
    return run


def test_a_run_registers_by_its_card_and_goes_with_it(tmp_path):
    older, newer = run_in(tmp_path, "2026-1"), run_in(tmp_path, "2026-2")
    found = catalog.runs(tmp_path)
    assert [info.run for info in found] == ["runs/2026-2", "runs/2026-1"]
    assert found[0].id == str(newer)
    assert (found[0].kind, found[0].classes) == ("semantic", ("cell",))
    (older / "model.json").unlink()
    assert [info.run for info in catalog.runs(tmp_path)] == ["runs/2026-2"]


def test_a_run_has_one_name_in_segments_whatever_path_leads_to_it(
    tmp_path, monkeypatch
):
    run = run_in(tmp_path, "first")
    monkeypatch.chdir(run.parent)
    paths = (str(run), "first", "./first/", "../runs/first")
    assert {catalog.told(path) for path in paths} == {"runs/first"}
    monkeypatch.chdir(run)
    assert catalog.told(".") == "runs/first"
    (run / "unet").mkdir()
    assert catalog.told("unet") == "unet"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": "x", "classes": []}', "1"])
def test_a_card_that_is_none_registers_nothing(tmp_path, text):
    (run_in(tmp_path, "a") / "model.json").write_text(text)
    assert catalog.runs(tmp_path) == ()


def test_words_and_examples_have_a_model_that_reads_them():
    for part in ("text", "exemplars"):
        assert any(part in info.reads for info in catalog.prompted())
