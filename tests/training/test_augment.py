import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.jobs.train_options import TrainOptions
from seggui.training.augment import random_matrix, random_piece, recoloured, warped
from seggui.training.samples import Sample

PLAIN = TrainOptions(crop=32, flips=False, rotate=0.0, scale=1.0, colour=0.0, blur=0.0)


def blocks(height, width, seed=0):
    """A sample whose image says the same as its truth, in blocks of 8 pixels."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 2, (height // 8 + 1, width // 8 + 1)).astype(np.uint8)
    channels = np.kron(small, np.ones((8, 8), np.uint8))[:height, :width]
    return Sample("blocks", np.repeat(channels[..., None] * 200, 3, 2), channels)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(1, 90),
    st.integers(1, 90),
    st.booleans(),
    st.floats(0, 90),
    st.floats(1, 2),
)
def test_image_and_truth_move_together(seed, height, width, flips, rotate, scale):
    options = TrainOptions(crop=32, flips=flips, rotate=rotate, scale=scale, blur=0.0)
    sample = blocks(height, width)
    matrix = random_matrix(sample, options, np.random.default_rng(seed))
    image, channels = warped(sample.image_hwc, sample.channels_hw, matrix, 32)
    # Between two blocks the linear image mixes; where it is pure, both must agree.
    pure = (image[..., 0] == 0) | (image[..., 0] == 200)
    assert (image[..., 0][pure] // 200 == channels[pure]).all()
    assert set(np.unique(channels)) <= {0, 1}


def test_most_of_a_piece_is_pure_so_the_comparison_says_something():
    sample = blocks(90, 90)
    options = TrainOptions(crop=32, rotate=15.0)
    matrix = random_matrix(sample, options, np.random.default_rng(3))
    image, _ = warped(sample.image_hwc, sample.channels_hw, matrix, 32)
    assert np.isin(image[..., 0], (0, 200)).mean() > 0.5


def test_without_any_change_a_piece_is_a_window_of_the_sample(monkeypatch):
    monkeypatch.setattr("seggui.training.augment.FOREGROUND_CROPS", 0.0)
    sample = blocks(32, 32)
    piece = random_piece(sample, PLAIN, np.random.default_rng(1))
    assert (piece.channels_hw == sample.channels_hw).all()
    assert (piece.image_hwc == sample.image_hwc).all()


def test_the_same_seed_gives_the_same_piece_and_another_another():
    sample, options = blocks(90, 90), TrainOptions(crop=32)
    one, same, other = (
        random_piece(sample, options, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert (one.image_hwc == same.image_hwc).all()
    assert (one.image_hwc != other.image_hwc).any()


def test_unlabelled_pixels_stay_unlabelled():
    sample = Sample(
        "void", np.zeros((40, 40, 3), np.uint8), np.full((40, 40), 255, np.uint8)
    )
    piece = random_piece(sample, TrainOptions(crop=32), np.random.default_rng(0))
    assert (piece.channels_hw == 255).all()


def test_no_colour_leaves_the_image_alone_and_much_changes_it():
    image = blocks(32, 32).image_hwc
    assert recoloured(image, 0.0, np.random.default_rng(0)) is image
    assert (recoloured(image, 0.5, np.random.default_rng(0)) != image).any()
