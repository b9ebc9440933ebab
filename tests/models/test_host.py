"""The engine's host, with fake models in the catalogue's place."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from seggui.core.candidate import Candidate, Instance, Prediction
from seggui.core.everything import options_of
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, Cancelled, SegguiError
from seggui.files import model_store
from seggui.jobs.messages import Ask, AskEach, Encode, Everything, Predict, Refine
from seggui.jobs.shared import SharedImages
from seggui.models import catalog
from seggui.models.host import EngineHost, Recent

PROMPT = Prompt((Point(1, 1),))


class FakePrompted:
    """Every positive click becomes a square; counts how often it encodes."""

    def __init__(self):
        self.info = ModelInfo("fake", "Fake", "prompted")
        self.encoded = 0
        self.error = None

    def encode(self, image_hwc, report):
        self.encoded += 1
        report(0, 1, "Encoding")
        if self.error is not None:
            raise self.error
        return np.array(image_hwc)

    def decode(self, encoding, prompt, report):
        mask = np.zeros(encoding.shape[:2], bool)
        for point in prompt.positives:
            mask[int(point.y) : int(point.y) + 9, int(point.x) : int(point.x) + 9] = (
                True
            )
        mask[-1, -1] = True
        return (Candidate(Mask.from_dense(mask), 0.5),)


class FakeFull:
    info = ModelInfo("fake", "Fake", "instance")

    def predict(self, image_hwc, report):
        height, width = image_hwc.shape[:2]
        mask = Mask.full(height, width)
        doubt = np.zeros((height, width), np.uint8)
        instances = (Instance(mask, "cell", 0.9), Instance(mask, "cell", 0.1))
        return Prediction(height, width, ("background", "cell"), None, instances, doubt)


@pytest.fixture
def model(monkeypatch):
    model = FakePrompted()
    monkeypatch.setattr(catalog, "open_prompted", lambda model_id: model)
    return model


@pytest.fixture
def image():
    images = SharedImages()
    yield images.share("a", np.zeros((30, 40, 3), np.uint8))
    images.close()


def test_an_ask_encodes_once_and_decodes_every_time(model, image):
    host = EngineHost()
    for ticket in (1, 2, 3):
        reply = host.handle(Ask(ticket, image, "fake", PROMPT), unwatched)
        assert reply.ticket == ticket
        assert reply.candidates[0].mask.area == 82
        assert reply.elapsed_s > 0
    assert model.encoded == 1


def test_several_prompts_bring_one_answer_each_in_their_order(model, image):
    prompts = tuple(Prompt((Point(x, 5),)) for x in (20, 2, 11))
    ask = AskEach(4, image, "fake", prompts, recipe="largest")
    reply = EngineHost().handle(ask, unwatched)
    assert reply.ticket == 4
    lefts = [candidates[0].mask.bbox.x0 for candidates in reply.answers]
    assert lefts == [20, 2, 11]
    assert model.encoded == 1


def test_one_impossible_prompt_of_several_is_told_before_any_work(model, image):
    ask = AskEach(1, image, "fake", (PROMPT, Prompt((Point(40, 1),))))
    with pytest.raises(BadRequest, match="outside the image"):
        EngineHost().handle(ask, unwatched)
    assert model.encoded == 0


def test_a_model_that_answers_many_at_once_is_asked_once(model, image):
    asked = []

    def decode_many(encoding, prompts, report):
        asked.append(len(prompts))
        return tuple(model.decode(encoding, prompt, report) for prompt in prompts)

    model.decode_many = decode_many
    reply = EngineHost().handle(AskEach(1, image, "fake", (PROMPT,) * 5), unwatched)
    assert asked == [5]
    assert len(reply.answers) == 5


def test_several_prompts_tell_how_far_they_are_and_stop_when_cancelled(model, image):
    told = []

    def report(done, total, what):
        told.append((done, total))
        if done == 2:
            raise Cancelled

    host = EngineHost()
    host.handle(Encode(1, image, "fake"), unwatched)
    with pytest.raises(Cancelled):
        host.handle(AskEach(2, image, "fake", (PROMPT,) * 5), report)
    assert told == [(0, 5), (1, 5), (2, 5)]


def test_everything_is_found_with_the_encoding_that_is_there(model, image):
    host = EngineHost()
    host.handle(Encode(1, image, "fake"), unwatched)
    options = options_of((("score", 0.1), ("points", 4)))
    reply = host.handle(Everything(2, image, "fake", options), unwatched)
    assert reply.ticket == 2
    assert len(reply.candidates) == 3 * 2, "at the far edges squares are too small"
    assert reply.uncertainty_hw is None
    assert model.encoded == 1


def test_a_prefetched_encoding_serves_the_first_click(model, image):
    host = EngineHost()
    host.handle(Encode(1, image, "fake"), unwatched)
    host.handle(Ask(2, image, "fake", PROMPT), unwatched)
    assert model.encoded == 1


def test_an_image_that_was_closed_is_ready_when_it_comes_back(model, image):
    host = EngineHost()
    host.handle(Encode(1, image, "fake"), unwatched)
    host.forget("a")
    host.handle(Encode(2, image, "fake"), unwatched)
    assert model.encoded == 1


def test_a_slow_answer_of_a_network_is_broken_off_by_a_newer_click(
    model, image, monkeypatch
):
    import torch

    class Slow(torch.nn.Module):
        def forward(self, x):
            time.sleep(0.02)
            return x

    layers = torch.nn.Sequential(*[Slow() for _ in range(9)])
    host, decoded = EngineHost(), []

    def decode(encoding, prompt, report):
        layers(torch.zeros(1))
        decoded.append(prompt)

    def report(done, total, what):
        raise Cancelled

    host.handle(Encode(1, image, "fake"), unwatched)
    monkeypatch.setattr(model, "decode", decode)
    with pytest.raises(Cancelled):
        host.handle(Ask(2, image, "fake", PROMPT), report)
    assert decoded == []


def test_the_recipe_runs_over_the_candidates(model, image):
    ask = Ask(1, image, "fake", PROMPT, recipe="largest")
    reply = EngineHost().handle(ask, unwatched)
    assert reply.candidates[0].mask.area == 81


def test_a_click_outside_the_image_is_refused(model, image):
    ask = Ask(1, image, "fake", Prompt((Point(40, 1),)))
    with pytest.raises(BadRequest, match="outside the image"):
        EngineHost().handle(ask, unwatched)


def test_cancelling_leaves_the_host_usable(model, image):
    def report(done, total, what):
        raise Cancelled

    host = EngineHost()
    with pytest.raises(Cancelled):
        host.handle(Ask(1, image, "fake", PROMPT), report)
    assert host.handle(Ask(2, image, "fake", PROMPT), unwatched).candidates


def test_a_prediction_becomes_candidates(image, monkeypatch):
    monkeypatch.setattr(catalog, "open_full_image_model", lambda *a, **k: FakeFull())
    reply = EngineHost().handle(Predict(1, image, "fake"), unwatched)
    assert [(c.class_name, c.score) for c in reply.candidates] == [("cell", 0.9)]
    assert reply.uncertainty_hw.shape == (30, 40)


def test_a_model_is_opened_once_and_again_after_a_new_training(
    image, monkeypatch, tmp_path
):
    opened = []

    def open_model(*arguments, **options):
        opened.append((arguments, options))
        return FakeFull()

    monkeypatch.setattr(catalog, "open_full_image_model", open_model)
    (tmp_path / "model.json").write_text("1")
    host, predict = EngineHost(), Predict(1, image, str(tmp_path), tile=256)
    host.handle(predict, unwatched)
    host.handle(predict, unwatched)
    assert len(opened) == 1
    assert opened[0][1]["tile"] == 256
    os.utime(tmp_path / "model.json", ns=(1, 1))
    host.handle(predict, unwatched)
    host.handle(replace(predict, smallest_score=0.1), unwatched)
    assert len(opened) == 3


def test_clicks_are_answered_by_the_newest_training_of_a_run(
    image, monkeypatch, tmp_path
):
    opened = []

    def open_prompted(model_id):
        opened.append(FakePrompted())
        opened[-1].digest = str(len(opened))
        opened[-1].pack = lambda encoding: {}
        opened[-1].unpack = lambda arrays, image_hwc: image_hwc
        return opened[-1]

    monkeypatch.setattr(catalog, "open_prompted", open_prompted)
    (tmp_path / "model.json").write_text("1")
    host, ask = EngineHost(), Ask(1, image, str(tmp_path), PROMPT)
    host.handle(ask, unwatched)
    host.handle(ask, unwatched)
    assert len(opened) == 1
    os.utime(tmp_path / "model.json", ns=(1, 1))
    host.handle(ask, unwatched)
    assert [model.encoded for model in opened] == [1, 1], "not with the old encoding"


def test_weights_that_were_replaced_or_removed_are_noticed():
    weights = catalog.get("sam-vit-b").weights
    place = model_store.place_of(weights)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"old")
    old = catalog.version("sam-vit-b")
    assert old == catalog.version("sam-vit-b") != ()
    place.write_bytes(b"newer")
    assert catalog.version("sam-vit-b") != old
    assert catalog.version("any", place) == catalog.version("sam-vit-b")
    place.unlink()
    assert catalog.version("sam-vit-b") == ()


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA error: out of memory")]
)
def test_out_of_memory_frees_what_it_can_and_says_what_to_do(model, image, error):
    import torch

    assert torch.OutOfMemoryError is not None  # torch is loaded: its errors count
    host = EngineHost()
    host.handle(Encode(1, image, "fake"), unwatched)
    model.error = error
    other = replace(image, key="b")
    with pytest.raises(SegguiError, match="smaller tiles"):
        host.handle(Ask(2, other, "fake", PROMPT), unwatched)
    model.error = None
    assert host.handle(Ask(3, image, "fake", PROMPT), unwatched).candidates


def test_other_errors_pass_as_they_are(model, image):
    model.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        EngineHost().handle(Ask(1, image, "fake", PROMPT), unwatched)


def test_what_does_not_belong_to_the_engine_is_a_bug(image):
    with pytest.raises(TypeError, match="Refine"):
        EngineHost().handle(Refine(1, image, (), ""), unwatched)


def test_classical_tools_do_not_push_a_network_out(image, monkeypatch):
    opened = []

    def open_prompted(model_id):
        opened.append(model_id)
        return FakePrompted()

    monkeypatch.setattr(catalog, "open_prompted", open_prompted)
    tools = [info.id for info in catalog.prompted() if info.classical]
    assert len(tools) > 3
    host = EngineHost()
    for ticket, model_id in enumerate(["sam", *tools, "sam", *tools]):
        host.handle(Ask(ticket, image, model_id, PROMPT), unwatched)
    assert opened == ["sam", *tools]


def test_the_oldest_model_goes_before_a_new_one_is_made():
    recent, gone = Recent(1), []

    class Model:
        def __del__(self):
            gone.append(self)

    recent.get("a", 1, Model)
    recent.get("b", 1, lambda: gone.copy())
    assert len(recent.get("b", 1, list)) == 1, "both may not fit into memory"


def test_a_click_on_the_built_in_model_loads_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from seggui.core.prompt import Point, Prompt\n"
        "from seggui.core.ports import unwatched\n"
        "from seggui.jobs.messages import Ask\n"
        "from seggui.jobs.shared import SharedImages\n"
        "from seggui.models.host import open_host\n"
        "pixels = np.zeros((60, 80, 3), np.uint8); pixels[20:40, 20:50] = 200\n"
        "image = SharedImages().share('a', pixels)\n"
        "ask = Ask(1, image, 'classic', Prompt((Point(30, 30),)), 'largest')\n"
        "reply = open_host().handle(ask, unwatched)\n"
        "assert reply.candidates[0].mask.contains(30, 30)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"torch", "torchvision", "PySide6"})


def test_regions_that_a_tool_takes_come_with_the_encoding(image):
    host = EngineHost()
    large, small = (
        host.handle(Encode(1, image, "superpixels", settings=wanted), unwatched)
        for wanted in ((("size", 10),), (("size", 5),))
    )
    assert large.borders.width == image.width
    assert 0 < large.borders.area < small.borders.area
    ahead = host.handle(Encode(2, image, "superpixels", ahead=True), unwatched)
    wand = host.handle(Encode(3, image, "wand"), unwatched)
    assert ahead.borders is None
    assert wand.borders is None
