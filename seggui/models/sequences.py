"""Passes over sequences of images, and what models remember of them.

A memory holds encodings of several images, so only the newest few passes are kept; one
that was dropped, or died with the engine, is begun again by whoever asks.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.core.ports import PropagatingModel, Report
from seggui.jobs.messages import Propagate, Propagated
from seggui.models import catalog

MOST = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    model: PropagatingModel
    version: catalog.Version
    memory: object


class Sequences:
    """The newest passes by name; the models of dropped ones go with them."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._passes: OrderedDict[str, _Pass] = OrderedDict()

    def __len__(self) -> int:
        return len(self._passes)

    def follow(
        self, request: Propagate, image_hwc: NDArray[np.uint8], report: Report
    ) -> Propagated:
        """Take the next image of a sequence; raises what the model raises."""
        if request.first:
            self._begin(request)
        known = self._passes.get(request.sequence)
        if known is None:
            return Propagated(request.ticket, {}, 0.0, remembered=False)
        self._passes.move_to_end(request.sequence)
        found = known.model.follow(known.memory, image_hwc, request.known, report)
        return Propagated(request.ticket, found, 0.0)

    def forget(self, sequence: str) -> None:
        self._passes.pop(sequence, None)

    def clear(self) -> None:
        self._passes.clear()

    def _begin(self, request: Propagate) -> None:
        self._passes.pop(request.sequence, None)
        weights = Path(request.weights) if request.weights else None
        version = catalog.version(request.model_id, weights)
        model = self._model(request.model_id, version, weights)
        while len(self._passes) >= self._most:
            self._passes.popitem(last=False)
        self._passes[request.sequence] = _Pass(model, version, model.begin())

    def _model(
        self, model_id: str, version: catalog.Version, weights: Path | None
    ) -> PropagatingModel:
        """The model of another pass where it is the same: weights are loaded once."""
        for other in self._passes.values():
            if (other.model.info.id, other.version) == (model_id, version):
                return other.model
        return catalog.open_propagating(model_id, weights)
