"""When the network looks closer, and where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.models.prompted.sam.backbone import Features
from seggui.models.prompted.sam.frame import frame_of
from seggui.models.prompted.sam.looks import (
    KEPT,
    Encoding,
    Look,
    closer_box,
    cut_short,
)

SIDES = st.integers(1, 50_000)


@settings(deadline=None)
@given(
    width=SIDES,
    height=SIDES,
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    share=st.floats(0.0001, 0.3),
)
def test_a_closer_look_holds_the_object_and_lies_on_the_image(
    width, height, x, y, share
):
    size = max(1, int(max(width, height) * share))
    left, top = int(x * (width - 1)), int(y * (height - 1))
    extent = Box(left, top, left + size, top + size).clipped(width, height)
    box = closer_box(extent, width, height, 1024)
    if box is not None:
        assert box.clipped(width, height) == box
        assert box.union(extent) == box
        assert max(box.width, box.height) < max(width, height)


def test_an_object_of_a_fair_size_is_seen_well_enough():
    assert closer_box(Box(100, 100, 200, 160), 640, 480, 1024) is None
    assert closer_box(Box(0, 0, 640, 480), 640, 480, 1024) is None


def test_a_small_object_is_enlarged_up_to_four_times():
    box = closer_box(Box(300, 200, 310, 210), 640, 480, 1024)
    assert (box.width, box.height) == (320, 320)
    assert closer_box(Box(50, 50, 52, 52), 100, 100, 1024) is None


def test_a_large_image_is_looked_at_closer_sooner():
    assert closer_box(Box(0, 0, 900, 900), 4000, 3000, 1024) is not None
    assert closer_box(Box(0, 0, 200, 200), 900, 900, 1024) is None


def test_neighbouring_clicks_share_a_look():
    boxes = {
        closer_box(Box(x, 200, x + 12, 212), 640, 480, 1024) for x in range(300, 330)
    }
    assert len(boxes) <= 2


@pytest.mark.parametrize(
    ("mask", "cut"),
    [
        (Box(20, 20, 30, 30), False),
        (Box(10, 20, 30, 30), True),
        (Box(20, 20, 50, 30), True),
        (Box(20, 0, 30, 30), False),  # the look ends where the image ends
    ],
)
def test_a_mask_that_meets_the_side_of_a_look_goes_on_beyond_it(mask, cut):
    assert cut_short(mask, Box(10, 0, 50, 40), 100, 100) == cut


def test_an_encoding_remembers_the_last_few_closer_looks():
    features: Features = {}
    image = np.zeros((100, 100, 3), np.uint8)
    whole = Look(frame_of(Box(0, 0, 100, 100), 64, "padded"), features)
    encoding = Encoding(image, whole)
    boxes = [Box(x, 0, x + 10, 10) for x in range(KEPT + 3)]
    for box in boxes:
        encoding.remember(Look(frame_of(box, 64, "padded"), features))
    assert list(encoding.closer) == boxes[3:]
