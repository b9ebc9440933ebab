"""What a full-image model found, as candidates that a person accepts or corrects."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Prediction, Probability
from seggui.core.mask import Mask
from seggui.refine import components

Probabilities = NDArray[np.float16]

SMALLEST_PART_PX = 16
"""Smaller parts of a thing are noise of the network, not objects."""

_BAND_ROWS = 256


def candidates_of(
    prediction: Prediction,
    things: Collection[str] = (),
    *,
    smallest_score: float = 0.0,
    with_probability: bool = False,
) -> tuple[Candidate, ...]:
    """Return one candidate per instance and one per class of the semantic part.

    Classes named in ``things`` are countable: each of their connected parts becomes a
    candidate of its own. Where a model gives both, its instances stand for their
    classes and the semantic part for all others. Instances below ``smallest_score``
    are left out.
    """
    found = [
        Candidate(instance.mask, instance.score, class_name=instance.class_name)
        for instance in prediction.instances
        if instance.score >= smallest_score and not instance.mask.is_empty
    ]
    if prediction.probabilities_chw is not None:
        counted = {instance.class_name for instance in prediction.instances}
        found += _semantic(prediction, set(things), counted, with_probability)
    return tuple(found)


def _semantic(
    prediction: Prediction,
    things: set[str],
    left_out: set[str],
    with_probability: bool,
) -> Iterator[Candidate]:
    chw = prediction.probabilities_chw
    assert chw is not None
    labels_hw = _most_likely(chw)
    for channel, name in enumerate(prediction.classes):
        if channel == 0 or name in left_out:
            continue
        mask = Mask.from_dense(labels_hw == channel)
        for part in _parts(mask) if name in things else (mask,):
            if not part.is_empty:
                yield _candidate(part, name, chw[channel], with_probability)


def _most_likely(chw: Probabilities) -> NDArray[np.int16]:
    """The channel of the highest probability by pixel; of equal ones the first."""
    out = np.empty(chw.shape[1:], np.int16)
    for top in range(0, chw.shape[1], _BAND_ROWS):  # bands, to hold little in memory
        out[top : top + _BAND_ROWS] = chw[:, top : top + _BAND_ROWS].argmax(axis=0)
    return out


def _parts(mask: Mask) -> tuple[Mask, ...]:
    parts = components.split(mask)
    return tuple(part for part in parts if part.area >= SMALLEST_PART_PX)


def _candidate(
    mask: Mask, name: str, probability_hw: Probabilities, with_probability: bool
) -> Candidate:
    box = mask.bbox
    window = probability_hw[box.slices]
    # 16-bit floats stop counting at 2048.
    score = float(window[mask.window(box)].mean(dtype=np.float64))
    kept = None
    if with_probability:
        values = np.rint(window.astype(np.float32) * 255).astype(np.uint8)
        kept = Probability(box, values)
    return Candidate(mask, score, class_name=name, probability=kept)
