import numpy as np
import pytest

from seggui.core.candidate import Instance, Prediction
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.errors import BadRequest
from seggui.models.semantic.model import uncertainty
from seggui.models.uncertainty import measure_of

IMAGE = np.zeros((10, 12, 3), np.uint8)


class Answering:
    """A model whose answer is made by a function of the image."""

    info = ModelInfo("fake", "Fake", "semantic")

    def __init__(self, answer):
        self.answer = answer

    def predict(self, image_hwc, report):
        return self.answer(image_hwc)


def flat(*chances):
    def answer(image):
        height, width = image.shape[:2]
        chw = np.ones((len(chances), height, width), np.float16)
        chw *= np.array(chances, np.float16)[:, None, None]
        names = ("background", *(f"c{n}" for n in range(1, len(chances))))
        return Prediction(height, width, names, chw, uncertainty_hw=uncertainty(chw))

    return Answering(answer)


def one_object(score):
    def answer(image):
        box = Box(1, 1, 5, 5)
        mask = Mask.from_window(*image.shape[:2], box, np.ones((4, 4), bool))
        found = (Instance(mask, "c1", score),) if score else ()
        return Prediction(*image.shape[:2], ("background", "c1"), instances=found)

    return Answering(answer)


@pytest.mark.parametrize("by", ["entropy", "margin"])
def test_a_coin_toss_is_one_and_certainty_is_zero(by):
    measure = measure_of(by)
    assert measure(flat(0.5, 0.5), IMAGE, unwatched) == pytest.approx(1, abs=0.01)
    assert measure(flat(1.0, 0.0), IMAGE, unwatched) == pytest.approx(0, abs=0.01)
    middle = measure(flat(0.8, 0.2), IMAGE, unwatched)
    assert 0.1 < middle < 0.9


@pytest.mark.parametrize("by", ["entropy", "margin"])
def test_objects_are_unsure_at_a_score_of_a_half(by):
    measure = measure_of(by)
    assert measure(one_object(0.5), IMAGE, unwatched) == pytest.approx(1)
    assert measure(one_object(1.0), IMAGE, unwatched) == pytest.approx(0, abs=1e-5)
    assert measure(one_object(0), IMAGE, unwatched) == 0


def test_a_model_that_turns_with_the_image_agrees_with_itself():
    def answer(image):
        chw = np.stack([image[..., 0] == 0, image[..., 0] > 0]).astype(np.float16)
        return Prediction(*image.shape[:2], ("background", "c1"), chw)

    image = IMAGE.copy()
    image[2:4, 1:7] = 200
    assert measure_of("disagreement")(Answering(answer), image, unwatched) == 0


def test_a_model_that_looks_at_one_corner_only_disagrees():
    assert measure_of("disagreement")(one_object(0.9), IMAGE, unwatched) > 0.5


def test_an_unknown_measure_is_refused():
    with pytest.raises(BadRequest, match="entropy, margin, disagreement"):
        measure_of("mood")
