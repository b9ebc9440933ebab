import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.training.instance_scores import Truths, average_precision
from seggui.training.samples import Sample

CLASSES = ("background", "a", "b")


def sample():
    objects = np.zeros((40, 40), np.int32)
    objects[2:12, 2:12] = 1
    objects[20:30, 20:30] = 2
    return Sample(
        "s",
        np.zeros((40, 40, 3), np.uint8),
        np.zeros((40, 40), np.uint8),
        objects,
        {1: 1, 2: 2},
    )


def found(x, y, label, score=0.9, size=10):
    return (Box(x, y, x + size, y + size), np.ones((size, size), bool), label, score)


def ap(*ones):
    return average_precision([Truths.of(sample())], [list(ones)], CLASSES)


def test_all_found_is_one():
    assert ap(found(2, 2, 1), found(20, 20, 2))["mask_ap"] == pytest.approx(1)


def test_one_class_missed_is_a_half():
    assert ap(found(2, 2, 1))["mask_ap"] == pytest.approx(0.5)


def test_the_wrong_class_counts_for_nothing():
    assert ap(found(2, 2, 2), found(20, 20, 1))["mask_ap"] == 0


def test_nothing_found_is_zero():
    assert ap() == {"mask_ap": 0.0, "mask_ap50": 0.0}


def test_a_shifted_mask_counts_at_low_thresholds_only():
    scores = ap(found(4, 2, 1), found(22, 20, 2))  # IoU 2/3: four of ten thresholds
    assert scores["mask_ap50"] == pytest.approx(1)
    assert scores["mask_ap"] == pytest.approx(0.4)
