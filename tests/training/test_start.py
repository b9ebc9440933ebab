"""Whole trainings on tiny images: folder in, model out."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests_pairs import Pairs

from seggui.core.ports import unwatched
from seggui.errors import BadRequest, MissingWeights, SegguiError
from seggui.files.images import read_image
from seggui.jobs.run_state import read_events, state_of, wish
from seggui.jobs.train_options import TrainOptions
from seggui.models.full_image import PredictOptions
from seggui.models.runs import open_run, read_card
from seggui.models.weights import read_state
from seggui.training.start import Order, options_to_resume, train

SMALL = TrainOptions(
    model="lraspp",
    epochs=2,
    steps_per_epoch=3,
    batch_size=2,
    crop=32,
    threads=1,
    precision="float32",
    device="cpu",
    group_by="none",
)


def run(folder, out, options=SMALL, *, resume=False, stop_at=-1):
    """Train; stop when that many steps are done."""
    done = 0

    def stopped():
        return done == stop_at

    events = []
    for event in train(Order(folder, out, options, resume), unwatched, stopped):
        events.append(event)
        done += event["event"] == "step"
    return events


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("trained")
    (root / "data").mkdir()
    folder = Pairs(root / "data").discs(6)
    options = replace(SMALL, epochs=1)
    return folder, root / "run", run(folder, root / "run", options)


def test_a_training_leaves_everything_a_reader_needs(trained):
    _, out, events = trained
    assert [e["event"] for e in events if e["event"] != "note"] == [
        "start",
        "step",
        "step",
        "step",
        "epoch",
        "finished",
    ]
    assert read_events(out) == json.loads(json.dumps(events))
    assert state_of(out) == "finished"
    described = json.loads((out / "run.json").read_bytes())
    assert TrainOptions.from_json(described["options"]).model == "lraspp"
    sides = described["split"]
    assert len(sides["training"]) + len(sides["validation"]) == 6
    assert sides["training"][0]["digest"].startswith("sha256:")
    assert described["versions"]["torch"] == str(torch.__version__)
    pictures = sorted((out / "previews").iterdir())
    assert pictures
    assert read_image(pictures[0]).width == 3 * 48 + 2 * 6
    card = read_card(out)
    assert card.classes == ("background", "class 1")
    assert card.class_ids == (0, 1)
    assert card.metrics["miou"] == events[-2]["miou"]


def test_a_finished_run_is_a_model_that_predicts(trained):
    _, out, _ = trained
    model = open_run(out, PredictOptions(device="cpu"))
    prediction = model.predict(np.zeros((37, 53, 3), np.uint8), unwatched)
    assert prediction.probabilities_chw.shape == (2, 37, 53)
    assert model.info.classes == ("class 1",)


def test_a_model_whose_weights_were_changed_is_refused(trained, tmp_path):
    _, out, _ = trained
    copied = shutil.copytree(out, tmp_path / "copy")
    weights = copied / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(SegguiError, match=r"not what model\.json says"):
        open_run(copied, PredictOptions())


def test_deleting_the_card_unregisters_the_model(trained, tmp_path):
    _, out, _ = trained
    copied = shutil.copytree(out, tmp_path / "copy")
    (copied / "model.json").unlink()
    with pytest.raises(MissingWeights, match="Finish or resume"):
        open_run(copied, PredictOptions())


def test_a_finished_training_goes_on_only_for_more_epochs(trained, tmp_path):
    folder, out, _ = trained
    copied = shutil.copytree(out, tmp_path / "copy")
    _, options = options_to_resume(copied)
    with pytest.raises(BadRequest, match="larger number of epochs"):
        run(folder, copied, options, resume=True)
    events = run(folder, copied, replace(options, epochs=2), resume=True)
    assert events[-1]["event"] == "finished"
    assert events[-1]["step"] == 6


def test_stop_and_resume_gives_the_same_weights_as_no_stop(pairs, tmp_path):
    folder = pairs.discs(5)
    run(folder, tmp_path / "whole")
    events = run(folder, tmp_path / "parts", stop_at=2)
    assert events[-1]["event"] == "stopped"
    assert state_of(tmp_path / "parts") == "stopped"
    torch.manual_seed(77)
    run(folder, tmp_path / "parts", resume=True)
    one, other = (
        read_state(tmp_path / r / "model.safetensors") for r in ("whole", "parts")
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    last = [
        torch.load(tmp_path / r / "checkpoints" / "last.pt", weights_only=True)
        for r in ("whole", "parts")
    ]
    moments = [row["optimiser"]["state"] for row in last]
    assert all(
        torch.equal(moments[0][key][name], moments[1][key][name])
        for key in moments[0]
        for name in moments[0][key]
    )
    steps = [e["step"] for e in read_events(tmp_path / "parts") if e["event"] == "step"]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_wish_in_the_folder_stops_it(pairs, tmp_path):
    folder, out = pairs.discs(4), tmp_path / "run"
    events = []
    for event in train(Order(folder, out, SMALL), unwatched, lambda: False):
        events.append(event)
        if event["event"] == "step":
            wish(out, "stop")
    assert [e["event"] for e in events][-2:] == ["step", "stopped"]
    assert sum(e["event"] == "step" for e in events) == 1


def test_a_folder_with_a_training_is_not_overwritten(trained):
    folder, out, _ = trained
    with pytest.raises(BadRequest, match="already holds a training"):
        run(folder, out)


def test_resuming_nothing_is_refused(pairs, tmp_path):
    with pytest.raises(BadRequest, match="no training to resume"):
        run(pairs.discs(3), tmp_path / "none", resume=True)


def test_a_folder_with_other_things_is_not_taken_for_a_run(pairs, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("mine")
    with pytest.raises(BadRequest, match="not empty"):
        run(pairs.discs(3), tmp_path / "run")


def test_an_image_changed_since_the_start_refuses_the_resume(trained, tmp_path):
    folder, out, _ = trained
    copied = shutil.copytree(out, tmp_path / "run")
    data = shutil.copytree(folder, tmp_path / "data")
    path = next((data / "images").iterdir())
    path.write_bytes((data / "images" / "disc 3.png").read_bytes() + b" ")
    _, options = options_to_resume(copied)
    with pytest.raises(BadRequest, match="changed since"):
        run(data, copied, replace(options, epochs=3), resume=True)


def test_a_diverged_training_says_so_and_is_marked_failed(pairs, tmp_path, monkeypatch):
    out = tmp_path / "run"
    monkeypatch.setattr(
        "seggui.training.losses.TERMS",
        {"ce": lambda logits, *_: logits.sum() * torch.nan},
    )
    with pytest.raises(SegguiError, match="stopped being a number at step 1"):
        run(pairs.discs(4), out, replace(SMALL, loss="ce"))
    assert state_of(out) == "failed"
    assert read_events(out)[-1]["event"] == "failed"


def test_running_out_of_memory_proposes_something_smaller(pairs, tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 TiB")

    monkeypatch.setattr("seggui.training.semantic_task.logits_of", full)
    with pytest.raises(BadRequest, match=r"smaller batch \(--batch-size 1\)"):
        run(pairs.discs(4), tmp_path / "run")
    assert state_of(tmp_path / "run") == "failed"


def test_starting_from_a_trained_model_takes_its_weights(trained, pairs, tmp_path):
    _, out, _ = trained
    options = replace(SMALL, epochs=1, weights=str(out / "model.safetensors"))
    events = run(pairs.discs(4), tmp_path / "run", options)
    notes = [e["text"] for e in events if e["event"] == "note"]
    assert any("0 did not" in note for note in notes)


@pytest.mark.parametrize("model", ["unet", "fcn", "deeplabv3"])
def test_every_semantic_model_trains(pairs, tmp_path, model):
    options = replace(SMALL, model=model, encoder="", epochs=1, steps_per_epoch=1)
    events = run(pairs.discs(3, size=32), tmp_path / "run", options)
    assert events[-1]["event"] == "finished"
    prediction = open_run(tmp_path / "run", PredictOptions()).predict(
        np.zeros((20, 30, 3), np.uint8), unwatched
    )
    assert prediction.probabilities_chw.shape == (2, 20, 30)


def test_mask_rcnn_trains_on_objects(pairs, tmp_path):
    options = replace(
        SMALL,
        model="maskrcnn",
        encoder="",
        epochs=1,
        steps_per_epoch=1,
        longest_side=64,
    )
    folder = pairs.discs(3, instances=True)
    events = run(folder, tmp_path / "run", options)
    assert events[-1]["event"] == "finished"
    epoch = next(e for e in events if e["event"] == "epoch")
    assert 0 <= epoch["mask_ap"] <= 1
    model = open_run(tmp_path / "run", PredictOptions(smallest_score=0.0))
    assert model.predict(np.zeros((50, 40, 3), np.uint8), unwatched).width == 40


def test_mask_rcnn_without_objects_is_refused_in_words(pairs, tmp_path):
    options = replace(SMALL, model="maskrcnn", encoder="")
    with pytest.raises(BadRequest, match="into the folder instances"):
        run(pairs.discs(3), tmp_path / "run", options)


def test_an_attempt_that_never_began_does_not_stand_in_the_way(pairs, tmp_path):
    folder = pairs.discs(1)
    with pytest.raises(BadRequest, match="at least two labelled images"):
        run(folder, tmp_path / "run")
    assert state_of(tmp_path / "run") == "failed"
    pairs.discs(3)
    options = replace(SMALL, epochs=1, steps_per_epoch=1)
    events = run(folder, tmp_path / "run", options)
    assert events[-1]["event"] == "finished"
    assert [e["event"] for e in read_events(tmp_path / "run")].count("failed") == 0
