"""Thin objects are followed from window to window."""

import cv2
import numpy as np
import pytest

from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import Cancelled
from seggui.metrics.masks import iou
from seggui.models.prompted.clicknet import following
from seggui.models.prompted.clicknet.channels import NAMES, Asked
from seggui.models.prompted.clicknet.following import MOST_WINDOWS, close_look, followed
from seggui.models.prompted.clicknet.looking import Habits, Sight
from seggui.models.prompted.clicknet.model import GOES_ON, ClickNetModel

RED, AGAINST = NAMES.index("red"), NAMES.index("negative clicks")
WIDTH = 4


def wire(height=300, width=620):
    """A dark image with a bright bent wire from left to right, and another line."""
    truth = np.zeros((height, width), np.uint8)
    bent = np.array([[5, 60], [200, 60], [330, 200], [610, 200]], np.int32)
    cv2.polylines(truth, [bent], False, 1, WIDTH)
    other = np.zeros_like(truth)
    cv2.line(other, (40, 280), (600, 280), 1, WIDTH)
    image = np.full((height, width, 3), 40, np.uint8)
    image[(truth | other) > 0] = 220
    return image, truth > 0


def bright(bytes_chw):
    """A network for which whatever is bright is the object."""
    return (bytes_chw[RED] > 130).astype(np.float32) * 0.9, 0.9


def test_a_wire_is_found_from_one_end_to_the_other_and_its_neighbour_is_not():
    image, truth = wire()
    sight = Sight(image)
    asked = Asked(Mask.empty(*truth.shape), (Point(8.5, 60.5),))
    first = close_look(sight, asked, WIDTH, bright)
    assert first.box.width < 0.5 * truth.shape[1]
    pieces = followed(sight, asked, first, bright)
    assert iou(truth, pieces.mask.dense()) > 0.85
    assert pieces.mask.contains(605.5, 200.5)
    assert not pieces.mask.contains(300.5, 280.5)


def test_a_negative_click_changes_one_window_only():
    image, truth = wire()
    sight = Sight(image)
    asked = Asked(Mask.from_dense(truth), (Point(8.5, 60.5, positive=False),))
    first = close_look(sight, asked, WIDTH, lambda _: (np.zeros((192, 192), "f4"), 0.5))
    pieces = followed(sight, asked, first, bright)
    after = pieces.mask.dense()
    assert not after[first.box.slices].any()
    after[first.box.slices] = truth[first.box.slices]
    assert (after == truth).all()


def test_what_was_clicked_away_is_told_in_each_window_that_shows_it():
    image, truth = wire()
    sight, told = Sight(image), []

    def noted(bytes_chw):
        told.append(bool(bytes_chw[AGAINST].any()))
        return bright(bytes_chw)

    points = (Point(560.5, 230.5, positive=False), Point(8.5, 60.5))
    asked = Asked(Mask.empty(*truth.shape), points)
    first = close_look(sight, asked, WIDTH, noted)
    followed(sight, asked, first, noted)
    assert not told[0], "it lies outside the first window"
    assert any(told[1:])


def test_no_more_windows_are_looked_at_than_there_may_be():
    image = np.full((1500, 1500, 3), 220, np.uint8)
    looks = []

    def all_of_it(bytes_chw):
        looks.append(1)
        return bright(bytes_chw)

    sight = Sight(image)
    asked = Asked(Mask.empty(1500, 1500), (Point(700.5, 700.5),))
    first = close_look(sight, asked, 1.5, all_of_it)
    assert followed(sight, asked, first, all_of_it).goes_on
    assert len(looks) == MOST_WINDOWS


@pytest.mark.parametrize(("most", "said"), [(64, ""), (3, GOES_ON)])
def test_a_line_that_was_followed_in_part_is_told_of(monkeypatch, most, said):
    monkeypatch.setattr(following, "MOST_WINDOWS", most)
    image, _ = wire()
    model = ClickNetModel(engine=bright, habits=Habits(0.0, line_width=WIDTH))
    encoding = model.encode(image, unwatched)
    best = model.decode(encoding, Prompt((Point(8.5, 60.5),)), unwatched)[0]
    assert best.note == said


@pytest.mark.parametrize("width", [0.0, WIDTH])
def test_the_model_follows_where_its_habits_say_that_objects_are_thin(width):
    image, truth = wire()
    habits = Habits(0.0, line_width=width)
    model = ClickNetModel(engine=bright, habits=habits)
    encoding = model.encode(image, unwatched)
    best = model.decode(encoding, Prompt((Point(8.5, 60.5),)), unwatched)[0]
    assert best.mask.contains(8.5, 60.5)
    if width:
        assert iou(truth, best.mask.dense()) > 0.85
        values = best.probability
        assert values is not None
        assert values.box.width > 500


def test_following_a_long_line_can_be_stopped_in_the_middle():
    image, _ = wire()
    looks = []

    def noted(bytes_chw):
        looks.append(1)
        return bright(bytes_chw)

    def report(done, total, what):
        if len(looks) == 3:
            raise Cancelled

    model = ClickNetModel(habits=Habits(0.0, line_width=WIDTH), engine=noted)
    encoding = model.encode(image, unwatched)
    with pytest.raises(Cancelled):
        model.decode(encoding, Prompt((Point(8.5, 60.5),)), report)
    assert len(looks) == 3
