"""Recipes read, write and run; what makes no sense is refused by name."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seggui.core.candidate import Candidate, Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import BadRequest, Cancelled
from seggui.refine import running
from seggui.refine.recipe import BUILT_IN, STEPS, Recipe, RecipeStep, parse

IMAGE = np.zeros((60, 80, 3), np.uint8)


def blocks():
    """Two blocks, the larger with a hole, and a speck."""
    dense = np.zeros((60, 80), bool)
    dense[5:35, 5:35] = dense[40:50, 50:60] = True
    dense[15:19, 15:19] = False
    dense[55, 75] = True
    return Mask.from_dense(dense)


@st.composite
def recipe_steps(draw):
    step = draw(st.sampled_from(STEPS))
    values = {}
    for row in step.parameters:
        if draw(st.booleans()):
            low, high = row.smallest, row.largest
            number = (
                st.integers(int(low), int(high)) if row.whole else st.floats(low, high)
            )
            values[row.name] = draw(number)
    return RecipeStep(step.id, values)


@given(st.lists(recipe_steps(), max_size=5))
def test_text_and_back_is_the_same_recipe(steps):
    recipe = Recipe(tuple(steps))
    assert parse(recipe.text()) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("", ""),
        ("crf,largest,fill:200,smooth:3", "crf,largest,fill,smooth"),
        (" crf : iterations = 10 : sxy=60 , split", "crf:iterations=10:sxy=60,split"),
        ("crf:10:60:srgb=7", "crf:iterations=10:sxy=60:srgb=7"),
        ("grow:2.50", "grow:2.5"),
        ("drop:area=9", "drop:9"),
    ],
)
def test_recipes_are_written_in_their_shortest_form(text, shortest):
    assert parse(text).text() == shortest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sharpen", "no refinement step 'sharpen'.*crf, largest"),
        ("crf,,fill", "comma with no step"),
        ("fill:x", "'fill', area must be a whole number from 1 to .*not 'x'"),
        ("fill:2.5", "whole number"),
        ("fill:0", "'fill', area must be"),
        ("fill:1:2", "'fill' has too many numbers.*area"),
        ("split:1", "'split' has too many numbers. It takes no numbers"),
        ("grow:far=1", "'grow' has no 'far'.*radius"),
        ("grow:nan", "'grow', radius must be .* from 0.5 to 200 px"),
        ("grow:1e999", "'grow', radius must be"),
        ("crf:sxy=0", "'crf', sxy must be a number from 1 to 500 px, not '0'"),
        ("crf:srgb=0", "'crf', srgb"),
        ("crf:iterations=1:iterations=2", "twice"),
        ("crf:sxy=9:7", "write sxy= before it"),
    ],
)
def test_recipes_that_make_no_sense_are_refused_by_name(text, says):
    with pytest.raises(BadRequest, match=says):
        parse(text)


def test_recipes_that_are_always_there_do_something():
    assert all(parse(text).steps for text in BUILT_IN.values())


def test_each_row_of_the_table_has_its_function_and_sound_defaults():
    assert set(running.RUNNERS) == {step.id for step in STEPS}
    for step in STEPS:
        assert RecipeStep(step.id).values == step.defaults
        assert all(row.help and row.label for row in step.parameters)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
@pytest.mark.parametrize("end", ["smallest", "default", "largest"])
def test_each_step_runs_at_both_ends_of_its_ranges(step, end):
    values = {row.name: getattr(row, end) for row in step.parameters}
    recipe = Recipe((RecipeStep(step.id, values),))
    for mask in (blocks(), Mask.full(60, 80), Mask.from_dense(np.eye(60, 80))):
        for refined in recipe.apply(mask, IMAGE):
            assert (refined.height, refined.width) == (60, 80)
            assert not refined.is_empty
        assert recipe.splits or len(recipe.apply(mask, IMAGE)) <= 1
    assert recipe.apply(Mask.empty(60, 80), IMAGE) == ()


def test_steps_run_in_their_order():
    (kept,) = parse("largest,fill").apply(blocks(), IMAGE)
    assert kept.area == 900
    assert [m.area for m in parse("split,drop:2").apply(blocks(), IMAGE)] == [884, 100]
    assert parse("shrink:20").apply(blocks(), IMAGE) == ()
    assert len(parse("shrink:4,split").apply(blocks(), IMAGE)) == 2


def test_a_recipe_that_changes_nothing_returns_the_very_same_mask():
    mask = blocks()
    for text in ("", "drop:1", "largest:3,fill:2,simplify:0"):
        (same,) = parse(text).apply(mask, IMAGE)
        assert same is mask


def test_a_first_crf_starts_from_the_probabilities_of_a_candidate():
    image = IMAGE.copy()
    image[10:40, 10:40] = 200
    values = np.full((60, 80), 20, np.uint8)
    values[12:38, 12:38] = 240
    mask = Mask.from_window(60, 80, Box(0, 0, 8, 8), np.ones((8, 8)))
    candidate = Candidate(
        mask, 0.7, "part", "plate", Probability(Box(0, 0, 80, 60), values)
    )
    (sharp,) = parse("crf").apply_candidate(candidate, image)
    assert sharp.mask.bbox == Box(10, 10, 40, 40)
    assert (sharp.score, sharp.granularity, sharp.class_name) == (0.7, "part", "plate")
    later = parse("largest,crf").apply_candidate(candidate, image)
    assert all(c.mask.intersection(sharp.mask).is_empty for c in later)
    assert parse("fill").apply_candidate(candidate, image) == (candidate,)


def test_progress_only_goes_up_and_ends_at_the_total():
    seen = []
    parse("split,crf,smooth").apply(
        blocks(), IMAGE, lambda done, total, what: seen.append((done, total, what))
    )
    done = [at for at, _, _ in seen]
    assert done == sorted(done)
    assert seen[-1][:2] == (300, 300)
    assert {total for _, total, _ in seen} == {300}


def test_a_recipe_stops_where_the_report_says_so():
    def report(done, total, what):
        if what.startswith("Smooth"):
            raise Cancelled

    with pytest.raises(Cancelled):
        parse("fill,smooth,largest").apply(blocks(), IMAGE, report)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(BadRequest, match="80 x 60"):
        parse("fill").apply(blocks(), IMAGE[:50])


def test_the_table_and_parser_load_no_image_library():
    code = (
        "import sys, seggui.refine.recipe; "
        "print({'cv2', 'scipy', 'skimage', 'pydensecrf'} & set(sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert out.stdout.strip() == "set()"
