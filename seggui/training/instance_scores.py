"""Average precision of masks, as COCO measures it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from seggui.models.instance.model import Found
from seggui.training.samples import Sample


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The objects that are really on an image."""

    height: int
    width: int
    objects: tuple[tuple[int, dict[str, object]], ...]
    """Channel and run-length mask of each."""

    @staticmethod
    def of(sample: Sample) -> Truths:
        assert sample.instances_hw is not None
        height, width = sample.instances_hw.shape
        objects = tuple(
            (channel, _rle(sample.instances_hw == number))
            for number, channel in sorted(sample.labels.items())
            if (sample.instances_hw == number).any()
        )
        return Truths(height, width, objects)


def average_precision(
    truths: Sequence[Truths], found: Sequence[Sequence[Found]], classes: Sequence[str]
) -> dict[str, object]:
    """Return ``mask_ap`` (mean over IoU 0.5 to 0.95) and ``mask_ap50``.

    Classes without any object in the truth do not count; without any at all both
    are 0.
    """
    annotations: list[dict[str, object]] = []
    images: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for number, (truth, ones) in enumerate(zip(truths, found, strict=True), start=1):
        images.append({"id": number, "height": truth.height, "width": truth.width})
        for channel, rle in truth.objects:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": channel,
                    "segmentation": rle,
                    "area": float(coco_mask.area(rle)),
                    "bbox": [float(value) for value in coco_mask.toBbox(rle)],
                    "iscrowd": 0,
                }
            )
        for box, pixels, label, score in ones:
            whole = np.zeros((truth.height, truth.width), bool)
            whole[box.slices] = pixels
            results.append(
                {
                    "image_id": number,
                    "category_id": label,
                    "segmentation": _rle(whole),
                    "score": score,
                }
            )
    if not annotations or not results:
        return {"mask_ap": 0.0, "mask_ap50": 0.0}
    categories = [
        {"id": channel, "name": name} for channel, name in enumerate(classes) if channel
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints as it goes
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    ap, ap50 = (max(float(value), 0.0) for value in evaluation.stats[:2])
    return {"mask_ap": ap, "mask_ap50": ap50}


def _rle(mask_hw: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> dict[str, object]:
    rle: dict[str, object] = coco_mask.encode(np.asfortranarray(mask_hw, np.uint8))
    return rle
