"""What differs between kinds of models when they are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from seggui.core.ports import Report
from seggui.training.samples import Sample


@dataclass(frozen=True, slots=True)
class Scores:
    """What a validation found."""

    score: float
    """What the best weights are chosen by: mean IoU, or mask AP; higher is better."""
    metrics: Mapping[str, object]
    known: Mapping[str, float] = field(default_factory=dict)
    """What the model must know besides its weights to be as good."""
    weights: Mapping[str, Tensor] | None = None
    """Those that were measured, where they are not the network's."""


class Task(Protocol):
    """A kind of model: how it is built, what it learns from, how it is measured."""

    def build(self) -> nn.Module:
        """A network with random weights."""
        ...

    def batch(
        self, samples: Sequence[Sample], rngs: Sequence[np.random.Generator]
    ) -> object:
        """Cut and change samples at random into what ``loss`` takes."""
        ...

    def loss(self, network: nn.Module, batch: object) -> Tensor:
        """One number to lower."""
        ...

    def validate(
        self, network: nn.Module, samples: Sequence[Sample], report: Report
    ) -> Scores: ...

    def overlay(self, network: nn.Module, sample: Sample) -> NDArray[np.uint8]:
        """A picture of image, truth and prediction side by side, RGB."""
        ...
