"""What every prompted model must do, every classical method does."""

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import values_of
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.errors import BadRequest
from seggui.models import catalog
from seggui.models.prompted.asking import answer
from tests.models.prompted.contract import PromptedContract, scene_of

METHODS = [info.id for info in catalog.prompted() if info.classical]


@pytest.fixture(scope="module", params=METHODS)
def model(request):
    return catalog.open_prompted(request.param)


class TestClassicalMethods(PromptedContract):
    """Each of them, on the clicks and boxes of the contract."""


def asked(model, image_hwc, prompt):
    return answer(model, model.encode(image_hwc, unwatched), prompt, unwatched)


SHAPES = [(1, 1), (1, 60), (60, 1), (2, 3), (7, 7), (9, 4000)]


@pytest.mark.parametrize("shape", SHAPES)
def test_images_of_any_shape_are_answered(model, shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    x, y = shape[1] - 0.5, shape[0] / 2
    mask = asked(model, image, Prompt((Point(x, y),)))[0].mask
    assert (mask.height, mask.width) == shape
    assert mask.contains(x, y)


def test_lines_and_drawings_are_read(model):
    image, disc = scene_of(120, 160)
    rows, columns = np.mgrid[:120, :160]
    near = np.hypot(rows - 60, columns - 80) < 36
    line = Scribble(((70.5, 55.5), (90.5, 65.5)), 3.0)
    beside = Scribble(((5.5, 5.5), (150.5, 8.5)), 3.0, positive=False)
    for prompt in (
        Prompt(rough=Mask.from_dense(near)),
        Prompt(scribbles=(line, beside)),
    ):
        mask = asked(model, image, prompt)[0].mask
        dense = mask.dense()
        assert dense.any()
        assert dense[disc].mean() > dense[~near].mean() + 0.02
    assert mask.contains(80.5, 60.5)
    assert not mask.contains(100.5, 6.9)


def test_of_a_line_and_one_against_it_the_last_counts_and_nothing_left_is_said(model):
    image, _ = scene_of(60, 80)
    corners = ((0.0, 30.0), (79.0, 30.0))
    line, against = Scribble(corners, 200.0), Scribble(corners, 200.0, positive=False)
    for scribbles in ((line,), (against, line)):
        assert not asked(model, image, Prompt(scribbles=scribbles))[0].mask.is_empty
    with pytest.raises(BadRequest, match="cover every mark on it"):
        asked(model, image, Prompt(scribbles=(line, against)))


def test_a_box_or_a_drawing_of_a_few_pixels_is_the_object_itself(model):
    image, _ = scene_of(60, 80)
    box = Box(40, 30, 41, 31)
    drawn = Mask.from_window(60, 80, box, np.ones((1, 1)))
    for prompt in (Prompt(box=box), Prompt(rough=drawn), Prompt(box=box, rough=drawn)):
        assert asked(model, image, prompt)[0].mask.area == 1


def test_a_drawing_outside_the_box_is_answered_or_refused_in_a_sentence(model):
    image, _ = scene_of(60, 80)
    drawn = np.zeros((60, 80), bool)
    drawn[5:15, 5:15] = True
    prompt = Prompt(box=Box(40, 20, 70, 50), rough=Mask.from_dense(drawn))
    by_regions = {"wand", "growing", "mean-shift", "superpixels", "threshold"}
    if model.info.id not in by_regions:
        assert asked(model, image, prompt)
        return
    with pytest.raises(BadRequest, match="outside the box"):
        asked(model, image, prompt)


def test_marks_that_only_take_away_need_something_to_take_from(model):
    image, _ = scene_of(60, 80)
    with pytest.raises(BadRequest, match="take away"):
        asked(model, image, Prompt((Point(3, 3, positive=False),)))


def test_a_line_of_one_corner_is_as_good_as_a_click(model):
    image, _ = scene_of(60, 80)
    line = Scribble(((40.5, 30.5),), 3.0)
    assert asked(model, image, Prompt(scribbles=(line,)))[0].mask.contains(40.5, 30.5)


def test_clicks_that_later_ones_take_back_are_none(model):
    image, _ = scene_of(60, 80)
    there, back = Point(40.5, 30.5), Point(40.2, 30.8, False)
    with pytest.raises(BadRequest, match="nothing to take away from"):
        asked(model, image, Prompt((there, back)))
    assert asked(model, image, Prompt((back, there)))[0].mask.contains(40.5, 30.5)


def test_every_setting_is_read_at_both_ends_of_its_range(model):
    image, _ = scene_of(40, 50)
    encoding = model.encode(image, unwatched)
    for row in model.info.parameters:
        ends = [word for word, _ in row.choices] or [row.low, row.high]
        if isinstance(row.default, bool):
            ends = [True, False]
        for value in ends:
            prompt = Prompt((Point(25.5, 20.5),), settings=((row.name, value),))
            assert model.decode(encoding, prompt, unwatched)[0].mask.contains(25, 20)


def test_what_is_no_setting_is_refused_by_name(model):
    image, _ = scene_of(40, 50)
    with pytest.raises(BadRequest, match="'mood'"):
        asked(model, image, Prompt((Point(25, 20),), settings=(("mood", 1),)))


def test_every_setting_has_a_title_a_hint_and_a_sound_default(model):
    assert values_of(model.info.parameters, ())
    for row in model.info.parameters:
        assert row.title[0].isupper()
        assert row.hint.endswith(".")
        assert row.checked(row.default) == row.default


def test_an_encoding_of_another_model_is_refused(model):
    with pytest.raises(TypeError):
        model.decode(object(), Prompt((Point(1, 1),)), unwatched)


def test_what_is_no_rgb_image_is_refused(model):
    with pytest.raises(ValueError, match="RGB"):
        model.encode(np.zeros((5, 5), np.uint8), unwatched)


def test_large_images_are_answered_at_their_own_pixels(model):
    """The box is a limit to the pixel, far beyond what is looked at."""
    image, _ = scene_of(700, 900)
    box = Box(101, 103, 801, 599)
    mask = asked(model, image, Prompt((Point(450.5, 350.5),), box))[0].mask
    assert box.union(mask.bbox) == box
    assert mask.contains(450.5, 350.5)
