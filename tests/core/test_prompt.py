"""Prompts: what follows what, and who wins on one pixel."""

import numpy as np
import pytest

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt, Scribble

HERE, THERE = Point(3.2, 4.5), Point(30, 4)
LINE = Scribble(((1.0, 1.0), (5.0, 5.0)))
BOX = Box(0, 0, 9, 9)
ROUGH = Mask.empty(40, 40).painted(BOX, np.ones((9, 9), bool))


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
