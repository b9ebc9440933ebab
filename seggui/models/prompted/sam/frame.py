"""How a part of an image lies on the square that a SAM network looks at.

SAM 1 and what follows it scale the long side and fill the rest with zeros (Kirillov et
al., "Segment Anything", 2023, appendix A); SAM 2 and what follows that stretch the part
to the square. Positions are continuous: the middle of the first pixel is (0.5, 0.5), on
the image as on the square. Where published code counts pixels and adds a half later,
the half is in these numbers already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from seggui.core.geometry import Box

Floats = NDArray[np.float32]
Fit = Literal["padded", "stretched"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where ``box`` of an image lies on a square of ``side`` pixels."""

    box: Box
    side: int
    width: int
    """Columns of the square that the box fills, from the left."""
    height: int
    """Rows of the square that the box fills, from the top."""
    fit: Fit = "padded"

    @property
    def across(self) -> float:
        """Pixels of the square for one image pixel along x."""
        return self.width / self.box.width

    @property
    def down(self) -> float:
        """Pixels of the square for one image pixel along y."""
        return self.height / self.box.height

    @property
    def cover(self) -> Box:
        """The image pixels that the whole square covers; may reach over the box."""
        right = self.box.x0 + max(1, round(self.side / self.across))
        bottom = self.box.y0 + max(1, round(self.side / self.down))
        return Box(self.box.x0, self.box.y0, right, bottom)

    def on_square(self, points_xy: Floats) -> Floats:
        """Image positions, axes (…, xy), as positions on the square."""
        corner = np.array([self.box.x0, self.box.y0], dtype=np.float64)
        scale = np.array([self.across, self.down])
        return np.asarray((points_xy - corner) * scale, dtype=np.float32)

    def onto_grid(
        self, values_hw: Floats, cover: Box, grid: int, beyond: float
    ) -> Floats:
        """Logits that were stretched over ``cover``, on this frame's grid.

        ``grid`` is the number of cells along a side of the square; cells outside
        ``cover`` get the value ``beyond``.
        """
        if cover == self.cover and values_hw.shape == (grid, grid):
            return np.ascontiguousarray(values_hw, dtype=np.float32)
        mine = self.cover
        rows, columns = values_hw.shape
        step_x = mine.width / grid * columns / cover.width
        step_y = mine.height / grid * rows / cover.height
        start_x = (mine.x0 - cover.x0) * columns / cover.width
        start_y = (mine.y0 - cover.y0) * rows / cover.height
        place = np.array(
            [
                [step_x, 0.0, start_x + 0.5 * step_x - 0.5],
                [0.0, step_y, start_y + 0.5 * step_y - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        source = np.ascontiguousarray(values_hw, dtype=np.float32)
        moved = cv2.warpAffine(
            source, place, (grid, grid), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        out = np.asarray(moved, dtype=np.float32)
        # Where the middle of a cell lies on the given grid.
        xs = start_x + (np.arange(grid) + 0.5) * step_x
        ys = start_y + (np.arange(grid) + 0.5) * step_y
        out[:, (xs < 0) | (xs > columns)] = beyond
        out[(ys < 0) | (ys > rows)] = beyond
        return out


def frame_of(box: Box, side: int, fit: Fit) -> Frame:
    """The frame of a box that is not empty."""
    if fit == "stretched":
        return Frame(box, side, side, side, fit)
    scale = side / max(box.width, box.height)
    # The published code rounds halves up, and lets a very thin side vanish.
    width = max(1, int(box.width * scale + 0.5))
    height = max(1, int(box.height * scale + 0.5))
    return Frame(box, side, width, height)


def square_of(
    image_hwc: NDArray[np.uint8],
    frame: Frame,
    fit: Fit,
    mean: Sequence[float],
    deviation: Sequence[float],
) -> Tensor:
    """What the network sees of an RGB image: axes (1, channel, y, x), float32.

    ``mean`` and ``deviation`` are of values 0 to 255.
    """
    part = np.ascontiguousarray(image_hwc[frame.box.slices])
    if fit == "stretched":
        return _stretched(part, frame, mean, deviation)
    small = part
    if part.shape[:2] != (frame.height, frame.width):
        # Pillow's filter, which widens when it shrinks: the networks were trained so.
        picture = Image.fromarray(part)
        size = (frame.width, frame.height)
        small = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
    middle, spread = (np.array(v, dtype=np.float32) for v in (mean, deviation))
    square = np.zeros((3, frame.side, frame.side), dtype=np.float32)
    # Zeros after the mean is taken off: the filling is grey to the network, not black.
    values = (small.astype(np.float32) - middle) / spread
    square[:, : frame.height, : frame.width] = values.transpose(2, 0, 1)
    return torch.from_numpy(square)[None]


def _stretched(
    part_hwc: NDArray[np.uint8],
    frame: Frame,
    mean: Sequence[float],
    deviation: Sequence[float],
) -> Tensor:
    values = torch.from_numpy(part_hwc.transpose(2, 0, 1).astype(np.float32))[None]
    # Not rounded to whole values in between, unlike the padded frame's.
    values = functional.interpolate(
        values,
        size=(frame.height, frame.width),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    middle = torch.tensor(mean, dtype=torch.float32).view(3, 1, 1)
    spread = torch.tensor(deviation, dtype=torch.float32).view(3, 1, 1)
    return (values - middle) / spread
