"""Scenes that are put together: pasted objects, partitions and drawn shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.training.clicks.scenes import (
    LEAST_PIXELS,
    Bools,
    Bytes,
    ClickScene,
    Labelled,
    picture,
)

T = TypeVar("T")
Floats = NDArray[np.float32]
Random = np.random.Generator

SIZE = (240, 420)
"""Least and greatest side of a scene."""
SHADED = 0.6
"""Share of pasted objects that throw a shadow, which is not a part of them."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What scenes are put together from."""

    backgrounds: tuple[Path | Bytes, ...]
    """Photographs on disk, or RGB images, axes (y, x, 3)."""
    textures: tuple[Path, ...] = ()
    objects: tuple[Labelled, ...] = ()


def canvas(stock: Stock, draw: Random) -> Bytes:
    """A piece of a photograph, sometimes a texture, of random size."""
    height, width = (int(v) for v in draw.integers(*SIZE, 2))
    return ground(stock, draw, height, width)


def ground(stock: Stock, draw: Random, height: int, width: int) -> Bytes:
    """Fill a rectangle with a piece of a photograph, a texture or a plain colour."""
    kind = draw.random()
    if kind < 0.12:
        colour = draw.integers(0, 256, 3).astype(np.float32)
        noise = draw.normal(0, draw.uniform(0, 14), (height, width, 1))
        return np.clip(colour + noise, 0, 255).astype(np.uint8)
    if kind < 0.45 and stock.textures:
        return _tiled(picture(_one(stock.textures, draw)), draw, height, width)
    background = _one(stock.backgrounds, draw)
    image = picture(background) if isinstance(background, Path) else background
    share = draw.uniform(0.15, 1.0)
    rows = min(image.shape[0], max(8, int(image.shape[0] * share)))
    columns = min(image.shape[1], max(8, int(image.shape[1] * share)))
    top = int(draw.integers(0, image.shape[0] - rows + 1))
    left = int(draw.integers(0, image.shape[1] - columns + 1))
    part = image[top : top + rows, left : left + columns]
    return _resized(part, width, height)


def _tiled(tile: Bytes, draw: Random, height: int, width: int) -> Bytes:
    zoom = float(np.exp(draw.uniform(np.log(0.4), np.log(2.5))))
    small = _resized(
        tile, max(4, int(tile.shape[1] * zoom)), max(4, int(tile.shape[0] * zoom))
    )
    down, across = -(-height // small.shape[0]), -(-width // small.shape[1])
    # Mirrored neighbours meet without a seam.
    row = np.concatenate([small[:, :: 1 - 2 * (i % 2)] for i in range(across)], axis=1)
    every = np.concatenate([row[:: 1 - 2 * (i % 2)] for i in range(down)], axis=0)
    return np.ascontiguousarray(every[:height, :width])


def _resized(image: Bytes, width: int, height: int) -> Bytes:
    how = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _one(items: Sequence[T], draw: Random) -> T:
    return items[int(draw.integers(len(items)))]


def pasted(stock: Stock, draw: Random) -> ClickScene:
    """Objects cut out of photographs and put on another ground, some hidden partly."""
    image = canvas(stock, draw).astype(np.float32)
    height, width = image.shape[:2]
    owner = np.zeros((height, width), dtype=np.int32)
    for number in range(1, int(draw.integers(2, 6))):
        cut = _cut_out(stock, draw)
        if cut is None:
            continue
        colours, alpha = _placed(*cut, draw, height, width)
        if draw.random() < 0.1:
            alpha = alpha * draw.uniform(0.45, 0.8)
        if draw.random() < SHADED:
            image *= 1.0 - _shadow(alpha, draw)[..., None]
        image += alpha[..., None] * (colours - image)
        owner[alpha > 0.4 * alpha.max(initial=1e-6)] = number
    found = _visible(owner)
    if not found:
        return partition(stock, draw)
    return ClickScene(np.clip(image, 0, 255).astype(np.uint8), found)


def _visible(owner_hw: NDArray[np.int32]) -> tuple[Bools, ...]:
    counts = np.bincount(owner_hw.ravel())
    return tuple(
        owner_hw == number
        for number, count in enumerate(counts)
        if number and count >= LEAST_PIXELS
    )


def _cut_out(stock: Stock, draw: Random) -> tuple[Bytes, Bools] | None:
    item = stock.objects[int(draw.integers(len(stock.objects)))]
    scene = item.pick(draw, 1)
    if scene is None:
        return None
    mask = scene.objects[0]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return scene.image_hwc[part], mask[part]


def _placed(
    colours: Bytes, mask: Bools, draw: Random, height: int, width: int
) -> tuple[Floats, Floats]:
    """Turn, scale and place a cut-out; return its colours and alpha on the canvas."""
    size = max(colours.shape[:2])
    wanted = min(height, width) * float(np.exp(draw.uniform(np.log(0.12), np.log(0.9))))
    scale = wanted / size
    if scale < 0.7:
        to = (
            max(2, int(colours.shape[1] * scale)),
            max(2, int(colours.shape[0] * scale)),
        )
        colours = np.asarray(cv2.resize(colours, to, interpolation=cv2.INTER_AREA))
        soft = cv2.resize(mask.astype(np.float32), to, interpolation=cv2.INTER_AREA)
        scale = 1.0
    else:
        soft = mask.astype(np.float32)
    centre = (colours.shape[1] / 2, colours.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(centre, draw.normal(0, 25), scale)
    if draw.random() < 0.5:
        turn[:, 0] *= -1
        turn[:, 2] += -turn[:, 0] * 2 * centre[0]
    turn[0, 2] += draw.uniform(0, width) - centre[0]
    turn[1, 2] += draw.uniform(0, height) - centre[1]
    alpha = cv2.warpAffine(soft, turn, (width, height))
    moved = cv2.warpAffine(
        colours, turn, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    tinted = moved.astype(np.float32) * draw.uniform(0.75, 1.25)
    tinted += draw.normal(0, 10, 3)
    alpha = cv2.GaussianBlur(alpha, (0, 0), draw.uniform(0.4, 1.2))
    return np.asarray(tinted, np.float32), np.asarray(alpha, np.float32)


def _shadow(alpha_hw: Floats, draw: Random) -> Floats:
    """How much an object darkens the ground: its outline, moved and blurred."""
    reach = float(np.sqrt(alpha_hw.sum())) + 1.0
    across, down = draw.normal(0, 0.12 * reach, 2)
    moved = cv2.warpAffine(
        alpha_hw, np.array([[1, 0, across], [0, 1, down]]), alpha_hw.shape[::-1]
    )
    soft = cv2.GaussianBlur(moved, (0, 0), reach * draw.uniform(0.01, 0.12))
    return np.asarray(draw.uniform(0.2, 0.8) * soft, np.float32)


def partition(stock: Stock, draw: Random) -> ClickScene:
    """A plane cut into pieces with wavy borders, each filled with its own stuff."""
    image = canvas(stock, draw).astype(np.float32)
    height, width = image.shape[:2]
    pieces = int(draw.integers(3, 13))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    wave = draw.uniform(0, 30)
    rows = rows + wave * _field(draw, height, width)
    columns = columns + wave * _field(draw, height, width)
    centres = draw.uniform(0, 1, (pieces, 2)) * (height, width)
    stretch = np.exp(draw.normal(0, 0.35, (pieces, 2)))
    apart = [
        np.hypot((rows - y) * a, (columns - x) * b)
        for (y, x), (a, b) in zip(centres, stretch, strict=True)
    ]
    owner = np.argmin(np.stack(apart), axis=0).astype(np.int32) + 1
    soft = draw.uniform(0.4, 1.3)
    for number in range(2, pieces + 1):
        inside = (owner == number).astype(np.float32)
        alpha = cv2.GaussianBlur(inside, (0, 0), soft)[..., None]
        filling = ground(stock, draw, height, width).astype(np.float32)
        image += alpha * (filling * draw.uniform(0.7, 1.2) - image)
    found = _visible(owner)
    return ClickScene(np.clip(image, 0, 255).astype(np.uint8), found)


def _field(draw: Random, height: int, width: int) -> Floats:
    """Smooth noise of about unit size."""
    coarse = draw.normal(0, 1, tuple(draw.integers(3, 14, 2))).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def drawn(stock: Stock, draw: Random) -> ClickScene:
    """Blobs, curves, cells and polygons with fillings of their own."""
    image = canvas(stock, draw).astype(np.float32)
    height, width = image.shape[:2]
    owner = np.zeros((height, width), dtype=np.int32)
    alike = draw.random() < 0.5
    filling = ground(stock, draw, height, width).astype(np.float32)
    for number in range(1, int(draw.integers(3, 12))):
        shape = _SHAPES[int(draw.integers(len(_SHAPES)))](draw, height, width)
        if not alike:
            filling = ground(stock, draw, height, width).astype(np.float32)
        alpha = cv2.GaussianBlur(
            shape.astype(np.float32), (0, 0), draw.uniform(0.4, 1.5)
        )
        alpha = alpha * (draw.uniform(0.4, 0.8) if draw.random() < 0.2 else 1.0)
        image += alpha[..., None] * (filling - image)
        owner[shape > 0] = number
    found = _visible(owner)
    if not found:
        return partition(stock, draw)
    return ClickScene(np.clip(image, 0, 255).astype(np.uint8), found)


def _blob(draw: Random, height: int, width: int) -> Bytes:
    radius = min(height, width) * draw.uniform(0.05, 0.35)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reach = np.ones(60)
    for wave in range(2, 6):
        reach += draw.normal(0, 0.35 / wave) * np.cos(
            wave * angles + draw.uniform(0, 6.3)
        )
    stretch = np.exp(draw.normal(0, 0.3))
    xs = draw.uniform(0, width) + radius * stretch * reach * np.cos(angles)
    ys = draw.uniform(0, height) + radius / stretch * reach * np.sin(angles)
    return _filled(np.stack([xs, ys], 1), height, width)


def _polygon(draw: Random, height: int, width: int) -> Bytes:
    corners = int(draw.integers(3, 7))
    angles = np.sort(draw.uniform(0, 2 * np.pi, corners))
    radius = min(height, width) * draw.uniform(0.08, 0.45)
    middle = draw.uniform(0, 1, 2) * (width, height)
    around = np.stack([np.cos(angles), np.sin(angles)], 1)
    return _filled(middle + radius * around, height, width)


def _filled(points_xy: NDArray[np.float64], height: int, width: int) -> Bytes:
    out = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(out, [np.round(points_xy).astype(np.int32)], 1)
    return out


def _curve(draw: Random, height: int, width: int) -> Bytes:
    steps = np.linspace(0, 1, 50)
    points = draw.uniform(0, 1, (4, 2)) * (width, height)
    powers = [
        (1 - steps) ** 3,
        3 * steps * (1 - steps) ** 2,
        3 * steps**2 * (1 - steps),
        steps**3,
    ]
    line = np.stack(powers, 1) @ points
    out = np.zeros((height, width), dtype=np.uint8)
    cv2.polylines(
        out, [np.round(line).astype(np.int32)], False, 1, int(draw.integers(3, 16))
    )
    return out


_SHAPES = (_blob, _blob, _polygon, _curve)
