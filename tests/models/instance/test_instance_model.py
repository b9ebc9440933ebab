from functools import cache

import numpy as np
import pytest
import torch
from full_image_contract import FullImageContract, picture
from torchvision.models.detection import maskrcnn_resnet50_fpn

from seggui.core.candidate import Instance
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.errors import SegguiError
from seggui.models.full_image import PredictOptions
from seggui.models.instance.model import (
    InstanceModel,
    objects,
    open_released,
    released_classes,
    uncertainty,
)
from seggui.models.instance.networks import build

CLASSES = ("background", "a", "b")
INFO = ModelInfo("maskrcnn", "Mask R-CNN", "instance")


@cache
def network_of():
    network = build("resnet18", len(CLASSES), longest_side=96)
    network.roi_heads.detections_per_img = 5  # random weights find far too much
    network.rpn._post_nms_top_n["testing"] = 20
    return network


class TestMaskRcnn(FullImageContract):
    kind = "instance"

    def model(self, options):
        network = network_of()
        options = PredictOptions("cpu", options.tile, smallest_score=0.05)
        return InstanceModel(INFO, network, CLASSES, options)


def test_masks_are_those_that_torchvision_pastes_itself():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = network_of().eval()
    image = picture(70, 90)
    found = objects(network, image, torch.device("cpu"), 0.0)
    with torch.inference_mode():
        whole = network([torch.from_numpy(image).permute(2, 0, 1) / 255])[0]
    expected = (whole["masks"][:, 0] >= 0.5).numpy()
    kept = [place for place in range(len(expected)) if expected[place].any()]
    assert len(found) == len(kept) > 0
    for (box, pixels, label, score), place in zip(found, kept, strict=True):
        mask = np.zeros((70, 90), bool)
        mask[box.slices] = pixels
        assert (mask != expected[place]).mean() < 0.002
        assert label == whole["labels"][place]
        assert score == pytest.approx(float(whole["scores"][place]))


def test_a_file_in_the_released_layout_opens(tmp_path):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # With batch norm instead of its frozen form, as checkpoints may be saved.
    official = maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=91
    )
    path = tmp_path / "released.pth"
    torch.save(official.state_dict(), path)
    model = open_released(INFO, path, PredictOptions(device="cpu"))
    assert len(released_classes()) == 91
    assert model.predict(picture(32, 32), unwatched).classes == released_classes()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SegguiError, match="cut short"):
        open_released(INFO, path, PredictOptions(device="cpu"))


def test_an_objects_doubt_is_highest_at_a_score_of_a_half():
    def one(x, score):
        return Instance(
            Mask.from_window(10, 30, Box(x, 0, x + 5, 5), np.ones((5, 5), bool)),
            "a",
            score,
        )

    doubt = uncertainty((one(0, 1.0), one(10, 0.5), one(20, 0.75)), 10, 30)
    assert [doubt[2, x] for x in (2, 12, 22, 7)] == [0, 255, 128, 0]
