"""Short films of textured shapes that move over a textured ground."""

import cv2
import numpy as np

HEIGHT, WIDTH = 120, 160


def texture(seed, colour, height=HEIGHT, width=WIDTH):
    """A cloudy texture around a colour, axes (y, x, 3)."""
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.normal(0, 1, (height, width, 3)), (0, 0), 2.0)
    pixels = np.array(colour) + 110 * noise
    return np.clip(pixels, 0, 255).astype(np.uint8)


GROUND = texture(0, (90, 120, 80))
RED = texture(1, (190, 70, 60), 80, 80)
BLUE = texture(2, (60, 80, 190), 80, 80)
GREY = texture(3, (150, 150, 150), HEIGHT, 80)


def drawn(*shapes):
    """A frame and the visible mask of each shape, later ones in front.

    A shape is ``(patch, x, y, radius)``: a disc of the patch around a point.
    """
    frame, masks = GROUND.copy(), []
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    for patch, x, y, radius in shapes:
        inside = (xs - x) ** 2 + (ys - y) ** 2 < radius**2
        side = max(1, round(2 * radius))
        look = cv2.resize(patch[:40, :40], (side, side))
        top, left = round(y - radius), round(x - radius)
        rows = np.clip(ys - top, 0, side - 1)
        columns = np.clip(xs - left, 0, side - 1)
        frame[inside] = look[rows[inside], columns[inside]]
        masks = [mask & ~inside for mask in masks] + [inside]
    return frame, masks


def iou(mask, truth_hw):
    found = mask.dense()
    union = (found | truth_hw).sum()
    return 1.0 if union == 0 else float((found & truth_hw).sum() / union)
