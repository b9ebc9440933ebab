"""What every full-image model promises; its test class inherits this one."""

import cv2
import numpy as np
import pytest
import torch

from seggui.core.ports import unwatched
from seggui.errors import BadRequest, Cancelled
from seggui.models.full_image import PredictOptions


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (max(1, height // 8), max(1, width // 8), 3))
    return cv2.resize(small.astype(np.uint8), (width, height))


class FullImageContract:
    """``model(options)`` gives a model with random weights and two classes."""

    @pytest.fixture(autouse=True)
    def one_thread(self):
        torch.set_num_threads(1)
        torch.manual_seed(0)

    def model(self, options):
        raise AssertionError("each model's test says how it is made")

    def predict(self, image, **options):
        return self.model(PredictOptions(device="cpu", **options)).predict(
            image, unwatched
        )

    @pytest.mark.parametrize("size", [(1, 1), (1, 70), (33, 57), (64, 64)])
    def test_an_image_of_any_size_is_answered_in_its_size(self, size):
        prediction = self.predict(picture(*size))
        assert (prediction.height, prediction.width) == size
        assert prediction.classes[0] == "background"
        self.check(prediction)

    def check(self, prediction):
        size = (prediction.height, prediction.width)
        assert prediction.uncertainty_hw.shape == size
        assert prediction.uncertainty_hw.dtype == np.uint8
        chw = prediction.probabilities_chw
        assert (chw is None) == (self.kind == "instance")
        if chw is not None:
            assert chw.dtype == np.float16
            assert chw.shape == (len(prediction.classes), *size)
            assert np.allclose(chw.astype(np.float32).sum(0), 1, atol=0.01)
        for one in prediction.instances:
            assert (one.mask.height, one.mask.width) == size
            assert not one.mask.is_empty
            assert one.class_name in prediction.classes[1:]
            assert 0 <= one.score <= 1

    def test_its_kind_is_what_it_says(self):
        assert self.model(PredictOptions(device="cpu")).info.kind == self.kind

    def test_the_same_image_gives_the_same_answer(self):
        model = self.model(PredictOptions(device="cpu"))
        one, other = (model.predict(picture(40, 40), unwatched) for _ in range(2))
        assert (one.uncertainty_hw == other.uncertainty_hw).all()
        assert len(one.instances) == len(other.instances)

    def test_a_grey_image_is_taken_for_its_colours(self):
        grey = picture(40, 30)[..., 0]
        as_grey = self.predict(grey)
        torch.manual_seed(0)
        as_rgb = self.predict(np.repeat(grey[..., None], 3, 2))
        assert (as_grey.uncertainty_hw == as_rgb.uncertainty_hw).all()

    def test_a_read_only_image_is_not_changed(self):
        image = picture(40, 30)
        image.flags.writeable = False
        before = image.copy()
        self.predict(image)
        assert (image == before).all()

    def test_tiles_answer_in_the_size_of_the_image(self):
        prediction = self.predict(picture(100, 150), tile=64)
        assert (prediction.height, prediction.width) == (100, 150)
        self.check(prediction)

    def test_a_report_can_cancel(self):
        def report(done, total, what):
            raise Cancelled

        with pytest.raises(Cancelled):
            self.model(PredictOptions(device="cpu")).predict(picture(40, 40), report)

    @pytest.mark.parametrize(
        "image",
        [
            np.zeros((4, 4, 3), np.float32),
            np.zeros((0, 4, 3), np.uint8),
            np.zeros((4, 4, 2), np.uint8),
            np.zeros((4,), np.uint8),
        ],
    )
    def test_what_is_no_image_is_refused_in_words(self, image):
        with pytest.raises(BadRequest, match=r"(?i)image"):
            self.predict(image)

    def test_running_out_of_memory_is_a_sentence_and_works_again_after(
        self, monkeypatch
    ):
        model = self.model(PredictOptions(device="cpu"))

        def full(*_, **__):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

        with monkeypatch.context() as patch:
            patch.setattr(torch.nn.functional, "conv2d", full)
            patch.setattr(torch.nn.Conv2d, "forward", full)
            with pytest.raises(BadRequest, match="smaller tiles"):
                model.predict(picture(40, 40), unwatched)
        self.check(model.predict(picture(40, 40), unwatched))
