"""The built-in propagation on films of shapes whose masks are known."""

import numpy as np
import pytest
from moving_shapes import BLUE, GREY, HEIGHT, RED, WIDTH, drawn, iou

from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, Cancelled
from seggui.models import catalog
from seggui.models.propagation.flow import FlowModel


def carried(frames, names):
    """Carry what is on the first frame through the others."""
    model = FlowModel()
    memory = model.begin()
    image_hwc, masks = frames[0]
    known = {n: Mask.from_dense(m) for n, m in zip(names, masks, strict=True)}
    assert model.follow(memory, image_hwc, known, unwatched) == {}
    return [model.follow(memory, image, {}, unwatched) for image, _ in frames[1:]]


def test_a_moving_shape_is_followed():
    frames = [drawn((RED, 40 + 7 * k, 50 + 3 * k, 22)) for k in range(5)]
    found = carried(frames, ["red"])
    assert [set(one) for one in found] == [{"red"}] * 4
    for one, (_, [truth]) in zip(found, frames[1:], strict=True):
        assert iou(one["red"].mask, truth) > 0.85
        assert 0.5 < one["red"].score <= 1.0


def test_a_shape_that_comes_closer_grows():
    frames = [drawn((RED, 80, 60, 18 + 3 * k)) for k in range(5)]
    found = carried(frames, ["red"])
    for one, (_, [truth]) in zip(found, frames[1:], strict=True):
        assert iou(one["red"].mask, truth) > 0.85


def test_what_hides_a_part_is_left_out():
    frames = [
        drawn((RED, 60, 60, 26), (GREY[:80], 150 - 18 * k, 60, 20)) for k in range(5)
    ]
    found = carried(frames, ["red", "grey"])
    truth = frames[-1][1][0]
    assert truth.sum() < 0.8 * frames[0][1][0].sum()
    assert iou(found[-1]["red"].mask, truth) > 0.7


def test_two_shapes_that_pass_each_other_never_overlap():
    frames = [
        drawn((RED, 35 + 11 * k, 50, 20), (BLUE, 125 - 11 * k, 72, 20))
        for k in range(6)
    ]
    found = carried(frames, ["red", "blue"])
    for one, (_, truths) in zip(found, frames[1:], strict=True):
        red, blue = one["red"].mask, one["blue"].mask
        assert red.intersection(blue).is_empty
        assert iou(red, truths[0]) > 0.7
        assert iou(blue, truths[1]) > 0.7


def test_a_lookalike_that_turns_up_elsewhere_is_not_taken():
    frames = [drawn((RED, 40, 60, 20))]
    frames += [drawn((RED, 40 + 5 * k, 60, 20), (RED, 135, 60, 14)) for k in (1, 2, 3)]
    found = carried(frames, ["red"])
    for one, (_, [truth, other]) in zip(found, frames[1:], strict=True):
        assert iou(one["red"].mask, truth) > 0.8
        assert not (one["red"].mask.dense() & other).any()


def test_a_shape_that_leaves_is_told_as_gone():
    frames = [drawn((RED, 120 + 16 * k, 60, 22)) for k in range(5)]
    found = carried(frames, ["red"])
    assert not frames[-1][1][0].any()
    assert found[-1]["red"].mask.area < 60
    assert 0.0 <= found[-1]["red"].score <= 1.0


def test_a_correction_is_taken_as_right_and_remembered():
    model = FlowModel()
    memory = model.begin()
    first, [truth, _] = drawn((RED, 40, 60, 22), (BLUE, 110, 60, 22))
    model.follow(memory, first, {"it": Mask.from_dense(truth)}, unwatched)
    second, [_, moved] = drawn((RED, 44, 60, 22), (BLUE, 114, 60, 22))
    corrected = Mask.from_dense(moved)
    assert model.follow(memory, second, {"it": corrected}, unwatched) == {}
    third, [red, blue] = drawn((RED, 48, 60, 22), (BLUE, 118, 60, 22))
    found = model.follow(memory, third, {}, unwatched)["it"].mask
    assert iou(found, blue) > iou(found, red)


def test_one_object_can_be_known_while_another_is_looked_for():
    model = FlowModel()
    memory = model.begin()
    first, masks = drawn((RED, 40, 60, 20), (BLUE, 110, 60, 20))
    known = dict(zip(("red", "blue"), map(Mask.from_dense, masks), strict=True))
    model.follow(memory, first, known, unwatched)
    second, [red, blue] = drawn((RED, 46, 60, 20), (BLUE, 104, 60, 20))
    said = Mask.from_dense(blue)
    found = model.follow(memory, second, {"blue": said}, unwatched)
    assert set(found) == {"red"}
    assert iou(found["red"].mask, red) > 0.8
    assert found["red"].mask.intersection(said).is_empty


def test_an_image_of_another_size_is_refused_and_nothing_is_forgotten():
    model = FlowModel()
    memory = model.begin()
    frame, [truth] = drawn((RED, 60, 60, 22))
    model.follow(memory, frame, {"it": Mask.from_dense(truth)}, unwatched)
    with pytest.raises(BadRequest, match="160 x 120"):
        model.follow(memory, frame[:, :100], {}, unwatched)
    found = model.follow(memory, frame, {}, unwatched)
    assert iou(found["it"].mask, truth) > 0.9


def test_a_mask_of_another_size_is_refused():
    model = FlowModel()
    frame, _ = drawn((RED, 60, 60, 22))
    with pytest.raises(BadRequest, match="does not fit"):
        model.follow(model.begin(), frame, {"it": Mask.full(9, 9)}, unwatched)


def test_an_empty_mask_says_that_the_object_is_not_here():
    model = FlowModel()
    memory = model.begin()
    frame, _ = drawn((RED, 60, 60, 22))
    empty = Mask.empty(HEIGHT, WIDTH)
    assert model.follow(memory, frame, {"it": empty}, unwatched) == {}
    found = model.follow(memory, frame, {}, unwatched)
    assert found["it"].mask.is_empty


def test_a_cancelled_step_leaves_the_memory_as_it_was():
    model = FlowModel()
    memory = model.begin()
    frame, [truth] = drawn((RED, 60, 60, 22))
    model.follow(memory, frame, {"it": Mask.from_dense(truth)}, unwatched)

    def cancel(done, total, what):
        if done == 2:
            raise Cancelled

    gone, _ = drawn((BLUE, 130, 20, 9))
    with pytest.raises(Cancelled):
        model.follow(memory, gone, {}, cancel)
    found = model.follow(memory, frame, {}, unwatched)
    assert iou(found["it"].mask, truth) > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3)])
def test_tiny_and_thin_images_are_answered(shape):
    model = FlowModel()
    memory = model.begin()
    image_hwc = np.full((*shape, 3), 90, np.uint8)
    model.follow(memory, image_hwc, {"it": Mask.full(*shape)}, unwatched)
    found = model.follow(memory, image_hwc, {}, unwatched)
    assert (found["it"].mask.height, found["it"].mask.width) == shape


def test_the_catalogue_opens_it_by_its_id():
    assert catalog.open_propagating("flow").info.id == "flow"
    assert catalog.best_propagating().id == "flow"
    assert catalog.get("flow").kind == "propagating"
    assert "flow" not in {info.id for info in catalog.prompted()}
    assert "flow" not in {info.id for info in catalog.full_image()}


def test_a_slow_model_carries_masks_only_when_it_is_asked_for(monkeypatch):
    there = {"flow", "sam3"}
    monkeypatch.setattr(catalog, "at_hand", lambda info: info.id in there)
    assert catalog.best_propagating().id == "flow"
    assert there < {info.id for info in catalog.propagating()}
    there.add("sam2.1-large")
    assert catalog.best_propagating().id == "sam2.1-large"
