"""Run-length masks: the same as pycocotools on good data, a refusal on bad."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from seggui.core.mask import Mask
from seggui.core.rle import counts_of_text, mask_of_counts, mask_of_rle, rle_of
from seggui.errors import InvalidMask

masks_hw = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks_hw)
def test_text_equals_that_of_pycocotools(mask_hw):
    theirs = coco.encode(np.asfortranarray(mask_hw, dtype=np.uint8))["counts"]
    assert rle_of(Mask.from_dense(mask_hw)) == theirs.decode()


@given(masks_hw)
def test_a_mask_comes_back_as_it_went(mask_hw):
    mask = Mask.from_dense(mask_hw)
    back = mask_of_rle(rle_of(mask), *mask_hw.shape)
    assert back.same_pixels(mask)
    assert np.array_equal(back.dense(), mask_hw)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.99))
def test_masks_over_several_tiles_come_back(seed, share):
    generator = np.random.default_rng(seed)
    coarse = generator.random((9, 11)) < share
    mask_hw = np.kron(coarse, np.ones((64, 53), bool))[:-7, 3:]
    text = rle_of(Mask.from_dense(mask_hw))
    theirs = coco.encode(np.asfortranarray(mask_hw, dtype=np.uint8))["counts"]
    assert text == theirs.decode()
    assert np.array_equal(mask_of_rle(text, *mask_hw.shape).dense(), mask_hw)


@given(st.binary(max_size=60), st.integers(0, 50), st.integers(0, 50))
def test_junk_is_refused_or_covers_the_image(text, height, width):
    try:
        mask = mask_of_rle(text, height, width)
    except InvalidMask:
        return
    assert int(counts_of_text(text).sum()) == height * width
    assert mask.dense().shape == (height, width)


@given(masks_hw, st.data())
def test_a_shortened_text_is_refused(mask_hw, data):
    text = rle_of(Mask.from_dense(mask_hw))
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(InvalidMask):
        mask_of_rle(text[:cut], *mask_hw.shape)


@pytest.mark.parametrize(
    "counts", [[3], [5], [-1, 5], [2, 2, 2**40], [2**62, 2**62, 4], []]
)
def test_counts_that_do_not_cover_the_image_are_refused(counts):
    with pytest.raises(InvalidMask):
        mask_of_counts(np.array(counts, dtype=np.int64), 2, 2)


def test_runs_of_no_length_in_between_change_nothing():
    assert mask_of_counts(np.array([0, 2, 0, 2]), 2, 2).area == 4
