"""Where the image lies on the widget: the one mapping between pixels of both.

Everything here counts in device pixels of the screen, not in Qt's logical ones, so
the mapping stays exact at every device pixel ratio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seggui.core.geometry import Box

SMALLEST_SCALE = 1 / 256
LARGEST_SCALE = 128.0
_STAYS_VISIBLE_PX = 48
# A zoom that comes this near to 1 : 1 (in octaves) is meant to be it.
_SNAP_OCTAVES = 0.06


@dataclass(frozen=True, slots=True)
class View:
    """Image pixel (0, 0) begins at device pixel (``left``, ``top``)."""

    scale: float = 1.0
    """Device pixels per image pixel; 1 is 100 %."""
    left: int = 0
    top: int = 0

    def image_xy(self, device_x: float, device_y: float) -> tuple[float, float]:
        """The image point under a device point."""
        return (device_x - self.left) / self.scale, (device_y - self.top) / self.scale

    def device_xy(self, x: float, y: float) -> tuple[float, float]:
        """The device point that shows an image point."""
        return x * self.scale + self.left, y * self.scale + self.top

    def device_box(self, box: Box) -> Box:
        """The device pixels whose centre lies inside a box of image pixels.

        A device pixel shows the image pixel under its centre; this is the exact
        set of those that show a pixel of ``box``.
        """
        return Box(
            math.ceil(box.x0 * self.scale + self.left - 0.5),
            math.ceil(box.y0 * self.scale + self.top - 0.5),
            math.ceil(box.x1 * self.scale + self.left - 0.5),
            math.ceil(box.y1 * self.scale + self.top - 0.5),
        )

    def device_around(self, x: float, y: float, reach_px: float) -> Box:
        """The device pixels within so many image pixels of an image point."""
        x0, y0 = self.device_xy(x - reach_px, y - reach_px)
        x1, y1 = self.device_xy(x + reach_px, y + reach_px)
        return Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))

    def image_box(self, device: Box) -> Box:
        """The image pixels that a box of device pixels touches."""
        x0, y0 = self.image_xy(device.x0, device.y0)
        x1, y1 = self.image_xy(device.x1, device.y1)
        return Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))

    def panned(self, dx: int, dy: int) -> View:
        return replace(self, left=self.left + dx, top=self.top + dy)

    def zoomed(self, factor: float, at_x: float, at_y: float) -> View:
        """Change the scale; the image point at that device point stays there."""
        scale = min(max(self.scale * factor, SMALLEST_SCALE), LARGEST_SCALE)
        small_step = abs(math.log2(factor)) <= 1
        crosses = (self.scale - 1) * (scale - 1) <= 0 and self.scale != 1
        near = self.scale != 1 and abs(math.log2(scale)) < _SNAP_OCTAVES
        if near or (crosses and small_step):
            scale = 1.0
        return self.at_scale(scale, at_x, at_y)

    def at_scale(self, scale: float, at_x: float, at_y: float) -> View:
        x, y = self.image_xy(at_x, at_y)
        return View(scale, round(at_x - x * scale), round(at_y - y * scale))

    def on_screen(self, factor: float) -> View:
        """The same part of the image on a screen with so many times the pixels."""
        left, top = round(self.left * factor), round(self.top * factor)
        return View(self.scale * factor, left, top)

    def showing(self, x: float, y: float, device: tuple[int, int]) -> View:
        """Return the view moved, if need be, so that an image point is seen."""
        at_x, at_y = self.device_xy(x, y)
        margin = min(_STAYS_VISIBLE_PX, device[0] // 4, device[1] // 4)
        to_x = min(max(at_x, margin), device[0] - margin)
        to_y = min(max(at_y, margin), device[1] - margin)
        return self.panned(round(to_x - at_x), round(to_y - at_y))

    def kept_near(self, width: int, height: int, device: tuple[int, int]) -> View:
        """Return the view moved so that some of the image stays on the widget."""
        across, down = width * self.scale, height * self.scale
        keep_x = min(_STAYS_VISIBLE_PX, device[0] / 2, across)
        keep_y = min(_STAYS_VISIBLE_PX, device[1] / 2, down)
        left = min(max(self.left, round(keep_x - across)), round(device[0] - keep_x))
        top = min(max(self.top, round(keep_y - down)), round(device[1] - keep_y))
        return replace(self, left=left, top=top)


def fitted(box: Box, device: tuple[int, int], *, largest: float = 8.0) -> View:
    """Return the view that shows all of ``box`` in the middle of the widget.

    ``device`` is the widget's (width, height); ``largest`` limits the scale.
    """
    margin = 12 if min(device) > 120 else 0
    width, height = max(device[0] - 2 * margin, 1), max(device[1] - 2 * margin, 1)
    if box.empty:
        return View()
    scale = min(width / box.width, height / box.height, largest)
    scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return View(
        scale,
        round((device[0] - box.width * scale) / 2 - box.x0 * scale),
        round((device[1] - box.height * scale) / 2 - box.y0 * scale),
    )
