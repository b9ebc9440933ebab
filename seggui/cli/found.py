"""What a model finds on an image, in the ids of the truth it is compared with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Prediction
from seggui.core.document import ImageFacts
from seggui.files.formats.painting import painted
from seggui.metrics.instances import Found
from seggui.models.predictions import candidates_of

SHOWN_SCORE = 0.5
"""Objects below it are not painted; AP looks at all of them."""


class Finder:
    """Turns predictions into class ids and objects.

    A class of the model is the one of its name in the truth; where the truth has no
    names, the id it was trained with, else its channel. Classes that the truth does
    not have count as background and are gathered in ``unknown``.
    """

    def __init__(self, names: Mapping[int, str], trained: Mapping[str, int]) -> None:
        self._ids = {name: number for number, name in names.items()}
        self._trained = trained
        self.unknown: set[str] = set()

    def ids_of(self, prediction: Prediction) -> NDArray[np.uint16]:
        """Class ids by pixel, axes (y, x); better objects cover worse ones."""
        facts = ImageFacts("", prediction.width, prediction.height, "")
        candidates = candidates_of(prediction, smallest_score=SHOWN_SCORE)
        rows = [
            (self._id_of(c.class_name or "", prediction), c.mask)
            for c in sorted(candidates, key=lambda c: c.score)
        ]
        return painted(facts, [(number, mask) for number, mask in rows if number])

    def objects_of(self, prediction: Prediction) -> tuple[Found, ...]:
        """All objects of the classes that the truth has."""
        rows = [
            (self._id_of(instance.class_name, prediction), instance)
            for instance in prediction.instances
            if not instance.mask.is_empty
        ]
        return tuple(Found(i.mask, number, i.score) for number, i in rows if number)

    def _id_of(self, name: str, prediction: Prediction) -> int:
        if name in self._ids:
            return self._ids[name]
        if not self._ids:
            if name in self._trained:
                return self._trained[name]
            if name in prediction.classes:
                return prediction.classes.index(name)
        self.unknown.add(name)
        return 0
