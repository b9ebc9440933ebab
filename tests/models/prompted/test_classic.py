"""The built-in prompted model on pictures whose answer is known."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, Cancelled
from seggui.metrics.masks import iou
from seggui.models.prompted.classic import ClassicModel
from tests.models.prompted.contract import PromptedContract, scene_of

MODEL = ClassicModel()


def answer(image_hwc, *points, **more):
    encoding = MODEL.encode(image_hwc, unwatched)
    prompt = Prompt(tuple(Point(*point) for point in points), **more)
    return MODEL.decode(encoding, prompt, unwatched)


class TestClassicModel(PromptedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return MODEL


def test_one_click_finds_a_disc_on_noise():
    image, disc = scene_of(240, 320)
    assert iou(disc, answer(image, (160, 120))[0].mask.dense()) > 0.95


def test_one_click_finds_a_disc_of_twelve_pixels_in_a_large_image():
    rng = np.random.default_rng(1)
    image = rng.normal(40, 4, (700, 900, 3))
    rows, columns = np.mgrid[:700, :900]
    disc = np.hypot(rows - 300, columns - 500) < 6
    image[disc] += 90
    mask = answer(np.clip(image, 0, 255).astype(np.uint8), (500.5, 300.5))[0].mask
    assert iou(disc, mask.dense()) > 0.8


def test_a_second_click_joins_the_other_half_of_a_two_tone_object():
    image = np.full((200, 200, 3), (60, 120, 60), np.uint8)
    image[60:140, 40:100] = (200, 40, 40)
    image[60:140, 100:160] = (40, 40, 200)
    truth = np.zeros((200, 200), bool)
    truth[60:140, 40:160] = True
    mask = answer(image, (70, 100), (130, 100))[0].mask.dense()
    assert iou(truth, mask) > 0.95


def test_one_click_follows_a_thin_object_along_its_length():
    image = np.full((200, 300, 3), 220, np.uint8)
    curve = [[x, int(100 + 50 * np.sin(x / 40))] for x in range(20, 280)]
    cv2.polylines(image, [np.array(curve)], False, (30, 30, 30), 5)
    truth = image[..., 0] < 128
    mask = answer(image, (150.5, curve[130][1] + 0.5))[0].mask.dense()
    assert iou(truth, mask) > 0.8


def test_granularities_tell_a_part_from_the_whole():
    image = np.full((240, 240, 3), 30, np.uint8)
    cv2.circle(image, (120, 120), 80, (200, 60, 60), -1)
    cv2.circle(image, (120, 120), 25, (240, 220, 60), -1)
    candidates = answer(image, (120, 120))
    areas = {c.granularity: c.mask.area for c in candidates}
    assert len(areas) == len(candidates) >= 2
    assert areas["whole"] > areas["part"]
    assert any(abs(c.mask.area - np.pi * 80**2) < 1200 for c in candidates)
    assert any(abs(c.mask.area - np.pi * 25**2) < 300 for c in candidates)


def test_a_box_alone_finds_what_is_in_it():
    image, disc = scene_of(240, 320)
    mask = answer(image, box=Box(95, 55, 225, 185))[0].mask.dense()
    assert iou(disc, mask) > 0.9


def test_a_negative_click_opens_a_ring():
    rows, columns = np.mgrid[:200, :200]
    far = np.hypot(rows - 100, columns - 100)
    ring = (far < 70) & (far > 30)
    image = np.full((200, 200, 3), 40, np.uint8)
    image[ring] = (220, 180, 60)
    mask = answer(image, (100, 50), (100, 100, False))[0].mask.dense()
    assert iou(ring, mask) > 0.9


def test_a_mask_drawn_by_hand_can_be_corrected():
    image, disc = scene_of(240, 320)
    wrong = disc.copy()
    wrong[:, :160] = False
    previous = Mask.from_dense(wrong)
    mask = answer(image, (130, 120), previous=previous)[0].mask.dense()
    assert iou(disc, mask) > 0.93
    assert not (wrong & ~mask).any()


@settings(deadline=None, max_examples=30)
@given(x=st.integers(0, 79), y=st.integers(0, 59), last=st.booleans())
def test_of_clicks_that_contradict_each_other_the_last_one_counts(x, y, last):
    image = PromptedContract.image_hwc
    twice = [(x + 0.2, y + 0.2, not last), (x + 0.7, y + 0.7, last)]
    assert answer(image, (40.5, 30.5, True), *twice)[0].mask.contains(x, y) == last


@pytest.mark.parametrize("shape", [(200, 40000), (40000, 200), (1, 300), (300, 1)])
def test_an_image_of_any_shape_is_answered(shape):
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (*shape, 3), dtype=np.uint8)
    middle = (shape[1] / 2, shape[0] / 2)
    assert answer(image, middle)[0].mask.contains(*middle)
    assert not answer(image, box=Box(0, 0, shape[1], shape[0]))[0].mask.is_empty


def test_a_flat_grey_image_is_answered():
    image = np.full((50, 70, 3), 128, np.uint8)
    assert answer(image, (35, 25))[0].mask.contains(35, 25)


def test_clicks_that_the_mask_agrees_with_change_nothing():
    image, disc = scene_of(60, 80)
    previous = Mask.from_dense(disc)
    candidates = answer(image, (40.5, 30.5), (3, 3, False), previous=previous)
    assert len(candidates) == 1
    assert candidates[0].mask.same_pixels(previous)


def test_a_mask_that_the_clicks_agree_with_is_scored_by_what_the_image_shows():
    image, disc = scene_of(60, 80)
    beside = np.zeros_like(disc)
    beside[25:, 40:] = True

    def score(mask_hw, *points):
        return answer(image, *points, previous=Mask.from_dense(mask_hw))[0].score

    for points in ([(44.5, 34.5)], [(3, 3, False)]):
        assert 1 > score(disc, *points) > score(beside, *points) > 0
    with pytest.raises(BadRequest, match="nothing to take away"):
        score(np.zeros_like(disc), (3, 3, False))


@pytest.mark.parametrize(
    ("prompt", "word"),
    [(Prompt(text="a cat"), "text"), (Prompt((Point(3, 3, False),)), "first")],
)
def test_what_the_model_cannot_do_is_said_in_a_sentence(prompt, word):
    encoding = MODEL.encode(PromptedContract.image_hwc, unwatched)
    with pytest.raises(BadRequest, match=word):
        MODEL.decode(encoding, prompt, unwatched)


def test_the_model_loads_without_torch_and_qt():
    code = "import sys, seggui.models.prompted.classic; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert {"torch", "PySide6"}.isdisjoint(out.split())


def test_an_encoding_tells_its_steps_and_stops_between_them():
    image, _ = scene_of(60, 80)
    told = []

    def report(done, total, what):
        told.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        ClassicModel().encode(image, report)
    assert told == [(0, 3), (1, 3), (2, 3)]
