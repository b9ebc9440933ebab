"""What a network of the SAM family gives to the model around it.

``SamModel`` knows images, prompts, crops and edges; a backbone knows one network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seggui.models.prompted.sam.frame import Fit

Floats = NDArray[np.float32]
Features = Mapping[str, Tensor]
"""What a network knows of one square, by name; on any device, of any precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """A prompt on the square, in its continuous pixels."""

    points_xy: Floats
    """Axes (point, xy); may be empty."""
    positive: NDArray[np.bool_]
    """For each point whether it lies on the object."""
    corners: tuple[float, float, float, float] | None = None
    """Left, top, right and bottom of a box."""
    logits_hw: Floats | None = None
    """The mask to correct, ``mask_side`` x ``mask_side``."""
    several: bool = True
    """Three masks of what may be meant; else one."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network says to one prompt."""

    logits_nhw: Floats
    """Logits of masks, each ``mask_side`` x ``mask_side`` over the whole square."""
    quality: Floats
    """For each mask the IoU that the network expects of it."""


class Backbone(Protocol):
    """One network, on one device."""

    side: int
    """Pixels along a side of the square."""
    mask_side: int
    """Cells along a side of the logits, given and taken."""
    fit: Fit

    @property
    def mean(self) -> Sequence[float]:
        """Of the channels red, green, blue, values 0 to 255."""
        ...

    @property
    def deviation(self) -> Sequence[float]:
        """Of the same."""
        ...

    @property
    def digest(self) -> str:
        """Names the weights and the way of encoding."""
        ...

    @property
    def device(self) -> torch.device: ...

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each of the features."""
        ...

    def move(self, device: torch.device) -> None:
        """Go on computing on another device."""
        ...

    def encode(self, square: Tensor) -> Features:
        """Look at a square of axes (1, channel, y, x), float32, on any device."""
        ...

    def decode(self, features: Features, marks: Sequence[Marks]) -> Sequence[Answer]:
        """Answer several prompts on one square, in their order."""
        ...
