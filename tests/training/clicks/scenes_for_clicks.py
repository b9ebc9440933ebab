"""Small scenes that tests of the click training share."""

import numpy as np
from PIL import Image

from seggui.training.clicks.scenes import ClickScene


def two_discs(seed=0, height=120, width=160):
    """A grey image with two coloured discs."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    one = np.hypot(rows - 40, columns - 50) < 25
    two = np.hypot(rows - 80, columns - 120) < 20
    image = rng.normal(120, 8, (height, width, 3))
    image[one] = (200, 60, 40)
    image[two] = (40, 80, 210)
    image += rng.normal(0, 4, image.shape)
    return ClickScene(np.clip(image, 0, 255).astype(np.uint8), (one, two))


def write_set(folder, names):
    """Write scenes as images and instance masks."""
    for kind in ("images", "instances"):
        (folder / kind).mkdir(parents=True)
    for seed, name in enumerate(names):
        scene = two_discs(seed)
        labels = scene.objects[0] * np.uint16(1) + scene.objects[1] * np.uint16(2)
        Image.fromarray(scene.image_hwc).save(folder / "images" / f"{name}.png")
        Image.fromarray(labels).save(folder / "instances" / f"{name}.png")
