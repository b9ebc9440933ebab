"""Superpixels: a click or a line takes small regions that follow the image's edges.

SLIC (Achanta, Shaji, Smith, Lucchi, Fua and Süsstrunk, 2012) or Felzenszwalb and
Huttenlocher (2004), at three scales: they are the candidates sub-part, part and whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb, slic

from seggui.core.candidate import Candidate
from seggui.core.mask import Bools, Mask
from seggui.core.parameters import Settings, Value, values_of
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.answers import finished
from seggui.models.prompted.classical.band import enlarged
from seggui.models.prompted.classical.flooding import followed_on, limit_of
from seggui.models.prompted.classical.method import Method, Values, opened
from seggui.models.prompted.classical.pictures import Bytes, Picture, View
from seggui.models.prompted.classical.rows import info_of

INFO = info_of("superpixels")
_PIXELS = 80_000
_SCALES: tuple[tuple[float, str], ...] = (
    (1.0, "part"),
    (2.0, "whole"),
    (0.5, "sub-part"),
)
"""Factors of the size; the first is offered first."""
_INSIDE = 0.5
"""A drawing takes those that lie in it by more than this share."""

Labels = NDArray[np.int32]


class Superpixels(Method):
    """Small regions chosen by clicks, lines, boxes and drawings."""

    info = INFO

    def encode(self, image_hwc: Bytes, report: Report) -> Picture:
        picture = super().encode(image_hwc, report)
        values = values_of(INFO.parameters, ())
        for done, (factor, _) in enumerate(_SCALES):
            report(done, len(_SCALES), "looking for superpixels")
            _labels(picture, values, factor)
        return picture

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        scales = _SCALES
        if prompt.preview:
            scales = tuple(s for s in _SCALES if s[1] == prompt.preview) or _SCALES[:1]
        out = []
        for place, (factor, name) in enumerate(scales):
            report(place, len(scales), "looking for superpixels")
            labels = _labels(picture, values, factor)
            found = _chosen(picture, labels, prompt, report)
            out.append(replace(found, score=1.0 - 0.1 * place, granularity=name))
        return tuple(out)

    def borders(self, encoding: object, settings: Settings) -> Mask:
        """Where the middle superpixels meet, to be drawn over the image."""
        picture = opened(encoding)
        labels = _labels(picture, values_of(INFO.parameters, settings), 1.0)
        size = (picture.width, picture.height)
        large = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        edge = np.zeros(large.shape, dtype=bool)
        edge[:, 1:] |= large[:, 1:] != large[:, :-1]
        edge[1:] |= large[1:] != large[:-1]
        return Mask.from_dense(edge)


def _view(picture: Picture) -> View:
    return picture.view(picture.box, _PIXELS)


def _labels(picture: Picture, values: Mapping[str, Value], factor: float) -> Labels:
    """The superpixel of each pixel of the view, from 0."""
    method, size = str(values["method"]), factor * int(values["size"])
    compactness = float(values["compactness"])

    def work() -> Labels:
        small = _view(picture).picture_hwc
        if method == "slic":
            count = max(1, round(small.shape[0] * small.shape[1] / size**2))
            found = slic(
                small, count, compactness=compactness, max_num_iter=5, start_label=0
            )
        else:
            found = felzenszwalb(
                small, scale=6.0 * size, sigma=0.8, min_size=max(2, round(size**2 / 8))
            )
        return np.ascontiguousarray(found, dtype=np.int32)

    key = ("superpixels", method, size, compactness if method == "slic" else 0.0)
    return picture.known(key, work)


def _chosen(
    picture: Picture, labels: Labels, prompt: Prompt, report: Report
) -> Candidate:
    view = _view(picture)
    limit = limit_of(prompt, picture)
    if prompt.points or prompt.scribbles or limit is None:

        def piece_under(column: int, row: int) -> Bools:
            return np.asarray(labels == labels[row, column])

        return followed_on(view, picture, prompt, piece_under, report)
    inside = view.small(limit)
    sizes = np.bincount(labels.ravel())
    held = np.bincount(labels[inside], minlength=len(sizes)) > _INSIDE * sizes
    share = (held[labels] if held.any() else inside).astype(np.float32)
    mask = enlarged(share, view, picture, report)
    if mask.is_empty:
        mask = limit
    return finished(mask, prompt)
