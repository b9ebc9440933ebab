"""The edges of the shown image, for tools that follow them or snap to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seggui.gui.canvas.pointer import Pointer
from seggui.gui.canvas.rubber import PointXY
from seggui.gui.tools.desk import Desk
from seggui.refine.livewire import Livewire

SNAP_REACH = 9.0
"""How far, in logical pixels, an edge pulls."""


class Edges:
    """Keeps the livewire of the image that is shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._image_hwc: NDArray[np.uint8] | None = None
        self._wire: Livewire | None = None

    @property
    def wire(self) -> Livewire | None:
        """None when no image is shown."""
        image_hwc = self._desk.image_hwc
        if image_hwc is not self._image_hwc:
            self._image_hwc = image_hwc
            self._wire = None if image_hwc is None else Livewire(image_hwc)
        return self._wire

    def snapped(self, pointer: Pointer) -> PointXY:
        """The nearest strong edge within reach of the mouse, else the mouse's place."""
        wire = self.wire
        if wire is None:
            return pointer.xy
        return wire.snap(*pointer.xy, SNAP_REACH / pointer.scale)
