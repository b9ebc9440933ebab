import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from seggui.core.ports import unwatched
from seggui.errors import MissingWeights, Unreadable
from seggui.models import catalog
from seggui.models.full_image import PredictOptions
from seggui.models.runs import (
    CARD,
    WEIGHTS,
    ModelCard,
    open_prompted_run,
    open_run,
    read_card,
    write_card,
)
from seggui.models.semantic.networks import build
from seggui.models.weights import digest_of, write_safetensors

CLASSES = ("background", "cell", "wall")


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    network = build("lraspp", "mobilenet_v3_large", 3)
    digest = write_safetensors(run / WEIGHTS, network)
    card = ModelCard(
        "lraspp", "mobilenet_v3_large", CLASSES, (0, 4, 9), 0, {"miou": 0.5}, digest
    )
    write_card(run, card)
    return run


def test_a_card_comes_back_as_it_was(run):
    card = read_card(run)
    assert card.classes == CLASSES
    assert card.class_ids == (0, 4, 9)
    assert card.metrics == {"miou": 0.5}
    assert json.loads((run / CARD).read_bytes())["kind"] == "semantic"


def test_a_run_opens_with_its_own_name_and_classes(run):
    model = open_run(run, PredictOptions(device="cpu"))
    assert model.info.title == f"LR-ASPP ({run.name})"
    assert model.info.classes == ("cell", "wall")
    assert (model.info,) == catalog.runs(run.parents[1])
    found = model.predict(np.zeros((9, 7, 3), np.uint8), unwatched)
    assert found.classes == CLASSES


def test_a_card_of_a_newer_version_is_refused(run):
    write_card(run, replace(read_card(run), format=99))
    with pytest.raises(Unreadable, match="newer version"):
        read_card(run)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "x"}',
        b"\xff\xfe",
        b'{"format": 1, "model": "unet"}',
    ],
)
def test_a_broken_card_is_named(run, text):
    (run / CARD).write_bytes(text)
    with pytest.raises(Unreadable, match=r"model\.json"):
        read_card(run)


def test_classes_without_ids_are_refused(run):
    write_card(run, replace(read_card(run), class_ids=(0, 1)))
    with pytest.raises(Unreadable, match="contradict"):
        read_card(run)


def test_missing_weights_are_named(run):
    (run / WEIGHTS).unlink()
    with pytest.raises(MissingWeights, match=r"model\.safetensors is not there"):
        open_run(run, PredictOptions())


def test_weights_of_another_network_are_refused(run):
    write_card(run, replace(read_card(run), model="unet", encoder="resnet18"))
    with pytest.raises(Unreadable, match="not the weights of U-Net"):
        open_run(run, PredictOptions())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"format": 1e999}',
        '{"format": 1, "model": "unet", "encoder": "", "classes": ["a", "b"], '
        '"class_ids": [0, 1], "longest_side": 1e999, "metrics": {}, "digest": ""}',
        '{"format": [], "model": {}, "classes": 3}',
    ],
)
def test_a_card_of_a_stranger_is_passed_over_and_refused_in_words(tmp_path, text):
    run = tmp_path / "runs" / "odd"
    run.mkdir(parents=True)
    (run / "model.json").write_text(text)
    assert catalog.runs(tmp_path) == ()
    with pytest.raises(Unreadable):
        read_card(run)


@pytest.mark.parametrize(
    "known",
    [
        {"colour": 1.0},
        {"classic_share": 2.0},
        {"least_side": 9.0, "most_side": 3.0},
        {"least_side": math.inf},
        {"most_side": math.nan},
        {"line_width": -1.0},
        {"line_width": math.inf},
    ],
)
def test_habits_that_no_objects_have_are_refused(run, known):
    write_card(run, replace(read_card(run), model="clicknet", known=known))
    with pytest.raises(Unreadable, match="means nothing to this version"):
        open_prompted_run(run)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classic_share", "NaN"),
        ("classic_share", "1.5"),
        ("classic_share", "-0.1"),
        ("least_side", "Infinity"),
        ("least_side", "-3"),
        ("most_side", "-Infinity"),
        ("most_side", "NaN"),
        ("line_width", "NaN"),
        ("line_width", "1e400"),
        ("line_width", "-2"),
        ("line_width", "9" * 400),
    ],
)
def test_habits_that_no_objects_have_are_refused_before_the_first_click(
    tmp_path, name, value
):
    (tmp_path / WEIGHTS).write_bytes(b"not read")
    digest = digest_of(tmp_path / WEIGHTS)
    card = ModelCard("clicknet", "", ("background", "object"), (0, 1), 0, {}, digest)
    write_card(tmp_path, card)
    content = json.loads((tmp_path / CARD).read_bytes()) | {"known": "@"}
    text = json.dumps(content).replace('"@"', f'{{"{name}": {value}}}')
    (tmp_path / CARD).write_text(text)
    with pytest.raises(Unreadable, match=CARD):
        open_prompted_run(tmp_path)
