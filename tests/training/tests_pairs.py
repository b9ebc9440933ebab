"""Small folders to learn from."""

from dataclasses import dataclass

import cv2
import numpy as np

from seggui.files.formats.png import png_of_ids


@dataclass
class Pairs:
    """A folder of pairs in the making."""

    root: object

    def add(self, name, image_hwc, ids_hw=None, instances_hw=None):
        for kind, ids in (("masks", ids_hw), ("instances", instances_hw)):
            if ids is not None:
                (self.root / kind).mkdir(exist_ok=True)
                (self.root / kind / f"{name}.png").write_bytes(png_of_ids(ids))
        (self.root / "images").mkdir(exist_ok=True)
        done, data = cv2.imencode(".png", image_hwc[..., ::-1])
        assert done
        (self.root / "images" / f"{name}.png").write_bytes(data.tobytes())

    def discs(self, count, *, size=48, instances=False, seed=1):
        """Bright discs on dark ground: easy to learn."""
        rng = np.random.default_rng(seed)
        for number in range(count):
            image = rng.integers(0, 60, (size, size, 3)).astype(np.uint8)
            objects = np.zeros((size, size), np.uint16)
            for one in (1, 2):
                centre = tuple(int(v) for v in rng.integers(10, size - 10, 2))
                disc = cv2.circle(np.zeros((size, size), np.uint8), centre, 7, 1, -1)
                objects[disc > 0] = one
            image[objects > 0] = (220, 180, 40)
            ids = (objects > 0).astype(np.uint8)
            self.add(f"disc {number}", image, ids, objects if instances else None)
        return self.root
