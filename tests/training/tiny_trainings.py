"""The smallest training there is, for the verbs that need a run."""

import cv2
import numpy as np

from seggui.files.formats.png import png_of_ids

TINY = [
    "--model=lraspp",
    "--epochs=1",
    "--steps-per-epoch=1",
    "--batch-size=2",
    "--crop=32",
    "--threads=1",
    "--device=cpu",
    "--precision=float32",
    "--group-by=none",
]


def folder_of_pairs(root, count=3):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for number in range(count):
        mask = np.zeros((40, 36), np.uint8)
        mask[5:20, 5 + number : 25] = 4
        _, data = cv2.imencode(".png", np.repeat(mask[..., None] * 50, 3, 2))
        (root / "images" / f"{number}.png").write_bytes(data.tobytes())
        (root / "masks" / f"{number}.png").write_bytes(png_of_ids(mask))
    return root
