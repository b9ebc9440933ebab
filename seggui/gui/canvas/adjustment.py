"""Brightness, contrast and gamma of the shown image; its pixels stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Adjustment:
    """``brightness`` and ``contrast`` from -1 to 1, ``gamma`` from 0.1 to 10."""

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0

    @property
    def neutral(self) -> bool:
        return self == Adjustment()

    def table(self) -> NDArray[np.uint8]:
        """What each of the 256 values is shown as.

        Gamma comes first, then contrast around the middle grey, then brightness.
        """
        brightness = min(max(self.brightness, -1.0), 1.0)
        contrast = min(max(self.contrast, -1.0), 1.0)
        gamma = min(max(self.gamma, 0.1), 10.0)
        values = np.linspace(0.0, 1.0, 256) ** (1.0 / gamma)
        # The slope runs from 0 (flat grey) over 1 to 16 (nearly two levels).
        slope = 1.0 + contrast if contrast <= 0 else 16.0**contrast
        values = (values - 0.5) * slope + 0.5 + brightness
        return np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)
