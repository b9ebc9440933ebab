"""From what a model says of a whole image to candidates."""

import numpy as np

from seggui.core.candidate import Instance, Prediction
from seggui.core.mask import Mask
from seggui.models.predictions import SMALLEST_PART_PX, candidates_of

CLASSES = ("background", "cell", "road")


def semantic(labels_hw, classes=CLASSES, sure=0.75):
    labels_hw = np.asarray(labels_hw)
    rest = (1 - sure) / (len(classes) - 1)
    chw = np.full((len(classes), *labels_hw.shape), rest, np.float16)
    for channel in range(len(classes)):
        chw[channel][labels_hw == channel] = sure
    height, width = labels_hw.shape
    return Prediction(height, width, classes, probabilities_chw=chw)


def two_cells_and_a_road():
    labels = np.zeros((300, 280), int)
    labels[2:12, 2:12] = 1
    labels[280:295, 250:270] = 1
    labels[100:120] = 2
    return labels


def test_each_class_becomes_one_candidate_with_its_mean_probability():
    labels = two_cells_and_a_road()
    cell, road = candidates_of(semantic(labels))
    assert (cell.class_name, road.class_name) == ("cell", "road")
    assert np.array_equal(cell.mask.dense(), labels == 1)
    assert np.array_equal(road.mask.dense(), labels == 2)
    assert cell.score == 0.75
    assert cell.probability is None


def test_the_parts_of_a_thing_become_candidates_of_their_own():
    labels = two_cells_and_a_road()
    labels[50, 50] = 1
    found = candidates_of(semantic(labels), {"cell"})
    assert [c.class_name for c in found] == ["cell", "cell", "road"]
    assert [c.mask.area for c in found[:2]] == [300, 100], "without the speck"
    assert SMALLEST_PART_PX > 1


def test_a_class_that_is_nowhere_brings_nothing():
    assert candidates_of(semantic(np.zeros((9, 9), int)), {"cell"}) == ()


def test_probabilities_come_along_when_a_recipe_wants_them():
    cell, _ = candidates_of(semantic(two_cells_and_a_road()), with_probability=True)
    assert cell.probability.box == cell.mask.bbox
    assert cell.probability.values_hw.max() == round(0.75 * 255)


def test_instances_below_the_score_are_left_out():
    mask = Mask.full(4, 4)
    prediction = Prediction(
        4,
        4,
        CLASSES,
        instances=(
            Instance(mask, "cell", 0.9),
            Instance(mask, "cell", 0.2),
            Instance(Mask.empty(4, 4), "cell", 0.9),
        ),
    )
    (found,) = candidates_of(prediction, smallest_score=0.5)
    assert (found.class_name, found.score) == ("cell", 0.9)


def test_instances_stand_for_their_class_where_a_model_gives_both():
    both = semantic(two_cells_and_a_road())
    mask = Mask.from_dense(two_cells_and_a_road() == 1)
    panoptic = Prediction(
        both.height,
        both.width,
        CLASSES,
        both.probabilities_chw,
        (Instance(mask, "cell", 0.8),),
    )
    assert [c.class_name for c in candidates_of(panoptic)] == ["cell", "road"]
