"""Scores of class-index masks: accuracy, IoU, Dice, from one table of counts.

Definitions as in Long et al., "Fully Convolutional Networks for Semantic
Segmentation", 2015. The table is summed over all images first and scored once, so a
large image weighs more than a small one. A class that neither truth nor prediction
has is NaN and left out of means, never 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import UNLABELLED
from seggui.errors import BadRequest

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Pixels by true class (rows) and predicted class (columns).

    The last column, one more than there are rows, counts predictions that are none
    of the classes; they are wrong wherever the truth says something.
    """

    counts: NDArray[np.int64]

    @staticmethod
    def empty(classes: int) -> Confusion:
        return Confusion(np.zeros((classes, classes + 1), dtype=np.int64))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    @property
    def right(self) -> NDArray[np.int64]:
        """Pixels of each class that were found."""
        return np.diagonal(self.counts).astype(np.int64)

    @property
    def true(self) -> NDArray[np.int64]:
        """Pixels that each class has in the truth."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Labelled pixels that were predicted to be each class."""
        return np.asarray(self.counts[:, :-1].sum(axis=0), dtype=np.int64)

    @property
    def pixel_accuracy(self) -> float:
        total = int(self.counts.sum())
        return int(self.right.sum()) / total if total else float("nan")

    @property
    def accuracy(self) -> Floats:
        """Share of each class's true pixels that were found; NaN without any."""
        return _ratio(self.right, self.true)

    @property
    def mean_accuracy(self) -> float:
        return _mean(self.accuracy)

    @property
    def iou(self) -> Floats:
        return _ratio(self.right, self.true + self.predicted - self.right)

    @property
    def mean_iou(self) -> float:
        return _mean(self.iou)

    @property
    def dice(self) -> Floats:
        return _ratio(2 * self.right, self.true + self.predicted)

    @property
    def mean_dice(self) -> float:
        return _mean(self.dice)

    @property
    def frequency_weighted_iou(self) -> float:
        """IoU of the classes in the truth, weighted by how many pixels each has."""
        total = int(self.true.sum())
        there = self.true > 0
        if not total:
            return float("nan")
        return float((self.iou[there] * self.true[there]).sum() / total)


def confusion(
    truth_hw: NDArray[np.integer],
    predicted_hw: NDArray[np.integer],
    classes: int,
    *,
    ignore: int = UNLABELLED,
) -> Confusion:
    """Count the pixels of one image; ids are 0 to ``classes - 1``, axes (y, x).

    Pixels whose truth is ``ignore`` do not count. Raises ``BadRequest`` for a truth
    with other ids, or of another size than the prediction.
    """
    if truth_hw.shape != predicted_hw.shape:
        raise BadRequest(
            f"The truth is {truth_hw.shape[1]} x {truth_hw.shape[0]} pixels, the "
            f"prediction {predicted_hw.shape[1]} x {predicted_hw.shape[0]}."
        )
    labelled = truth_hw != ignore
    truth = truth_hw[labelled].astype(np.int64)
    predicted = predicted_hw[labelled].astype(np.int64)
    if truth.size and (truth.min() < 0 or truth.max() >= classes):
        wrong = truth[(truth < 0) | (truth >= classes)][0]
        raise BadRequest(
            f"The truth holds the id {int(wrong)}; the classes are 0 to "
            f"{classes - 1}, and {ignore} is unlabelled."
        )
    predicted[(predicted < 0) | (predicted >= classes)] = classes
    width = classes + 1
    flat = np.bincount(truth * width + predicted, minlength=classes * width)
    return Confusion(flat.reshape(classes, width).astype(np.int64))


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    out = np.full(len(whole), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
