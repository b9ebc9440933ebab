"""All scores of class masks over images: filled one image at a time, then read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.classes import UNLABELLED
from seggui.metrics.boundary import boundary_f1_by_class
from seggui.metrics.confusion import Confusion, confusion

_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of one class; NaN where neither truth nor prediction has it."""

    id: int
    iou: float
    dice: float
    accuracy: float
    boundary_f1: float
    pixels: int
    """True pixels."""


@dataclass(frozen=True, slots=True)
class SemanticScores:
    """The scores over all images."""

    images: int
    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    mean_dice: float
    frequency_weighted_iou: float
    boundary_f1: float
    """Mean over images of the mean over the classes that have an outline there."""
    classes: tuple[ClassScores, ...]


class SemanticTally:
    """Takes pairs of class-id masks in and gives their scores.

    Only the ids it was made with are classes; other ids in a truth raise
    ``BadRequest``, in a prediction they are wrong. 255 in a truth is ignored.
    """

    def __init__(self, class_ids: Sequence[int]) -> None:
        self._ids = tuple(class_ids)
        self._confusion = Confusion.empty(len(self._ids))
        self._outlines: list[NDArray[np.float64]] = []

    def add(self, truth_hw: NDArray[np.integer], found_hw: NDArray[np.integer]) -> None:
        """Count one image; axes (y, x)."""
        truth, found = self._placed(truth_hw), self._placed(found_hw)
        truth[truth_hw == UNLABELLED] = _NOWHERE
        count = len(self._ids)
        self._confusion += confusion(truth, found, count, ignore=_NOWHERE)
        self._outlines.append(
            boundary_f1_by_class(truth, found, count, ignore=_NOWHERE)
        )

    def _placed(self, ids_hw: NDArray[np.integer]) -> NDArray[np.int64]:
        """The place of each id among the classes; ids that are none keep over them."""
        places = np.full(max(65536, *self._ids) + 1, len(self._ids), dtype=np.int64)
        for place, number in enumerate(self._ids):
            places[number] = place
        return np.asarray(places[ids_hw], dtype=np.int64)

    def scores(self) -> SemanticScores:
        table = self._confusion
        outlines = np.array(self._outlines).reshape(-1, len(self._ids))
        rows = tuple(
            ClassScores(
                number,
                float(table.iou[place]),
                float(table.dice[place]),
                float(table.accuracy[place]),
                _mean(outlines[:, place]),
                int(table.true[place]),
            )
            for place, number in enumerate(self._ids)
        )
        return SemanticScores(
            len(outlines),
            table.pixel_accuracy,
            table.mean_accuracy,
            table.mean_iou,
            table.mean_dice,
            table.frequency_weighted_iou,
            _mean(np.array([_mean(row) for row in outlines])),
            rows,
        )


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
