import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.candidate import Instance
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.errors import Cancelled
from seggui.models.tiling import TileFindings, Tiling, blended_rows, merged


def whole(image, tiling, predict):
    bands = list(blended_rows(image, tiling, predict, unwatched))
    tops = [top for top, _ in bands]
    heights = [band.shape[1] for _, band in bands]
    assert tops == [sum(heights[:i]) for i in range(len(heights))]
    return np.concatenate([band for _, band in bands], axis=1)


def per_pixel(tile):
    return np.stack([tile[..., 0] / 255, 1 - tile[..., 1] / 255]).astype(np.float32)


sizes = st.integers(1, 90)


@settings(deadline=None, max_examples=60)
@given(sizes, sizes, st.integers(4, 40), st.floats(0, 0.9))
def test_a_model_that_looks_at_pixels_alone_gives_the_same_in_tiles(h, w, side, part):
    image = (
        np.random.default_rng(h * 97 + w).integers(0, 255, (h, w, 3)).astype(np.uint8)
    )
    tiles = whole(image, Tiling(side, int(part * side)), per_pixel)
    assert np.allclose(tiles, per_pixel(image), atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(sizes, sizes, st.integers(4, 40), st.floats(0, 0.9))
def test_tiles_cover_the_image_and_stay_inside(height, width, side, part):
    covered = np.zeros((height, width), bool)
    for box in Tiling(side, int(part * side)).boxes(height, width):
        assert not box.empty
        assert box == box.clipped(width, height)
        covered[box.slices] = True
    assert covered.all()


def test_where_tiles_disagree_the_passage_is_smooth():
    calls = iter(range(100))
    image = np.zeros((32, 56, 3), np.uint8)

    def constant(tile):
        return np.full((1, *tile.shape[:2]), float(next(calls)), np.float32)

    row = whole(image, Tiling(32, 8), constant)[0, 0]
    assert row[0] == 0
    assert row[-1] == 1
    assert np.abs(np.diff(row)).max() <= 1 / 8 + 1e-6


def test_a_report_can_cancel_between_tiles():
    def report(done, total, what):
        if done == 2:
            raise Cancelled

    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(Cancelled):
        list(blended_rows(image, Tiling(32, 0), per_pixel, report))


LEFT, RIGHT = Box(0, 0, 40, 100), Box(20, 0, 100, 100)


def instance(box, score=0.9, name="cell"):
    mask = Mask.from_window(100, 100, box, np.ones((box.height, box.width), bool))
    return Instance(mask, name, score)


def both(left, right):
    return merged([TileFindings(LEFT, left), TileFindings(RIGHT, right)])


def test_an_object_cut_by_two_tiles_is_one_and_whole():
    cut = [instance(Box(10, 10, 40, 30))], [instance(Box(20, 10, 60, 30), 0.8)]
    found = both(*cut)
    assert len(found) == 1
    assert found[0].mask.bbox == Box(10, 10, 60, 30)
    assert found[0].score == 0.9


def test_an_object_that_two_tiles_see_whole_is_one():
    assert len(both([instance(Box(22, 5, 30, 9))], [instance(Box(22, 5, 31, 9))])) == 1


def test_a_fragment_at_the_edge_of_a_tile_joins_the_whole():
    fragment = instance(Box(36, 10, 40, 30), 0.99)
    assert len(both([fragment], [instance(Box(36, 10, 70, 30), 0.5)])) == 1


def test_neighbours_and_other_classes_stay_apart():
    left = instance(Box(10, 10, 30, 30))
    assert len(both([left], [instance(Box(29, 10, 70, 30))])) == 2
    assert len(both([left], [instance(Box(20, 10, 30, 30), name="wall")])) == 2


def test_what_one_tile_tells_apart_stays_apart():
    assert (
        len(both([instance(Box(1, 1, 30, 30)), instance(Box(2, 1, 30, 30))], [])) == 2
    )
