"""Segment everything: the grid, the crops, the sieve, and who owns a pixel."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from seggui.core.candidate import Candidate
from seggui.core.everything import PARAMETERS, options_of
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, Cancelled
from seggui.models.everything import crops, everything, grid
from seggui.models.prompted.classic import ClassicModel
from seggui.models.sifting import common_pixels, distinct, piece_of, shared_out

RANDOM = np.random.default_rng(3)


def mask_of(box, height=100, width=120):
    return Mask.from_window(height, width, box, np.ones((box.height, box.width)))


def piece(box, score=0.5, layer=0, height=100, width=120):
    mask = mask_of(box, height, width)
    return replace(piece_of(mask, (0, 0), Candidate(mask, score)), layer=layer)


class Colours:
    """A click brings the connected... all pixels of the colour that was clicked."""

    def __init__(self, **info):
        self.info = ModelInfo("colours", "Colours", "prompted", **info)
        self.clicks = []
        self.encoded = []
        self.score = 0.9
        self.stability = None

    def encode(self, image_hwc, report):
        report(0, 1, "encoding")
        self.encoded.append(image_hwc.shape[:2])
        return image_hwc

    def decode(self, encoding, prompt, report):
        report(0, 1, "decoding")
        (point,) = prompt.points
        self.clicks.append((point.x, point.y, prompt.settings))
        colour = encoding[int(point.y), int(point.x)]
        mask = Mask.from_dense((encoding == colour).all(axis=2))
        return (Candidate(mask, self.score, stability=self.stability),)


def scene(*boxes, height=100, width=120):
    image = np.zeros((height, width, 3), np.uint8)
    for number, box in enumerate(boxes, start=1):
        image[box.slices] = (number, 40 * number % 256, 90)
    return image


def found(model, image, known=(), **values):
    options = options_of(tuple(values.items()))
    encoding = model.encode(image, unwatched)
    return everything(model, image, encoding, options, unwatched, known)


A, B, INNER = Box(5, 5, 45, 45), Box(60, 20, 110, 90), Box(15, 15, 30, 30)


def test_every_object_is_found_once_the_largest_first():
    image = scene(A, B)
    masks = [c.mask for c in found(Colours(), image, largest=0.5)]
    assert masks[0].same_pixels(mask_of(B))
    assert masks[1].same_pixels(mask_of(A))


def test_the_background_goes_by_its_share_of_the_image():
    image = scene(A, B)
    areas = [c.mask.area for c in found(Colours(), image, largest=1.0)]
    assert areas == [12000 - A.area - B.area, B.area, A.area]


@pytest.mark.parametrize("score", [0.49, 0.51])
def test_masks_of_a_small_score_are_left_out(score):
    model = Colours()
    model.score = score
    assert len(found(model, scene(A, B), largest=0.5)) == (2 if score > 0.5 else 0)


def test_masks_that_are_not_stable_are_left_out():
    model = Colours()
    model.stability = 0.8
    assert found(model, scene(A), largest=0.5) == ()
    assert len(found(model, scene(A), largest=0.5, stability=0.8)) == 1


def test_small_masks_are_left_out():
    image = scene(A, Box(80, 50, 88, 58))
    assert len(found(Colours(), image, largest=0.5, smallest=64, points=20)) == 2
    assert len(found(Colours(), image, largest=0.5, smallest=65, points=20)) == 1


def test_specks_and_holes_are_cleaned_away():
    image = scene(A)
    image[20, 20] = 0
    image[90, 100] = image[6, 6]
    (candidate,) = found(Colours(), image, largest=0.5, specks=4)
    assert candidate.mask.same_pixels(mask_of(A))
    (candidate,) = found(Colours(), image, largest=0.5, specks=0)
    assert candidate.mask.area == A.area


class Nested(Colours):
    """Answers with the whole and with the part that was clicked."""

    def decode(self, encoding, prompt, report):
        (point,) = prompt.points
        answers = []
        for box, score in ((A, 0.95), (INNER, 0.8)):
            if box.contains(point.x, point.y):
                answers.append(Candidate(mask_of(box), score))
        return tuple(answers) or (Candidate(Mask.full(100, 120), 0.1),)


@pytest.mark.parametrize(
    ("overlaps", "areas"),
    [
        ("small", [A.area - INNER.area, INNER.area]),
        ("large", [A.area]),
        ("score", [A.area]),
        ("keep", [A.area, INNER.area]),
    ],
)
def test_who_owns_a_pixel_where_masks_overlap(overlaps, areas):
    candidates = found(Nested(), scene(A), overlaps=overlaps, thorough=True)
    assert [c.mask.area for c in candidates] == areas


class Patched(Colours):
    """Answers with a mask, and a better one that covers all of it but a share."""

    covered = 0.0

    def decode(self, encoding, prompt, report):
        width = round(A.width * self.covered)
        cover = Box(A.x0, A.y0, A.x0 + width, A.y1)
        return Candidate(mask_of(A), 0.7), Candidate(mask_of(cover), 0.9)


@pytest.mark.parametrize(("covered", "count"), [(0.4, 2), (0.6, 1)])
def test_a_mask_that_loses_most_of_itself_is_left_out(covered, count):
    model = Patched()
    model.covered = covered
    candidates = found(model, scene(A), points=1)
    assert len(candidates) == count
    assert len(found(model, scene(A), points=1, overlaps="keep")) == 2


def test_no_click_is_spent_inside_what_was_found_unless_wished():
    image = scene(A, B)
    few, many = Colours(), Colours()
    found(few, image)
    found(many, image, thorough=True)
    assert len(many.clicks) == 24 * 20
    assert len(few.clicks) < len(many.clicks) / 10
    assert len({image[int(y), int(x)].tobytes() for x, y, _ in few.clicks}) == 3


def test_what_is_there_already_is_neither_clicked_nor_found_again():
    image, model = scene(A, B), Colours()
    (candidate,) = found(model, image, known=(mask_of(A),), largest=0.5)
    assert candidate.mask.same_pixels(mask_of(B))
    assert not any(A.contains(x, y) for x, y, _ in model.clicks)


def test_pixels_of_what_is_there_already_are_not_given_away():
    image = scene(B)
    known = mask_of(Box(100, 80, 120, 100))
    (candidate,) = found(Colours(), image, known=(known,), largest=0.5)
    assert candidate.mask.area == B.area - 10 * 10
    assert candidate.mask.intersection(known).is_empty


# -- crops ---------------------------------------------------------------------


def test_crops_cover_the_image_and_overlap():
    layers = {layer: [] for layer in range(4)}
    for layer, box in crops(100, 333, 3):
        layers[layer].append(box)
    assert [len(boxes) for boxes in layers.values()] == [1, 4, 16, 64]
    for boxes in layers.values():
        counts = np.zeros((100, 333), int)
        for box in boxes:
            counts[box.slices] += 1
            assert (box.width, box.height) == (boxes[0].width, boxes[0].height)
        assert counts.min() == 1
    left, right = layers[1][0], layers[1][1]
    assert 0.3 < left.intersection(right).width / left.width < 0.4


def test_small_objects_are_found_on_the_crops_and_lie_where_they_are():
    small = [Box(x, y, x + 5, y + 5) for x, y in ((20, 30), (70, 11), (101, 84))]
    image, model = scene(*small), Colours()
    first = found(model, image, points=4, smallest=4, specks=0, largest=0.1)
    assert len(first) < 3
    values = {"points": 40, "layers": 1, "smallest": 4, "specks": 0, "largest": 0.1}
    candidates = found(model, image, **values)
    assert sorted(c.mask.bbox for c in candidates) == sorted(small)
    assert len(model.encoded) == 1 + 1 + 4


def test_what_the_edge_of_a_crop_cuts_is_left_to_others():
    image = scene(B, height=150, width=200)
    candidates = found(Colours(), image, layers=2, largest=0.5, points=10)
    assert [c.mask.bbox for c in candidates] == [B]


# -- the grid --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "longest", "count"),
    [(120, 100, 24, 480), (1, 1, 24, 1), (4000, 20, 24, 24), (10, 10, 128, 100)],
)
def test_points_are_as_far_apart_in_both_directions(width, height, longest, count):
    points = grid(width, height, longest)
    assert len(set(points)) == len(points) == count
    assert all(0 <= x < width and 0 <= y < height for x, y in points)


def test_the_first_points_are_spread_over_the_image():
    first = grid(100, 100, 32)[:64]
    quarters = {(x > 50, y > 50) for x, y in first}
    assert len(quarters) == 4
    assert first == grid(100, 100, 32)[:64], "the same each time"


# -- progress, cancel, refusal -----------------------------------------------------


def test_it_tells_how_far_it_is_and_what_is_left():
    told, model, image = [], Colours(), scene(A, B)

    def report(done, total, what):
        told.append((done, total, what))

    options = options_of((("points", 10), ("layers", 1), ("thorough", True)))
    everything(model, image, image, options, report)
    dones = [done for done, _, _ in told]
    assert dones == sorted(dones)
    assert told[-1][0] == told[-1][1] == 10 * 8 + 4 * 5 * 4
    assert re.fullmatch(r"\d+ masks, \d+ s left", told[-1][2])


def test_a_cancel_is_heard_at_every_click():
    model, image = Colours(), scene(A, B)

    def report(done, total, what):
        if len(model.clicks) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        everything(model, image, image, options_of((("thorough", True),)), report)
    assert len(model.clicks) == 3


def test_many_clicks_are_asked_at_once_where_the_model_can():
    class Many(Colours):
        batches = ()

        def decode_many(self, encoding, prompts, report):
            self.batches = (*self.batches, len(prompts))
            return tuple(self.decode(encoding, p, report) for p in prompts)

    model = Many()
    candidates = found(model, scene(A, B), largest=0.5)
    assert len(candidates) == 2
    assert model.batches[0] == 32


def test_no_model_looks_closer_at_each_of_the_clicks():
    from seggui.core.parameters import Parameter

    model = Colours(parameters=(Parameter("zoom", "Zoom", default=True),))
    found(model, scene(A))
    assert {settings for _, _, settings in model.clicks} == {(("zoom", False),)}


def test_a_model_that_reads_no_points_is_refused():
    model = Colours(reads=frozenset(("text",)))
    with pytest.raises(BadRequest, match="reads no points"):
        found(model, scene(A))


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3)])
def test_images_of_strange_sizes_bring_what_there_is(size):
    image = np.full((*size, 3), 7, np.uint8)
    (candidate,) = found(Colours(), image, smallest=1, largest=1.0, specks=0, layers=2)
    assert candidate.mask.area == size[0] * size[1]


def test_every_row_of_the_table_is_an_option_and_the_other_way_round():
    options = options_of(())
    names = set(type(options).__dataclass_fields__)
    assert names == {row.name for row in PARAMETERS}
    for row in PARAMETERS:
        assert getattr(options, row.name) == row.default
        assert type(getattr(options, row.name)) is type(row.default)
    with pytest.raises(BadRequest, match="'points' is a number from 1 to 128"):
        options_of((("points", 500),))


# -- the sieve -----------------------------------------------------------------


def test_common_pixels_are_those_of_both_wherever_the_boxes_lie():
    shapes = []
    for _ in range(12):
        y, x = RANDOM.integers(0, 60, 2)
        h, w = RANDOM.integers(1, 40, 2)
        window = RANDOM.random((h, w)) < 0.4
        window[0, 0] = True
        mask = Mask.from_window(100, 120, Box(x, y, x + w, y + h), window)
        shapes.append((mask, piece_of(mask, (0, 0), Candidate(mask, 0.5))))
    for mask, one in shapes:
        assert one.mask(100, 120).same_pixels(mask)
    for (mask, one), (other_mask, other) in itertools.product(shapes, shapes):
        assert common_pixels(one, other) == mask.intersection(other_mask).area


def test_of_pieces_much_alike_the_better_one_stays_and_the_closer_look_before_it():
    good, worse = piece(Box(0, 0, 20, 20), 0.9), piece(Box(0, 0, 20, 19), 0.8)
    closer = piece(Box(1, 0, 20, 20), 0.5, layer=1)
    other = piece(Box(0, 0, 20, 10), 0.3)
    assert distinct([worse, other, good], 0.7) == [good, other]
    assert distinct([worse, good, closer], 0.7) == [closer]
    assert distinct([worse, other], 0.7, known=[good]) == [other]
    assert distinct([], 0.7) == []


def test_suppression_is_that_of_all_pairs():
    boxes = [Box(x, y, x + w, y + w) for x, y, w in RANDOM.integers(1, 30, (60, 3))]
    pieces = [piece(box, float(RANDOM.random())) for box in boxes]
    expected = []
    for one in sorted(pieces, key=lambda p: -p.score):
        ious = [
            (c := common_pixels(one, k)) / (one.area + k.area - c) for k in expected
        ]
        if all(iou <= 0.3 for iou in ious):
            expected.append(one)
    assert distinct(pieces, 0.3) == expected


def test_shared_out_gives_each_pixel_one_owner():
    pieces = [piece(box) for box in (A, INNER, B, Box(0, 40, 100, 60))]
    masks = shared_out(pieces, "small", 100, 120)
    total = np.sum([mask.dense() for mask in masks], axis=0)
    assert total.max() == 1
    union = np.any([p.mask(100, 120).dense() for p in pieces], axis=0)
    assert np.array_equal(total > 0, union)


def test_the_model_in_the_box_finds_objects_of_a_drawn_scene():
    image = np.full((90, 120, 3), 30, np.uint8)
    for box, colour in ((A, (200, 40, 40)), (B, (40, 60, 210))):
        image[box.slices] = colour
    image = np.clip(image + RANDOM.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    model = ClassicModel()
    candidates = found(model, image, points=6, score=0.3, largest=0.5)
    for box in (A, B):
        target = mask_of(box, 90, 120)
        ious = [
            c.mask.intersection(target).area / c.mask.union(target).area
            for c in candidates
        ]
        assert max(ious) > 0.9


def test_a_prompt_without_settings_is_what_a_plain_model_gets():
    model = Colours()
    found(model, scene(A))
    assert {settings for _, _, settings in model.clicks} == {()}
    assert Prompt((Point(1, 1),)).settings == ()
