"""Each classical method on a picture whose answer is known, and what sets it apart."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.errors import Cancelled
from seggui.metrics.masks import iou
from seggui.models import catalog

HEIGHT, WIDTH = 150, 200


def disc(y, x, radius):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(rows - y, columns - x) < radius


LEFT, RIGHT = disc(75, 60, 30), disc(75, 150, 30)
DRAWN = Mask.from_dense(disc(75, 62, 40))


def two_discs(noise=6.0, grain=0.0):
    """Two orange discs on grey; ``grain`` is coarse texture all over."""
    rng = np.random.default_rng(0)
    image = np.full((HEIGHT, WIDTH, 3), (90, 95, 100), float)
    image[LEFT | RIGHT] = (200, 120, 50)
    image += rng.normal(0, noise, image.shape)
    coarse = rng.normal(0, grain, (HEIGHT // 5, WIDTH // 5, 1))
    image += np.repeat(np.repeat(coarse, 5, 0), 5, 1)
    return np.clip(image, 0, 255).astype(np.uint8)


def ask(model_id, image_hwc, *points, **more):
    model = catalog.open_prompted(model_id)
    prompt = Prompt(tuple(Point(*point) for point in points), **more)
    return model.decode(model.encode(image_hwc, unwatched), prompt, unwatched)


def mask_of(model_id, image_hwc, *points, **more):
    return ask(model_id, image_hwc, *points, **more)[0].mask.dense()


ON_CLICKS = [
    "wand",
    "grabcut",
    "graphcut",
    "random-walker",
    "watershed",
    "growing",
    "mean-shift",
    "threshold",
    "geodesic",
    "chan-vese",
]


@pytest.mark.parametrize("model_id", ON_CLICKS)
def test_a_click_finds_the_disc_under_it_and_not_the_other(model_id):
    found = mask_of(model_id, two_discs(), (60.5, 75.5), (150.5, 75.5, False))
    assert iou(found, LEFT) > 0.9


@pytest.mark.parametrize(
    "model_id",
    ["grabcut", "graphcut", "random-walker", "watershed", "geodesic", "snake"],
)
@pytest.mark.parametrize("grain", [0.0, 12.0])
def test_a_drawing_around_the_disc_settles_on_its_edge(model_id, grain):
    found = mask_of(model_id, two_discs(grain=grain), rough=DRAWN)
    assert iou(found, LEFT) > 0.88 > iou(DRAWN.dense(), LEFT) + 0.2


@pytest.mark.parametrize("model_id", ["graphcut", "random-walker", "watershed"])
def test_lines_part_two_halves_of_one_colour_where_they_lie(model_id):
    """No edge parts the halves of a bar: the border falls between the marks."""
    image = np.full((60, 120, 3), 60, np.uint8)
    image[20:40, 10:110] = 180
    on = Scribble(((18.0, 30.0), (50.0, 30.0)))
    beside = (
        Scribble(((70.0, 30.0), (102.0, 30.0)), positive=False),
        Scribble(((10.0, 8.0), (110.0, 8.0)), positive=False),
        Scribble(((10.0, 52.0), (110.0, 52.0)), positive=False),
    )
    found = mask_of(model_id, image, scribbles=(on, *beside))
    assert found[24:36, 15:50].mean() > 0.95
    assert found[24:36, 72:105].mean() < 0.05
    assert not found[:15].any()


def test_the_random_walker_says_how_sure_it_is():
    (candidate,) = ask("random-walker", two_discs(), (60.5, 75.5), (150.5, 75.5, False))
    known = candidate.probability
    values = np.zeros((HEIGHT, WIDTH))
    values[known.box.slices] = known.values_hw
    assert values[LEFT].mean() > 200 > 60 > values[~LEFT].mean()
    assert len(np.unique(known.values_hw)) > 20


def test_the_wand_follows_its_tolerance():
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None], 40, 0)
    image = np.repeat(ramp[..., None], 3, 2)
    for tolerance in (0, 10, 40):
        settings = (("tolerance", tolerance), ("sample", 1), ("smooth", 0))
        found = mask_of("wand", image, (100.5, 20.5), settings=settings)
        assert found.any(axis=0).sum() == 2 * tolerance + 1


def test_the_wand_sees_reds_on_both_ends_of_the_hue_as_one():
    image = np.full((40, 60, 3), 255, np.uint8)
    image[5:35, 5:30] = (200, 0, 8)
    image[5:35, 30:55] = (200, 8, 0)
    settings = (("space", "hsv"), ("smooth", 0))
    found = mask_of("wand", image, (10.5, 20.5), settings=settings)
    assert found[5:35, 5:55].all()
    assert not found[:5].any()


def test_the_wand_takes_all_of_a_colour_where_wished():
    wished = (("contiguous", False),)
    found = mask_of("wand", two_discs(), (60.5, 75.5), settings=wished)
    assert iou(found, LEFT | RIGHT) > 0.95


def test_more_clicks_of_the_wand_add_and_negative_ones_take_away():
    image = two_discs(noise=2.0)
    both = mask_of("wand", image, (60.5, 75.5), (150.5, 75.5))
    assert iou(both, LEFT | RIGHT) > 0.95
    one = mask_of("wand", image, (60.5, 75.5), (150.5, 75.5), (140.5, 70.5, False))
    assert iou(one, LEFT) > 0.95


def test_superpixels_come_in_three_sizes_and_follow_edges():
    image = two_discs()
    candidates = ask("superpixels", image, (60.5, 75.5))
    areas = {c.granularity: c.mask.area for c in candidates}
    assert areas["sub-part"] < areas["part"] < areas["whole"]
    for candidate in candidates[:1]:
        dense = candidate.mask.dense()
        assert (dense & ~LEFT).sum() < 0.1 * dense.sum()


@pytest.mark.parametrize(
    ("shown", "kind"), [("whole", "whole"), ("best", "part"), ("other", "part")]
)
def test_a_preview_of_superpixels_is_the_one_candidate_that_is_shown(shown, kind):
    image, report = two_discs(), unwatched
    model = catalog.open_prompted("superpixels")
    encoding = model.encode(image, report)
    prompt = Prompt((Point(60.5, 75.5),))
    full = {c.granularity: c.mask for c in model.decode(encoding, prompt, report)}
    [one] = model.decode(encoding, replace(prompt, preview=shown), report)
    assert one.granularity == kind
    assert one.mask.same_pixels(full[kind])


def test_a_line_takes_all_superpixels_under_it_without_seams():
    rows = [55.5, 65.5, 75.5, 85.5, 95.5]
    lines = tuple(Scribble(((36.0, y), (84.0, y))) for y in rows)
    found = mask_of("superpixels", two_discs(), scribbles=lines)
    assert found[disc(75, 60, 22)].all()


@pytest.mark.parametrize("method", ["slic", "felzenszwalb"])
def test_the_borders_of_superpixels_can_be_shown(method):
    model = catalog.open_prompted("superpixels")
    encoding = model.encode(two_discs(), unwatched)
    borders = model.borders(encoding, (("method", method),)).dense()
    assert borders.shape == (HEIGHT, WIDTH)
    assert 0.005 < borders.mean() < 0.4


@pytest.mark.parametrize("method", ["otsu", "mean", "gaussian", "manual"])
def test_each_threshold_finds_light_discs_in_a_box(method):
    settings = (("method", method), ("surroundings", 151), ("level", 110))
    found = mask_of(
        "threshold", two_discs(2.0), box=Box(20, 35, 190, 115), settings=settings
    )
    assert iou(found, LEFT | RIGHT) > 0.9


def test_a_threshold_takes_the_side_that_was_clicked():
    image = 255 - two_discs(2.0)
    assert iou(mask_of("threshold", image, (60.5, 75.5)), LEFT) > 0.95
    ground = mask_of("threshold", image, (5.5, 5.5))
    assert iou(ground, ~(LEFT | RIGHT)) > 0.95


def test_growing_learns_a_gradient_that_a_fixed_tolerance_loses():
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rng = np.random.default_rng(0)
    shade = 110 + np.arange(WIDTH)[None] * 0.35 + rng.normal(0, 8, (HEIGHT, WIDTH))
    image[30:120, 20:180] = np.clip(shade, 0, 255).astype(np.uint8)[
        30:120, 20:180, None
    ]
    truth = np.zeros((HEIGHT, WIDTH), bool)
    truth[30:120, 20:180] = True
    assert iou(mask_of("growing", image, (100.5, 75.5)), truth) > 0.9


def test_a_balloon_grows_from_a_click_and_shrinks_from_a_drawing():
    image = two_discs()
    click = mask_of("geodesic", image, (60.5, 75.5))
    assert iou(click, LEFT) > 0.9
    inwards = mask_of("geodesic", image, (60.5, 75.5), settings=(("balloon", "in"),))
    assert inwards.sum() < 0.3 * LEFT.sum()


@pytest.mark.parametrize("model_id", ["geodesic", "chan-vese", "snake", "grabcut"])
def test_methods_of_many_rounds_tell_how_far_they_are_and_stop(model_id):
    model = catalog.open_prompted(model_id)
    encoding = model.encode(two_discs(), unwatched)
    told = []

    def report(done, total, what):
        told.append((done, total))
        if len(told) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        model.decode(encoding, Prompt(rough=DRAWN), report)
    assert all(0 <= done <= total for done, total in told)


@pytest.mark.parametrize("model_id", ["graphcut", "grabcut", "watershed"])
def test_the_edge_is_settled_at_the_pixels_of_a_large_image(model_id):
    """Found on a tenth of the pixels, right to about one."""
    rows, columns = np.mgrid[:900, :1300]
    truth = np.hypot(rows - 450.3, columns - 640.7) < 250
    rng = np.random.default_rng(0)
    image = rng.normal(80, 6, (900, 1300, 3))
    image[truth] += (70, 20, -30)
    image = np.clip(image, 0, 255).astype(np.uint8)
    found = mask_of(model_id, image, (640, 450), (40, 40, False))
    wrong = (found != truth).sum() / (2 * np.pi * 250)
    assert wrong < 1.0


def test_a_negative_click_takes_a_part_from_what_another_model_made():
    image = two_discs()
    made = Mask.from_dense(LEFT | RIGHT)
    found = mask_of("graphcut", image, (150.5, 75.5, False), previous=made)
    assert found[LEFT].mean() > 0.95
    assert found[RIGHT].mean() < 0.6


def test_no_classical_method_loads_torch():
    code = (
        "import sys; from seggui.models import catalog; "
        "[catalog.open_prompted(i.id) for i in catalog.prompted() if i.classical]; "
        "print('torch' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert out.stdout.strip() == "False"
