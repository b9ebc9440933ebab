"""Prompts: cut to their image, what follows what, and who wins on one pixel."""

import json
import math

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import (
    MOST_LINE_POINTS,
    MOST_POINTS,
    MOST_TOLD_POINTS,
    Point,
    Prompt,
    Scribble,
)
from seggui.errors import BadRequest

HERE, THERE = Point(3.2, 4.5), Point(30, 4)
LINE = Scribble(((1.0, 1.0), (5.0, 5.0)))
BOX = Box(0, 0, 9, 9)
ROUGH = Mask.empty(40, 40).painted(BOX, np.ones((9, 9), bool))
HEIGHT, WIDTH = 30, 40
SPOT = Mask.from_window(HEIGHT, WIDTH, Box(3, 4, 6, 8), np.ones((4, 3)))


def checked(**parts):
    return Prompt(**parts).checked(WIDTH, HEIGHT)


def test_an_empty_prompt_has_no_parts_and_is_refused():
    assert Prompt().empty
    assert Prompt(settings=(("beta", 1),), previous=SPOT).empty
    with pytest.raises(BadRequest, match="no point, box, line or text"):
        checked(previous=SPOT)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"points": (Point(1, 1),)}, "points"),
        ({"box": Box(1, 1, 5, 5)}, "box"),
        ({"scribbles": (Scribble(((1.0, 1.0),)),)}, "scribbles"),
        ({"rough": SPOT}, "rough"),
        ({"text": "a nut"}, "text"),
        ({"exemplars": (Box(1, 1, 5, 5),)}, "exemplars"),
    ],
)
def test_each_kind_of_mark_is_a_part(parts, name):
    prompt = checked(**parts)
    assert prompt.parts == {name}
    assert not prompt.empty


@pytest.mark.parametrize("lines", [1, 7])
def test_the_provenance_of_very_long_scribbles_stays_small(lines):
    each = MOST_LINE_POINTS // lines
    corners = tuple((i / each * 39, i / each * 29) for i in range(each))
    prompt = checked(scribbles=(Scribble(corners),) * lines)
    told = prompt.as_json()["scribbles"]
    assert len(told) == lines
    assert sum(len(line["points"]) for line in told) <= MOST_TOLD_POINTS + 2 * lines
    for line in told:
        assert line["points"][0] == [0.0, 0.0]
        assert line["points"][-1] == [round(v, 1) for v in corners[-1]]
    assert len(json.dumps(told)) < 40_000


def test_short_scribbles_are_told_in_full():
    corners = tuple((float(i % 40), 3.0) for i in range(500))
    [line] = checked(scribbles=(Scribble(corners),)).as_json()["scribbles"]
    assert [tuple(corner) for corner in line["points"]] == list(corners)


@pytest.mark.parametrize("width", [0.0, -3.0, math.nan, math.inf])
def test_a_scribble_of_no_sensible_width_is_refused(width):
    with pytest.raises(BadRequest, match="pixels wide"):
        checked(scribbles=(Scribble(((1.0, 1.0),), width),))


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"exemplars": (Box(1, 1, 5, 5),) * 1001}, "1001 examples"),
        ({"scribbles": (LINE,) * 1001}, "1001 scribbles"),
        ({"text": "a" * 1001}, "1001 letters"),
    ],
)
def test_far_too_much_is_refused(parts, what):
    with pytest.raises(BadRequest, match=what):
        checked(**parts)


def test_positive_and_negative_clicks_are_told_apart():
    prompt = Prompt((Point(1, 1), Point(2, 2, positive=False), Point(3, 3)))
    assert [point.x for point in prompt.positives] == [1, 3]
    assert [point.x for point in prompt.negatives] == [2]


def test_boxes_are_cut_to_the_image():
    prompt = checked(box=Box(-5, 2, 100, 10), exemplars=(Box(35, 25, 90, 90),))
    assert prompt.box == Box(0, 2, WIDTH, 10)
    assert prompt.exemplars == (Box(35, 25, WIDTH, HEIGHT),)


def test_lines_keep_the_corners_that_lie_on_the_image():
    inside, outside = ((1.0, 1.0), (39.9, 29.9)), ((40.0, 5.0), (-0.1, 5.0))
    lines = (
        Scribble(inside + outside, 5.0, positive=False),
        Scribble(outside),
    )
    (line,) = checked(scribbles=lines).scribbles
    assert line == Scribble(inside, 5.0, positive=False)


def test_a_previous_mask_of_no_pixels_is_none():
    blank = Mask.empty(HEIGHT, WIDTH)
    assert checked(points=(Point(1, 1),), previous=blank).previous is None


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"points": (Point(WIDTH, 1),)}, r"point \(40, 1\) lies outside .* 40 x 30"),
        ({"points": (Point(1, -0.1),)}, "lies outside"),
        ({"points": (Point(math.nan, 1),)}, "lies outside"),
        ({"points": (Point(1, math.inf),)}, "lies outside"),
        ({"points": (Point(1, 1),) * (MOST_POINTS + 1)}, "1001 points; 1000"),
        ({"box": Box(5, 5, 5, 9)}, "no area"),
        ({"box": Box(50, 5, 60, 9)}, "no area"),
        ({"exemplars": (Box(5, 5, 9, 5),)}, "no area"),
        ({"scribbles": (Scribble(((50.0, 1.0),)),)}, "outside the image"),
        ({"scribbles": (Scribble(((1.0, math.nan),)),)}, "no numbers"),
        (
            {"scribbles": (Scribble(((1.0, 1.0),) * (MOST_LINE_POINTS + 1)),)},
            "too long",
        ),
        ({"rough": Mask.empty(HEIGHT, WIDTH)}, "holds no pixel"),
        ({"rough": Mask.full(3, 3)}, "drawing has another size"),
        ({"text": "a", "previous": Mask.full(3, 3)}, "previous mask has another size"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(parts, says):
    with pytest.raises(BadRequest, match=says):
        checked(**parts)


def test_clicks_on_the_very_edges_of_the_image_lie_on_it():
    checked(points=(Point(0, 0), Point(WIDTH - 1e-9, HEIGHT - 1e-9)))


def test_everything_that_was_asked_can_be_written_down():
    prompt = Prompt(
        (Point(1.234, 2), Point(3, 4, positive=False)),
        Box(1, 2, 3, 4),
        "a nut",
        SPOT,
        (Scribble(((1.26, 2.0), (3.0, 4.0)), 7.0, positive=False),),
        SPOT,
        (Box(5, 6, 7, 8),),
        settings=(("beta", 90.0),),
    )
    assert json.loads(json.dumps(prompt.as_json())) == {
        "points": [[1.23, 2, 1], [3, 4, 0]],
        "box": [1, 2, 3, 4],
        "text": "a nut",
        "scribbles": [
            {"points": [[1.3, 2.0], [3.0, 4.0]], "width": 7.0, "positive": False}
        ],
        "rough": [3, 4, 6, 8],
        "exemplars": [[5, 6, 7, 8]],
        "settings": {"beta": 90.0},
        "previous": True,
    }
    assert Prompt().as_json() == {}


@pytest.mark.parametrize(
    ("before", "after", "adds"),
    [
        (Prompt((HERE,)), Prompt((HERE, THERE)), True),
        (Prompt((HERE,)), Prompt((HERE,), scribbles=(LINE,)), True),
        (Prompt(box=BOX), Prompt((HERE,), box=BOX), True),
        (Prompt(text="leaf"), Prompt(text="leaf", exemplars=(BOX,)), True),
        (Prompt((HERE,)), Prompt((HERE,), rough=ROUGH), True),
        (Prompt((HERE,)), Prompt((THERE, HERE)), False),
        (Prompt((HERE, THERE)), Prompt((HERE,)), False),
        (Prompt((HERE,)), Prompt((HERE,)), False),
        (Prompt(box=BOX), Prompt((HERE, THERE), box=Box(0, 0, 5, 5)), False),
        (Prompt(text="leaf"), Prompt((HERE, THERE), text="stem"), False),
    ],
)
def test_only_marks_more_go_on_from_what_is_shown(before, after, adds):
    assert after.adds_to(before) is adds


def test_every_mark_counts():
    whole = Prompt((HERE, THERE), BOX, "leaf", None, (LINE,), ROUGH, (BOX, BOX))
    assert whole.count == 8
    assert Prompt().count == 0


def test_of_two_clicks_on_one_pixel_the_later_counts():
    no = Point(3.9, 4.1, False)
    prompt = Prompt((HERE, THERE, no))
    assert prompt.settled().points == (THERE, no)
    apart = Prompt((HERE, THERE))
    assert apart.settled() is apart
