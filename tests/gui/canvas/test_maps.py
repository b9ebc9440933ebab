"""Index maps, segment maps, pyramids and colours."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.core.mask import TILE, Mask
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.colours import (
    MOST_NUMBERS,
    OUTLINE,
    SOFT,
    Paint,
    empty_table,
    instance_colour,
    premultiplied,
    write_paint,
)
from seggui.gui.canvas.index_map import IndexMap
from seggui.gui.canvas.pyramid import ImagePyramid
from seggui.gui.canvas.segment_map import SegmentMap


def coarse(numbers_hw, level):
    """Largest number of each square, found slowly."""
    side = 1 << level
    height, width = numbers_hw.shape
    rows, cols = -(-height // side), -(-width // side)
    out = np.zeros((rows, cols), np.uint16)
    for y in range(rows):
        for x in range(cols):
            part = numbers_hw[y * side : (y + 1) * side, x * side : (x + 1) * side]
            out[y, x] = part.max()
    return out


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000), shape=st.sampled_from([(300, 517), (256, 257), (5, 3)])
)
def test_every_level_follows_every_edit(seed, shape):
    random = np.random.default_rng(seed)
    index = IndexMap(*shape)
    dense = np.zeros(shape, np.uint16)
    keys = [
        (row, col)
        for row in range(-(-shape[0] // TILE))
        for col in range(-(-shape[1] // TILE))
    ]
    for _ in range(4):
        key = keys[random.integers(len(keys))]
        cell = index.cell(key)
        tile = random.integers(0, 4, (cell.height, cell.width)).astype(np.uint16)
        tile *= random.random(tile.shape) < 0.1
        before = dense[cell.slices].copy()
        changed = index.put_tile(key, tile)
        dense[cell.slices] = tile
        differs = np.argwhere(before != tile)
        if len(differs):
            low, high = differs.min(axis=0), differs.max(axis=0) + 1
            wanted = Box(int(low[1]), int(low[0]), int(high[1]), int(high[0]))
            assert changed == wanted.moved(cell.x0, cell.y0)
        else:
            assert changed.empty
        level = int(random.integers(0, 5))
        assert np.array_equal(index.level(level), coarse(dense, level))
    index.clear()
    assert index.bounds.empty
    assert not index.level(3).any()


def test_segments_stack_in_the_order_given_and_keep_their_numbers():
    shown = SegmentMap(20, 20)
    low, high = (
        Mask.full(20, 20),
        Mask.from_window(20, 20, Box(5, 5, 9, 9), np.ones((4, 4))),
    )
    shown.show_masks({"low": low, "high": high})
    numbers = dict(shown.numbers)
    assert shown.index.at(6, 6) == numbers["high"]
    assert shown.index.at(1, 1) == numbers["low"]
    changed = shown.show_masks({"high": high, "low": low})
    assert changed == Box(5, 5, 9, 9)
    assert shown.index.at(6, 6) == numbers["low"]
    assert shown.numbers == numbers
    shown.show_masks({"high": high})
    assert shown.index.at(1, 1) == 0
    assert shown.index.at(6, 6) == numbers["high"]


def test_an_edit_composes_only_the_tiles_it_touched(monkeypatch):
    shown = SegmentMap(2000, 2000)
    mask = Mask.full(2000, 2000)
    shown.show_masks({"a": mask, "b": mask})
    composed = []
    compose = SegmentMap._compose
    monkeypatch.setattr(
        SegmentMap,
        "_compose",
        lambda self, key: composed.append(key) or compose(self, key),
    )
    edited = mask.erased(Box(250, 10, 260, 12), np.ones((2, 10)))
    changed = shown.show_masks({"a": mask, "b": edited})
    assert sorted(composed) == [(0, 0), (0, 1)]
    assert changed == Box(250, 10, 260, 12)


def test_more_segments_than_numbers_share_them_and_nothing_breaks():
    shown = SegmentMap(4, 4)
    one = Mask.full(4, 4)
    shown.show_masks({str(i): one for i in range(MOST_NUMBERS + 5)})
    assert max(shown.numbers.values()) <= MOST_NUMBERS
    shown.show_masks({})
    assert shown.index.at(0, 0) == 0


@pytest.mark.parametrize("shape", [(64, 64), (37, 53), (1, 9), (600, 700)])
def test_pyramid_levels_are_means_of_squares(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    pyramid = ImagePyramid(image)
    whole = pyramid.crop(0, Box(0, 0, shape[1], shape[0]))
    assert np.array_equal(whole[..., 2::-1], image)
    width, height = pyramid.size(1)
    half = pyramid.crop(1, Box(0, 0, width, height))
    inner = image[: shape[0] // 2 * 2, : shape[1] // 2 * 2].astype(float)
    if inner.size:
        means = inner.reshape(shape[0] // 2, 2, shape[1] // 2, 2, 3).mean(axis=(1, 3))
        shown = half[: shape[0] // 2, : shape[1] // 2, 2::-1]
        assert np.abs(shown - means).max() <= 1


def test_colours_are_premultiplied_and_outlines_stronger():
    assert premultiplied((255, 0, 128), 1) == 0xFFFF0080
    assert premultiplied((255, 255, 255), 0) == 0
    table = empty_table()
    write_paint(table, 7, Paint((200, 100, 0), 0.5, 1.0))
    assert table[7] >> 24 == 128
    assert table[7 | OUTLINE | SOFT] == 0xFFC86400
    assert 128 < table[7 | SOFT] >> 24 < 255
    assert table[8] == 0


def test_neighbouring_instances_look_different():
    colours = [np.array(instance_colour(number)) for number in range(1, 200)]
    for first, second in pairwise(colours):
        assert np.abs(first - second).max() > 40


def test_adjustments_are_monotonous_and_neutral_changes_nothing():
    assert np.array_equal(Adjustment().table(), np.arange(256))
    for adjustment in (
        Adjustment(0.3, 0.5, 2.2),
        Adjustment(-0.5, -1, 0.1),
        Adjustment(contrast=1),
    ):
        assert (np.diff(adjustment.table().astype(int)) >= 0).all()
    assert Adjustment(gamma=2).table()[64] > 64
    assert Adjustment(contrast=-1).table().tolist() == [128] * 256


def test_blocks_turned_ahead_are_the_image_and_come_to_an_end():
    image = np.random.default_rng(0).integers(0, 255, (600, 1100, 3), np.uint8)
    pyramid = ImagePyramid(image)
    rounds = 1
    while pyramid.prepare(2):
        rounds += 1
    assert rounds == 3
    whole = pyramid.crop(0, Box(0, 0, 1100, 600))
    assert np.array_equal(whole[..., 2::-1], image)
