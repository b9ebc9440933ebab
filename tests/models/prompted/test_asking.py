"""Marks that a model does not read become ones that it reads and mean the same."""

from dataclasses import dataclass

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.errors import BadRequest
from seggui.models.prompted.asking import (
    MOST_LINE_POINTS,
    answer,
    answer_each,
    readable,
)
from seggui.models.prompted.drawings import deepest

RING = np.zeros((60, 80), bool)
RING[10:50, 10:70] = True
RING[20:40, 20:60] = False


def reader(*parts):
    return ModelInfo("x", "The model", "prompted", reads=frozenset(parts))


def line(*corners, positive=True, width=3.0):
    return Scribble(corners, width, positive)


def test_what_is_read_stays_as_it_is():
    prompt = Prompt((Point(1, 2),), Box(0, 0, 5, 5), "nut", None, (line((1.0, 1.0)),))
    everything = reader("points", "box", "text", "scribbles")
    assert readable(prompt, everything) is prompt


def test_a_line_becomes_a_few_points_along_it_of_its_sign():
    prompt = Prompt(
        (Point(9, 9),),
        scribbles=(line((0.0, 10.0), (60.0, 10.0), positive=False),),
    )
    first, *along = readable(prompt, reader("points")).points
    assert first == Point(9, 9)
    assert 2 <= len(along) <= MOST_LINE_POINTS
    assert all(not p.positive and p.y == 10 and 0 < p.x < 60 for p in along)
    steps = np.diff([p.x for p in along])
    assert np.allclose(steps, steps[0])


def test_a_very_long_line_becomes_no_more_points_than_a_model_bears():
    corners = tuple((float(x % 70), float(x % 50)) for x in range(5000))
    points = readable(Prompt(scribbles=(line(*corners),)), reader("points")).points
    assert len(points) == MOST_LINE_POINTS


def test_a_dot_is_one_point():
    points = readable(Prompt(scribbles=(line((4.0, 5.0)),)), reader("points")).points
    assert points == (Point(4, 5),)


def test_clicks_become_dots_for_a_model_of_lines():
    prompt = Prompt((Point(4, 5), Point(6, 7, positive=False)))
    found = readable(prompt, reader("scribbles"))
    assert found.points == ()
    assert [(s.points_xy, s.positive) for s in found.scribbles] == [
        (((4, 5),), True),
        (((6, 7),), False),
    ]


def test_a_drawing_becomes_a_box_a_little_around_it_and_points_inside_it():
    rough = Mask.from_dense(RING)
    found = readable(Prompt(rough=rough), reader("points", "box"))
    assert found.rough is None
    assert found.previous is None
    assert found.box.intersection(rough.bbox) == rough.bbox
    assert found.box.width - rough.bbox.width in range(2, 9)
    assert 2 <= len(found.points) <= 4
    assert all(point.positive for point in found.points)
    assert all(RING[int(point.y), int(point.x)] for point in found.points)


def test_what_a_person_said_goes_before_what_a_drawing_says():
    previous = Mask.full(60, 80)
    own = Prompt((Point(15, 15),), Box(1, 1, 30, 30), previous=previous)
    drawn = Prompt(own.points, own.box, previous=previous, rough=Mask.from_dense(RING))
    found = readable(drawn, reader("points", "box"))
    assert (found.points, found.box, found.previous) == (own.points, own.box, previous)


@pytest.mark.parametrize(
    ("prompt", "parts", "says"),
    [
        (Prompt(text="nut"), ("points",), "does not read text; it reads points"),
        (
            Prompt(text="nut", exemplars=(Box(0, 0, 2, 2),)),
            ("points", "box"),
            "does not read examples and text; it reads boxes, points",
        ),
        (Prompt(box=Box(0, 0, 2, 2)), ("points",), "does not read boxes"),
        (Prompt((Point(1, 1),)), ("box",), "does not read points"),
    ],
)
def test_marks_without_a_likeness_are_refused_by_name(prompt, parts, says):
    with pytest.raises(BadRequest, match=f"The model {says}"):
        readable(prompt, reader(*parts))


def test_the_deepest_place_is_the_middle_of_the_thickest_part():
    dense = np.zeros((50, 90), bool)
    dense[24:26] = True
    dense[10:40, 60:80] = True
    place = deepest(Mask.from_dense(dense))
    assert abs(place.x - 70) <= 1
    assert abs(place.y - 25) <= 6


def test_the_deepest_place_of_a_hair_in_a_large_image_lies_on_it():
    dense = np.zeros((3000, 3000), bool)
    dense[np.arange(3000), np.arange(3000)] = True
    place = deepest(Mask.from_dense(dense))
    assert dense[int(place.y), int(place.x)]


@dataclass
class Echo:
    """Answers with the prompt it was asked."""

    info: ModelInfo

    def encode(self, image_hwc, report):
        return "encoding"

    def decode(self, encoding, prompt, report):
        report(1, 2, "decoding")
        return (encoding, prompt)


def test_a_model_is_asked_in_its_own_marks():
    prompt = Prompt(scribbles=(line((4.0, 5.0)),))
    found = answer(Echo(reader("points")), "encoding", prompt, unwatched)
    assert found == ("encoding", found[1])
    assert found[1].points == (Point(4, 5),)


def test_several_objects_are_asked_one_after_the_other_and_told_so():
    told = []
    prompts = [Prompt((Point(x, 1),)) for x in (1, 2)]
    found = answer_each(
        Echo(reader("points")), "e", prompts, lambda *say: told.append(say)
    )
    assert [prompt for _, prompt in found] == prompts
    assert [say[:2] for say in told] == [(0, 2), (0, 2), (1, 2), (1, 2)]
    with pytest.raises(BadRequest):
        answer_each(
            Echo(reader("points")), "e", [*prompts, Prompt(text="nut")], told.append
        )
