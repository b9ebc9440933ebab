"""How unsure a full-image model is of an image, to choose what to label next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Prediction
from seggui.core.ports import FullImageModel, Report
from seggui.errors import BadRequest

Measure = Callable[[FullImageModel, NDArray[np.uint8], Report], float]
"""``measure(model, image_hwc, report)``: 0 is certain, 1 as unsure as can be."""

_BAND_ROWS = 256


def entropy(
    model: FullImageModel, image_hwc: NDArray[np.uint8], report: Report
) -> float:
    """The mean entropy of pixels, or of objects, as a part of the highest possible."""
    prediction = model.predict(image_hwc, report)
    chw = prediction.probabilities_chw
    if chw is None:
        return _mean([_entropy_of(one.score) for one in prediction.instances])
    total = 0.0
    for top in range(0, chw.shape[1], _BAND_ROWS):
        band = np.clip(chw[:, top : top + _BAND_ROWS].astype(np.float64), 1e-7, 1)
        total -= float((band * np.log(band)).sum())
    most = prediction.height * prediction.width * np.log(max(len(chw), 2))
    return float(total / most)


def margin(
    model: FullImageModel, image_hwc: NDArray[np.uint8], report: Report
) -> float:
    """How close the two best classes are, in the mean over pixels or objects."""
    prediction = model.predict(image_hwc, report)
    if prediction.probabilities_chw is None:
        return _mean([1 - abs(2 * one.score - 1) for one in prediction.instances])
    assert prediction.uncertainty_hw is not None
    return float(prediction.uncertainty_hw.mean()) / 255


def disagreement(
    model: FullImageModel, image_hwc: NDArray[np.uint8], report: Report
) -> float:
    """How much the answer changes when the image is mirrored.

    One minus the mean IoU, over mirrorings, of everything that is not background;
    pixels of another class count as different.
    """
    plain = class_map(model.predict(image_hwc, report))
    differing = []
    for axes in ((0,), (1,), (0, 1)):
        mirrored = np.ascontiguousarray(np.flip(image_hwc, axes))
        other = np.flip(class_map(model.predict(mirrored, report)), axes)
        either = (plain > 0) | (other > 0)
        same = (plain == other) & either
        differing.append(1 - same.sum() / either.sum() if either.any() else 0.0)
    return _mean(differing)


MEASURES: Mapping[str, Measure] = {
    "entropy": entropy,
    "margin": margin,
    "disagreement": disagreement,
}


def measure_of(name: str) -> Measure:
    """The measure of that name; raises ``BadRequest``."""
    if name not in MEASURES:
        raise BadRequest(
            f"Images cannot be ordered by {name!r}; there are: {', '.join(MEASURES)}."
        )
    return MEASURES[name]


def class_map(prediction: Prediction) -> NDArray[np.int16]:
    """The place of the likeliest class at each pixel; 0 is the background."""
    chw = prediction.probabilities_chw
    if chw is not None:
        likeliest: NDArray[np.int16] = chw.argmax(axis=0).astype(np.int16)
        return likeliest
    out = np.zeros((prediction.height, prediction.width), np.int16)
    places = {name: place for place, name in enumerate(prediction.classes)}
    for one in sorted(prediction.instances, key=lambda one: one.score):
        box = one.mask.bbox
        out[box.slices][one.mask.window(box)] = places[one.class_name]
    return out


def _entropy_of(score: float) -> float:
    chances = np.clip([score, 1 - score], 1e-7, 1)
    return float(-(chances * np.log2(chances)).sum())


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
