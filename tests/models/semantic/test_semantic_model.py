from functools import cache

import numpy as np
import pytest
import torch
from full_image_contract import FullImageContract, picture

from seggui.core.ports import ModelInfo, unwatched
from seggui.errors import SegguiError
from seggui.models.full_image import PredictOptions
from seggui.models.semantic.model import (
    SemanticModel,
    open_released,
    released_classes,
    uncertainty,
)
from seggui.models.semantic.networks import RELEASED_ENCODERS, build

CLASSES = ("background", "a", "b")


@cache
def network_of(name, encoder):
    return build(name, encoder, len(CLASSES))


class SemanticContract(FullImageContract):
    kind = "semantic"

    def model(self, options):
        network = network_of(self.name, self.encoder)
        info = ModelInfo(self.name, self.name, "semantic")
        return SemanticModel(info, network, CLASSES, options)


class TestUnet(SemanticContract):
    name, encoder = "unet", "resnet18"


class TestFcn(SemanticContract):
    name, encoder = "fcn", "resnet50"


class TestDeepLabV3(SemanticContract):
    name, encoder = "deeplabv3", "mobilenet_v3_large"


class TestLrAspp(SemanticContract):
    name, encoder = "lraspp", "mobilenet_v3_large"


class PerPixel(torch.nn.Module):
    """Looks at one pixel at a time, so tiles must not matter."""

    def forward(self, images):
        return torch.stack([images[:, 0], images[:, 1], -images[:, 2]], 1)


def test_tiles_give_a_per_pixel_model_the_same_answer():
    image = picture(150, 210)
    info = ModelInfo("toy", "Toy", "semantic")
    answers = [
        SemanticModel(
            info, PerPixel(), CLASSES, PredictOptions(device="cpu", tile=tile)
        ).predict(image, unwatched)
        for tile in (0, 64)
    ]
    assert np.allclose(
        answers[0].probabilities_chw.astype(np.float32),
        answers[1].probabilities_chw.astype(np.float32),
        atol=0.002,
    )


def test_a_larger_image_is_shrunk_for_the_network_and_answered_in_full():
    seen = []

    class Watching(PerPixel):
        def forward(self, images):
            seen.append(tuple(images.shape[2:]))
            return super().forward(images)

    model = SemanticModel(
        ModelInfo("toy", "Toy", "semantic"),
        Watching(),
        CLASSES,
        PredictOptions(device="cpu"),
        longest_side=64,
    )
    prediction = model.predict(picture(200, 100), unwatched)
    assert seen == [(64, 32)]
    assert prediction.probabilities_chw.shape == (3, 200, 100)


def test_uncertainty_is_how_close_the_two_best_classes_are():
    chw = np.array(
        [[[1.0, 0.5, 0.4]], [[0.0, 0.5, 0.35]], [[0.0, 0.0, 0.25]]], np.float16
    )
    assert uncertainty(chw)[0].tolist() == pytest.approx([0, 255, 242], abs=1)


@pytest.mark.parametrize("name", RELEASED_ENCODERS)
def test_a_file_in_the_released_layout_opens(tmp_path, name):
    torch.set_num_threads(1)
    torch.manual_seed(3)
    from torchvision.models import segmentation as tv

    make = getattr(tv, f"{name}_{RELEASED_ENCODERS[name]}")
    auxiliary = {} if name == "lraspp" else {"aux_loss": True}
    official = make(weights=None, weights_backbone=None, num_classes=21, **auxiliary)
    path = tmp_path / "released.pth"
    torch.save(official.state_dict(), path)
    info = ModelInfo(name, name.upper(), "semantic")
    model = open_released(info, path, PredictOptions(device="cpu"))
    image = picture(64, 64)
    prediction = model.predict(image, unwatched)
    assert prediction.classes == ("background", *released_classes(name)[1:])
    assert len(prediction.classes) == 21
    mean, std = (
        torch.tensor(v)[:, None, None]
        for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    batch = (torch.from_numpy(image).permute(2, 0, 1) / 255 - mean) / std
    with torch.inference_mode():
        expected = official.eval()(batch[None])["out"][0].softmax(0).numpy()
    assert np.allclose(prediction.probabilities_chw, expected, atol=0.002)

    torch.save({"other": torch.zeros(1)}, path)
    with pytest.raises(SegguiError, match=f"not the weights of {name.upper()}"):
        open_released(info, path, PredictOptions(device="cpu"))
