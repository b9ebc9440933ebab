"""Time and likeness of the CRF step beside plain pydensecrf2, on real photographs.

    python -m benchmarks.crf --data DIR [--sets NAME …] [--limit N] [--size W H]

``DIR/SET`` holds ``images/`` and ``instances/`` or ``masks/`` as PNG of ids.
Photographs are enlarged and cut to the size around the object; its mask is roughened
first, as a quick brush would leave it. Both run in this process, one after the other,
so the ratio holds even when the machine is busy; times are processor time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydensecrf import densecrf

from seggui.core.mask import Bools, Mask
from seggui.files.images import read_image, read_index
from seggui.refine.crf import CrfOptions, refined

SETS = ("davis2016", "fruits_nuts", "bsds500", "free/animals", "cwfid")
Image = NDArray[np.uint8]


def plain(inside_hw: Bools, image_hwc: Image, options: CrfOptions) -> Bools:
    """The library as its own examples use it: the whole image at full size."""
    height, width = inside_hw.shape
    trust = options.confidence
    chance = np.where(inside_hw, trust, 1 - trust).astype(np.float32)
    field = densecrf.DenseCRF2D(width, height, 2)
    energy = -np.log(np.stack([1 - chance, chance])).reshape(2, -1)
    field.setUnaryEnergy(np.ascontiguousarray(energy))
    field.addPairwiseGaussian(
        sxy=options.gaussian_sxy_px, compat=options.gaussian_compat
    )
    field.addPairwiseBilateral(
        sxy=options.bilateral_sxy_px,
        srgb=options.bilateral_srgb,
        rgbim=np.ascontiguousarray(image_hwc),
        compat=options.bilateral_compat,
    )
    result = np.array(field.inference(options.iterations)).reshape(2, height, width)
    return np.asarray(result[1] > result[0])


def objects(folder: Path, limit: int, seed: int) -> Iterator[tuple[str, Image, Bools]]:
    """The largest object and one of middle size of some images."""
    ids_folder = folder / "instances"
    if not ids_folder.is_dir():
        ids_folder = folder / "masks"
    names = sorted(ids_folder.glob("*.png"))
    random.Random(seed).shuffle(names)
    for path in names[:limit]:
        found = sorted((folder / "images").glob(f"{path.stem}.*"))
        ids_hw = read_index(path)
        ids, counts = np.unique(ids_hw[ids_hw > 0], return_counts=True)
        if not found or not len(ids):
            continue
        image_hwc = read_image(found[0]).display_hwc()
        by_size = ids[np.argsort(counts)]
        for value in sorted({int(by_size[-1]), int(by_size[len(ids) // 2])}):
            yield f"{folder.name}/{path.stem}", image_hwc, ids_hw == value


def cut(image_hwc: Image, mask_hw: Bools, size: tuple[int, int]) -> tuple[Image, Bools]:
    """Enlarge to fill ``size`` (width, height) and cut around the object."""
    width, height = size
    scale = max(width / image_hwc.shape[1], height / image_hwc.shape[0])
    full = (
        max(width, round(image_hwc.shape[1] * scale)),
        max(height, round(image_hwc.shape[0] * scale)),
    )
    image = cv2.resize(image_hwc, full, interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(mask_hw.astype(np.uint8), full, interpolation=cv2.INTER_NEAREST)
    y, x = (int(where.mean()) for where in np.nonzero(mask))
    top = min(max(y - height // 2, 0), full[1] - height)
    left = min(max(x - width // 2, 0), full[0] - width)
    window = (slice(top, top + height), slice(left, left + width))
    return image[window], mask[window].astype(bool)


def roughened(mask_hw: Bools) -> Bools:
    wide = cv2.dilate(mask_hw.astype(np.uint8), np.ones((9, 9)))
    return np.asarray(cv2.blur(wide.astype(np.float32), (15, 15)) > 0.45)


def iou(a: Bools, b: Bools) -> float:
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--limit", type=int, default=2, help="images of each set")
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    options = CrfOptions()
    ratios, likenesses, seconds = [], [], []
    print(
        f"{'object':34}{'pixels':>9}{'plain s':>9}{'seggui s':>9}{'ratio':>7}{'IoU':>8}"
    )
    for name in given.sets:
        for label, image, mask in objects(given.data / name, given.limit, given.seed):
            image_hwc, mask_hw = cut(image, mask, tuple(given.size))
            inside_hw = roughened(mask_hw)
            start = time.process_time()
            theirs = plain(inside_hw, image_hwc, options)
            middle = time.process_time()
            ours = refined(Mask.from_dense(inside_hw), None, image_hwc, options)
            plain_s, ours_s = middle - start, time.process_time() - middle
            ratios.append(ours_s / plain_s)
            likenesses.append(iou(ours.dense(), theirs))
            seconds.append(ours_s)
            print(
                f"{label[:33]:34}{np.count_nonzero(inside_hw):9}{plain_s:9.2f}"
                f"{ours_s:9.2f}{ratios[-1]:7.2f}{likenesses[-1]:8.4f}"
            )
    print(
        f"{len(ratios)} objects: ratio median {statistics.median(ratios):.2f}, "
        f"largest {max(ratios):.2f}; IoU median {statistics.median(likenesses):.4f}, "
        f"smallest {min(likenesses):.4f}, {sum(v >= 0.99 for v in likenesses)} of "
        f"{len(ratios)} at least 0.99; longest {max(seconds):.2f} s"
    )


if __name__ == "__main__":
    main()
