"""Well-known methods behind the same door as the prompted models, to compare with.

Both get every click, and the previous mask where the method has a use for it. They
work on a smaller image where the original would take seconds or minutes a click; their
masks are enlarged again, which at these sizes costs them little.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import random_walker

from seggui.core.candidate import Candidate
from seggui.core.mask import Mask
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Prompt

Bools = NDArray[np.bool_]
SEED_RADIUS = 3
"""Clicks become discs of this many pixels on the smaller image."""


@dataclass(frozen=True, slots=True, eq=False)
class Small:
    """An image made smaller, and its first size."""

    image_hwc: NDArray[np.uint8]
    height: int
    width: int

    def seeds(self, prompt: Prompt) -> tuple[Bools, Bools]:
        """Discs of positive and of negative clicks; later clicks win."""
        rows, columns = self.image_hwc.shape[:2]
        marks = np.zeros((rows, columns), dtype=np.uint8)
        for point in prompt.points:
            x = int(point.x * columns / self.width)
            y = int(point.y * rows / self.height)
            cv2.circle(marks, (x, y), SEED_RADIUS, 1 if point.positive else 2, -1)
        return marks == 1, marks == 2

    def made_small(self, mask: Mask | None) -> Bools | None:
        if mask is None:
            return None
        rows, columns = self.image_hwc.shape[:2]
        dense = mask.dense().astype(np.uint8)
        return cv2.resize(dense, (columns, rows), interpolation=cv2.INTER_AREA) > 0

    def answer(self, share_hw: NDArray[np.float32]) -> tuple[Candidate, ...]:
        """The candidate for how much each small pixel belongs to the object."""
        large = cv2.resize(share_hw, (self.width, self.height))
        return (Candidate(Mask.from_dense(large >= 0.5), 1.0),)


def _small(image_hwc: NDArray[np.uint8], most_pixels: int) -> Small:
    height, width = image_hwc.shape[:2]
    scale = min(1.0, float(np.sqrt(most_pixels / (height * width))))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA)
    return Small(np.ascontiguousarray(small), height, width)


class GrabCut:
    """``cv2.grabCut`` (Rother et al., 2004): 5 rounds, its own default settings.

    Clicks are definite object and background, the previous mask is probable object
    and all else probable background. On the first click a disc of a quarter of the
    image's shorter side is probable object: without one it mostly finds nothing.
    """

    info = ModelInfo(id="cv2.grabCut", title="Plain grabCut", kind="prompted")

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> object:
        return _small(image_hwc, 50_000)

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        assert isinstance(encoding, Small)
        positive, negative = encoding.seeds(prompt)
        trimap = np.full(positive.shape, cv2.GC_PR_BGD, dtype=np.uint8)
        previous = encoding.made_small(prompt.previous)
        if previous is not None:
            trimap[previous] = cv2.GC_PR_FGD
        else:
            rows, columns = np.nonzero(positive)
            middle = (int(columns.mean()), int(rows.mean()))
            cv2.circle(trimap, middle, min(trimap.shape) // 4, cv2.GC_PR_FGD, -1)
        trimap[positive], trimap[negative] = cv2.GC_FGD, cv2.GC_BGD
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)
        cv2.grabCut(encoding.image_hwc, trimap, None, *models, 5, cv2.GC_INIT_WITH_MASK)
        share = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
        return encoding.answer(share.astype(np.float32))


class RandomWalker:
    """scikit-image's random walker (Grady, 2006) with its default beta of 130.

    It needs seeds of both kinds: until there is a negative click, the edge of the
    image is background. It has no use for a previous mask.
    """

    info = ModelInfo(id="skimage.random_walker", title="Random walker", kind="prompted")

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> object:
        return _small(image_hwc, 40_000)

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        assert isinstance(encoding, Small)
        positive, negative = encoding.seeds(prompt)
        if not negative.any():
            negative = np.ones_like(positive)
            negative[1:-1, 1:-1] = False
        labels = np.where(positive, 1, np.where(negative, 2, 0)).astype(np.int32)
        chances = random_walker(
            encoding.image_hwc / 255.0,
            labels,
            mode="bf",
            return_full_prob=True,
            channel_axis=-1,
        )
        return encoding.answer(np.asarray(chances[0], dtype=np.float32))


PEERS = {"cv2.grabCut": GrabCut, "skimage.random_walker": RandomWalker}
