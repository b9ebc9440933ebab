"""The model around a network: closer looks, several prompts, what can go wrong."""

import logging

import numpy as np
import pytest
import torch
from first_tiny import info_of, model_of, picture

from seggui.core.candidate import granularities
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import DecodesMany, StoredEncodings, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import SegguiError
from seggui.models.prompted.sam.backbone import Answer
from seggui.models.prompted.sam.model import SamModel

SIDE, GRID = 64, 16


class BrightParts:
    """A network that finds what is as bright as the first point, on its own square."""

    side, mask_side, fit = SIDE, GRID, "padded"
    mean, deviation = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
    digest = "bright"
    device = torch.device("cpu")
    shapes = {"image": (1, GRID, GRID)}  # noqa: RUF012 - as the others have it

    def __init__(self):
        self.encoded = 0
        self.asked = []

    def move(self, device):
        self.device = device

    def encode(self, square):
        self.encoded += 1
        return {"image": torch.nn.functional.avg_pool2d(square, 4)[:, 0]}

    def decode(self, features, marks):
        self.asked.append(len(marks))
        light = features["image"][0].float().numpy()
        return [self._answer(light, one) for one in marks]

    def _answer(self, light, marks):
        x, y = marks.points_xy[0] if len(marks.points_xy) else marks.corners[:2]
        wanted = light[min(int(y) // 4, GRID - 1), min(int(x) // 4, GRID - 1)]
        # A cell that is half covered is at zero, as of a network that has learnt.
        logits = 5 - 10 * np.abs(light - wanted) / max(float(wanted), 0.1)
        return Answer(logits[None].astype(np.float32), np.array([0.9], np.float32))


def spots(height=256, width=256):
    """A large square and a small disc, each of a brightness of its own."""
    image = np.zeros((height, width, 3), np.uint8)
    image[20:150, 10:130] = 60
    rows, columns = np.mgrid[:height, :width]
    disc = np.hypot(rows - 200.5, columns - 200.5) < 9
    image[disc] = 250
    return image, disc


@pytest.fixture
def bright():
    network = BrightParts()
    return network, SamModel(info_of(), network)


def iou(mask, wished):
    pixels = mask.dense()
    return (pixels & wished).sum() / (pixels | wished).sum()


def test_a_small_object_is_looked_at_closer_and_gets_a_finer_edge(bright):
    network, model = bright
    image, disc = spots()
    encoding = model.encode(image, unwatched)
    click = Prompt((Point(200, 200),))
    far = model.decode(
        encoding, Prompt(click.points, settings=(("zoom", False),)), unwatched
    )
    assert network.encoded == 1
    close = model.decode(encoding, click, unwatched)
    assert network.encoded == 2
    assert iou(close[0].mask, disc) > max(0.9, iou(far[0].mask, disc))
    assert close[0].logits.box != far[0].logits.box


def test_a_large_object_is_answered_from_afar(bright):
    network, model = bright
    encoding = model.encode(spots()[0], unwatched)
    (candidate,) = model.decode(encoding, Prompt((Point(60, 60),)), unwatched)
    assert network.encoded == 1
    wished = np.zeros((256, 256), bool)
    wished[20:150, 10:130] = True
    assert iou(candidate.mask, wished) > 0.9


def test_a_closer_look_is_taken_once(bright):
    network, model = bright
    encoding = model.encode(spots()[0], unwatched)
    first = model.decode(encoding, Prompt((Point(200, 200),)), unwatched)
    again = model.decode(encoding, Prompt((Point(201, 199),)), unwatched)
    assert network.encoded == 2
    assert first[0].mask.same_pixels(again[0].mask)


def test_a_box_around_a_small_object_is_looked_at_closer(bright):
    network, model = bright
    image, disc = spots()
    encoding = model.encode(image, unwatched)
    prompt = Prompt((Point(200, 200),), box=Box(190, 190, 212, 212))
    (candidate,) = model.decode(encoding, prompt, unwatched)
    assert network.encoded == 2
    assert iou(candidate.mask, disc) > 0.8


def test_the_models_own_mask_may_be_redrawn_and_that_of_others_may_not(bright):
    _, model = bright
    image, disc = spots()
    encoding = model.encode(image, unwatched)
    wrong = np.zeros((256, 256), bool)
    wrong[0:10, 240:250] = True
    previous = Mask.from_dense(wrong)
    points = (Point(200, 200),)
    kept = model.decode(encoding, Prompt(points, previous=previous), unwatched)[0]
    assert kept.mask.window(Box(240, 0, 250, 10)).all()
    assert kept.mask.contains(200, 200)
    assert kept.logits is None
    (own,) = model.decode(encoding, Prompt(points), unwatched)
    again = Prompt(points, previous=previous, logits=own.logits)
    redrawn = model.decode(encoding, again, unwatched)[0]
    assert not redrawn.mask.contains(245, 5)
    assert iou(redrawn.mask, disc) > 0.6


def test_many_prompts_are_asked_together_and_answered_as_one_by_one():
    model = model_of("vit")
    assert isinstance(model, DecodesMany)
    encoding = model.encode(picture(60, 80), unwatched)
    prompts = [
        Prompt(box=Box(5, 5, 40, 30)),
        Prompt((Point(30, 30),)),
        Prompt(box=Box(20, 10, 70, 50)),
        Prompt((Point(10, 50), Point(60, 5, False))),
    ]
    together = model.decode_many(encoding, prompts, unwatched)
    for prompt, candidates in zip(prompts, together, strict=True):
        alone = model.decode(encoding, prompt, unwatched)
        assert len(alone) == len(candidates)
        for one, two in zip(alone, candidates, strict=True):
            assert one.mask.same_pixels(two.mask)
            assert one.score == pytest.approx(two.score, abs=1e-5)


def test_several_boxes_take_one_question_to_the_network(bright):
    network, model = bright
    encoding = model.encode(spots()[0], unwatched)
    prompts = [Prompt(box=Box(10, 20, x, 150)) for x in (100, 110, 120, 130)]
    assert len(model.decode_many(encoding, prompts, unwatched)) == 4
    assert network.asked == [4]


def test_candidates_are_named_by_what_lies_in_what():
    model = model_of("vit")
    encoding = model.encode(picture(60, 80), unwatched)
    candidates = model.decode(encoding, Prompt((Point(30, 30),)), unwatched)
    kinds = granularities([candidate.mask for candidate in candidates])
    assert tuple(c.granularity for c in candidates) == kinds
    assert len(candidates) == 3
    assert all(0 <= c.stability <= 1 for c in candidates)


@pytest.mark.parametrize("name", ["vit", "tiny-hq"])
def test_an_encoding_from_the_disk_answers_almost_as_before(name):
    model = model_of(name)
    assert isinstance(model, StoredEncodings)
    image = picture(60, 80)
    encoding = model.encode(image, unwatched)
    arrays = model.pack(encoding)
    assert all(array.dtype == np.float16 for array in arrays.values())
    back = model.unpack(arrays, image)
    prompt = Prompt(box=Box(5, 5, 70, 50))
    one, two = (model.decode(e, prompt, unwatched)[0] for e in (encoding, back))
    assert iou(one.mask, two.mask.dense()) > 0.95


def test_arrays_that_are_no_encoding_are_refused():
    model = model_of("vit")
    image = picture(60, 80)
    good = dict(model.pack(model.encode(image, unwatched)))
    bad = good["image"].copy()
    bad[0, 0, 0] = np.nan
    for arrays in ({}, {"image": good["image"][:, :3]}, {"image": bad}):
        with pytest.raises(ValueError, match="encoding"):
            model.unpack(arrays, image)


def test_numbers_that_are_none_are_told_and_nothing_is_lost(bright):
    network, model = bright
    encoding = model.encode(spots()[0], unwatched)
    network._answer = lambda light, marks: Answer(
        np.full((1, GRID, GRID), np.nan, np.float32), np.array([np.nan], np.float32)
    )
    with pytest.raises(SegguiError, match="Tiny SAM answered with numbers that are"):
        model.decode(encoding, Prompt((Point(60, 60),)), unwatched)


def test_without_memory_on_the_graphics_card_it_goes_on_on_the_processor(
    bright, caplog
):
    network, model = bright
    network.device = torch.device("meta")
    told = []
    work = network.encode

    def encode(square):
        if network.device.type != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return work(square)

    network.encode = encode
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            model.encode(spots()[0], lambda *now: told.append(now[2]))
    assert network.device.type == "cpu"
    assert sum("Not enough memory" in line for line in told) == 1
    assert sum("Not enough memory" in line for line in caplog.messages) == 1


def test_an_error_of_another_kind_is_not_hidden(bright):
    network, model = bright

    def encode(square):
        raise RuntimeError("a bug")

    network.encode = encode
    with pytest.raises(RuntimeError, match="a bug"):
        model.encode(spots()[0], unwatched)


@pytest.mark.parametrize("shape", [(1, 1), (200, 5000), (3, 2000), (2000, 3)])
def test_images_of_any_shape_are_answered(shape):
    height, width = shape
    model = model_of("vit")
    encoding = model.encode(picture(height, width), unwatched)
    x, y = width * 0.7, height * 0.4
    for candidate in model.decode(encoding, Prompt((Point(x, y),)), unwatched):
        assert (candidate.mask.width, candidate.mask.height) == (width, height)
        assert candidate.mask.contains(x, y)
