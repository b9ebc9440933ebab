"""Scores of instances: mask AP as COCO defines it, and panoptic quality.

AP is computed by pycocotools from masks of ours, encoded by our own codec, so that it
never sees run lengths that do not fit. Panoptic quality is of Kirillov et al.,
"Panoptic Segmentation", 2019: segments match when their IoU is over one half.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from seggui.core.mask import Mask
from seggui.core.rle import rle_of
from seggui.errors import BadRequest

Ids = NDArray[np.integer]
N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """An object of the truth."""

    mask: Mask
    class_id: int
    crowd: bool = False
    """A group of objects: what is found inside it is neither right nor wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An object that a model found."""

    mask: Mask
    class_id: int
    score: float


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Mask AP, averaged over classes that the truth has; NaN where it has none."""

    ap: float
    """Mean over IoU 0.50 to 0.95 in steps of 0.05."""
    ap50: float
    ap75: float
    by_class: Mapping[int, float]
    """``ap`` of each class in the truth."""


def average_precision(
    truth: Sequence[Sequence[Labelled]],
    found: Sequence[Sequence[Found]],
    *,
    most_per_image: int = 100,
) -> AveragePrecision:
    """Return mask AP over images; both sequences are in the order of the images.

    Only the ``most_per_image`` best-scored of each class and image count.
    """
    if len(truth) != len(found):
        raise BadRequest(
            f"There are {len(truth)} images of truth and {len(found)} of predictions."
        )
    nan = float("nan")
    if not any(truth):
        return AveragePrecision(nan, nan, nan, {})
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints as it goes
        score = COCOeval(_coco_of(truth, found, "truth"), None, "segm")
        score.cocoDt = _coco_of(truth, found, "found")
        score.params.imgIds = list(range(1, len(truth) + 1))
        score.params.catIds = sorted({row.class_id for rows in truth for row in rows})
        score.params.maxDets = [1, 10, most_per_image]
        score.evaluate()
        score.accumulate()
    # Axes: IoU threshold, recall, class, area range (all first), most detections.
    precision = score.eval["precision"][:, :, :, 0, -1]
    by_class = {
        class_id: _known_mean(precision[:, :, index])
        for index, class_id in enumerate(score.params.catIds)
    }
    return AveragePrecision(
        _known_mean(precision),
        _known_mean(precision[0]),
        _known_mean(precision[5]),
        by_class,
    )


def _coco_of(
    truth: Sequence[Sequence[Labelled]], found: Sequence[Sequence[Found]], which: str
) -> COCO:
    rows: list[dict[str, object]] = []
    sides: Sequence[Sequence[Labelled | Found]] = truth if which == "truth" else found
    for image, side in enumerate(sides, start=1):
        for item in side:
            box = item.mask.bbox
            row: dict[str, object] = {
                "id": len(rows) + 1,
                "image_id": image,
                "category_id": item.class_id,
                "area": item.mask.area,
                "bbox": [box.x0, box.y0, box.width, box.height],
                "iscrowd": int(isinstance(item, Labelled) and item.crowd),
                "segmentation": {
                    "size": [item.mask.height, item.mask.width],
                    "counts": rle_of(item.mask),
                },
            }
            if isinstance(item, Found):
                row["score"] = item.score
            rows.append(row)
    coco = COCO()
    class_ids = {item.class_id for side in truth for item in side}
    class_ids |= {item.class_id for side in found for item in side}
    coco.dataset = {
        "images": [_image(n, side) for n, side in enumerate(sides, start=1)],
        "categories": [{"id": n, "name": str(n)} for n in sorted(class_ids)],
        "annotations": rows,
    }
    coco.createIndex()
    return coco


def _image(number: int, side: Sequence[Labelled | Found]) -> dict[str, int]:
    height, width = (side[0].mask.height, side[0].mask.width) if side else (0, 0)
    return {"id": number, "height": height, "width": width}


def _known_mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")


@dataclass(frozen=True, slots=True)
class PanopticCounts:
    """Matches and misses by class; sums over images by ``+``."""

    iou: Mapping[int, float] = field(default_factory=dict)
    """Sum of the IoU of matched pairs."""
    matched: Mapping[int, int] = field(default_factory=dict)
    surplus: Mapping[int, int] = field(default_factory=dict)
    missed: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: PanopticCounts) -> PanopticCounts:
        return PanopticCounts(
            _sum(self.iou, other.iou),
            _sum(self.matched, other.matched),
            _sum(self.surplus, other.surplus),
            _sum(self.missed, other.missed),
        )

    @property
    def class_ids(self) -> tuple[int, ...]:
        return tuple(sorted({*self.matched, *self.surplus, *self.missed}))

    def quality(self, class_id: int) -> float:
        """Panoptic quality of a class: its segmentation times recognition quality."""
        matched = self.matched.get(class_id, 0)
        wrong = self.surplus.get(class_id, 0) + self.missed.get(class_id, 0)
        if not matched + wrong:
            return float("nan")
        return self.iou.get(class_id, 0.0) / (matched + wrong / 2)

    @property
    def mean_quality(self) -> float:
        """PQ: the mean over classes that truth or prediction has."""
        values = [self.quality(class_id) for class_id in self.class_ids]
        return sum(values) / len(values) if values else float("nan")


def panoptic_counts(
    truth: tuple[Ids, Mapping[int, int]],
    found: tuple[Ids, Mapping[int, int]],
    void_hw: NDArray[np.bool_] | None = None,
) -> PanopticCounts:
    """Match the segments of one image.

    Each side is a map of segment ids, axes (y, x), 0 where there is none, and the
    class of each id. Pixels in ``void_hw`` count for nothing, and a found segment
    that lies mostly there is not surplus.
    """
    true_hw, true_class = truth
    found_hw, found_class = found
    if true_hw.shape != found_hw.shape:
        raise BadRequest("The truth and the prediction are not of one size.")
    void = np.zeros(true_hw.shape, bool) if void_hw is None else void_hw
    in_void = _areas(found_hw[void])
    whole = _areas(found_hw)
    true_flat, found_flat = true_hw[~void], found_hw[~void]
    true_area, found_area = _areas(true_flat), _areas(found_flat)
    pairs, common = np.unique(
        np.stack((true_flat, found_flat)).astype(np.int64), axis=1, return_counts=True
    )
    iou: dict[int, float] = {}
    matched: dict[int, int] = {}
    gone: set[int] = set()
    taken: set[int] = set()
    for a, b, count in zip(*pairs.tolist(), common.tolist(), strict=True):
        if not a or not b or true_class[a] != found_class[b]:
            continue
        value = count / (true_area[a] + found_area[b] - count)
        if value > 0.5:
            class_id = true_class[a]
            iou[class_id] = iou.get(class_id, 0.0) + value
            matched[class_id] = matched.get(class_id, 0) + 1
            gone.add(a)
            taken.add(b)
    missed = _by_class(true_class, [a for a in true_area if a not in gone])
    surplus = _by_class(
        found_class,
        [b for b in whole if b not in taken and in_void.get(b, 0) <= whole[b] / 2],
    )
    return PanopticCounts(iou, matched, surplus, missed)


def _areas(ids: Ids) -> dict[int, int]:
    numbers, counts = np.unique(ids, return_counts=True)
    pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
    return {number: count for number, count in pairs if number}


def _by_class(classes: Mapping[int, int], numbers: Sequence[int]) -> dict[int, int]:
    out: dict[int, int] = {}
    for number in numbers:
        out[classes[number]] = out.get(classes[number], 0) + 1
    return out


def _sum(first: Mapping[int, N], second: Mapping[int, N]) -> dict[int, N]:
    out = dict(first)
    for key, value in second.items():
        out[key] = out[key] + value if key in out else value
    return out
