"""The dense CRF finds edges, agrees with the plain library, and cannot crash it."""

import sys

import numpy as np
import pytest
from pydensecrf import densecrf
from scipy import ndimage

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import BadRequest, Cancelled, SegguiError
from seggui.refine.crf import CrfOptions, inferred, refined


def scene(height=240, width=320, seed=0):
    """A bright disc with a dark hole on a mottled ground, and its true mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 2)
    truth = (distance < height / 4) & (distance > height / 12)
    mottle = ndimage.gaussian_filter(rng.normal(size=(height, width, 3)), (3, 3, 0))
    image = 90 + 150 * mottle + np.where(truth[..., None], (70, 40, 10), 0)
    return np.clip(image, 0, 255).astype(np.uint8), truth


def brushed(truth):
    """The mask as a quick brush leaves it: too wide here, too narrow there."""
    wide = ndimage.binary_dilation(truth, iterations=4)
    narrow = ndimage.binary_erosion(truth, iterations=4)
    half = np.arange(truth.shape[1]) < truth.shape[1] // 2
    return np.where(half, wide, narrow)


def plain(probability_hw, image, options):
    height, width = probability_hw.shape
    field = densecrf.DenseCRF2D(width, height, 2)
    both = np.stack([1 - probability_hw, probability_hw]).astype(np.float32)
    field.setUnaryEnergy(np.ascontiguousarray(-np.log(both).reshape(2, -1)))
    field.addPairwiseGaussian(
        sxy=options.gaussian_sxy_px, compat=options.gaussian_compat
    )
    field.addPairwiseBilateral(
        sxy=options.bilateral_sxy_px,
        srgb=options.bilateral_srgb,
        rgbim=image,
        compat=options.bilateral_compat,
    )
    result = np.array(field.inference(options.iterations))
    return (result[1] > result[0]).reshape(height, width)


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def test_a_brushed_mask_moves_to_the_edges_of_the_image_and_keeps_its_hole():
    image, truth = scene()
    rough = brushed(truth)
    sharp = refined(Mask.from_dense(rough), None, image, CrfOptions()).dense()
    assert iou(sharp, truth) > 0.97 > iou(rough, truth)
    assert not sharp[120, 160]


def test_at_full_size_it_is_the_plain_library():
    image, truth = scene()
    options = CrfOptions(iterations=7, bilateral_sxy_px=60, gaussian_compat=4)
    rough = brushed(truth)
    sharp = refined(Mask.from_dense(rough), None, image, options).dense()
    assert np.array_equal(sharp, plain(np.where(rough, 0.9, 0.1), image, options))


def test_a_crop_stays_within_one_percent_of_the_whole_image():
    small, small_truth = scene()
    image, truth = np.zeros((500, 640, 3), np.uint8), np.zeros((500, 640), bool)
    image[:] = np.median(small, axis=(0, 1))
    image[100:340, 300:620], truth[100:340, 300:620] = small, small_truth
    options = CrfOptions(bilateral_sxy_px=30)
    rough = brushed(truth)
    sharp = refined(Mask.from_dense(rough), None, image, options).dense()
    assert iou(sharp, plain(np.where(rough, 0.9, 0.1), image, options)) >= 0.99


def test_a_large_crop_is_worked_on_smaller_and_stays_within_one_percent():
    image, truth = scene(1000, 1200)
    rough = brushed(truth)
    sizes = []

    def report(done, total, what):
        sizes.append((done, total))

    options = CrfOptions(bilateral_sxy_px=150, iterations=2)
    sharp = refined(Mask.from_dense(rough), None, image, options, report).dense()
    assert sizes == [(0, 2), (0, 2), (1, 2), (2, 2)]
    expected = plain(np.where(rough, 0.9, 0.1), image, options)
    assert not np.array_equal(sharp, expected)
    assert iou(sharp, expected) >= 0.99


def test_probabilities_count_instead_of_the_mask():
    image, truth = scene()
    values = np.where(brushed(truth), 200, 40).astype(np.uint8)
    box = Box(20, 10, 300, 230)
    probability = Probability(box, values[box.slices])
    nothing = Mask.empty(*truth.shape)
    sharp = refined(nothing, probability, image, CrfOptions()).dense()
    assert iou(sharp, truth) > 0.95
    sure = Probability(Box(0, 0, 320, 240), np.zeros((240, 320), np.uint8))
    assert refined(nothing, sure, image, CrfOptions()) is nothing


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 300)])
def test_tiny_full_and_empty_masks_are_answered(shape):
    image = np.full((*shape, 3), 100, np.uint8)
    full, empty = Mask.full(*shape), Mask.empty(*shape)
    assert refined(full, None, image, CrfOptions()).same_pixels(full)
    assert refined(empty, None, image, CrfOptions()) is empty


def test_views_and_read_only_images_are_taken():
    image, truth = scene()
    flipped = image[:, ::-1]
    flipped.flags.writeable = False
    mask = Mask.from_dense(brushed(truth)[:, ::-1])
    assert iou(refined(mask, None, flipped, CrfOptions()).dense(), truth) > 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in (
            "iterations",
            "bilateral_sxy_px",
            "bilateral_srgb",
            "bilateral_compat",
            "gaussian_sxy_px",
            "gaussian_compat",
            "confidence",
        )
        for value in (-1, float("nan"), float("inf"), 1e9)
    ]
    + [("iterations", 0), ("iterations", 2.5), ("confidence", 0.5), ("confidence", 1)]
    + [(name, v) for name in ("bilateral_sxy_px", "gaussian_sxy_px") for v in (0, 1e-8)]
    + [("bilateral_srgb", 0)],
)
def test_values_that_crash_the_library_are_refused(name, value):
    with pytest.raises(BadRequest, match=name):
        CrfOptions(**{name: value})


SMALL = np.full((2, 4, 5), 0.5, np.float32)
IMAGE = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("probabilities", "image"),
    [
        (SMALL[:1], IMAGE),
        (SMALL[0], IMAGE),
        (SMALL, IMAGE[:3]),
        (SMALL, IMAGE[..., :2]),
        (SMALL, IMAGE[..., 0]),
        (SMALL, IMAGE.astype(float)),
        (SMALL[:, :0], IMAGE[:0]),
        (np.where(np.arange(5) == 2, np.nan, SMALL), IMAGE),
    ],
)
def test_arrays_that_do_not_fit_are_refused(probabilities, image):
    with pytest.raises(BadRequest):
        inferred(probabilities, image, CrfOptions())


def test_without_weights_the_kernels_change_nothing():
    probabilities = np.stack([np.full((4, 5), 0.3), np.full((4, 5), 0.7)])
    options = CrfOptions(bilateral_compat=0, gaussian_compat=0)
    assert np.allclose(inferred(probabilities, IMAGE, options), probabilities)


@pytest.mark.parametrize("stop_at", [1, 2, 4])
def test_it_stops_where_the_report_says_so(stop_at):
    image, truth = scene()
    calls = 0

    def report(done, total, what):
        nonlocal calls
        calls += 1
        if calls == stop_at:
            raise Cancelled

    with pytest.raises(Cancelled):
        refined(Mask.from_dense(truth), None, image, CrfOptions(), report)
    assert calls == stop_at


def test_a_missing_library_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydensecrf", None)
    image, truth = scene()
    with pytest.raises(SegguiError, match="pip install pydensecrf2"):
        refined(Mask.from_dense(truth), None, image, CrfOptions())
