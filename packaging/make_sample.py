"""Make the sample project in resources/sample, the same bytes each time.

Four photographs come from scikit-image, which states their terms in
``skimage.data``: chelsea and coffee are CC0 by their photographers (Stefan van der
Walt, Rachel Michetti), astronaut and rocket are in the public domain (NASA, SpaceX).
The microscopy-like images are generated here, so their masks are exact.

    python packaging/make_sample.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from seggui.core import edits
from seggui.core.classes import Classes, SegClass
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.files.project import Project

SAMPLE = Path(__file__).parents[1] / "resources" / "sample"
SEED = 20
LETTERS = "abcdefghijklmn"
# Letters, not numbers: names that differ in a number only count as one sequence,
# which a training would not split.
CELL_IMAGES, LABELLED, SIDE = len(LETTERS), 9, 256
CREATED = "2026-11-20T12:00:00+00:00"

CELL, CAT, CUP, PERSON, ROCKET = 1, 2, 3, 4, 5
CLASSES = Classes(
    (
        SegClass(CELL, "cell", (0, 153, 136)),
        SegClass(CAT, "cat", (238, 119, 51)),
        SegClass(CUP, "cup", (0, 119, 187)),
        SegClass(PERSON, "person", (204, 51, 17)),
        SegClass(ROCKET, "rocket", (238, 51, 119)),
    )
)

Image = NDArray[np.float32]


def main() -> None:
    if SAMPLE.exists():
        shutil.rmtree(SAMPLE)
    (SAMPLE / "photos").mkdir(parents=True)
    (SAMPLE / "cells").mkdir()
    for name in ("chelsea", "coffee", "astronaut", "rocket"):
        write_photo(SAMPLE / "photos" / f"{name}.jpg", getattr(data, name)())
    masks = {}
    for index in range(CELL_IMAGES):
        image_hwc, masks_hw = cells(np.random.default_rng([SEED, index]))
        name = f"cells/cells_{LETTERS[index]}.png"
        _, png = cv2.imencode(".png", image_hwc[..., ::-1])
        (SAMPLE / name).write_bytes(png.tobytes())
        masks[name] = masks_hw
    label(masks)
    (SAMPLE / "README.txt").write_text(__doc__.split("\n\n")[1] + "\n")


def write_photo(path: Path, image_hwc: NDArray[np.uint8]) -> None:
    _, jpeg = cv2.imencode(
        ".jpg", image_hwc[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 92]
    )
    path.write_bytes(jpeg.tobytes())


def label(masks: dict[str, list[NDArray[np.bool_]]]) -> None:
    """Save the exact masks of the first images; the others are left to the user."""
    project = Project.open(SAMPLE)
    try:
        project.set_classes(CLASSES)
        for name in sorted(masks)[:LABELLED]:
            opened = project.load(name)
            segments = [
                Segment(
                    Mask.from_dense(mask_hw),
                    CELL,
                    Source("generated", created=CREATED),
                    id=f"{name[-5]}{number:04}",
                )
                for number, mask_hw in enumerate(masks[name])
            ]
            document = edits.add_segments(opened.document, segments)
            opened.commit("Generated", edits.set_state(document, "done"))
            opened.save()
    finally:
        project.close()
    for journal in SAMPLE.rglob("*.journal"):
        journal.unlink()


def cells(
    random: np.random.Generator,
) -> tuple[NDArray[np.uint8], list[NDArray[np.bool_]]]:
    """Draw stained cells on tissue: an RGB image and one mask for each cell."""
    background = smooth_noise(random, 40) * 0.5 + smooth_noise(random, 9) * 0.25
    light = 0.13 + 0.06 * background
    masks: list[NDArray[np.bool_]] = []
    for _ in range(random.integers(9, 24)):
        shape = cell_shape(random)
        if shape.sum() < 60:
            continue
        covered = np.logical_or.reduce(masks) if masks else np.zeros_like(shape)
        if (shape & covered).sum() > 0.25 * shape.sum():
            continue
        # A later cell lies on top: it takes the shared pixels.
        masks = [mask & ~shape for mask in masks]
        masks.append(shape)
        light = shade_cell(random, light, shape)
    light = cv2.GaussianBlur(light, (0, 0), 0.8)
    light += random.normal(0, 0.022, light.shape)
    tint = np.array([0.55, 0.85, 1.0]) * random.uniform(0.85, 1.15, 3)
    image = np.clip(light[..., None] * tint, 0, 1)
    return (image * 255).astype(np.uint8), [mask for mask in masks if mask.sum() >= 40]


def cell_shape(random: np.random.Generator) -> NDArray[np.bool_]:
    """A wobbly ellipse somewhere in the image, perhaps over its edge."""
    x, y = random.uniform(0, SIDE, 2)
    long, short = random.uniform(9, 22), random.uniform(0.6, 1.0)
    turn, angles = random.uniform(0, np.pi), np.linspace(0, 2 * np.pi, 80)
    wobble = 1 + sum(
        random.normal(0, 0.05) * np.cos(k * angles + random.uniform(0, 6.3))
        for k in (2, 3, 4, 5)
    )
    px, py = long * wobble * np.cos(angles), long * short * wobble * np.sin(angles)
    points = np.stack(
        [
            x + px * np.cos(turn) - py * np.sin(turn),
            y + px * np.sin(turn) + py * np.cos(turn),
        ],
        axis=1,
    )
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(drawn, [points.round().astype(np.int32)], 1)
    return drawn.astype(bool)


def shade_cell(
    random: np.random.Generator, light: Image, shape: NDArray[np.bool_]
) -> Image:
    """Light the pixels of one cell: brighter inside, grainy, one or two nucleoli."""
    depth = cv2.distanceTransform(shape.astype(np.uint8), cv2.DIST_L2, 5)
    dome = np.sqrt(depth / max(depth.max(), 1e-6))
    body = random.uniform(0.3, 0.75) * (0.55 + 0.45 * dome)
    body = body * (1 + 0.18 * smooth_noise(random, 3))
    ys, xs = np.nonzero(depth > 0.4 * depth.max())
    for _ in range(random.integers(1, 3)):
        at = random.integers(len(xs))
        spot = np.zeros_like(light)
        cv2.circle(spot, (int(xs[at]), int(ys[at])), 2, 1.0, -1)
        body = body * (1 + 0.5 * cv2.GaussianBlur(spot, (0, 0), 1.2))
    return np.where(shape, body, light).astype(np.float32)


def smooth_noise(random: np.random.Generator, sigma: float) -> Image:
    """Noise of that grain in pixels, with zero mean and unit spread."""
    noise = cv2.GaussianBlur(
        random.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), sigma
    )
    return (noise - noise.mean()) / noise.std()


if __name__ == "__main__":
    main()
